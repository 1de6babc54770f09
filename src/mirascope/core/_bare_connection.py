"""SDKs that let their HTTP library's exceptions for the connection through."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from .base._provider import Provider


class BareConnection(Provider):
    """A provider whose SDK has none of its own; it is built on httpx or httpx2."""

    def transport_error(self, error: Exception, request: Any) -> Exception:
        """The exception for an error of the connection: that of the HTTP library, as it is."""
        return error

    def connection_error(self, message: str, request: Any) -> Exception:
        """What the HTTP library raises for a connection that broke."""
        stack = import_module(type(request).__module__.partition(".")[0])
        return cast(Exception, stack.RemoteProtocolError(message, request=request))
