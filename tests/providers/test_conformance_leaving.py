"""A reply that is left before its end: every provider sees at once that nobody listens any more.

With `--junitxml=leaving.xml -o junit_family=xunit1` each test has, as its property `seconds`, how
long after that the provider knew.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.sandbox import Sandbox, sandbox

from ..core import leaving
from ..core.leaving import ASYNC_WAYS, SECONDS, SYNC_WAYS, enough
from .cases import CASES

MODELS = {case.name: case.model for case in CASES} | {"ollama": "llama3.2", "vllm": "llama3.2"}
TEXT = " ".join(f"word{number}" for number in range(150))
OFTEN = [
    leaving.leave_by_break,
    leaving.leave_by_close,
    leaving.leave_by_close_from_another_thread,
]
OFTEN_ASYNC = [
    leaving.leave_async_by_break,
    leaving.leave_by_aclose,
    leaving.leave_by_aclose_from_another_task,
    leaving.leave_by_cancellation,
    leaving.leave_by_timeout,
]

each_provider = pytest.mark.parametrize("provider", [*MODELS])


def each_of(ways: list[Any]) -> Any:
    return pytest.mark.parametrize("leave", ways, ids=lambda way: way.__name__)


class Book(BaseModel):
    title: str
    themes: list[str]


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    with sandbox() as running:
        yield running


@pytest.fixture
def box(shared_box: Sandbox) -> Iterator[Sandbox]:
    """One sandbox for all: a client that is met again must still be good."""
    shared_box.slow(between_events=0.01)
    shared_box.reply_always(TEXT)
    yield shared_box
    shared_box.reset()


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """Nothing may depend on when the cyclic garbage collector runs."""
    gc.disable()
    yield
    gc.enable()


Record = Callable[[str, object], None]


def prompt() -> str:
    return "Hi"


async def prompt_async() -> str:
    return "Hi"


def opened(provider: str, **options: Any) -> Any:
    return llm.call(provider, MODELS[provider], stream=True, **options)(prompt)()


async def opened_async(provider: str, **options: Any) -> Any:
    return await llm.call(provider, MODELS[provider], stream=True, **options)(prompt_async)()


def structured(box: Sandbox) -> dict[str, Any]:
    """Options for a reply that is an object, of which the last part takes long."""
    box.reply(Book(title="The Name of the Wind", themes=[TEXT]))
    return {"response_model": Book, "json_mode": True}


def check_left(box: Sandbox, left_at: float, record: Record) -> None:
    """The provider saw the client go, in time and before it had sent everything."""
    (request,) = box.requests
    assert box.wait_until(lambda: request.disconnected, timeout=SECONDS), request.events_sent
    assert request.disconnected_at is not None
    assert not request.finished
    record("seconds", max(0.0, request.disconnected_at - left_at))


async def check_left_async(box: Sandbox, left_at: float, record: Record) -> None:
    (request,) = box.requests
    await asyncio.to_thread(box.wait_until, lambda: request.disconnected, SECONDS)
    check_left(box, left_at, record)


@each_provider
@each_of(SYNC_WAYS)
def test_leaving(
    box: Sandbox, provider: str, leave: Callable[[Any], None], record_property: Record
) -> None:
    reply = opened(provider)
    leave(reply)
    check_left(box, time.time(), record_property)
    assert list(reply) == []
    assert TEXT.startswith(reply.content)


@each_provider
@each_of(ASYNC_WAYS)
async def test_leaving_async(
    box: Sandbox, provider: str, leave: Callable[[Any], Awaitable[None]], record_property: Record
) -> None:
    reply = await opened_async(provider)
    await leave(reply)
    await check_left_async(box, time.time(), record_property)
    assert [item async for item in reply] == []
    assert TEXT.startswith(reply.content)


@each_provider
@each_of(OFTEN)
def test_leaving_an_object(
    box: Sandbox, provider: str, leave: Callable[[Any], None], record_property: Record
) -> None:
    reply = opened(provider, **structured(box))
    leave(reply)
    check_left(box, time.time(), record_property)
    assert list(reply) == []


@each_provider
@each_of(OFTEN_ASYNC)
async def test_leaving_an_object_async(
    box: Sandbox, provider: str, leave: Callable[[Any], Awaitable[None]], record_property: Record
) -> None:
    reply = await opened_async(provider, **structured(box))
    await leave(reply)
    await check_left_async(box, time.time(), record_property)
    assert [item async for item in reply] == []


@each_provider
def test_dropping_a_stream_that_was_left(
    box: Sandbox, provider: str, record_property: Record
) -> None:
    def use() -> None:
        for chunk, _ in opened(provider):
            if chunk.content:
                break

    use()
    check_left(box, time.time(), record_property)


@each_provider
async def test_dropping_an_async_stream_that_was_left(
    box: Sandbox, provider: str, record_property: Record
) -> None:
    async def use() -> None:
        async for chunk, _ in await opened_async(provider):
            if chunk.content:
                break

    await use()
    await check_left_async(box, time.time(), record_property)


@each_provider
def test_streams_that_were_left_leave_nothing_behind(provider: str) -> None:
    def leave(times: int) -> None:
        for _ in range(times):
            for chunk, _ in opened(provider):
                if chunk.content:
                    break

    async def leave_async(times: int) -> None:
        for _ in range(times):
            async for chunk, _ in await opened_async(provider):
                if chunk.content:
                    break
            reply = await opened_async(provider)
            await leaving.leave_by_aclose_from_another_task(reply)
        await asyncio.sleep(0.05)

    async def main() -> None:
        leave(5)
        await leave_async(5)
        gc.collect()
        gc.freeze()
        leave(10)
        await leave_async(10)
        # Generators that the collector finds are ended by the loop.
        gc.collect()
        await asyncio.sleep(0.05)
        gc.collect()
        # A loop keeps timers that were cancelled, up to a hundred. What one stream holds is more
        # than fifty.
        timers = (asyncio.TimerHandle, Context)
        held = [each for each in gc.get_objects() if not isinstance(each, timers)]
        assert len(held) < 100

    with sandbox(record=False) as unwatched:
        unwatched.reply_always(TEXT)
        unwatched.slow(between_events=0.003)
        try:
            asyncio.run(main())
        finally:
            gc.unfreeze()


# --- where the SDK has another transport than aiohttp, and the program another loop than asyncio's


@each_of(OFTEN_ASYNC[2:4])
@pytest.mark.parametrize(
    "provider", [name for name in MODELS if name not in ("azure", "bedrock", "cohere", "mistral")]
)
def test_leaving_on_httpx(
    box: Sandbox,
    provider: str,
    leave: Callable[[Any], Awaitable[None]],
    record_property: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for sdk in ("openai", "anthropic", "groq"):
        monkeypatch.delattr(f"{sdk}.DefaultAioHttpClient", raising=False)
    monkeypatch.setattr("mirascope.core._genai_client._is_fit_for_aiohttp", lambda: False)

    async def main() -> None:
        reply = await opened_async(provider)
        await leave(reply)
        await check_left_async(box, time.time(), record_property)

    asyncio.run(main())


@each_provider
@each_of(OFTEN_ASYNC[:1] + OFTEN_ASYNC[3:4])
@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not made for it")
def test_leaving_on_uvloop(
    box: Sandbox, provider: str, leave: Callable[[Any], Awaitable[None]], record_property: Record
) -> None:
    import uvloop

    async def main() -> None:
        reply = await opened_async(provider)
        await leave(reply)
        await check_left_async(box, time.time(), record_property)

    uvloop.run(main())


# --- while nothing comes


@each_provider
def test_closing_ends_the_wait_of_another_thread(
    box: Sandbox, provider: str, record_property: Record
) -> None:
    box.slow(between_events=0.4)
    reply = opened(provider)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(list, reply)
        assert box.wait_until(lambda: enough(reply), timeout=10)
        sent = box.requests[0].events_sent
        reply.close()
        left_at = time.time()
        done.result()
        assert box.requests[0].events_sent == sent, "the thread waited for the next event"
    check_left(box, left_at, record_property)


@each_provider
async def test_closing_ends_the_wait_of_another_task(
    box: Sandbox, provider: str, record_property: Record
) -> None:
    box.slow(between_events=0.4)
    reply = await opened_async(provider)

    async def consume() -> None:
        async for _ in reply:
            pass

    task = asyncio.create_task(consume())
    await asyncio.to_thread(box.wait_until, lambda: enough(reply), 10)
    sent = box.requests[0].events_sent
    await reply.aclose()
    left_at = time.time()
    await task
    assert box.requests[0].events_sent == sent, "the task waited for the next event"
    await check_left_async(box, left_at, record_property)


@each_provider
def test_a_call_that_is_cancelled(box: Sandbox, provider: str, record_property: Record) -> None:
    box.slow(first_byte=5)

    async def main(stream: bool) -> None:
        async def use() -> None:
            if stream:
                async for _ in await opened_async(provider):
                    pass
            else:
                await llm.call(provider, MODELS[provider])(prompt_async)()

        box.requests.clear()
        task = asyncio.create_task(use())
        await asyncio.to_thread(box.wait_until, lambda: bool(box.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await check_left_async(box, time.time(), record_property)

    asyncio.run(main(stream=False))
    asyncio.run(main(stream=True))
