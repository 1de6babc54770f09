"""Streams of the `google-genai` SDK, read from the bytes of their HTTP responses.

The SDK makes an object of every event. Here the JSON of each is parsed, and the SDK makes its
object when somebody asks for it. What is no plain event (an error, what is no JSON, a reply that
goes on in another one) is left to the SDK, which knows what to do.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic_core import from_json

from ._genai_replay import NativeEvents, StreamReplayer, begun, with_segments
from ._genai_requests import OpenStream, goes_on
from ._genai_stream import GenerateContentEvents, received
from .base._feed import END, pulled, unwound
from .base._flow import Flow, run, run_async, step
from .base._narrow import is_object
from .base._provider import EventSource, Received
from .base._sockets import shut_down

_LINE_END = re.compile(rb"\r\n|\r|\n")
_WHOLE_EVENT = re.compile(rb"data: ([^\r\n]+)(?:\r\n\r\n|\n\n)").fullmatch
"""A block that is one event of the usual form, as it is mostly."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BLOCK_SIZE = 512
"""The bytes that are read at a time with `requests`, which waits for all of them."""


class EventTexts:
    """Cuts the bytes of a stream into the JSON of its events as the SDK does. No I/O.

    Lines that are none of an event's are JSON as well, up to where its braces balance: Google may
    send an error as it does where nothing is streamed.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._data: list[bytes] = []
        self._others: list[bytes] = []
        self._depth = 0

    @property
    def has_rest(self) -> bool:
        """Whether something has come of an event that is not complete."""
        return bool(self._held or self._data or self._others)

    def feed(self, block: bytes) -> list[bytes]:
        """The texts that `block` completes."""
        if not (self._held or self._data or self._others) and (whole := _WHOLE_EVENT(block)):
            return [whole[1]]
        if b"\n" not in block and b"\r" not in block:
            self._held.append(block)
            return []
        buffer = b"".join((*self._held, block))
        # A `\r` at the very end may be the first half of a `\r\n`: it waits for the next block.
        end = b"\r" if buffer.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(buffer[: len(buffer) - len(end)])
        self._held = [rest + end] if rest or end else []
        return list(self._texts(lines))

    def end(self) -> list[bytes]:
        """The texts that the end of the stream completes."""
        rest = b"".join(self._held).removesuffix(b"\r")
        texts = list(self._texts([rest] if rest else []))
        texts += [b"".join(self._others)] if self._others else []
        texts += [b"\n".join(self._data)] if self._data else []
        self._held, self._data, self._others = [], [], []
        return texts

    def _texts(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            if line.startswith(b"data: "):
                self._data.append(line[6:])
            elif line:
                self._others.append(line)
                bare = _STRING.sub(b"", line)
                self._depth += bare.count(b"{") - bare.count(b"}")
                if self._depth == 0:
                    yield b"".join(self._others)
                    self._others.clear()
            elif self._data:
                yield b"\n".join(self._data)
                self._data.clear()


@dataclass(slots=True)
class WireEvent(Received):
    """An event as it came, and what makes the SDK's object of it."""

    made_by: NativeEvents | None = field(default=None, repr=False)


