"""Replies and streams of botocore and aiobotocore. This module imports botocore."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from importlib import import_module
from typing import Any, cast

from ._bedrock_frames import Frames, chunks_of
from ._converse import BlockCollector, Json
from .base._feed import unwound
from .base._flow import Flow, step
from .base._narrow import inner
from .base._provider import EventSource, Received
from .base._sockets import shut_down
from .base._unreadable import MISREAD, unreadable_event

_exceptions: Any = import_module("botocore.exceptions")
_parsers: Any = import_module("botocore.parsers")

_TRANSPORTS = frozenset({"aiohttp", "urllib3", "http", "httpx", "httpx2", "httpcore"})
_EMPTY = {
    "contentBlockDelta": "delta",
    "contentBlockStart": "start",
    "contentBlockStop": "contentBlockIndex",
    "messageStart": "role",
    "messageStop": "stopReason",
    "metadata": "usage",
}
"""What an event cannot be without: the SDK makes an empty one of JSON that it cannot read."""


def unreadable(reply: Json) -> Exception:
    """The SDK's exception for a reply that holds no message: the SDK passes over broken JSON."""
    status = inner(reply, "ResponseMetadata").get("HTTPStatusCode")
    return cast(
        Exception,
        _parsers.ResponseParserError(
            f"Amazon Bedrock sent what is not a JSON object with a message (status {status})."
        ),
    )


class ConverseEvents(EventSource):
    """The events of a stream.

    Closed in every case: an async one that is merely dropped keeps its connection for good.
    """

    def __init__(self, raw: Json, is_async: bool) -> None:
        self._stream = raw["stream"]
        self._request_id = inner(raw, "ResponseMetadata").get("RequestId")
        self._is_async = is_async
        self._collector = BlockCollector()
        self._iterator: Any = None
        self._frames: Frames | None = None

    def __iter__(self) -> Iterator[Any]:
        return cast(Iterator[Any], iter(self._source()))

    def __aiter__(self) -> AsyncIterator[Any]:
        self._iterator = aiter(self._source())
        return cast(AsyncIterator[Any], self._iterator)

    def _source(self) -> Any:
        """What to iterate: the bytes of the SDK's own stream, or the events of any other."""
        chunks = chunks_of(self._stream, self._is_async)
        if chunks is None:
            return self._stream
        self._frames = Frames(self._stream)
        return chunks

    def decode(self, event: Any) -> Iterable[Received]:
        if self._frames is None:
            yield self._received(event)
            return
        data: bytes = event[0] if self._is_async else event
        for each in self._frames.feed(data):
            yield self._received(each)

    def _received(self, event: Json) -> Received:
        try:
            data = self._decoded(event)
        except MISREAD as error:
            told = unreadable_event("Amazon Bedrock", event, error)
            raise self.unreadable(event, told) from error
        return Received(data, native=event)

    def _decoded(self, event: Json) -> Json:
        kind = next(iter(event), "")
        if kind in _EMPTY and _EMPTY[kind] not in event[kind]:
            raise TypeError(f"`{kind}` is not a JSON object")
        data = self._collector.feed(event)
        if kind == "messageStart":
            return {kind: {**event[kind], "requestId": self._request_id}}
        return data

    def close(self) -> Flow[None]:
        if close := getattr(self._stream, "close", None):
            yield from step(close)
        yield from unwound(self._iterator)

    def interrupt(self) -> None:
        shut_down(getattr(self._stream, "_raw_stream", None))

    def unreadable(self, data: Any, told: str) -> Exception:
        return cast(Exception, _parsers.ResponseParserError(told))

    def failure(self, error: Exception) -> Exception:
        of_transport = type(error).__module__.partition(".")[0] in _TRANSPORTS
        if isinstance(error, TimeoutError) or (of_transport and "Timeout" in type(error).__name__):
            # What the SDK itself raises where a reply that is not streamed takes too long.
            return cast(
                Exception, _exceptions.ReadTimeoutError(endpoint_url="ConverseStream", error=error)
            )
        return self.cut(str(error)) if of_transport else error

    def cut(self, message: str) -> Exception:
        return cast(Exception, _exceptions.ResponseStreamingError(error=message))
