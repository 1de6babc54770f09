"""Every way to leave a stream before its end, sync and async, once something has arrived of it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

SECONDS = 0.5
"""How soon the provider has to see that nobody listens any more."""
WORDS = " ".join(f"word{number}" for number in range(40))


def enough(reply: Any) -> bool:
    """Whether something has arrived."""
    stream = getattr(reply, "stream", reply)
    return bool(stream.content or stream._builder.reply.tool_calls)


def take(events: Iterator[Any], reply: Any) -> None:
    while not enough(reply):
        next(events)


async def take_async(events: AsyncIterator[Any], reply: Any) -> None:
    while not enough(reply):
        await anext(events)


@contextmanager
def failing() -> Iterator[None]:
    with pytest.raises(ZeroDivisionError):
        yield


# --- sync: every way to leave


def leave_by_break(reply: Any) -> None:
    for _ in reply:
        if enough(reply):
            break


def leave_by_error(reply: Any) -> None:
    with failing():
        for _ in reply:
            if enough(reply):
                raise ZeroDivisionError


def leave_by_with(reply: Any) -> None:
    with reply:
        events = iter(reply)
        take(events, reply)


def leave_by_error_in_with(reply: Any) -> None:
    with failing(), reply:
        events = iter(reply)
        take(events, reply)
        raise ZeroDivisionError


def leave_by_close(reply: Any) -> None:
    events = iter(reply)
    take(events, reply)
    reply.close()
    assert list(events) == []


def leave_by_close_inside(reply: Any) -> None:
    for seen, _ in enumerate(reply):
        if enough(reply):
            last = seen
            reply.close()
    assert seen == last


def leave_by_del(reply: Any) -> None:
    events = iter(reply)
    take(events, reply)
    del events


def leave_by_a_shorter_iterable(reply: Any) -> None:
    assert len(list(zip(range(3), reply, strict=False))) == 3


def leave_by_a_generator(reply: Any) -> None:
    def words() -> Iterator[Any]:
        yield from reply

    for _ in words():
        if enough(reply):
            break


def leave_by_collection(reply: Any) -> None:
    events: list[Any] = [iter(reply)]
    take(events[0], reply)
    events.append(events)
    del events
    gc.collect()


def leave_by_close_from_another_thread(reply: Any) -> None:
    arrived = threading.Event()

    def consume() -> None:
        for _ in reply:
            if enough(reply):
                arrived.set()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(consume)
        arrived.wait()
        reply.close()
        done.result(SECONDS)


SYNC_WAYS: list[Callable[[Any], None]] = [
    leave_by_break,
    leave_by_error,
    leave_by_with,
    leave_by_error_in_with,
    leave_by_close,
    leave_by_close_inside,
    leave_by_del,
    leave_by_a_shorter_iterable,
    leave_by_a_generator,
    leave_by_collection,
    leave_by_close_from_another_thread,
]
"""What leaves a stream, given it."""


# --- async: every way to leave


async def leave_async_by_break(reply: Any) -> None:
    async for _ in reply:
        if enough(reply):
            break


async def leave_async_by_error(reply: Any) -> None:
    with failing():
        async for _ in reply:
            if enough(reply):
                raise ZeroDivisionError


async def leave_by_async_with(reply: Any) -> None:
    async with reply:
        events = aiter(reply)
        await take_async(events, reply)


async def leave_by_error_in_async_with(reply: Any) -> None:
    with failing():
        async with reply:
            events = aiter(reply)
            await take_async(events, reply)
            raise ZeroDivisionError


async def leave_by_aclose(reply: Any) -> None:
    events = aiter(reply)
    await take_async(events, reply)
    await reply.aclose()
    assert [event async for event in events] == []


async def leave_by_aclose_inside(reply: Any) -> None:
    seen, last = 0, 0
    async for _ in reply:
        seen += 1
        if enough(reply):
            last = seen
            await reply.aclose()
    assert seen == last


async def leave_by_cancellation(reply: Any) -> None:
    arrived = asyncio.Event()

    async def consume() -> None:
        async for _ in reply:
            if enough(reply):
                arrived.set()

    task = asyncio.create_task(consume())
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_by_timeout(reply: Any) -> None:
    async def consume() -> None:
        async with asyncio.timeout(None) as limit:
            async for _ in reply:
                if enough(reply):
                    limit.reschedule(asyncio.get_running_loop().time())

    with pytest.raises(TimeoutError):
        await consume()


async def leave_by_wait_for(reply: Any) -> None:
    async def consume() -> None:
        async for _ in reply:
            pass

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(consume(), 0.4)


async def leave_by_a_failing_task_beside(reply: Any) -> None:
    arrived = asyncio.Event()

    async def consume() -> None:
        async for _ in reply:
            if enough(reply):
                arrived.set()

    async def fail() -> None:
        await arrived.wait()
        raise ZeroDivisionError

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(consume())
            group.create_task(fail())

    with pytest.raises(ExceptionGroup):
        await both()


async def leave_by_an_async_generator(reply: Any) -> None:
    async def words() -> AsyncIterator[Any]:
        async for item in reply:
            yield item

    async for _ in words():
        if enough(reply):
            break


async def leave_async_by_collection(reply: Any) -> None:
    events: list[Any] = [aiter(reply)]
    await take_async(events[0], reply)
    events.append(events)
    del events
    gc.collect()


async def leave_async_by_del(reply: Any) -> None:
    events = aiter(reply)
    await take_async(events, reply)
    del events


async def leave_by_aclose_from_another_task(reply: Any) -> None:
    arrived = asyncio.Event()

    async def consume() -> None:
        async for _ in reply:
            if enough(reply):
                arrived.set()

    task = asyncio.create_task(consume())
    await arrived.wait()
    await asyncio.sleep(0.01)
    await reply.aclose()
    await asyncio.wait_for(task, SECONDS)


ASYNC_WAYS: list[Callable[[Any], Awaitable[None]]] = [
    leave_async_by_break,
    leave_async_by_error,
    leave_by_async_with,
    leave_by_error_in_async_with,
    leave_by_aclose,
    leave_by_aclose_inside,
    leave_by_aclose_from_another_task,
    leave_by_cancellation,
    leave_by_timeout,
    leave_by_wait_for,
    leave_by_a_failing_task_beside,
    leave_by_an_async_generator,
    leave_async_by_del,
    leave_async_by_collection,
]
