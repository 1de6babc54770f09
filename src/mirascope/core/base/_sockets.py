"""Breaking the connection of an HTTP response while another thread reads from it."""

from __future__ import annotations

import contextlib
import socket
from typing import Any


def shut_down(response: Any) -> None:
    """End what arrives of a response of httpx or urllib3, so that a read under way ends.

    Does nothing where the socket cannot be found. Closing the response is left to its reader: were
    the socket closed under it, it would read on from what is opened next under the same number.
    """
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        if found := _socket_of(response):
            # Not its own method, by which a socket with TLS would lose what its reader is using.
            socket.socket.shutdown(found, socket.SHUT_RDWR)
        elif shutdown := getattr(response, "shutdown", None):
            shutdown()


def _socket_of(response: Any) -> socket.socket | None:
    extensions: Any = getattr(response, "extensions", None)
    if getattr(response, "is_closed", False) or not _is_alone(extensions):
        return None
    stream: Any = extensions.get("network_stream") if extensions else None
    found: Any = stream.get_extra_info("socket") if stream is not None else None
    return found if isinstance(found, socket.socket) else None


def _is_alone(extensions: Any) -> bool:
    """Whether no other request is on the connection, as with HTTP/2 there may be."""
    return not extensions or extensions.get("http_version") in (b"HTTP/1.0", b"HTTP/1.1")
