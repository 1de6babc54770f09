"""Waiting in a queue: of threads and of tasks of any event loop, woken from anywhere."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from typing import Any


class Waiter(ABC):
    """One request in a queue."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.has_left = False

    @abstractmethod
    def wait(self, seconds: float) -> Any:
        """Wait to be woken, at most so long; awaitable for a task."""

    @abstractmethod
    def wake(self) -> None:
        """End its waiting, or the next one where it does not wait now."""

    @property
    def is_stuck(self) -> bool:
        """Whether it cannot be woken, because its event loop no longer runs."""
        return False


class ThreadWaiter(Waiter):
    """A request that a thread waits for."""

    def __init__(self, since: float) -> None:
        super().__init__(since)
        self._woken = threading.Event()

    def wait(self, seconds: float) -> None:
        self._woken.wait(seconds)
        self._woken.clear()

    def wake(self) -> None:
        self._woken.set()


class TaskWaiter(Waiter):
    """A request that a task waits for."""

    def __init__(self, since: float) -> None:
        super().__init__(since)
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] | None = None
        self._woken = False

    def wait(self, seconds: float) -> asyncio.Future[None]:
        future = self._future = self._loop.create_future()
        if self._woken:
            self._end(future)
        else:
            timer = self._loop.call_later(seconds, self._end, future)
            future.add_done_callback(lambda _: timer.cancel())
        return future

    def wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            # The loop is closed, and its tasks with it.
            return

    @property
    def is_stuck(self) -> bool:
        return not self._loop.is_running()

    def _wake(self) -> None:
        self._woken = True
        if self._future is not None:
            self._end(self._future)

    def _end(self, future: asyncio.Future[None]) -> None:
        self._woken = False
        if not future.done():
            future.set_result(None)
