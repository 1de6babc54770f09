"""Deadlines: until when the calls inside a `with` block have to end."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import time
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..core.base._controls import Control, Overdue, Permit, ambient, enter, leave
from ..core.base._feed import END, Source
from ..core.base._flow import Action, Flow, run, run_async, step
from ._helper_thread import HelperThread, TimeUp
from ._readers import AsyncReader, Reader

if TYPE_CHECKING:
    from ..core.base._reply_view import ReplyView
    from ..core.base._request import Request


class DeadlineExceeded(Overdue):
    """A request was not sent, or was given up, because its time was up."""


class deadline:
    """Have the calls inside the block end within so many seconds, all of them together.

        with llm.deadline(8.0) as time:
            response = recommend_book("fantasy")

    The time begins with the block, and holds for every request that is made inside: by tools,
    tasks, chains, retries, and streams that are iterated over after the block. When it is up,
    nothing more is sent, and what is under way is given up: `DeadlineExceeded` is raised, and what
    had arrived of a stream stays readable. Of nested deadlines the earliest counts.

    An async call and an async tool are cancelled. A sync one is left behind in a thread of its own,
    which ends when the SDK or the tool does.

    `time.left` tells how many seconds are left. Raises TypeError or ValueError for what is no
    number of seconds.
    """

    def __init__(self, seconds: float) -> None:
        given: Any = seconds
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise TypeError(f"A deadline is a number of seconds, not {given!r}.")
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"A deadline is a number of seconds from now on, not {given!r}.")
        self.seconds = seconds

    def __enter__(self) -> Deadline:
        # Not kept on this object: it may be entered in several tasks at once.
        running = Deadline(self)
        enter(running)
        return running

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for control in reversed(ambient.get()):
            if isinstance(control, Deadline) and control.owner is self:
                leave(control)
                return

    def __repr__(self) -> str:
        return f"deadline({self.seconds:g})"


class Deadline(Control):
    """A deadline whose time has begun."""

    def __init__(self, owner: deadline) -> None:
        self.owner = owner
        self.seconds: float = owner.seconds
        self.end: float = time.monotonic() + owner.seconds
        self.until: float | None = self.end

    @property
    def left(self) -> float:
        """How many seconds are left; 0 where the time is up."""
        return max(0.0, self.end - time.monotonic())

    def __repr__(self) -> str:
        return f"<Deadline of {self.seconds:g} s: {self.left:.1f} s left>"

    def exceeded(self, what: str) -> DeadlineExceeded:
        """The exception that says what has become of something."""
        return DeadlineExceeded(
            f"The deadline of {self.seconds:g} seconds has passed: {what}. Give "
            "`llm.deadline` more seconds, or ask for less inside of it."
        )

    def overdue(self) -> Exception:
        return self.exceeded("a request was still waiting to be sent, and was not")

    def admit(self, request: Request, until: float | None) -> Flow[Permit]:
        if self.left <= 0:
            raise self.exceeded(f"the request to `{request.model}` was not sent")
        if until is not None and until < self.end:
            # An earlier one sees to it.
            return Permit()
        return _TimedRequest(self, request)
        yield

    def in_time(self, action: Action, is_async: bool, what: str) -> Action:
        drive = run_async if is_async else run
        return lambda: drive(self._in_time(action, is_async, what))

    def _in_time(self, action: Action, is_async: bool, what: str) -> Flow[Any]:
        helper = None if is_async else HelperThread(self.end, lambda: None)
        try:
            return (yield from _ended(action, self.end, helper))
        except TimeUp as reason:
            raise self.exceeded(
                f"{what} were still running, and are given up"
            ) from reason.__cause__
        finally:
            if helper:
                helper.finish()


def _ended(action: Action, until: float, helper: HelperThread | None) -> Flow[Any]:
    """What an action gives. Raises TimeUp where it has not ended by `until`.

    It is left to a helper, and left behind with it; without one it is async, and cancelled.
    """
    if helper is not None:
        return (yield from step(helper.do, action))
    # As it is for the steps of a flow, whose results are anything.
    timeout: Any = asyncio.timeout(max(0.0, until - time.monotonic()))
    yield from step(timeout.__aenter__)
    try:
        result = yield from step(action)
    except BaseException as error:
        try:
            yield from step(timeout.__aexit__, type(error), error, error.__traceback__)
        except TimeoutError:
            raise TimeUp from error
        if timeout.expired() and isinstance(error, Exception):
            # What an SDK made of its cancellation.
            raise TimeUp from error
        raise
    yield from step(timeout.__aexit__, None, None, None)
    return result


class _TimedRequest(Permit):
    """Sees to it that one request ends in time, and what arrives of it."""

    def __init__(self, control: Deadline, request: Request) -> None:
        self._control = control
        self._request = request
        self._is_async = request.is_async
        self._helper: HelperThread | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._events: Source | None = None
        self._is_reading = False
        self.is_left_behind = False
        """What is read from belongs to the thread that still reads."""
        self._failure: DeadlineExceeded | None = None

    def sending(self, action: Action, request: Request) -> Action:
        drive = run_async if self._is_async else run
        return lambda: drive(self._sent(action))

    def _sent(self, action: Action) -> Flow[Any]:
        if not self._is_async:
            self._helper = HelperThread(self._control.end, self._close_unread)
            self._helper.discard = self._close_unheard
        return (yield from self._in_time(action, "was given up"))

    def follow(self, events: Source, stream: ReplyView, is_async: bool) -> Source:
        self._events = events
        if self._helper is not None:
            self._helper.discard = lambda event: run(events.close())
        else:
            loop = asyncio.get_running_loop()
            left = self._control.end - time.monotonic()
            self._timer = loop.call_later(max(0.0, left), self._close_unread_async)
        return _TimedEvents(events, self)

    def next_of(self, iterator: Any) -> Flow[Any]:
        """The next event, or `END`."""
        if self._control.left <= 0:
            raise self._given_up("was cut off")
        following: Any = anext if self._is_async else next
        self._is_reading = True
        try:
            action = functools.partial(following, iterator, END)
            return (yield from self._in_time(action, "was cut off"))
        finally:
            self._is_reading = False

    def _in_time(self, action: Action, became: str) -> Flow[Any]:
        try:
            return (yield from _ended(action, self._control.end, self._helper))
        except BaseException as reason:
            if self._events is not None and self._helper is not None and self._helper.is_left:
                self.is_left_behind = True
                self._events.interrupt()
            if not isinstance(reason, TimeUp):
                raise
            raise self._given_up(became) from reason.__cause__

    def _given_up(self, became: str) -> DeadlineExceeded:
        what = "the stream of" if self._events else "the request to"
        failure = self._control.exceeded(f"{what} `{self._request.model}` {became}")
        self._failure = failure
        return failure

    def failure(self) -> Exception | None:
        return self._failure

    def end(self, reply: ReplyView | None, error: BaseException | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._helper is not None:
            self._helper.finish()

    # --- what nobody reads

    def _close_unheard(self, raw: Any) -> None:
        """A reply has begun after it was given up."""
        if self._request.stream and raw is not None:
            run(self._request.provider.source(raw, self._is_async).close())

    def _close_unread(self) -> None:
        if self._events is not None:
            run(self._events.close())

    def _close_unread_async(self) -> None:
        if self._events is not None and not self._is_reading:
            self._closing = asyncio.ensure_future(run_async(_quietly(self._events.close())))


def _quietly(flow: Flow[None]) -> Flow[None]:
    with contextlib.suppress(Exception):
        yield from flow


class _TimedEvents(Source):
    """The events of a stream, as far as they arrive in time."""

    def __init__(self, events: Source, request: _TimedRequest) -> None:
        self._events = events
        self._request = request

    def __iter__(self) -> Iterator[Any]:
        iterator = iter(self._events)
        return Reader(lambda: self._request.next_of(iterator))

    def __aiter__(self) -> AsyncIterator[Any]:
        iterator = aiter(self._events)
        return AsyncReader(lambda: self._request.next_of(iterator))

    def close(self) -> Flow[None]:
        if not self._request.is_left_behind:
            yield from self._events.close()

    def interrupt(self) -> None:
        self._events.interrupt()
