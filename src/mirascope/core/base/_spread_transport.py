"""Many calls at once, over an async client of httpx or httpx2 on its own transport.

For every request that comes or goes the pool below httpx looks at each of its connections, and asks
the system about those that are idle: hundreds of calls at once cost it a multiple of what they cost
one by one. Spread over small pools they do not.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Coroutine
from functools import cache
from typing import Any

from ._flow import Flow, run_async, step

_MOST_AT_ONCE = 16
"""How many requests are under way in one pool before the next one is used."""


def spread_transport(stack: Any, options: dict[str, Any]) -> Any:
    """A transport for an async client of `stack` (httpx or httpx2) that is made with these options.

    None where the environment names a proxy, for which the client has transports of its own.
    """
    from urllib.request import getproxies

    return None if getproxies() else _transport_type(stack)(stack, options)


class SpreadTransport:
    """Gives a request to the first of its pools that is not busy.

    One call after the other so has one connection, and a pool has few that are idle.
    """

    def __init__(self, stack: Any, options: dict[str, Any]) -> None:
        self._stack = stack
        self._options = {**options}
        self._pools: list[_Pool] = []

    def handle_async_request(self, request: Any) -> Coroutine[Any, Any, Any]:
        """Send a request of the client; its response is still to be read."""
        return run_async(self._send(request))

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Close all connections."""
        return run_async(self._close())

    def _send(self, request: Any) -> Flow[Any]:
        if len(self._pools) > 1:
            yield from self._close_a_forgotten_pool()
        pool = self._free_pool()
        pool.used_at = time.monotonic()
        pool.under_way += 1
        try:
            response = yield from step(pool.transport.handle_async_request, request)
        except BaseException:
            pool.under_way -= 1
            raise
        response.stream = _body_type(self._stack)(response.stream, pool)
        return response

    def _close(self) -> Flow[None]:
        pools, self._pools = self._pools, []
        for pool in pools:
            yield from step(pool.transport.aclose)

    def _close_a_forgotten_pool(self) -> Flow[None]:
        """What was opened for many calls at once is not kept for ever."""
        last = self._pools[-1]
        idle_seconds = time.monotonic() - last.used_at
        if not last.under_way and idle_seconds > self._options["limits"].keepalive_expiry:
            self._pools.pop()
            yield from step(last.transport.aclose)

    def _free_pool(self) -> _Pool:
        for pool in self._pools:
            if pool.under_way < _MOST_AT_ONCE:
                return pool
        pool = _Pool(self._stack.AsyncHTTPTransport(**self._options))
        self._pools.append(pool)
        return pool


class _Pool:
    __slots__ = ("transport", "under_way", "used_at")

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.under_way = 0
        self.used_at = 0.0


class _Body:
    """The body of a response, whose end is the end of a request under way."""

    def __init__(self, body: Any, pool: _Pool) -> None:
        self._body = body
        self._pool: _Pool | None = pool

    def __aiter__(self) -> AsyncIterator[bytes]:
        body: AsyncIterator[bytes] = aiter(self._body)
        return body

    def aclose(self) -> Coroutine[Any, Any, None]:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.under_way -= 1
        closing: Coroutine[Any, Any, None] = self._body.aclose()
        return closing


@cache
def _transport_type(stack: Any) -> Any:
    return type("SpreadTransport", (SpreadTransport, stack.AsyncBaseTransport), {})


@cache
def _body_type(stack: Any) -> Any:
    return type("Body", (_Body, stack.AsyncByteStream), {})
