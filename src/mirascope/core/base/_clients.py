"""Default SDK clients: one per provider, settings and event loop; reused, closed, never leaked.

An async client belongs to the event loop it was first used in: used in another one it fails, or
sends a request twice. A client that the user gives is never kept here and never closed by us.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import ssl
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._flow import Flow, at_end_of_loop, run, run_in_loop, run_outside_loop

if TYPE_CHECKING:
    from ._provider import Provider
    from ._transport import Transport

KEEP_ALIVE_SECONDS = 60.0
"""How long an idle connection is kept: a person reads an answer longer than the SDKs' own 5 s."""
MAX_CONNECTIONS = 10_000
MAX_IDLE_CONNECTIONS = 1_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where default clients of a provider are pointed instead of the provider itself."""

    base_url: str
    api_key: str = field(repr=False)


@dataclass(slots=True)
class _LoopClients:
    loop: asyncio.AbstractEventLoop
    clients: dict[Hashable, tuple[Provider, Any]] = field(
        default_factory=dict[Hashable, "tuple[Provider, Any]"]
    )
    guard: object = None

    def close(self) -> Flow[None]:
        for closing in self.closings():
            # What one client says to it must not keep the others open.
            with suppress(Exception):
                yield from closing

    def close_without_loop(self) -> None:
        """What is left to do where a loop was closed without `shutdown_asyncgens`."""
        for closing in self.closings():
            run_outside_loop(closing)

    def closings(self) -> list[Flow[None]]:
        if _loops.get(id(self.loop)) is self:
            del _loops[id(self.loop)]
        clients = list(self.clients.values())
        self.clients.clear()
        return [owner.close_client(client, is_async=True) for owner, client in clients]


_lock = threading.Lock()
_ssl_lock = threading.Lock()
_sync_clients: dict[Hashable, tuple[Provider, Any]] = {}
_loops: dict[int, _LoopClients] = {}
_redirections: list[Mapping[str, Endpoint]] = []
_inherited: list[Any] = []
_ssl_contexts: dict[Hashable, ssl.SSLContext] = {}


def redirect(endpoints: Mapping[str, Endpoint]) -> Callable[[], None]:
    """Point default clients elsewhere, by provider, until the function returned is called."""
    _redirections.append(endpoints)

    def undo() -> None:
        for index, active in enumerate(_redirections):
            if active is endpoints:
                del _redirections[index]
                return

    return undo


def endpoint_of(provider_name: str) -> Endpoint | None:
    """Where default clients of a provider are pointed at present; None for the provider itself."""
    for endpoints in reversed(_redirections):
        if found := endpoints.get(provider_name):
            return found
    return None


def default_client(
    provider: Provider,
    is_async: bool,
    endpoint: Endpoint | None = None,
    transport: Transport | None = None,
) -> Any:
    """The client for a call that was given none: kept for the same settings and event loop.

    `transport` is for a provider that has it in its client.
    """
    if endpoint is None and _redirections:
        endpoint = endpoint_of(provider.name)
    settings = (provider.name, endpoint, transport, *_values_of(provider.environment))
    if is_async:
        return _client_of_loop(provider, endpoint, transport, settings)
    known = _sync_clients.get(settings)
    if known is None:
        with _lock:
            known = _sync_clients.get(settings)
            if known is None:
                known = (provider, _new_client(provider, False, endpoint, transport))
                _sync_clients[settings] = known
    return known[1]


def _values_of(names: tuple[str, ...]) -> Iterable[Any]:
    """What the variables of the environment have, None where they are not set."""
    environment: Any = os.environ
    try:
        # Python raises two exceptions for each variable that is not set, but not here.
        return map(environment._data.get, _encoded(tuple(names), environment.encodekey))
    except AttributeError:
        return map(environment.get, names)


@cache
def _encoded(names: tuple[str, ...], encode: Callable[[str], Any]) -> list[Any]:
    return list(map(encode, names))


def _new_client(
    provider: Provider, is_async: bool, endpoint: Endpoint | None, transport: Transport | None
) -> Any:
    if transport is None:
        return provider.new_client(is_async, endpoint)
    return provider.new_client_with(is_async, endpoint, transport)


def _client_of_loop(
    provider: Provider, endpoint: Endpoint | None, transport: Transport | None, settings: Hashable
) -> Any:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            f"The default async client of {provider.title} needs a running asyncio event loop. "
            "Await the call inside `asyncio.run(...)`, or pass your own `client=`."
        ) from None
    mine = _loops.get(id(loop))
    if mine is None or mine.loop is not loop:
        mine = _clients_of_new_loop(loop)
    known = mine.clients.get(settings)
    if known is None:
        # Only this loop's thread gets here with this loop: no lock is needed.
        known = provider, _new_client(provider, True, endpoint, transport)
        mine.clients[settings] = known
    return known[1]


def _clients_of_new_loop(loop: asyncio.AbstractEventLoop) -> _LoopClients:
    mine = _LoopClients(loop)
    with _lock:
        ended = [other for other in _loops.values() if other.loop.is_closed()]
        for other in ended:
            del _loops[id(other.loop)]
        _loops[id(loop)] = mine
    for other in ended:
        other.close_without_loop()
    mine.guard = at_end_of_loop(mine.close)
    return mine


def close_default_clients() -> None:
    """Close the sync default clients. The async ones are closed at the end of their event loop."""
    with _lock:
        clients = list(_sync_clients.values())
        _sync_clients.clear()
    for owner, client in clients:
        run(owner.close_client(client, is_async=False))


def _close_at_exit() -> None:
    close_default_clients()
    for mine in list(_loops.values()):
        if mine.loop.is_closed():
            mine.close_without_loop()
        elif not mine.loop.is_running():
            run_in_loop(mine.loop, mine.close())


def _forget_after_fork() -> None:
    # The sockets are the parent's: they must neither be used nor shut down from the child.
    global _lock, _ssl_lock
    _lock, _ssl_lock = threading.Lock(), threading.Lock()
    _inherited.append((dict(_sync_clients), dict(_loops)))
    _sync_clients.clear()
    _loops.clear()


atexit.register(_close_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def http_client(sdk: Any, is_async: bool) -> Any:
    """An HTTP client for an SDK that has `DefaultHttpxClient`: OpenAI's, Anthropic's, Groq's.

    It keeps the SDK's own defaults but for what a language model needs: connections that outlive a
    pause, a pool for thousands of concurrent calls, one TLS context for all clients, and what reads
    replies fastest where it is installed: urllib3, and aiohttp for async clients.
    """
    made_by: type[Any] = sdk.DefaultAsyncHttpxClient if is_async else sdk.DefaultHttpxClient
    stack = _http_stack(made_by)
    if is_async:
        options = pool_options(stack)
        try:
            return sdk.DefaultAioHttpClient(**options)
        except (AttributeError, RuntimeError):
            # Older SDKs lack it, newer ones say by RuntimeError that aiohttp is not installed.
            pass
        return made_by(**async_client_options(stack))
    return made_by(**sync_client_options(stack))


def pool_options(stack: Any) -> dict[str, Any]:
    """What a client of an HTTP library (httpx or httpx2) is made with for language models."""
    return {
        "verify": shared_ssl_context(stack),
        "limits": stack.Limits(
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        ),
    }


def sync_client_options(stack: Any) -> dict[str, Any]:
    """What a sync client of httpx or httpx2 is made with; on urllib3 where that is installed."""
    from ._urllib3_transport import urllib3_transport

    options = pool_options(stack)
    if transport := urllib3_transport(stack, options):
        options["transport"] = transport
    return options


def async_client_options(stack: Any) -> dict[str, Any]:
    """What an async client of httpx or httpx2 is made with."""
    from ._spread_transport import spread_transport

    options = pool_options(stack)
    if transport := spread_transport(stack, options):
        options["transport"] = transport
    return options


def async_client(stack: Any, **options: Any) -> Any:
    """An async client of httpx or httpx2 with `options`, on aiohttp where httpx can be."""
    if stack.__name__ == "httpx":
        with suppress(ImportError):
            made_by = import_module("httpx_aiohttp").HttpxAiohttpClient
            return made_by(**pool_options(stack), **options)
    return stack.AsyncClient(**async_client_options(stack), **options)


def _http_stack(made_by: type[Any]) -> Any:
    """The HTTP library below an SDK's client class: httpx2 for most current SDKs, or httpx."""
    for base in made_by.__mro__:
        root = base.__module__.partition(".")[0]
        if root in ("httpx", "httpx2"):
            return import_module(root)
    raise TypeError(f"`{made_by.__name__}` is built on no HTTP library that is known here.")


def shared_ssl_context(stack: Any) -> ssl.SSLContext:
    """One TLS context for all clients of an HTTP library: building one takes 20 ms and more."""
    key = (stack.__name__, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    with _ssl_lock:
        context = _ssl_contexts.get(key)
        if context is None:
            context = _ssl_contexts[key] = stack.create_ssl_context()
        return context
