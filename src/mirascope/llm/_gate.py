"""Where requests stand in line for a limit: threads, and tasks of any event loop, in one line.

What a request gives back is never waited for: where the lock is taken, it is left to whoever has
it. So a stream may be given up anywhere, also by the garbage collector in the middle of a change.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ..core.base._flow import Flow, step
from ._buckets import Buckets, Rates, Reservation
from ._shared_limit import OwnCells, SharedCells
from ._waiting import TaskWaiter, ThreadWaiter, Waiter

_TELL_AFTER = 4.9
"""In seconds: a longer wait is told."""
_LOOK_AGAIN = 5.0
"""In seconds: how long the first in line waits at most before it asks again."""
_LOOK_AHEAD = 30.0
"""In seconds: the others see to it that the first in line still can move."""
_POLL = 0.02
"""In seconds: for places that other processes hold, which cannot wake us."""
_TURN = 0.003
"""In seconds: for another process to take its turn."""
_CLEAN_EVERY = 0.5

Change = Callable[[float], None]
"""A change of the figures, given the time."""


class Gate:
    """The line before one limit, and its figures."""

    def __init__(self, rates: Rates, path: Path | None) -> None:
        self.rates = rates
        self._path = path
        self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._line: deque[Waiter] = deque()
        self._changes: deque[Change] = deque()
        self.waiting = 0
        self._cleaned_at = 0.0
        if self._path is None:
            self._cells: SharedCells | OwnCells = OwnCells()
        else:
            self._cells = SharedCells(self._path, self.rates.window)
        cells = self._cells
        self.buckets = buckets = Buckets(cells.cells, self.rates, cells.row, cells.rows)
        if isinstance(self._cells, SharedCells):
            self._cells.repair = buckets.repair
            with self._cells:
                buckets.clear_row(buckets.row)

    def reopen_after_fork(self) -> None:
        """A process that was forked has none of its parent's requests under way."""
        if self._pid != os.getpid():
            most = self.buckets.most_requests, self.buckets.most_tokens
            self._open()
            self.buckets.most_requests, self.buckets.most_tokens = most

    def entered(
        self,
        tokens: float,
        is_async: bool,
        until: float | None,
        hold: bool,
        on_wait: Callable[[float], None],
    ) -> Flow[Reservation]:
        """What a request holds that was let through, in the order of the requests.

        `hold` is that of `Buckets.take`. `on_wait` is told now and then for how many seconds a
        request has waited. Raises TimeoutError without a message where `until` comes first.
        """
        waiter: Waiter | None = None
        try:
            while True:
                found = self._try(tokens, is_async, hold, waiter)
                if isinstance(found, Reservation):
                    return found
                waiter, seconds = found
                now = time.monotonic()
                if until is not None:
                    if now >= until:
                        raise TimeoutError
                    seconds = min(seconds, until - now)
                if now - waiter.since > _TELL_AFTER:
                    on_wait(now - waiter.since)
                yield from step(waiter.wait, seconds)
        finally:
            if waiter is not None and not waiter.has_left:
                self.change(partial(self._leave, waiter))

    def change(self, change: Change) -> None:
        """Change the figures, now or as soon as whoever is about to change them has done so."""
        if self._pid == os.getpid():
            self._changes.append(change)
            self._make_changes_if_free()

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Nobody else changes the figures while this is entered."""
        self.reopen_after_fork()
        with self._lock, self._cells:
            yield
        self._make_changes_if_free()

    def close(self) -> None:
        """Leave the file to the others. Called by a change, when no request is on its way."""
        if isinstance(self._cells, SharedCells):
            self._cells.leave()

    def _try(
        self, tokens: float, is_async: bool, hold: bool, waiter: Waiter | None
    ) -> Reservation | tuple[Waiter, float]:
        """What the request holds, or who waits for it and for how many seconds."""
        with self._lock:
            self._make_changes()
            if waiter is not None and waiter.has_left:
                self._join(waiter)
            found: Reservation | float = _LOOK_AHEAD
            if waiter is self._first():
                found = self._ask(tokens, hold, waiter)
            if isinstance(found, Reservation):
                self._wake_first()
                result: Reservation | tuple[Waiter, float] = found
            else:
                if waiter is None:
                    waiter = self._new_waiter(is_async)
                    self._join(waiter)
                result = waiter, found
        self._make_changes_if_free()
        return result

    def _ask(self, tokens: float, hold: bool, waiter: Waiter | None) -> Reservation | float:
        buckets, is_shared = self.buckets, self._path is not None
        with self._cells:
            now = time.monotonic()
            ready = buckets.ready_at(now, tokens)
            if is_shared:
                since = waiter.since if waiter else now
                ready = self._ready_among_processes(now, ready, since)
            if ready > now:
                return min(ready - now, _LOOK_AGAIN)
            reservation = buckets.take(now, tokens, hold)
            if waiter:
                self._leave(waiter)
            if is_shared:
                self._tell_others(now)
            return reservation

    def _ready_among_processes(self, now: float, ready: float, since: float) -> float:
        """When to ask again where other processes come first, or hold what cannot wake us."""
        buckets = self.buckets
        if ready <= now and (ahead := buckets.ahead(now, since)):
            # Each of those may go when its time has come, or at once where that is over.
            ready = max(now + _TURN, ready + ahead * min(buckets.spacing(now), _LOOK_AGAIN))
        if ready <= now:
            return ready
        if now > self._cleaned_at + _CLEAN_EVERY and isinstance(self._cells, SharedCells):
            self._cleaned_at = now
            for row in self._cells.ended_rows():
                buckets.clear_row(row)
        ready = min(ready, now + (_POLL if ready == math.inf else _LOOK_AGAIN))
        buckets.wait_in_line(since, ready)
        return ready

    def _tell_others(self, now: float) -> None:
        first = self._first()
        self.buckets.wait_in_line(first.since if first else 0, now)

    # --- the line; all of it is called with the lock

    def _first(self) -> Waiter | None:
        line = self._line
        while line:
            first = line[0]
            if not first.has_left:
                if not first.is_stuck:
                    return first
                # It takes its place at the end where its event loop runs again.
                self._leave(first)
                first.wake()
            line.popleft()
        return None

    def _new_waiter(self, is_async: bool) -> Waiter:
        now = time.monotonic()
        return TaskWaiter(now) if is_async else ThreadWaiter(now)

    def _join(self, waiter: Waiter) -> None:
        waiter.has_left = False
        self.waiting += 1
        self._line.append(waiter)

    def _leave(self, waiter: Waiter, now: float = 0) -> None:
        if not waiter.has_left:
            waiter.has_left = True
            self.waiting -= 1

    def _wake_first(self) -> None:
        if first := self._first():
            first.wake()

    def _make_changes(self) -> None:
        if not self._changes:
            return
        with self._cells:
            now = time.monotonic()
            while self._changes:
                self._changes.popleft()(now)
            if self._path is not None:
                self._tell_others(now)
        self._wake_first()

    def _make_changes_if_free(self) -> None:
        while self._changes and self._lock.acquire(blocking=False):
            try:
                self._make_changes()
            finally:
                self._lock.release()
