"""Limits over the wire: what waits for what, and what providers that enforce theirs say to it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from mirascope import llm
from mirascope.core.base._controls import enter, leave
from mirascope.sandbox import Sandbox, ToolCall

from ..core.test_controls import Noting
from .faces import Face


def call(face: Face, model: str = "gpt-4o-mini", **options: Any) -> Any:
    @llm.call(provider="openai", model=model, **options)
    @face.function
    def ask(text: str = "Hi") -> Any:
        return text

    return ask


def most_in_a_window(times: list[float], window: float) -> int:
    return max(sum(start <= at < start + window for at in times) for start in times)


def texts(box: Sandbox) -> list[str]:
    return [request.body["messages"][0]["content"] for request in box.requests]


async def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.002)


@pytest.fixture(autouse=True)
def no_limit_is_left() -> Iterator[None]:
    yield
    from mirascope.core.base import _controls

    assert _controls._everywhere == ()


# --- how many a minute


async def test_a_provider_that_counts_strictly_refuses_nothing(face: Face, box: Sandbox) -> None:
    enforced = box.limit(requests=20, per=1)
    ask = call(face)
    with llm.limit("openai", requests_per_minute=20, per=1):
        start = time.monotonic()
        if face.is_async:
            await asyncio.gather(*[ask() for _ in range(40)])
        else:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda _: ask(), range(40)))
        duration = time.monotonic() - start
    assert enforced.refused == 0
    assert enforced.accepted == len(box.requests) == 40
    assert duration >= 38 / 20


async def test_only_what_it_is_for_waits(face: Face, box: Sandbox) -> None:
    with llm.limit("openai", "gpt-4o*", requests_per_minute=1) as limit:
        for _ in range(3):
            await face.get(call(face, "gpt-5-mini")())
        await face.get(call(face, "gpt-4o-mini")())
        assert limit.state().requests_left == 0
        coroutine = llm.get_async_model("anthropic/claude-test").prompt("Hi").text()
        assert await coroutine
    with llm.limit("anthropic", requests_per_minute=1):
        for _ in range(3):
            await face.get(call(face)())
    assert len(box.requests) == 8


async def test_streams_chains_models_and_what_tools_ask_wait(face: Face, box: Sandbox) -> None:
    def ask() -> str:
        """Ask another."""
        return llm.get_model("gpt-4o-mini").prompt("Inner").text()

    box.reply(ToolCall("ask", {}))
    with llm.limit(requests_per_minute=100, per=10) as limit:
        await face.get(face.model().chain("Outer", tools=[ask]).text())
        stream = call(face, stream=True)()
        await face.items(await stream if face.is_async else stream)
        await face.get(face.model().prompt("Hi").text())
        assert limit.state().requests_left == 100 - len(box.requests) == 95
        assert limit.state().in_flight == 0


async def test_after_its_end_nothing_waits(face: Face, box: Sandbox) -> None:
    limit = llm.limit(requests_per_minute=1)
    await face.get(call(face)())
    limit.remove()
    limit.remove()
    await face.get(call(face)())
    with llm.limit(requests_per_minute=1):
        pass
    await face.get(call(face)())
    assert len(box.requests) == 3


async def test_several_limits_hold_at_once(box: Sandbox) -> None:
    box.slow(first_byte=0.05)
    enforced = box.limit(requests=10, per=1)
    ask = call(Face(True))
    with (
        llm.limit("openai", concurrency=2) as places,
        llm.limit("openai", "gpt-4o-mini", requests_per_minute=10, per=1) as rate,
    ):
        tasks = [asyncio.create_task(ask()) for _ in range(20)]
        most = 0
        while not all(task.done() for task in tasks):
            most = max(most, places.state().in_flight)
            await asyncio.sleep(0.005)
        assert rate.state().in_flight == places.state().in_flight == 0
    assert most == 2
    assert enforced.refused == 0
    assert len(box.requests) == 20


async def test_a_place_held_for_another_limit_counts_when_it_is_sent(box: Sandbox) -> None:
    enforced = box.limit(requests=4, per=0.8)
    box.slow(first_byte=0.15)
    ask = call(Face(True))
    # The others have their part of the rate long before they have a place.
    with (
        llm.limit(requests_per_minute=4, per=0.8, burst=1.0),
        llm.limit(concurrency=4),
    ):
        await asyncio.gather(*[ask() for _ in range(12)])
    assert enforced.refused == 0


async def test_a_refusal_by_another_control_gives_everything_back(face: Face, box: Sandbox) -> None:
    with llm.limit(requests_per_minute=100, tokens_per_minute=1_000, concurrency=1) as limit:
        before = limit.state()
        refusing = Noting(refuses=True)
        from mirascope.core.base._controls import put_in_force, take_out_of_force

        put_in_force(refusing)
        with pytest.raises(RuntimeError, match="Not now"):
            await face.get(call(face)())
        take_out_of_force(refusing)
        assert limit.state() == before
        await face.get(call(face)())
    assert len(box.requests) == 1


# --- how many at once


async def test_so_many_are_under_way_at_once(face: Face, box: Sandbox) -> None:
    box.slow(first_byte=0.03)
    ask, most = call(face), 0
    with llm.limit(concurrency=3) as limit:
        if face.is_async:
            running: list[Any] = [asyncio.create_task(ask()) for _ in range(12)]
            while not all(task.done() for task in running):
                most = max(most, limit.state().in_flight)
                await asyncio.sleep(0.002)
        else:
            with ThreadPoolExecutor(12) as pool:
                running = [pool.submit(ask) for _ in range(12)]
                while not all(task.done() for task in running):
                    most = max(most, limit.state().in_flight)
                    time.sleep(0.002)
    assert most == 3
    assert len(box.requests) == 12


async def test_a_stream_keeps_its_place_until_it_ends(face: Face, box: Sandbox) -> None:
    box.reply("One two three four five", times=4)
    with llm.limit(concurrency=1) as limit:
        ask = call(face, stream=True)
        for end in ("end", "close", "drop"):
            stream = ask()
            stream = await stream if face.is_async else stream
            assert limit.state().in_flight == 0
            iterator = aiter(stream) if face.is_async else iter(stream)
            await anext(iterator) if face.is_async else next(iterator)
            assert limit.state().in_flight == 1
            if end == "end":
                if face.is_async:
                    async for _ in iterator:
                        pass
                else:
                    list(iterator)
            elif end == "close":
                if face.is_async:
                    await stream.aclose()
                else:
                    stream.close()
            else:
                del iterator, stream
                gc.collect()
                await asyncio.sleep(0.02)
            assert limit.state().in_flight == 0
        await face.items(await ask() if face.is_async else ask())


async def test_threads_and_tasks_of_several_loops_stand_in_one_line(box: Sandbox) -> None:
    box.slow(first_byte=0.02)
    ask, ask_async = call(Face(False)), call(Face(True))
    expected = []
    with llm.limit(concurrency=1) as limit, ThreadPoolExecutor(12) as pool:
        running = []
        for index in range(12):
            text = f"number {index}"
            expected.append(text)
            if index % 3 == 0:
                running.append(pool.submit(ask, text))
            elif index % 3 == 1:
                running.append(pool.submit(lambda text=text: asyncio.run(ask_async(text))))
            else:
                task = asyncio.create_task(ask_async(text))
                running.append(asyncio.wrap_future(pool.submit(lambda: None)))
                running[-1] = task
            await wait_until(
                lambda index=index: limit.state().waiting + len(box.requests) >= index + 1
            )
        for one in running:
            await (one if asyncio.isfuture(one) else asyncio.wrap_future(one))
    assert texts(box) == expected


# --- leaving the line


async def test_a_cancelled_task_gives_its_place_back(box: Sandbox) -> None:
    box.slow(first_byte=0.1)
    ask = call(Face(True))
    with llm.limit(concurrency=1) as limit:
        tasks = [asyncio.create_task(ask(f"number {index}")) for index in range(6)]
        await wait_until(lambda: len(box.requests) == 1)
        for index in (0, 1, 3):
            tasks[index].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert limit.state().waiting == limit.state().in_flight == 0
    assert [isinstance(one, asyncio.CancelledError) for one in done] == [
        *(True, True, False),
        *(True, False, False),
    ]
    assert texts(box) == ["number 0", "number 2", "number 4", "number 5"]


async def test_a_time_limit_of_the_task_is_kept(box: Sandbox) -> None:
    ask = call(Face(True))
    with llm.limit(requests_per_minute=1) as limit:
        await ask()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(), 0.05)
        assert limit.state().waiting == 0
    assert len(box.requests) == 1


def test_an_interrupt_from_the_keyboard_ends_the_waiting(box: Sandbox) -> None:
    ask = call(Face(False))
    with llm.limit(requests_per_minute=1) as limit:
        ask()

        def interrupt() -> None:
            while not limit.state().waiting:
                time.sleep(0.002)
            os.kill(os.getpid(), signal.SIGINT)

        # A shell starts what runs in its background with this signal ignored.
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            threading.Thread(target=interrupt).start()
            with pytest.raises(KeyboardInterrupt):
                ask()
        finally:
            signal.signal(signal.SIGINT, handler)
        assert limit.state().waiting == 0


def test_a_loop_that_stops_holds_nobody_up(box: Sandbox) -> None:
    ask, ask_async = call(Face(False)), call(Face(True))
    loop = asyncio.new_event_loop()
    with llm.limit(concurrency=1) as limit, ThreadPoolExecutor(2) as pool:
        box.slow(first_byte=0.1)
        first = pool.submit(ask, "first")
        while not box.requests:
            time.sleep(0.002)
        left = loop.create_task(ask_async("left"))
        loop.run_until_complete(asyncio.sleep(0.01))
        assert limit.state().waiting == 1
        ask("second")
        first.result()
        # And it goes on where it is run again.
        assert loop.run_until_complete(left).content
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    assert texts(box) == ["first", "second", "left"]


class Until(Noting):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.until = time.monotonic() + seconds


async def test_a_deadline_says_what_it_waited_for(face: Face, box: Sandbox) -> None:
    ask = call(face)
    with llm.limit("openai", "gpt-4o*", requests_per_minute=1) as limit:
        await face.get(ask())
        until = Until(0.05)
        enter(until)
        with pytest.raises(TimeoutError) as caught:
            await face.get(ask())
        leave(until)
        assert "limit on openai/gpt-4o* (1 requests per minute)" in str(caught.value.__cause__)
        assert limit.state().waiting == 0
    assert len(box.requests) == 1


async def test_waiting_leaves_the_loop_to_others(box: Sandbox) -> None:
    ask = call(Face(True))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    with llm.limit(requests_per_minute=1, per=0.4):
        await ask()
        task, used = asyncio.create_task(others()), time.process_time()
        await ask()
        used = time.process_time() - used
        task.cancel()
    assert turns > 20
    assert used < 0.3


# --- tokens


async def test_tokens_are_reserved_and_settled(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 30, "output": 20})
    box.slow(first_byte=0.1)
    with llm.limit(tokens_per_minute=10_000, burst=1.0) as limit:
        ask = call(face, call_params={"max_tokens": 1_000})

        async def run() -> None:
            if face.is_async:
                await ask()
            else:
                await asyncio.to_thread(ask)

        task = asyncio.create_task(run())
        await wait_until(lambda: box.requests)
        reserved = limit.state()
        await task
        assert reserved.tokens_left is not None
        assert 8_900 < reserved.tokens_left < 9_000
        assert limit.state().tokens_left == 10_000 - 50


async def test_a_stream_is_settled_at_its_end(face: Face, box: Sandbox) -> None:
    box.reply("Hello dear", usage={"input": 300, "output": 200})
    with llm.limit(tokens_per_minute=10_000) as limit:
        stream = call(face, stream=True)()
        await face.items(await stream if face.is_async else stream)
        assert limit.state().tokens_left == 10_000 - 500


async def test_a_failure_costs_no_tokens(face: Face, box: Sandbox) -> None:
    box.fail(400)
    with llm.limit(tokens_per_minute=10_000, requests_per_minute=10) as limit:
        with pytest.raises(openai.BadRequestError):
            await face.get(call(face)())
        assert limit.state().tokens_left == 10_000
        assert limit.state().requests_left == 9


async def test_tokens_in_any_window_are_kept(box: Sandbox) -> None:
    box.reply_always("Hello", usage={"input": 60, "output": 40})
    enforced = box.limit(tokens=1_000, per=1)
    ask = call(Face(True), call_params={"max_tokens": 40})
    with llm.limit(tokens_per_minute=1_000, per=1):
        await asyncio.gather(*[ask("word " * 44) for _ in range(30)])
    times = [request.received_at for request in box.requests]
    assert enforced.refused == 0
    assert most_in_a_window(times, 1) <= 10


async def test_the_average_output_is_learned(box: Sandbox) -> None:
    box.reply_always("Hello", usage={"input": 10, "output": 2_000})
    ask = call(Face(True))
    with llm.limit(tokens_per_minute=100_000, burst=1.0) as limit:
        await ask()
        box.slow(first_byte=0.1)
        task = asyncio.create_task(ask())
        await wait_until(lambda: len(box.requests) == 2)
        left = limit.state().tokens_left
        await task
    assert left is not None
    assert 97_000 - 2_010 - 100 < left + 1_000 < 97_000


async def test_more_than_all_there_is_does_not_wait_for_ever(face: Face, box: Sandbox) -> None:
    with llm.limit(tokens_per_minute=100, per=0.3):
        for _ in range(2):
            await face.get(call(face, call_params={"max_tokens": 5_000})())
    assert len(box.requests) == 2


# --- what the provider says


async def test_a_refusal_pauses_everything(face: Face, box: Sandbox) -> None:
    box.fail(429, retry_after=0.3)
    client = openai.AsyncOpenAI if face.is_async else openai.OpenAI
    own = client(max_retries=0, base_url=box.base_url("openai"), api_key="any")
    ask = call(face, client=own)
    with llm.limit("openai", requests_per_minute=60_000) as limit:
        with pytest.raises(openai.RateLimitError):
            await face.get(ask())
        state, start = limit.state(), time.monotonic()
        assert 0.1 < state.paused_for <= 0.3
        assert state.share == pytest.approx(0.7)
        assert "paused for" in repr(limit)
        await face.get(ask())
        assert time.monotonic() - start > 0.1
        assert 0.7 <= limit.state().share < 0.75
    if face.is_async:
        await own.close()
    else:
        own.close()


async def test_no_waiting_helps_an_empty_account(face: Face, box: Sandbox) -> None:
    body = {"error": {"message": "None left.", "code": "insufficient_quota"}}
    box.native("openai", body, status=429, headers={"x-should-retry": "false"})
    with llm.limit(requests_per_minute=60) as limit:
        with pytest.raises(openai.RateLimitError):
            await face.get(call(face)())
        assert limit.state().paused_for == 0


@pytest.mark.parametrize("provider", ["openai/gpt-4o-mini", "anthropic/claude-test"])
async def test_a_lower_limit_that_the_provider_states_is_kept(
    face: Face, box: Sandbox, provider: str
) -> None:
    box.limit(requests=5, tokens=300)
    with llm.limit(requests_per_minute=100, tokens_per_minute=1_000) as limit:
        await face.get(face.model(provider).prompt("Hi").text())
        state = limit.state()
    assert state.requests_left == 4
    assert state.tokens_left is not None
    assert 250 < state.tokens_left < 300


async def test_where_nothing_remains_it_waits_for_the_reset(face: Face, box: Sandbox) -> None:
    said = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"}
    box.native("openai", {"choices": []}, headers=said)
    with llm.limit(requests_per_minute=60_000) as limit:
        await face.get(call(face)())
        assert 0.1 < limit.state().paused_for <= 0.3
        await face.get(call(face)())
    first, second = (request.received_at for request in box.requests)
    assert second - first > 0.2


async def test_what_one_model_is_told_is_not_for_others(face: Face, box: Sandbox) -> None:
    with llm.limit(requests_per_minute=10_000) as limit:
        await face.get(call(face, "gpt-4o")())
        await face.get(call(face)())
        box.limit(requests=3)
        for _ in range(3):
            await face.get(call(face)())
        assert limit.state().paused_for == 0


# --- what a user sees


async def test_it_shows_what_it_has_to_do(box: Sandbox) -> None:
    box.slow(first_byte=0.1)
    ask = call(Face(True))
    with llm.limit("openai", "gpt-4o*", concurrency=1, requests_per_minute=10) as limit:
        assert str(limit) == "limit on openai/gpt-4o* (1 at once, 10 requests per minute)"
        tasks = [asyncio.create_task(ask()) for _ in range(3)]
        await wait_until(lambda: box.requests)
        state = limit.state()
        assert (state.waiting, state.in_flight, state.requests_left) == (2, 1, 9)
        assert state.tokens_left is None
        assert "2 waiting, 1 in flight, 9 requests left>" in repr(limit)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_long_wait_is_logged(
    face: Face, box: Sandbox, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirascope.llm import _gate

    monkeypatch.setattr(_gate, "_TELL_AFTER", 0.05)
    monkeypatch.setattr(_gate, "_LOOK_AGAIN", 0.06)
    with caplog.at_level(logging.INFO, "mirascope"), llm.limit(requests_per_minute=1, per=0.3):
        await face.get(call(face)("My secret"))
        await face.get(call(face)("My secret"))
    assert len(caplog.messages) == 1
    assert "waited 0 s" in caplog.messages[0]
    assert "limit on all models (1 requests per 0.3 s)" in caplog.messages[0]
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs one of `concurrency`"),
        ({"concurrency": 0}, "`concurrency` of a limit is a number above 0"),
        ({"requests_per_minute": -1}, "`requests_per_minute`"),
        ({"requests_per_minute": 1, "per": 0}, "`per`"),
        ({"requests_per_minute": 1, "provider": "opnai"}, "Unsupported provider: opnai"),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        llm.limit(**options)


def test_what_is_given_back_in_the_middle_of_a_change_is_not_lost(box: Sandbox) -> None:
    with llm.limit(concurrency=1) as limit:
        stream = call(Face(False), stream=True)()
        iterator = iter(stream)
        next(iterator)
        # The garbage collector may do so anywhere, and must not wait for what it interrupts.
        with limit._gate.locked():
            iterator.close()
            assert limit._gate.buckets.in_flight == 1
        assert limit.state().in_flight == 0


async def test_whoever_leaves_nobody_hangs(box: Sandbox) -> None:
    chance = random.Random(5)
    ask, ask_async = call(Face(False)), call(Face(True), stream=True)
    box.slow(first_byte=0.002)

    async def one(index: int) -> None:
        await asyncio.sleep(chance.random() * 0.3)
        stream = await ask_async(f"number {index}")
        async for _ in stream:
            if index % 5 == 0:
                break

    with (
        llm.limit(concurrency=3) as places,
        llm.limit(requests_per_minute=100, tokens_per_minute=10_000, per=0.2) as rate,
        ThreadPoolExecutor(4) as pool,
    ):
        threads = [pool.submit(ask) for _ in range(20)]
        tasks = [asyncio.create_task(one(index)) for index in range(80)]
        for task in chance.sample(tasks, 30):
            await asyncio.sleep(0.005)
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*map(asyncio.wrap_future, threads))
        del tasks
        gc.collect()
        await asyncio.sleep(0.02)
        for limit in (places, rate):
            assert limit.state().in_flight == limit.state().waiting == 0
    assert sum(isinstance(one, asyncio.CancelledError) for one in done) <= 30
    assert not [one for one in done if isinstance(one, Exception)]


async def test_inside_of_a_deadline_nothing_waits_longer(face: Face, box: Sandbox) -> None:
    ask = call(face)
    with llm.limit(requests_per_minute=1) as limit:
        with llm.deadline(5):
            await face.get(ask())
        with llm.deadline(0.05), pytest.raises(llm.DeadlineExceeded) as caught:
            await face.get(ask())
        assert "limit on all models" in str(caught.value.__cause__)
        assert limit.state().waiting == limit.state().in_flight == 0
    assert len(box.requests) == 1


async def test_what_a_budget_refuses_takes_nothing(face: Face, box: Sandbox) -> None:
    with llm.limit(requests_per_minute=100) as limit, llm.budget(calls=1):
        await face.get(call(face)())
        with pytest.raises(llm.BudgetExceeded):
            await face.get(call(face)())
        assert limit.state().requests_left == 99
