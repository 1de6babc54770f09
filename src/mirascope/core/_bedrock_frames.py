"""Frames of the event streams of AWS, whose commonest is read without botocore's parser.

Nearly all events of a reply are pieces of its text, or of a tool's arguments. They come out of
botocore's parser as they went in, at three quarters of what an event costs. All other frames, and
those that are spoilt, go through that parser.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast
from zlib import crc32

from pydantic_core import from_json

from .base._narrow import is_object

_EventStreamBuffer: Any = import_module("botocore.eventstream").EventStreamBuffer

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")
_SHORTEST = _PRELUDE.size + _CHECKSUM.size
_LONGEST = 2**24
_PIECE = "contentBlockDelta"
_NAMES = {"delta", "contentBlockIndex", "p"}
"""What such an event has: `p` pads it, so that its length tells nothing of what it says."""
_TEXT = {"text"}
_TOOL_USE = {"toolUse"}
_INPUT = {"input"}


class Frames:
    """Takes the bytes of a stream of botocore or aiobotocore and gives its events."""

    def __init__(self, stream: Any) -> None:
        self._parse: Any = stream._parse_event
        self._rest = b""
        self._headers_of_pieces: bytes | None = None

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events that are complete with `data`, as the SDK's stream yields them."""
        data = self._rest + data if self._rest else data
        self._rest = b""
        start, end = 0, len(data)
        while end - start >= _PRELUDE.size:
            length, headers_length, checksum = _PRELUDE.unpack_from(data, start)
            if not _SHORTEST <= length <= _LONGEST or crc32(data[start : start + 8]) != checksum:
                # The parser has its own exception for each.
                yield from self._parsed(data[start:])
                return
            if end - start < length:
                break
            frame = data[start : start + length] if start or end != length else data
            start += length
            event = self._piece(frame, _PRELUDE.size + headers_length)
            if event is None:
                yield from self._parsed(frame)
            else:
                yield event
        self._rest = data[start:]

    def _piece(self, frame: bytes, payload: int) -> dict[str, Any] | None:
        """A piece of a text, or of a tool's arguments; None for any other event."""
        if frame[_PRELUDE.size : payload] != self._headers_of_pieces:
            return None
        if _CHECKSUM.unpack_from(frame, len(frame) - 4)[0] != crc32(frame[:-4]):
            return None
        try:
            event = from_json(frame[payload:-4])
        except ValueError:
            return None
        if not is_object(event) or not event.keys() <= _NAMES:
            return None
        index, delta = event.get("contentBlockIndex"), event.get("delta")
        if type(index) is not int or not is_object(delta):
            return None
        text = delta.get("text")
        if delta.keys() != _TEXT:
            use = delta.get("toolUse")
            if delta.keys() != _TOOL_USE or not is_object(use) or use.keys() != _INPUT:
                return None
            text = use["input"]
        if type(text) is not str:
            return None
        return {_PIECE: {"delta": delta, "contentBlockIndex": index}}

    def _parsed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events in `data`, by the parser of the SDK."""
        buffer: Any = _EventStreamBuffer()
        buffer.add_data(data)
        for message in buffer:
            event = _result(self._parse(message))
            if not event:
                continue
            yield event
            if _PIECE in event:
                headers_end = _PRELUDE.size + message.prelude.headers_length
                self._headers_of_pieces = data[_PRELUDE.size : headers_end]


def chunks_of(stream: Any, is_async: bool) -> Any:
    """The iterator that a stream of the SDK reads its bytes from; None for any other stream."""
    kind, raw = cast(Any, type(stream)), cast(Any, getattr(stream, "_raw_stream", None))
    if f"{kind.__module__}.{kind.__name__}" != _STREAMS[is_async]:
        return None
    if not is_async:
        return raw.stream() if hasattr(raw, "stream") else None
    content: Any = getattr(raw, "content", None)
    return content.iter_chunks() if hasattr(content, "iter_chunks") else None


_STREAMS = ("botocore.eventstream.EventStream", "aiobotocore.eventstream.AioEventStream")


def _result(parsed: Any) -> Any:
    """What was parsed; aiobotocore does it in a coroutine, which waits for nothing."""
    if not hasattr(parsed, "__await__"):
        return parsed
    try:
        parsed.send(None)
    except StopIteration as end:
        return end.value
    raise TypeError("This version of `aiobotocore` waits for something while it parses an event.")
