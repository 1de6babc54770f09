"""Deadlines: calls that end in time, whatever they are and whoever makes them."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import errors, llm
from mirascope.core.base import _controls
from mirascope.core.base._controls import Control, Permit
from mirascope.core.base._flow import Flow, step
from mirascope.retries import fallback, retry
from mirascope.sandbox import Sandbox, ToolCall, sandbox

from ..core.parrot import Answer, parrot_call
from ..core.parrot import Client as Parrot
from ..providers.cases import CASES, Case
from .faces import Face

SOON = 0.35
IN_TIME = 1.5
"""By when a call is over whose deadline is `SOON`, on a machine that has other things to do."""


@pytest.fixture(autouse=True, scope="module")
def warm() -> None:
    """What takes long once in a process, done before any time begins."""
    with sandbox():
        call(Face(False))()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


BACKUP: Any = {"catch": "timeout", "provider": "anthropic", "model": "claude-haiku-4-5"}


@contextmanager
def over_in_time(seconds: float = SOON) -> Iterator[None]:
    """A deadline that is exceeded, and not by much."""
    started = time.monotonic()
    with pytest.raises(llm.DeadlineExceeded, match=f"{seconds:g} seconds"), llm.deadline(seconds):
        yield
    assert time.monotonic() - started < IN_TIME


def call(face: Face, case: Case | None = None, **options: Any) -> Any:
    name, model = (case.name, case.model) if case else ("openai", "gpt-4o-mini")

    @llm.call(provider=name, model=model, **options)
    @face.function
    def ask() -> Any:
        return "Hi"

    return ask


async def opened(face: Face, function: Any) -> Any:
    return await function() if face.is_async else function()


async def no_thread_is_left() -> bool:
    for _ in range(300):
        names = [each.name for each in threading.enumerate()]
        if "mirascope-deadline" not in names:
            return True
        await asyncio.sleep(0.01)
    return False


def is_given_back(box: Sandbox) -> bool:
    return box.wait_until(lambda: bool(box.requests[-1].disconnected or box.requests[-1].finished))


every_provider = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


# --- every provider


@every_provider
async def test_a_whole_reply_that_takes_too_long(case: Case, face: Face, box: Sandbox) -> None:
    ask = call(face, case)
    await face.get(ask())
    box.slow(first_byte=0.8)
    with over_in_time():
        await face.get(ask())
    assert len(box.requests) == 2
    assert not box.requests[1].finished
    box.slow()
    assert (await face.get(ask())).content
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_does_not_begin(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    box.slow(first_byte=0.8)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert stream.content == ""
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_goes_on_too_long(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    text = " ".join(["word"] * 150)
    box.reply(text)
    box.slow(between_events=0.02)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert text.startswith(stream.content)
    assert 0 < len(stream.content) < len(text)
    assert stream.construct_call_response().content == stream.content
    assert await asyncio.to_thread(is_given_back, box)
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_falls_silent(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    box.reply("One two three four")
    box.slow(between_events=3)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert await asyncio.to_thread(is_given_back, box)
    assert box.requests[-1].disconnected
    assert await no_thread_is_left()


# --- what counts, and for whom


async def test_nothing_is_sent_when_the_time_is_up(face: Face, box: Sandbox) -> None:
    with llm.deadline(0) as time_left:
        assert time_left.left == 0
        for options in ({}, {"stream": True}):
            with pytest.raises(llm.DeadlineExceeded, match="`gpt-4o-mini` was not sent") as caught:
                await face.items(await opened(face, call(face, **options)))
    assert box.requests == []
    assert isinstance(caught.value, TimeoutError)
    assert errors.describe(caught.value).kind == "timeout"


async def test_in_time_it_changes_nothing(face: Face, box: Sandbox) -> None:
    box.reply("Hello", times=2)
    with llm.deadline(60) as time_left:
        response = await face.get(call(face)())
        stream = await opened(face, call(face, stream=True))
    assert 50 < time_left.left < 60
    assert response.content == "Hello"
    assert await face.items(stream)
    assert stream.content == "Hello"
    assert stream.construct_call_response().content == "Hello"
    assert await no_thread_is_left()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("kind", ["error", "cut"])
async def test_in_time_errors_are_the_providers(face: Face, box: Sandbox, kind: str) -> None:
    import openai

    if kind == "error":
        box.fail(400)
    else:
        box.cut(2, reply="One two three")
    with llm.deadline(60), pytest.raises(openai.APIError) as caught:
        await face.items(await opened(face, call(face, stream=True)))
    assert not isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(("outer", "inner"), [(SOON, 60), (60, SOON)])
async def test_the_earliest_counts(face: Face, box: Sandbox, outer: float, inner: float) -> None:
    box.slow(first_byte=0.8)
    with (
        llm.deadline(outer),
        llm.deadline(inner),
        pytest.raises(llm.DeadlineExceeded, match=f"{SOON} seconds"),
    ):
        await face.get(call(face)())
    box.slow()
    await face.get(call(face)())


async def test_one_object_in_several_tasks_has_a_time_for_each(box: Sandbox) -> None:
    shared = llm.deadline(0.25)
    ask = call(Face(True))

    async def late() -> str:
        await asyncio.sleep(0.3)
        with shared, shared:
            response = await ask()
        assert _controls.ambient.get() == ()
        return str(response.content)

    assert all(await asyncio.gather(*(late() for _ in range(3))))


async def test_it_holds_for_tasks_and_threads_inside(face: Face, box: Sandbox) -> None:
    ask = call(face)
    with llm.deadline(0.1):
        task = asyncio.create_task(asyncio.sleep(0.15, ask))
        asking = asyncio.create_task(
            asyncio.to_thread(lambda: (time.sleep(0.15), call(Face(False))()))
        )
        await task
        with pytest.raises(llm.DeadlineExceeded):
            await face.get(ask())
        with pytest.raises(llm.DeadlineExceeded):
            await asking
    assert box.requests == []


async def test_a_coroutine_is_held_to_the_deadline_of_its_call(box: Sandbox) -> None:
    with llm.deadline(0.05):
        coroutine = call(Face(True))()
    await asyncio.sleep(0.1)
    with pytest.raises(llm.DeadlineExceeded):
        await coroutine


async def test_many_at_once_are_all_given_up(box: Sandbox) -> None:
    ask = call(Face(True))
    box.slow(first_byte=0.8)
    with llm.deadline(SOON):
        results = await asyncio.gather(*(ask() for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {llm.DeadlineExceeded}


class Wait(Control):
    """Makes requests wait, as a limit does."""

    def admit(self, request: Any, until: float | None) -> Flow[Permit]:
        assert until is not None
        left = until - time.monotonic()
        yield from step(asyncio.sleep if request.is_async else time.sleep, max(0.0, left))
        raise TimeoutError("waited for too long")


@pytest.mark.parametrize("order", ["inside", "outside"])
async def test_waiting_ends(face: Face, box: Sandbox, order: str) -> None:
    wait = Wait()
    if order == "outside":
        _controls.enter(wait)
    try:
        with llm.deadline(0.1):
            if order == "inside":
                _controls.enter(wait)
            with pytest.raises(llm.DeadlineExceeded, match="still waiting"):
                await face.get(call(face)())
    finally:
        _controls.leave(wait)
    assert box.requests == []


@pytest.mark.parametrize("options", [{}, {"stream": True}], ids=["whole", "stream"])
async def test_what_is_too_late_is_not_tried_again(
    face: Face, box: Sandbox, options: dict[str, Any]
) -> None:
    box.slow(first_byte=0.8)
    again = fallback("timeout", [BACKUP])(retry(5, first_wait=0)(call(face, **options)))
    with over_in_time():
        await face.items(await opened(face, again))
    assert len(box.requests) == 1


# --- being cancelled by somebody else


async def test_a_cancellation_is_not_taken_for_the_deadline(box: Sandbox) -> None:
    box.slow(first_byte=0.8)
    with llm.deadline(60):
        for options in ({}, {"stream": True}):

            async def consume(options: Any = options) -> None:
                result = await call(Face(True), **options)()
                await Face(True).items(result)

            seen = len(box.requests)
            task = asyncio.create_task(consume())
            while len(box.requests) == seen:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()


async def test_a_timeout_of_ones_own_stays_what_it_is(box: Sandbox) -> None:
    box.slow(first_byte=0.8)
    with pytest.raises(TimeoutError) as caught, llm.deadline(60):
        async with asyncio.timeout(0.1):
            await call(Face(True))()
    assert not isinstance(caught.value, llm.DeadlineExceeded)
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


# --- streams


class Book(BaseModel):
    title: str


async def test_a_structured_stream(face: Face, box: Sandbox) -> None:
    box.reply({"title": " ".join(["word"] * 150)})
    box.slow(between_events=0.02)
    with llm.deadline(SOON):
        stream = await opened(face, call(face, stream=True, response_model=Book))
    with pytest.raises(llm.DeadlineExceeded):
        await face.items(stream)
    assert stream.stream.construct_call_response().common_message_param.content
    assert not hasattr(stream, "constructed_response_model")


async def test_a_stream_that_nobody_reads_is_closed(face: Face, box: Sandbox) -> None:
    box.reply(" ".join(["word"] * 150))
    box.slow(between_events=0.02)
    with llm.deadline(SOON):
        stream = await opened(face, call(face, stream=True))
        items = aiter(stream) if face.is_async else iter(stream)
        await (anext(items) if face.is_async else asyncio.to_thread(next, items))
    assert await asyncio.to_thread(is_given_back, box)
    assert box.requests[-1].disconnected
    with pytest.raises(llm.DeadlineExceeded, match="cut off"):
        await (anext(items) if face.is_async else asyncio.to_thread(next, items))
    assert "word".startswith(stream.content.strip())
    assert await no_thread_is_left()


async def test_a_stream_that_is_left_ends_its_thread(face: Face, box: Sandbox) -> None:
    box.reply("One two three four")
    with llm.deadline(60):
        stream = await opened(face, call(face, stream=True))
        await face.first(stream)
        await (stream.aclose() if face.is_async else asyncio.to_thread(stream.close))
    assert await no_thread_is_left()


@pytest.mark.parametrize("case", CASES[:1], ids=["openai"])
def test_a_sync_stream_is_closed_by_another_thread(case: Case, box: Sandbox) -> None:
    box.reply(" ".join(["word"] * 150))
    box.slow(between_events=0.03)
    arrived = threading.Event()
    with llm.deadline(60):
        stream = call(Face(False), case, stream=True)()

    def consume() -> None:
        for _ in stream:
            arrived.set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(consume)
        arrived.wait(2)
        stream.close()
        done.result(2)
    assert is_given_back(box)


# --- model objects and chains


async def test_a_response_of_a_model_fails_and_keeps_what_had_arrived(
    face: Face, box: Sandbox
) -> None:
    box.reply(" ".join(["word"] * 150))
    box.slow(between_events=0.02)
    with llm.deadline(SOON):
        response = face.model().prompt("Hi", stream=True)
    texts: list[str] = []
    with pytest.raises(llm.DeadlineExceeded):
        await face.gather(response, texts)
    assert response.status == "failed"
    assert isinstance(response.error, llm.DeadlineExceeded)
    assert texts


def slowly_called(face: Face, seconds: float) -> tuple[Any, list[str]]:
    seen: list[str] = []

    def look_up() -> str:
        """Look it up."""
        time.sleep(seconds)
        seen.append("done")
        return "found"

    async def look_up_async() -> str:
        """Look it up."""
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
        return "found"

    look_up_async.__name__ = "look_up"
    return (look_up_async if face.is_async else look_up), seen


async def test_tools_that_still_run_are_given_up(face: Face, box: Sandbox) -> None:
    tool, seen = slowly_called(face, 1.0)
    box.reply([ToolCall("look_up", {}), ToolCall("look_up", {})])
    message = "tools were still running"
    with pytest.raises(llm.DeadlineExceeded, match=message), llm.deadline(SOON):
        await face.get(face.model().chain("Hi", tools=[tool]).text())
    assert len(box.requests) == 1
    assert seen == (["cancelled"] * 2 if face.is_async else [])
    assert await no_thread_is_left()


async def test_a_sync_tool_of_an_async_chain_is_left_behind(box: Sandbox) -> None:
    tool, seen = slowly_called(Face(False), 1.0)
    box.reply(ToolCall("look_up", {}))
    with over_in_time():
        await Face(True).model().chain("Hi", tools=[tool]).text()
    assert seen == []


async def test_a_tool_whose_call_is_too_late_ends_the_chain(face: Face, box: Sandbox) -> None:
    def ask() -> str:
        """Ask another."""
        return llm.get_model("gpt-4o-mini").prompt("Inner").text()

    def answer(request: Any) -> Any:
        if "Inner" in str(request.body):
            time.sleep(1.0)
            return "late"
        return ToolCall("ask", {})

    box.reply(answer, times=2)
    with over_in_time():
        await face.get(face.model().chain("Outer", tools=[ask]).text())
    assert len(box.requests) == 2


# --- providers that are written as Mirascope v1 had it


class SlowParrot(Parrot):
    def ask(self, **request: Any) -> Answer:
        time.sleep(1.0)
        return super().ask(**request)

    async def ask_async(self, **request: Any) -> Answer:
        await asyncio.sleep(1.0)
        return await super().ask_async(**request)

    def tell(self, **request: Any) -> Any:
        for piece in super().tell(**request):
            yield piece
            time.sleep(0.2)

    async def tell_async(self, **request: Any) -> Any:
        async for piece in super().tell_async(**request):
            yield piece
            await asyncio.sleep(0.2)


async def test_a_provider_from_v1(face: Face) -> None:
    client = SlowParrot(*[Answer("One two three four five six")] * 2)
    ask = face.function(lambda: "Hi")
    with over_in_time():
        await face.get(parrot_call("parrot-1", client=client)(ask)())
    with over_in_time():
        stream = await opened(face, parrot_call("parrot-1", client=client, stream=True)(ask))
        await face.items(stream)
    assert "One two three four five six".startswith(stream.content.strip())
    assert await no_thread_is_left()


# --- what is no deadline


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [
        *((seconds, ValueError) for seconds in (-1, math.nan, math.inf)),
        *((seconds, TypeError) for seconds in ("8", True, None)),
    ],
)
def test_what_is_no_number_of_seconds_is_refused(seconds: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="number of seconds"):
        llm.deadline(seconds)


def test_its_repr() -> None:
    assert repr(llm.deadline(8)) == "deadline(8)"
    with llm.deadline(8) as running:
        assert repr(running).startswith("<Deadline of 8 s: ")


def test_threads_may_share_one(box: Sandbox) -> None:
    shared = llm.deadline(60)

    def ask() -> str:
        with shared:
            return str(call(Face(False))().content)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: ask(), range(16)))
