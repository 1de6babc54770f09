"""A thread that does for another what may take too long."""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from ..core.base._flow import Action


class TimeUp(Exception):
    """What was to be done is not done yet, and is left behind."""


class HelperThread:
    """Does one thing after another for a caller, who waits until `until` and no longer.

    It is done in a copy of the context in which the thread is made.

    What is under way by then is left behind: when it has come to its end, `discard` is called with
    what it gave. Where the time comes while there is nothing to do, `idle` is called. Both are
    called in the thread, which then ends. It never keeps the process from ending.
    """

    def __init__(self, until: float, idle: Action) -> None:
        self.until = until
        self.discard: Callable[[Any], Any] = lambda result: None
        self._idle = idle
        self._lock = threading.Lock()
        self._is_over = self._is_finished = False
        self.is_left = False
        """What it does, it does for nobody."""
        self._actions: SimpleQueue[Action | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        # One for all that it does: what is set in one step of a stream is there in the next.
        context = contextvars.copy_context()
        threading.Thread(
            target=self._serve, args=(context,), name="mirascope-deadline", daemon=True
        ).start()

    def do(self, action: Action) -> Any:
        """What `action` gives. Raises TimeUp at `until`."""
        with self._lock:
            if self._is_over or self._is_finished:
                raise TimeUp
            self._actions.put(action)
        try:
            result, error = self._results.get(timeout=max(0.0, self.until - time.monotonic()))
        except BaseException as reason:
            with self._lock:
                self._is_over = True
                is_done = not self._results.empty()
                self.is_left = not is_done
            if not is_done or not isinstance(reason, Empty):
                raise (TimeUp() if isinstance(reason, Empty) else reason) from None
            result, error = self._results.get()
        if error is not None:
            raise error
        return result

    def finish(self) -> None:
        """There is nothing more to do."""
        self._is_finished = True
        self._actions.put(None)

    def _serve(self, context: contextvars.Context) -> None:
        while True:
            try:
                action = self._actions.get(timeout=max(0.0, self.until - time.monotonic()))
            except Empty:
                with self._lock:
                    if not self._actions.empty():
                        continue
                    self._is_over = True
                self._clean_up(self._idle)
                return
            if action is None:
                return
            result: Any = None
            error: BaseException | None = None
            try:
                result = context.run(action)
            except BaseException as failure:
                error = failure
            with self._lock:
                is_over = self._is_over
                if not is_over:
                    self._results.put((result, error))
            if is_over:
                self._clean_up(partial(self.discard, result))
                return
            del action, result, error

    def _clean_up(self, action: Action) -> None:
        # Nobody is left who could be told of a failure.
        with contextlib.suppress(BaseException):
            action()
