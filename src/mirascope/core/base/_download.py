"""One guarded download: what a URL in a prompt holds, where the provider wants the bytes.

A name is resolved once, every address it has is checked, and the connection is made to an address
that was checked. Redirects are checked like any URL. All of it is held to the time, the bytes and
the redirects that the policy allows.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import quote, urljoin

from ..._version import __version__
from ._addresses import WebAddress
from ._flow import Flow, step
from ._media_policy import MediaPolicy

_MOST_AT_ONCE = 8
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadError(ConnectionError, ValueError):
    """A download that may succeed later: the network or the server failed."""


@dataclass(frozen=True, slots=True)
class Download:
    """What a URL holds."""

    data: bytes
    media_type: str
    """As the server states it, without parameters; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Network:
    """How names become addresses and addresses connections."""

    resolve: Callable[[str, int], Sequence[str]]
    connect: Callable[[str, int, float], Any]
    """A connected socket for an address, a port, and the seconds it may take."""


def downloads(urls: Sequence[str], policy: MediaPolicy, is_async: bool) -> Flow[list[Download]]:
    """What each URL holds, in order. Raises ValueError for what the policy refuses.

    In an async call a thread does it, so that the event loop goes on.
    """
    if not is_async:
        return (yield from step(fetch_all, urls, policy))
    import asyncio

    return (yield from step(asyncio.to_thread, fetch_all, urls, policy))


def fetch_all(urls: Sequence[str], policy: MediaPolicy) -> list[Download]:
    """What each URL holds, several at a time."""
    if len(urls) == 1:
        return [fetch(urls[0], policy)]
    from concurrent.futures import ThreadPoolExecutor

    def fetched(url: str) -> Download:
        return fetch(url, policy)

    with ThreadPoolExecutor(min(len(urls), _MOST_AT_ONCE)) as threads:
        return list(threads.map(fetched, urls))


def fetch(url: str, policy: MediaPolicy, network: Network | None = None) -> Download:
    """What a URL holds.

    Raises ValueError for what the policy refuses and what the server has not, and `DownloadError`
    (a ConnectionError and a ValueError) where the network or the server fails.
    """
    network = network or NETWORK
    deadline = _Deadline(policy.timeout)
    for _ in range(policy.max_redirects + 1):
        try:
            place = policy.check_url(url)
        except ValueError as error:
            raise ValueError(f"Failed to load or encode data from {shown(url)}: {error}.") from None
        try:
            with _open(place, policy, network, deadline) as response:
                location = _redirection(response)
                if location is None:
                    return _read(response, policy)
        except (OSError, HTTPException) as error:
            reason = "it took too long" if deadline.is_over else _reason(error)
            raise DownloadError(f"Failed to load or encode data from {place}: {reason}.") from None
        except ValueError as error:
            kind = DownloadError if isinstance(error, _ServerFailed) else ValueError
            raise kind(f"Failed to load or encode data from {place}: {error}.") from None
        url = urljoin(f"{place.scheme}://{place.authority}{place.target}", location)
    raise ValueError(
        f"Failed to load or encode data from {shown(url)}: "
        f"there are more than {policy.max_redirects} redirects."
    )


class _ServerFailed(ValueError):
    pass


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    scheme, separator, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    return repr(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:200])


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


# --- the connection


class _Deadline:
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

    def __init__(self, plain: Any, deadline: _Deadline) -> None:
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


def _open(place: WebAddress, policy: MediaPolicy, network: Network, deadline: _Deadline) -> _Opened:
    proxy = _proxy_for(place) if policy.use_proxies else None
    target, headers = place.target, dict[str, str]()
    if proxy is None:
        plain = _connect(place, policy, network, deadline)
    else:
        plain, target, headers = proxy.connect(place, network, deadline)
    try:
        if place.scheme == "https":
            plain.settimeout(deadline.left())
            plain = _tls().wrap_socket(plain, server_hostname=place.host)
        connection = HTTPConnection(place.host, place.port)
        connection.sock = _HeldSocket(plain, deadline)
        connection.request("GET", target, headers=_HEADERS | {"Host": place.authority} | headers)
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


def _connect(place: WebAddress, policy: MediaPolicy, network: Network, deadline: _Deadline) -> Any:
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


def _in_time(action: Callable[[], Any], deadline: _Deadline) -> Any:
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
def _tls() -> ssl.SSLContext:
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


# --- the response


def _redirection(response: HTTPResponse) -> str | None:
    """Where the response sends to, None where it is the answer itself."""
    if response.status in _REDIRECTS and (location := response.getheader("Location")):
        # Bytes that the header should not have held are escaped, as browsers do.
        return quote(location.encode("latin-1", "replace"), safe="%/:=&?~+!$,;'@()*[]#|")
    if response.status in _TRANSIENT:
        raise _ServerFailed(f"the server answers {response.status}")
    if response.status != 200:
        raise ValueError(f"the server answers {response.status} {response.reason}".rstrip())
    return None


def _read(response: HTTPResponse, policy: MediaPolicy) -> Download:
    encoding = (response.getheader("Content-Encoding") or "identity").lower()
    if encoding != "identity":
        raise ValueError(f"it comes compressed (`{encoding}`), which was not asked for")
    if (response.length or 0) > policy.max_bytes:
        raise _too_large(policy)
    chunks: list[bytes] = []
    left = policy.max_bytes
    while chunk := response.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise _too_large(policy)
        chunks.append(chunk)
    if response.length:
        raise _ServerFailed("the connection broke off")
    if not chunks:
        raise ValueError("it is empty")
    media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    return Download(b"".join(chunks), media_type)


def _too_large(policy: MediaPolicy) -> ValueError:
    return ValueError(f"it has more than the {policy.max_bytes} bytes that the media policy allows")


# --- proxies


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    headers: Mapping[str, str]

    def connect(
        self, place: WebAddress, network: Network, deadline: _Deadline
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
