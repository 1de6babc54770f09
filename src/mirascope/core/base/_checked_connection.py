"""A request over a connection to an address that was checked, held to the time that it may take."""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPResponse
from typing import Any, cast

from ..._version import __version__
from ._addresses import WebAddress
from ._media_policy import MediaPolicy
from ._web_request import WebRequest


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses and addresses connections."""

    resolve: Callable[[str, int], Sequence[str]]
    connect: Callable[[str, int, float], Any]
    """A connected socket for an address, a port, and the seconds it may take."""


class Deadline:
    """When all of a download must be done."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def left(self) -> float:
        """The seconds that are left. Raises TimeoutError where there are none."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


class _HeldSocket:
    """A connected socket, each use of which is held to the time that is left of the download.

    A socket's own timeout holds for each read: a server that sends a byte a second would never
    exceed it.
    """

    def __init__(self, plain: Any, deadline: Deadline) -> None:
        self._socket = plain
        self._deadline = deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_HeldReader(self))

    def recv_into(self, buffer: Any) -> int:
        self._socket.settimeout(self._deadline.left())
        return cast(int, self._socket.recv_into(buffer))

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def close(self) -> None:
        # The connection closes its socket while the response is still to be read.
        pass


class _HeldReader(io.RawIOBase):
    def __init__(self, held: _HeldSocket) -> None:
        self._held = held

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._held.recv_into(buffer)


class _Opened:
    """A response, and the connection that it came by: a context manager that closes both."""

    def __init__(self, connection: HTTPConnection, plain: Any) -> None:
        self._connection = connection
        self._socket = plain

    def __enter__(self) -> HTTPResponse:
        try:
            return self._connection.getresponse()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._socket.close()


def open_request(
    place: WebAddress,
    policy: MediaPolicy,
    network: Network,
    deadline: Deadline,
    request: WebRequest,
) -> _Opened:
    """Send a request to what a URL names; its response is read in a `with` block.

    Raises ValueError for an address that the policy refuses, and OSError or
    `http.client.HTTPException` where the network or the server fails.
    """
    proxy = _proxy_for(place) if policy.use_proxies else None
    target, headers = place.target, dict[str, str]()
    if proxy is None:
        plain = _connect(place, policy, network, deadline)
    else:
        plain, target, headers = proxy.connect(place, network, deadline)
    try:
        if place.scheme == "https":
            plain.settimeout(deadline.left())
            plain = tls().wrap_socket(plain, server_hostname=place.host)
        connection = HTTPConnection(place.host, place.port)
        held: Any = _HeldSocket(plain, deadline)
        connection.sock = held
        headers = request.with_defaults(_HEADERS) | {"Host": place.authority} | headers
        connection.request(request.method, target, request.body, headers)
    except BaseException:
        plain.close()
        raise
    return _Opened(connection, plain)


_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": f"everscope/{__version__}",
}


def _connect(place: WebAddress, policy: MediaPolicy, network: Network, deadline: Deadline) -> Any:
    if place.address is not None:
        addresses: Sequence[str] = [str(place.address)]
    else:
        addresses = _in_time(lambda: network.resolve(place.host, place.port), deadline)
    for address in addresses:
        # One that is refused is one too many: what answers so is not to be trusted.
        policy.check_address(address)
    failure: Exception = OSError(f"`{place.host}` has no address")
    for tried, address in enumerate(addresses):
        try:
            # An address that does not answer leaves time for the others.
            seconds = deadline.left() / (len(addresses) - tried)
            return network.connect(address, place.port, seconds)
        except OSError as error:
            failure = error
    raise failure


def _in_time(action: Callable[[], Any], deadline: Deadline) -> Any:
    """What the action returns; it is left behind where it takes too long: a resolver has no end."""
    outcome: list[Any] = []
    failure: list[Exception] = []

    def act() -> None:
        try:
            outcome.append(action())
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(deadline.left())
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError
    return outcome[0]


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect_to(address: str, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((address, port), seconds)


NETWORK = Network(_resolve, _connect_to)


@cache
def tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if not context.cert_store_stats()["x509_ca"]:
        # Some machines have no certificates of their own; the SDKs bring them.
        try:
            from certifi import where
        except ImportError:
            pass
        else:
            context.load_verify_locations(where())
    return context


# --- proxies


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    headers: Mapping[str, str]

    def connect(
        self, place: WebAddress, network: Network, deadline: Deadline
    ) -> tuple[Any, str, dict[str, str]]:
        """A socket, and the target and the headers of a request that is sent over it."""
        plain = network.connect(self.host, self.port, deadline.left())
        if place.scheme == "http":
            return plain, f"http://{place.authority}{place.target}", dict(self.headers)
        tunnel = HTTPConnection(place.host, place.port)
        held: Any = _HeldSocket(plain, deadline)
        tunnel.sock = held
        try:
            host = f"[{place.host}]" if ":" in place.host else place.host
            name = f"{host}:{place.port}"
            tunnel.request("CONNECT", name, headers={"Host": name, **self.headers})
            response = HTTPResponse(held, method="CONNECT")
            response.begin()
            if response.status != 200:
                raise OSError(f"the proxy answers {response.status}")
        except BaseException:
            plain.close()
            raise
        return plain, place.target, {}


def _proxy_for(place: WebAddress) -> _Proxy | None:
    from base64 import b64encode
    from urllib.parse import unquote, urlsplit
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    url = proxies.get(place.scheme) or proxies.get("all")
    if not url or proxy_bypass(place.host):
        return None
    proxy = urlsplit(url if "://" in url else f"http://{url}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise ValueError("the environment names a proxy that is not of the form `http://host:port`")
    headers: dict[str, str] = {}
    if proxy.username is not None:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
    return _Proxy(proxy.hostname, proxy.port or 80, headers)
