"""Amazon's binary event stream: one message as bytes, and its JSON broken off.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from pydantic_core import to_json

STRING = 7
"""The type of a header whose value is a text."""


def frame(kind: str, data: Any, *, is_exception: bool = False) -> bytes:
    """One event of a stream, or an exception that ends it."""
    prefix = ":exception" if is_exception else ":event"
    headers = {
        f"{prefix}-type": kind,
        ":content-type": "application/json",
        ":message-type": prefix[1:],
    }
    return _sealed(_encoded(headers), to_json(data))


def broken(event: bytes) -> bytes:
    """The same message, its frame sound and its JSON broken off in the middle."""
    (length,) = struct.unpack_from(">I", event, 4)
    headers, payload = event[12 : 12 + length], event[12 + length : -4]
    return _sealed(headers, payload[: max(2, len(payload) // 2)])


def _encoded(headers: Mapping[str, str]) -> bytes:
    return b"".join(
        struct.pack(">B", len(name))
        + name.encode()
        + struct.pack(">BH", STRING, len(value))
        # Names and values are ASCII: their length in letters is that in bytes.
        + value.encode()
        for name, value in headers.items()
    )


def _sealed(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    head = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return head + struct.pack(">I", crc32(head))
