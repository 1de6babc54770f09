"""Iterators over what flows give one by one, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Generic, TypeVar

from ..core.base._feed import END
from ..core.base._flow import Flow, run, run_async, step

T = TypeVar("T")
ItemT = TypeVar("ItemT")

Following = Callable[[], Flow[Any]]
"""Makes the flow that gives the next item, or `END`."""


class Reader(Iterator[ItemT], Generic[ItemT]):
    """The items of flows that run at once."""

    def __init__(self, following: Following) -> None:
        self._following = following

    def __next__(self) -> ItemT:
        item: ItemT = run(self._following())
        if item is END:
            raise StopIteration
        return item


class AsyncReader(AsyncIterator[ItemT], Generic[ItemT]):
    """The items of flows that have to be awaited."""

    def __init__(self, following: Following) -> None:
        self._following = following

    def __anext__(self) -> Coroutine[Any, Any, ItemT]:
        return run_async(self._item())

    def _item(self) -> Flow[ItemT]:
        item: ItemT = yield from self._following()
        if item is END:
            raise StopAsyncIteration
        return item


def exclusively(lock: Any, flow: Flow[T]) -> Flow[T]:
    """Run a flow while holding a lock: `threading.Lock`, or `asyncio.Lock` under `run_async`."""
    yield from step(lock.acquire)
    try:
        return (yield from flow)
    finally:
        lock.release()
