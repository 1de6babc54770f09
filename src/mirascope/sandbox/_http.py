"""The HTTP/1.1 part of the sandbox: requests in, plans out. It knows nothing about models."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

PHRASES = {status.value: status.phrase for status in HTTPStatus} | {529: "Overloaded"}
LAST_CHUNK = b"0\r\n\r\n"


@dataclass(slots=True)
class HttpRequest:
    """One request as it arrived, and what became of its reply."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    connection: int = 0
    finished: bool = False
    disconnected_at: float | None = None
    pieces_sent: int = 0


@dataclass(slots=True)
class Plan:
    """What to send, and how badly.

    `pieces` is the body: one piece per event when `streamed`, else its parts. `break_after` ends
    the reply after so many pieces (in the middle of the body where nothing is streamed), -1 before
    the headers: by closing the connection, or where it `stalls` by going silent. Delays are in
    seconds.
    """

    status: int
    headers: Mapping[str, str]
    pieces: list[bytes]
    streamed: bool = False
    first_byte: float = 0.0
    between_events: float = 0.0
    break_after: int | None = None
    stalls: bool = False
    tokens: int = 0
    """How many tokens the reply reports."""

    @property
    def immediate(self) -> bool:
        return self.break_after is None and not self.first_byte and not self.between_events

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {PHRASES.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.streamed:
            lines.append("transfer-encoding: chunked")
        else:
            lines.append(f"content-length: {sum(map(len, self.pieces))}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def framed(self) -> list[bytes]:
        """The pieces as they travel: HTTP chunks when streamed, the last one with the end mark."""
        if not self.streamed:
            return self.pieces
        chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in self.pieces if piece]
        if self.break_after is not None:
            return chunks
        return [*chunks[:-1], chunks[-1] + LAST_CHUNK] if chunks else [LAST_CHUNK]


Handler = Callable[[HttpRequest], Plan | Awaitable[Plan]]


class BadRequest(Exception):
    """The bytes received are not an HTTP/1.1 request."""


def parse_head(head: bytes) -> HttpRequest:
    """The request line and headers; names in lower case, repeated headers joined by a comma."""
    first, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, target, _version = first.split(" ")
    except ValueError:
        raise BadRequest(f"This is not a request line: {first[:80]!r}") from None
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return HttpRequest(method, target, headers)


def take_chunked(buffer: bytearray) -> bytes | None:
    """Remove a whole chunked body from the front of `buffer`; None while it is incomplete."""
    parts: list[bytes] = []
    position = 0
    while (line_end := buffer.find(b"\r\n", position)) >= 0:
        try:
            size = int(bytes(buffer[position:line_end]).split(b";")[0], 16)
        except ValueError:
            raise BadRequest("A chunk of the request body has no size.") from None
        start, end = line_end + 2, line_end + 2 + size
        if len(buffer) < end + 2:
            return None
        if size == 0:
            del buffer[: end + 2]
            return b"".join(parts)
        parts.append(bytes(buffer[start:end]))
        position = end + 2
    return None


@dataclass(slots=True)
class Traffic:
    """The connections of a server: those open now, and how many there have ever been."""

    open: set[Connection] = field(default_factory=set["Connection"])
    accepted: int = 0


class Connection(asyncio.Protocol):
    """One client connection: reads requests one after the other and plays the plan for each."""

    def __init__(self, handler: Handler, traffic: Traffic) -> None:
        self._handler = handler
        self._traffic = traffic
        self._buffer = bytearray()
        self._head: HttpRequest | None = None
        self._current: HttpRequest | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._drained.set()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._traffic.open.add(self)
        self._traffic.accepted += 1
        self._number = self._traffic.accepted

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve()

    def pause_writing(self) -> None:
        self._drained.clear()

    def resume_writing(self) -> None:
        self._drained.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._traffic.open.discard(self)
        if self._current is not None:
            self._current.disconnected_at = time.time()
            self._current.finished = False
            self._current = None
        if self._task is not None:
            self._task.cancel()

    # What happens to a request.

    def close(self) -> None:
        """End at once, whatever is under way. That is no disconnect of the client's."""
        self._current = None
        self._transport.abort()

    def _serve(self) -> None:
        while self._current is None and not self._transport.is_closing():
            try:
                request = self._take_request()
            except BadRequest as error:
                self._write_and_close(Plan(400, {}, [str(error).encode()]))
                return
            if request is None:
                return
            self._current = request
            plan = self._handler(request)
            if not isinstance(plan, Plan) or not plan.immediate:
                self._task = asyncio.ensure_future(self._play(request, plan))
                return
            self._play_at_once(request, plan)
            if self._transport.get_write_buffer_size():
                self._task = asyncio.ensure_future(self._end_when_sent(request))
                return
            self._end(request)

    def _take_request(self) -> HttpRequest | None:
        buffer, head = self._buffer, self._head
        if head is None:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = self._head = parse_head(bytes(buffer[:end]))
            del buffer[: end + 4]
            if head.headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if head.headers.get("transfer-encoding", "").lower() == "chunked":
            body = take_chunked(buffer)
            if body is None:
                return None
        else:
            length = head.headers.get("content-length", "0")
            if not length.isdecimal():
                raise BadRequest(f"`content-length` is not a number: {length[:40]!r}")
            if len(buffer) < int(length):
                return None
            body = bytes(buffer[: int(length)])
            del buffer[: int(length)]
        head.body, head.connection, self._head = body, self._number, None
        return head

    def _end(self, request: HttpRequest) -> None:
        """The whole reply has left this process."""
        self._current = None
        if request.headers.get("connection", "").lower() == "close":
            self._transport.close()

    async def _end_when_sent(self, request: HttpRequest) -> None:
        while self._transport.get_write_buffer_size():
            await asyncio.sleep(0.002)
        if self._current is request:
            self._end(request)
            self._serve()

    def _play_at_once(self, request: HttpRequest, plan: Plan) -> None:
        # Said before it is sent: whoever has the reply must find that it has been sent.
        request.pieces_sent, request.finished = len(plan.pieces), True
        self._transport.write(b"".join((plan.head(), *plan.framed())))

    async def _play(self, request: HttpRequest, plan: Plan | Awaitable[Plan]) -> None:
        """Send what cannot be sent at once. Cancelled when the client goes away."""
        if not isinstance(plan, Plan):
            plan = await plan
        if plan.immediate:
            self._play_at_once(request, plan)
        else:
            await self._play_pieces(request, plan)
        await self._end_when_sent(request)

    async def _play_pieces(self, request: HttpRequest, plan: Plan) -> None:
        if plan.first_byte:
            await asyncio.sleep(plan.first_byte)
        if plan.break_after is not None and plan.break_after < 0:
            return await self._break_off(plan)
        self._transport.write(plan.head())
        if plan.break_after is not None and not plan.streamed:
            body = b"".join(plan.pieces)
            self._transport.write(body[: len(body) // 2])
            return await self._break_off(plan)
        pieces = plan.framed()
        for index, piece in enumerate(pieces):
            if plan.break_after is not None and index >= plan.break_after:
                return await self._break_off(plan)
            if index and plan.between_events:
                await asyncio.sleep(plan.between_events)
            await self._drained.wait()
            request.pieces_sent = index + 1
            request.finished = plan.break_after is None and index + 1 == len(pieces)
            self._transport.write(piece)
        if plan.break_after is not None:
            await self._break_off(plan)

    async def _break_off(self, plan: Plan) -> None:
        """Deliver what was written, then close in the middle of the reply: nobody's disconnect."""
        if plan.stalls:
            # Until the client goes away, which cancels this.
            await asyncio.Event().wait()
        self._current = None
        self._transport.close()

    def _write_and_close(self, plan: Plan) -> None:
        with contextlib.suppress(OSError):
            self._transport.write(plan.head() + b"".join(plan.pieces))
        self._transport.close()
