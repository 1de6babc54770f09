"""What goes wrong with a server, in an error that names the server and what was asked of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

_CLOSED = -32000
_TIMED_OUT = (-32001, 408)
"""The code of the protocol's own error, and that of version 1 of the SDK."""


def failure(error: Exception, what: str, server: str) -> Exception:
    """The error to raise in the place of one of the SDK: of a built-in type, with a full text.

    ConnectionError where the server is gone, TimeoutError where it did not answer in time, else
    RuntimeError.
    """
    if _code(error) in _TIMED_OUT or isinstance(error, TimeoutError):
        return TimeoutError(
            f"{what} of {server}: no answer in time. Give the connection a longer `timeout` "
            "(seconds), or None for none."
        )
    if _is_closed(error):
        return ConnectionError(
            f"{what} of {server}: the connection is closed, because the server ended or was cut "
            "off. Open it again."
        )
    return RuntimeError(f"{what} of {server} failed: {error}")


def not_connected(error: BaseException, server: str) -> Exception:
    """The error to raise where a connection could not be made.

    One of the operating system, such as that there is no such command, stays what it is.
    """
    reason = next(_leaves(error))
    if isinstance(reason, OSError):
        reason.add_note(f"This was when connecting to {server}.")
        return reason
    text = _told(reason)
    if _is_closed(reason):
        text = "it ended, or closed the connection, before it had answered"
    kind = TimeoutError if _code(reason) in _TIMED_OUT else ConnectionError
    better = kind(f"Cannot connect to {server}: {text}.")
    better.__cause__ = error
    return better


def first_reason(task: asyncio.Task[None]) -> str:
    """Why the task of a connection has ended."""
    error = None if task.cancelled() else task.exception()
    return _told(next(_leaves(error))) if error else "it was cancelled"


def server_label(name: str | None) -> str:
    """How errors call a server."""
    return f"MCP server `{name}`" if name else "the MCP server"


def public_url(url: str) -> str:
    """A URL without what may be secret in it: its user and its query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _code(error: BaseException) -> int | None:
    """The code of an error of the protocol."""
    code: int | None = getattr(getattr(error, "error", None), "code", None)
    return code


def _is_closed(error: BaseException) -> bool:
    # anyio's errors of streams are no ConnectionErrors.
    kinds = ("ClosedResourceError", "BrokenResourceError", "EndOfStream")
    closed = _code(error) == _CLOSED and str(error) == "Connection closed"
    return closed or isinstance(error, ConnectionError) or type(error).__name__ in kinds


def _told(reason: BaseException) -> str:
    # The text of an HTTP error has the whole URL in it, which may hold a key.
    status = getattr(getattr(reason, "response", None), "status_code", None)
    return f"HTTP status {status}" if status else f"{type(reason).__name__}: {reason}"


def _leaves(error: BaseException) -> Iterator[BaseException]:
    inner: tuple[BaseException, ...] = getattr(error, "exceptions", ())
    if not inner:
        yield error
    for each in inner:
        yield from _leaves(each)
