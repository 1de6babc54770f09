"""An event loop in a thread of its own, for async code that sync code has to run."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """The loop is started when it is first needed, and kept: what async code holds stays usable."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine, which sees the context of the caller.

        Works whether or not the calling thread has a running loop; that loop stands still.
        """
        if threading.current_thread() is self._thread:
            # Waiting for its own loop, this thread would wait for ever.
            return _in_another_loop(coroutine)
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """Cancel what runs, close what belongs to the loop, and end the thread."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)

    def forget(self) -> None:
        """After a fork: the thread is the parent's."""
        self._lock, self._loop, self._thread = threading.Lock(), None, None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                ready: Future[asyncio.AbstractEventLoop] = Future()
                self._thread = threading.Thread(
                    target=_serve, args=(ready,), name="mirascope-async", daemon=True
                )
                self._thread.start()
                self._loop = ready.result()
            return self._loop


def _serve(ready: Future[asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        ready.set_result(loop)
        loop.run_forever()


def _in_another_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    outcome: Future[T] = Future()

    def serve() -> None:
        try:
            outcome.set_result(asyncio.run(coroutine))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=serve, name="mirascope-async-inner", daemon=True).start()
    return outcome.result()


loop_thread = LoopThread()
"""The one of this process."""

atexit.register(loop_thread.stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=loop_thread.forget)
