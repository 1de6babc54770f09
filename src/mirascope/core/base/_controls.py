"""What requests have to pass before they are sent, and what watches their replies.

A limit, a budget and a deadline are controls. Those that are in force are taken down when a call is
made, and travel with its request: a coroutine that is awaited later, and a stream that is iterated
over later, are held to what was in force at the call. A request without controls passes by all of
this.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from ._feed import Source
from ._flow import Action, Flow, step

if TYPE_CHECKING:
    from ._reply_view import ReplyView
    from ._request import Request
    from ._wire import Tokens

T = TypeVar("T")
ReplyT = TypeVar("ReplyT", bound="ReplyView")


class Overdue(TimeoutError):
    """A request came too late: trying again is of no use."""


class Control(ABC):
    """Something that requests have to pass."""

    until: float | None = None
    """When all waiting has to end, by `time.monotonic()`; None where this sets no end."""

    def overdue(self) -> Exception:
        """What to raise where `until` has come before a request could be sent."""
        return Overdue("The time is up.")

    def in_time(self, action: Action, is_async: bool, what: str) -> Action:
        """What to do in the place of `action`, no request, so that it ends at `until`.

        `what` is its name, in the plural.
        """
        return action

    @abstractmethod
    def admit(self, request: Request, until: float | None) -> Flow[Permit]:
        """Let a request through: wait until it may be sent, at most until `until`.

        Raises where it may not be sent at all; TimeoutError where `until` comes first.
        """


class Permit:
    """What a control says to one request that it let through. By default, nothing."""

    def sending(self, action: Action, request: Request) -> Action:
        """What to do in the place of `action`, which sends the request."""
        return action

    def received(self, headers: Mapping[str, str]) -> None:
        """The reply has begun to arrive; the names of its headers are in lower case."""

    def follow(self, events: Source, stream: ReplyView, is_async: bool) -> Source | None:
        """A stream has begun: `stream` grows with each of `events`, which may be closed early.

        What is returned is read in the place of `events`, and closed when the stream ends.
        """
        return None

    def arrived(self, stream: ReplyView) -> None:
        """More of a stream has arrived. What is raised here ends it."""

    def failure(self) -> Exception | None:
        """Why this ended the stream from outside; None where it did not."""
        return None

    def end(self, reply: ReplyView | None, error: BaseException | None) -> None:
        """It is over, in whatever way; `reply` is what arrived of it. Called once; never raises."""


class Permits:
    """The permits of one request."""

    def __init__(self, permits: Sequence[Permit]) -> None:
        self._permits = permits
        self._ended = False

    def sending(self, action: Action, request: Request) -> Action:
        """What to do in the place of `action`, which sends the request."""
        for permit in self._permits:
            action = permit.sending(action, request)
        return action

    def received(self, raw: Any, request: Request) -> None:
        """The reply has begun to arrive as `raw`."""
        headers = request.provider.reply_headers(raw)
        for permit in self._permits:
            permit.received(headers)

    def follow(self, events: Source, stream: ReplyView, is_async: bool) -> Source:
        """A stream has begun; returns what to read of it."""
        for permit in self._permits:
            events = permit.follow(events, stream, is_async) or events
        return events

    def arrived(self, stream: ReplyView) -> None:
        """More of a stream has arrived. Raises where that is to be all."""
        for permit in self._permits:
            permit.arrived(stream)

    def failure(self) -> Exception | None:
        """Why a control ended the stream from outside; None where none did."""
        return next(filter(None, (permit.failure() for permit in self._permits)), None)

    def end(self, reply: ReplyView | None, error: BaseException | None) -> None:
        """It is over. Only the first call counts."""
        if not self._ended:
            self._ended = True
            for permit in reversed(self._permits):
                permit.end(reply, error)


def admitted(request: Request) -> Flow[Permits]:
    """The permits for a request that all of its controls let through."""
    first = _first_to_end(request.controls)
    until = first.until if first else None
    permits: list[Permit] = []
    try:
        for control in request.controls:
            permits.append((yield from control.admit(request, until)))
    except BaseException as error:
        Permits(permits).end(None, error)
        if first and until is not None and isinstance(error, TimeoutError):
            better = first.overdue()
            if time.monotonic() >= until and type(error) is not type(better):
                raise better from error
        raise
    return Permits(permits)


def controlled(
    request: Request, send: Action, receive: Callable[[Any, float], ReplyT]
) -> Flow[ReplyT]:
    """The whole reply to a request, past all of its controls.

    `receive` makes the reply of what `send` gave and of when it was sent, in milliseconds.
    """
    permits = yield from admitted(request)
    reply: ReplyT | None = None
    error: BaseException | None = None
    try:
        start_time = time.time() * 1000
        raw = yield from step(permits.sending(send, request))
        permits.received(raw, request)
        reply = receive(raw, start_time)
        return reply
    except BaseException as failure:
        error = failure
        raise
    finally:
        permits.end(reply, error)


def in_time(action: Action, is_async: bool, what: str) -> Action:
    """What to do in the place of `action`, no request, so that it ends when the context's do."""
    first = _first_to_end(ambient.get())
    return first.in_time(action, is_async, what) if first else action


def _first_to_end(controls: Sequence[Control]) -> Control | None:
    ending = [(control.until, control) for control in controls if control.until is not None]
    return min(ending, key=lambda each: each[0])[1] if ending else None


# --- which are in force

ambient: ContextVar[tuple[Control, ...]] = ContextVar("mirascope_controls", default=())
"""Those of the context, the outermost first."""
_everywhere: tuple[Control, ...] = ()


def put_in_force(control: Control) -> None:
    """Hold all calls of the process to a control, from now on."""
    global _everywhere
    _everywhere = (*_everywhere, control)


def take_out_of_force(control: Control) -> None:
    """Hold no more calls to a control; those under way are still held to it."""
    global _everywhere
    _everywhere = _without(_everywhere, control)


def enter(control: Control) -> None:
    """Hold the calls of this context to a control, from now on."""
    ambient.set((*ambient.get(), control))


def leave(control: Control) -> None:
    """Hold no more calls of this context to a control."""
    ambient.set(_without(ambient.get(), control))


def _without(controls: Iterable[Control], control: Control) -> tuple[Control, ...]:
    kept = list(controls)
    for index in reversed(range(len(kept))):
        if kept[index] is control:
            del kept[index]
            break
    return tuple(kept)


def held_to(controls: tuple[Control, ...], flow: Flow[T]) -> Flow[T]:
    """The flow, with the calls that are made in it held to `controls`."""
    before = ambient.get()
    ambient.set(controls)
    try:
        return (yield from flow)
    finally:
        ambient.set(before)


def with_those_everywhere(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    """What a request is held to, each once: first what may refuse it, then what makes it wait."""
    together = (*controls, *_everywhere)
    return tuple(dict.fromkeys(together)) if len(together) > 1 else together


def used(reply: ReplyView | None) -> Tokens | None:
    """The token counts of a reply; None where they are not known. Never raises."""
    try:
        return reply._tokens if reply is not None else None
    except Exception:
        # A reply that cannot be read has been paid for all the same, and is the caller's to see.
        return None
