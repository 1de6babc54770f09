"""Replies and streams that an SDK hands out as its own objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, cast

from .base._flow import Flow, step
from .base._provider import EventSource, Received
from .base._sockets import shut_down


class ObjectEvents(EventSource):
    """The events of a stream as the objects that the SDK's own iterator yields."""

    def __init__(self, stream: Any, is_async: bool) -> None:
        self._stream = stream
        self._is_async = is_async
        # The SDK's own iterator raises where the stream is cut; its end is the end of the reply.
        self.done = True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._stream)

    def __aiter__(self) -> AsyncIterator[Any]:
        return cast(AsyncIterator[Any], aiter(self._stream))

    def decode(self, event: Any) -> Iterable[Received]:
        yield plain(event)

    def close(self) -> Flow[None]:
        names = ("aclose", "close") if self._is_async else ("close",)
        for name in names:
            if close := getattr(self._stream, name, None):
                yield from step(close)
                return

    def interrupt(self) -> None:
        # The streams of most SDKs, and those that LiteLLM wraps, have the HTTP response.
        stream = getattr(self._stream, "completion_stream", self._stream)
        shut_down(getattr(stream, "response", None))


def plain(value: Any, *, defaults: bool = False) -> Received:
    """An SDK's object (or a dict) as JSON-shaped data, the object kept beside it.

    `defaults`: with what the object was not given, for an SDK whose objects need not be told what
    they are (`type`, `role`); without what is None.
    """
    dump = getattr(value, "model_dump", None)
    if dump is None:
        if isinstance(value, Mapping):
            return Received(dict(cast(Mapping[str, Any], value)))
        raise TypeError(
            f"The client returned a `{type(value).__name__}`, which is neither an object of the "
            "SDK nor a dict. A test double must return what the SDK's `create` returns."
        )
    data = dump(exclude_unset=not defaults, exclude_none=defaults, warnings=False)
    return Received(data, native=value)
