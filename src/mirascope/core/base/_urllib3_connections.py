"""The connections of a client on urllib3, and what a response tells of its own."""

from __future__ import annotations

import socket
import time
from functools import cache
from http.client import HTTPResponse
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool

Site: TypeAlias = tuple[str, str, int | None]
"""The scheme, the host and the port of a server."""


def new_pool(site: Site, tls: Any, limits: Any) -> HTTPConnectionPool:
    """Connections to a server, by a TLS context and `Limits` of httpx."""
    pools = import_module("urllib3.connectionpool")
    scheme, host, port = site
    most_idle = limits.max_keepalive_connections
    pool: HTTPConnectionPool = (
        pools.HTTPSConnectionPool(host, port, ssl_context=tls, maxsize=most_idle)
        if scheme == "https"
        else pools.HTTPConnectionPool(host, port, maxsize=most_idle)
    )
    plain_type = type(pool).ConnectionCls
    pool.ConnectionCls = _connection_type(plain_type, limits.keepalive_expiry)
    socket_options = cast(Any, plain_type).default_socket_options
    pool.conn_kw["socket_options"] = [*socket_options, *_KEEP_ALIVE]
    return pool


def _keep_alive_options() -> list[tuple[int, int, int]]:
    """What keeps a connection over which a model thinks for minutes from being forgotten."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 60, "TCP_KEEPCNT": 5}.items():
        if (number := getattr(socket, name, None)) is not None:
            options.append((socket.IPPROTO_TCP, number, value))
    return options


_KEEP_ALIVE = _keep_alive_options()


@cache
def _connection_type(plain_type: Any, idle_seconds: float) -> Any:
    """The class of a pool's connections, on top of urllib3's own."""
    members = {"_idle_seconds": idle_seconds, "response_class": _FinalResponse}
    return type("Connection", (_Connection, plain_type), members)


class _FinalResponse(HTTPResponse):
    """Reads over what a server says before it answers (`103 Early Hints`), not only `100 Continue`.

    What came then would be taken for the answer to the next request.
    """

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != 101:
            cast(Any, self).headers = None
            super().begin()


class _Connection:
    """Sends a request at once, and is not used again after a long pause.

    What is between client and server may have forgotten an idle connection without telling either.
    """

    sock: Any
    _idle_seconds: float
    _used_at = 0.0
    _held: list[bytes] | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        self._used_at = time.monotonic()
        self._held = held = list[bytes]()
        try:
            cast(Any, super()).request(*args, **kwargs)
        finally:
            self._held = None
        # Headers and body in one packet: the server wakes once.
        self.send(b"".join(held))

    def send(self, data: Any) -> None:
        if self._held is None:
            cast(Any, super()).send(data)
        else:
            self._held.append(data)

    @property
    def is_connected(self) -> bool:
        is_fresh = time.monotonic() - self._used_at < self._idle_seconds
        return is_fresh and bool(cast(Any, super()).is_connected)

    def getresponse(self) -> Any:
        connected = self.sock
        response = cast(Any, super()).getresponse()
        # The connection lets go of the socket where the server will close it.
        response.connected_socket = connected
        return response


class Connected:
    """What httpx calls the network stream of a response: tells its socket."""

    def __init__(self, response: Any) -> None:
        self._socket = response.connected_socket

    def get_extra_info(self, info: str) -> Any:
        match info:
            case "socket":
                return self._socket
            case "ssl_object":
                return self._socket if hasattr(self._socket, "cipher") else None
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case _:
                return None
