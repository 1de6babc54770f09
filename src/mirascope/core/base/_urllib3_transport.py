"""urllib3 below a sync client of httpx or httpx2.

Of a stream over httpx, two thirds of the work are httpcore's and h11's, which take each chunk
through a state machine. urllib3 reads it with the HTTP client of the standard library.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from http.client import RemoteDisconnected
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, cast

from ._urllib3_connections import Connected, Site, new_pool

if TYPE_CHECKING:
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.exceptions import HTTPError

_OLDEST = (2, 4)
"""The first version of urllib3 that has all that is used here."""
_USUAL_EXTENSIONS = frozenset({"timeout"})


def urllib3_transport(stack: Any, options: dict[str, Any]) -> Any:
    """A transport for a client of `stack` (httpx or httpx2) that is made with these options.

    None where the client does better without: urllib3 is not installed or too old, or the
    environment names a proxy, for which the client has transports of its own.
    """
    from urllib.request import getproxies

    made_by = None if getproxies() else _transport_type(stack)
    return made_by and made_by(**options)


class Urllib3Transport:
    """Sends what a client of httpx mostly sends, and leaves the rest to httpx's own transport.

    That is for a request with a body that is not in memory, or with extensions, and for all where
    httpx or httpcore was patched: by an instrumentation, or by a library for tests.
    """

    _stack: Any
    _is_as_made: Callable[[], bool]

    def __init__(self, *, verify: Any, limits: Any) -> None:
        cast(Any, super()).__init__(verify=verify, limits=limits)
        urllib3 = import_module("urllib3")
        self._tls = verify
        self._limits = limits
        self._pools: dict[Site, HTTPConnectionPool] = {}
        self._timeouts: dict[tuple[Any, Any], Any] = {}
        self._once = urllib3.Retry(total=False, redirect=False)
        self._new_timeout = urllib3.Timeout
        self._no_header = import_module("urllib3.util").SKIP_HEADER

    def handle_request(self, request: Any) -> Any:
        """Send a request of the client; its response is still to be read."""
        stack = self._stack
        if not (
            self._is_as_made()
            and type(request.stream) is stack.ByteStream
            and request.extensions.keys() <= _USUAL_EXTENSIONS
        ):
            return cast(Any, super()).handle_request(request)
        url = request.url
        try:
            headers = self._headers(request.headers)
            response = self._pool_of(url.scheme, url.raw_host.decode(), url.port).urlopen(
                request.method,
                url.raw_path.decode("ascii"),
                body=request.content or None,
                headers=headers,
                retries=self._once,
                redirect=False,
                assert_same_host=False,
                timeout=self._timeout(request.extensions.get("timeout") or {}),
                preload_content=False,
                decode_content=False,
            )
        except _errors().HTTPError as error:
            raise _translated(stack, error) from error
        except ValueError:
            # What it says quotes the header, which may be the key.
            raise stack.LocalProtocolError(
                "The request has a header, or an address, with characters that HTTP does not allow."
            ) from None
        return stack.Response(
            response.status,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in response.headers.iteritems()
            ],
            stream=_body_type(stack)(stack, response),
            extensions={
                "http_version": b"HTTP/1.1" if response.version == 11 else b"HTTP/1.0",
                "reason_phrase": (response.reason or "").encode("latin-1"),
                "network_stream": Connected(response),
            },
        )

    def close(self) -> None:
        """Close the connections that are idle."""
        cast(Any, super()).close()
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            pool.close()

    def _headers(self, given: Any) -> Any:
        raw = given.raw
        headers: Any = {name.decode("ascii"): value.decode("latin-1") for name, value in raw}
        if len(headers) != len(raw):
            # One comes more than once.
            headers = import_module("urllib3").HTTPHeaderDict()
            for name, value in raw:
                headers.add(name.decode("ascii"), value.decode("latin-1"))
        if "user-agent" not in given:
            headers["User-Agent"] = self._no_header
        return headers

    def _pool_of(self, scheme: str, host: str, port: int | None) -> HTTPConnectionPool:
        key = scheme, host, port
        # Two threads may make one each: the connections of the one that is not kept are closed
        # with it.
        return self._pools.get(key) or self._pools.setdefault(
            key, new_pool(key, self._tls, self._limits)
        )

    def _timeout(self, given: dict[str, float | None]) -> Any:
        key = given.get("connect"), given.get("read")
        known = self._timeouts.get(key)
        if known is None:
            known = self._new_timeout(connect=key[0], read=key[1])
            if len(self._timeouts) < 100:
                self._timeouts[key] = known
        return known


@cache
def _transport_type(stack: Any) -> Any:
    """The class of transports for clients of `stack`; None without a urllib3 that will do."""
    try:
        urllib3 = import_module("urllib3")
        version = tuple(map(int, urllib3.__version__.split(".")[:2]))
    except (ImportError, ValueError):
        return None
    if version < _OLDEST or sys.platform == "emscripten":
        return None
    members = {"_stack": stack, "_is_as_made": staticmethod(_patch_detector(stack))}
    return type("Urllib3Transport", (Urllib3Transport, stack.HTTPTransport), members)


def _patch_detector(stack: Any) -> Callable[[], bool]:
    """Tells whether the way of a request through httpx is as its authors made it."""
    core = import_module(stack.__name__.replace("httpx", "httpcore"))
    transport, pool, connection = stack.HTTPTransport, core.ConnectionPool, core.HTTPConnection
    own = (
        _if_own(stack, transport.handle_request),
        _if_own(core, pool.handle_request),
        _if_own(core, connection.handle_request),
    )

    def is_as_made() -> bool:
        return (
            transport.handle_request is own[0]
            and pool.handle_request is own[1]
            and connection.handle_request is own[2]
        )

    return is_as_made


def _if_own(package: Any, function: Any) -> Any:
    """The function if it stands in a file of this package; else what no function is."""
    folder: str = package.__file__.rpartition("__init__")[0]
    is_own = isinstance(function, FunctionType) and function.__code__.co_filename.startswith(folder)
    return function if is_own else object()


@cache
def _body_type(stack: Any) -> Any:
    return type("Body", (_Body, stack.SyncByteStream), {})


class _Body:
    """The body of a response, as it arrives."""

    def __init__(self, stack: Any, response: Any) -> None:
        self._stack = stack
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        response = self._response
        try:
            if response.chunked:
                yield from response.read_chunked(decode_content=False)
            else:
                while piece := response.read1(decode_content=False):
                    yield piece
                if response.length_remaining:
                    raise self._stack.RemoteProtocolError(
                        f"The server closed the connection {response.length_remaining} bytes "
                        "before the end of the body."
                    )
        except _errors().HTTPError as error:
            if piece := _begun_piece(error):
                yield piece
            raise _translated(self._stack, error) from error

    def close(self) -> None:
        """Give the connection back, or close it where something is left to be read."""
        response = self._response
        if not response.closed:
            response.close()
        response.release_conn()


def _begun_piece(error: HTTPError) -> bytes:
    """What had arrived of a chunk when the connection broke."""
    partial = getattr(error.args[-1], "partial", None) if error.args else None
    return partial if isinstance(partial, bytes) else b""


@cache
def _errors() -> Any:
    return import_module("urllib3.exceptions")


def _translated(stack: Any, error: HTTPError) -> Exception:
    """The exception of httpx for one of urllib3."""
    errors = _errors()
    cause = error.args[1] if len(error.args) > 1 else None
    match error:
        case errors.NewConnectionError() | errors.SSLError():
            made_by = stack.ConnectError
        case errors.ConnectTimeoutError():
            made_by = stack.ConnectTimeout
        case errors.TimeoutError():
            made_by = stack.ReadTimeout
        case errors.ProtocolError() if isinstance(cause, RemoteDisconnected):
            return cast(
                Exception,
                stack.RemoteProtocolError("Server disconnected without sending a response."),
            )
        case errors.ProtocolError() if isinstance(cause, OSError):
            made_by = stack.ReadError
        case _:
            made_by = stack.RemoteProtocolError
    return cast(Exception, made_by(str(error)))