class GenerateContentWire(EventSource):
    """The events of a stream, read from the body of its HTTP response."""

    def __init__(self, opened: OpenStream, is_async: bool) -> None:
        self._opened = opened
        self._is_async = is_async
        self._http_response = opened.response.response_stream
        self._texts = EventTexts()
        self._config = opened.kwargs.get("config")
        self._vertexai = bool(opened.models._api_client.vertexai)
        # Without the HTTP response, which would live as long as an event does.
        bare = type(opened.response)(opened.response.headers)
        self._native = NativeEvents(bare, self._config, self._vertexai)
        self._blocks: Any = None
        self._iterator: Any = None
        self._following: Iterator[bytes] = iter(())
        self._is_over = False
        self._telling: dict[bytes, Any] = {}
        self._continued: GenerateContentEvents | None = None
        self._left_out = 0

    def __iter__(self) -> Iterator[Any]:
        self._iterator = self._blocks = iter(_blocks_of(self._http_response))
        return self

    def __next__(self) -> Any:
        return next(self._iterator)

    def __aiter__(self) -> AsyncIterator[Any]:
        self._iterator = self._blocks = aiter(_async_blocks_of(self._http_response))
        return self

    def __anext__(self) -> Any:
        return anext(self._iterator)

    @property
    def has_rest(self) -> bool:
        return self._continued is None and self._texts.has_rest

    def decode(self, event: Any) -> Iterable[Received]:
        if self._continued is not None:
            return self._decode_continued(self._continued, event)
        if event is END:
            self._is_over = True
            return self._each_received(self._texts.end())
        texts = self._texts.feed(event)
        # As it is mostly; of several, those before one that is spoilt are still to be had.
        return self._received(texts[0]) if len(texts) == 1 else self._each_received(texts)

    def _each_received(self, texts: list[bytes]) -> Iterator[Received]:
        self._following = iter(texts)
        for text in self._following:
            yield from self._received(text)

    def _received(self, text: bytes) -> Sequence[Received]:
        data = self._parsed(text)
        if not is_object(data) or next(iter(data), None) == "error":
            # What the SDK raises has the HTTP response.
            native = NativeEvents(self._opened.response, self._config, self._vertexai)
            return (received(native.made_of(data)),)
        if b'"continuationToken"' in text and not self._is_over and goes_on(data):
            self._continue(data)
            return ()
        for name in _TELLING:
            if name in text:
                self._telling.pop(name, None)
                self._telling[name] = data
        return (WireEvent(data, made_by=self._native),)

    def _parsed(self, text: bytes) -> Any:
        try:
            return from_json(text)
        except ValueError:
            # The SDK's parser takes more, and has its own exception for what is no JSON.
            sdk = cast(Any, type(self._opened.response))
            return sdk._load_json_from_response(text.decode(errors="replace"))

    def _continue(self, data: Any) -> None:
        """Have the SDK read the rest, from the event `data` on, and ask for what follows it.

        It is told what it has to know of those before, too.
        """
        models, response = self._opened.models, self._opened.response
        told = list({id(data): data for data in self._telling.values()}.values())
        self._left_out = len(told)
        rest = _Rest(self._blocks, self._is_async, self._texts, self._parsed)
        rest.events += [*told, data]
        rest.texts += self._following
        replayer = StreamReplayer(
            with_segments(response, lambda: rest), models._api_client, vertexai=self._vertexai
        )
        stream = begun(type(models)(replayer).generate_content_stream(**self._opened.kwargs))
        self._iterator = aiter(stream) if self._is_async else iter(stream)
        self._continued = GenerateContentEvents(stream, self._is_async)

    def _decode_continued(self, events: GenerateContentEvents, event: Any) -> Iterable[Received]:
        if self._left_out:
            self._left_out -= 1
            return ()
        return events.decode(event)

    def close(self) -> Flow[None]:
        if self._continued is not None:
            yield from self._continued.close()
        response = self._http_response
        yield from step((self._is_async and getattr(response, "aclose", None)) or response.close)
        yield from unwound(self._blocks)

    def interrupt(self) -> None:
        if self._continued is not None:
            self._continued.interrupt()
        response = self._http_response
        # That of `requests`, which the SDK has where it signs in to Google, has another inside.
        shut_down(getattr(response, "raw", response))


_TELLING = (b'"promptFeedback"', b'"finishReason"', b'"usageMetadata"')
"""By what the SDK decides whether to ask for more, and what it adds up."""


class _Rest:
    """The events that are left of a stream, for the SDK to read."""

    def __init__(
        self, blocks: Any, is_async: bool, decoder: EventTexts, parse: Callable[[bytes], Any]
    ) -> None:
        self.events: list[Any] = []
        self.texts: list[bytes] = []
        self._blocks = blocks
        self._is_async = is_async
        self._decoder = decoder
        self._parse = parse
        self._is_over = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        event = run(self._following())
        if event is END:
            raise StopIteration
        return event

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    def __anext__(self) -> Any:
        return run_async(self._following_or_stop())

    def _following_or_stop(self) -> Flow[Any]:
        event = yield from self._following()
        if event is END:
            raise StopAsyncIteration
        return event

    def _following(self) -> Flow[Any]:
        if self.events:
            return self.events.pop(0)
        while not self.texts:
            if self._is_over:
                return END
            block = yield from pulled(self._blocks, self._is_async)
            self._is_over = block is END
            self.texts = self._decoder.end() if block is END else self._decoder.feed(block)
        return self._parse(self.texts.pop(0))


def _blocks_of(response: Any) -> Iterable[bytes]:
    """The body of an HTTP response as it arrives: of httpx, or of requests."""
    if not hasattr(response, "iter_bytes"):
        return cast(Iterable[bytes], response.iter_content(chunk_size=_BLOCK_SIZE))
    return cast(
        Iterable[bytes], response.iter_raw() if _is_raw(response) else response.iter_bytes()
    )


def _async_blocks_of(response: Any) -> Any:
    """The same of httpx, or of aiohttp."""
    if not hasattr(response, "aiter_bytes"):
        return response.content.iter_any()
    return response.aiter_raw() if _is_raw(response) else response.aiter_bytes()


def _is_raw(response: Any) -> bool:
    """Whether the raw bytes are the body: not encoded, and not read before by a hook."""
    return not (response.is_stream_consumed or "content-encoding" in response.headers)
