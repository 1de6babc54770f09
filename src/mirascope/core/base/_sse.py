"""Server-sent events: bytes in, the `data` of each event out. No I/O.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

import re

_LINE_END = re.compile(rb"\r\n|\r|\n")
_WHOLE_EVENT = re.compile(rb"(?:event: .*\n)?data: (.+)\n\n").fullmatch
"""A block that is one event of the usual form, as it is mostly."""


class EventDecoder:
    """Cuts a byte stream, given in blocks of any size, into the `data` of its events."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._by_lines = False

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not complete."""
        return self._rest

    def feed(self, block: bytes) -> list[bytes]:
        """The `data` of the events that `block` completes; events without data are left out."""
        if (
            not (self._rest or self._by_lines)
            and b"\r" not in block
            and (whole := _WHOLE_EVENT(block))
        ):
            return [whole[1]]
        buffer = self._rest + block if self._rest else block
        if self._by_lines or b"\r" in buffer:
            # Rare: from here on the stream is read line by line, whatever ends its lines.
            self._by_lines = True
            return self._feed_lines(buffer)
        *events, self._rest = buffer.split(b"\n\n")
        return [data for event in events if (data := _data_of(event))]

    def _feed_lines(self, buffer: bytes) -> list[bytes]:
        # A `\r` at the very end may be the first half of a `\r\n`: it waits for the next block.
        held = b"\r" if buffer.endswith(b"\r") else b""
        *lines, self._rest = _LINE_END.split(buffer[: len(buffer) - len(held)])
        self._rest += held
        complete: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    complete.append(b"\n".join(self._data))
                    self._data.clear()
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
        return complete


def _data_of(event: bytes) -> bytes:
    """The data of one event whose lines end in `\\n`."""
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    return b"\n".join(
        line[6:] if line[5:6] == b" " else line[5:]
        for line in event.split(b"\n")
        if line.startswith(b"data:")
    )
