"""A series of attempts at one call: what is tried next when one of them fails."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar, cast

from ..core.base._attempts import Attempt, note, noted
from ..core.base._controls import ambient, held_to
from ..core.base._feed import Begun, Feed
from ..core.base._flow import Flow
from ..core.base._transport import retried_above
from ..llm._settings import active, within

T = TypeVar("T")
R = TypeVar("R")


class Tries(ABC, Generic[T]):
    """The attempts at one call; `T` is what is tried."""

    repeats: ClassVar[bool] = False
    """Whether it is the same request that is tried again."""

    def __init__(self, first: T) -> None:
        self.current = first
        self.attempts: list[Attempt] = []
        """Those that failed, or were passed over."""

    @abstractmethod
    def after(self, error: Exception, seconds: float) -> Flow[None]:
        """Put into `current` what to try after `error`, when it is time to.

        `seconds` is how long the attempt took. Raises, `error` or another, where nothing is left
        to try.
        """


def attempted(tries: Tries[T], make: Callable[[T], Flow[Any]]) -> Flow[Any]:
    """The first result. A stream that is the result is tried again until its first chunk.

    All attempts are made under what is in force now, wherever the result is awaited or iterated
    over.
    """
    controls, settings = ambient.get(), active.get()

    def under(flow: Flow[R]) -> Flow[R]:
        return within(settings, held_to(controls, flow))

    return under(_attempted(tries, make, under))


def _attempted(
    tries: Tries[T],
    make: Callable[[T], Flow[Any]],
    under: Callable[[Flow[Begun]], Flow[Begun]],
) -> Flow[Any]:
    result = yield from _made(tries, make)
    if isinstance(result, Feed):
        stream: Feed[Any] = cast(Any, result)
        begin = stream._begin or stream.first_items
        stream._begin = lambda: under(_begun(tries, make, stream, begin))
    return noted(result, tries.attempts)


def _made(tries: Tries[T], make: Callable[[T], Flow[Any]]) -> Flow[Any]:
    while True:
        started = time.monotonic()
        try:
            flow = make(tries.current)
            return (yield from _once(flow) if tries.repeats else flow)
        except Exception as error:
            yield from _on(tries, error, started)


def _once(flow: Flow[R]) -> Flow[R]:
    """The flow, in which requests are not sent again by the SDK."""
    before = retried_above.get()
    retried_above.set(True)
    try:
        return (yield from flow)
    finally:
        retried_above.set(before)


def _on(tries: Tries[Any], error: Exception, started: float) -> Flow[None]:
    try:
        yield from tries.after(error, time.monotonic() - started)
    except Exception as last:
        note(last, tries.attempts)
        raise


def _begun(
    tries: Tries[T],
    make: Callable[[T], Flow[Any]],
    stream: Feed[Any],
    begin: Callable[[], Flow[Begun]],
) -> Flow[Begun]:
    candidate = stream
    while True:
        started = time.monotonic()
        try:
            begun = yield from begin()
        except Exception as error:
            candidate.stop()
            yield from _on(tries, error, started)
        except BaseException:
            candidate.stop()
            raise
        else:
            stream.become(candidate)
            noted(stream, tries.attempts)
            return begun
        candidate = yield from _made(tries, make)
        begin = candidate._begin or candidate.first_items
