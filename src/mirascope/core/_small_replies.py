"""Small replies, kept as the bytes they are: as dicts they would take several times that.

A large reply is mostly text, of which bytes would be a second copy beside what is read off them.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json

from .base._narrow import is_object
from .base._provider import Received

MOST_BYTES = 2_048


class SmallReply(Received):
    """A reply as bytes; its data is made anew whenever it is asked for."""

    __slots__ = ("_body", "_read")

    def __init__(self, body: bytes, read: Callable[[bytes], Any]) -> None:
        self._body, self._read = body, read
        self.native = None
        self.request_id = None

    @property
    def data(self) -> Any:
        return self._read(self._body)


def kept_json(body: bytes) -> Received | None:
    """A reply that came as a JSON object; None for anything else."""
    try:
        data = from_json(body)
    except ValueError:
        return None
    if not is_object(data):
        return None
    return SmallReply(body, from_json) if len(body) <= MOST_BYTES else Received(data)


def kept_dict(data: Any) -> Received:
    """A reply that came as a dict, which is the SDK's own object."""
    try:
        # Not only what JSON has: bytes come back as they were, too.
        body = marshal.dumps(data)
    except ValueError:
        # A class of somebody's own is among it, or it is very deep.
        return Received(data, native=data)
    if len(body) > MOST_BYTES:
        return Received(data, native=data)
    return SmallReply(body, marshal.loads)
