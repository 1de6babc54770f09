"""Default clients of the `google-genai` SDK, set for language models."""

from __future__ import annotations

import os
import weakref
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._providers import is_installed
from .base._clients import (
    KEEP_ALIVE_SECONDS,
    MAX_CONNECTIONS,
    MAX_IDLE_CONNECTIONS,
    shared_ssl_context,
    sync_client_options,
)
from .base._flow import Flow, step

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._transport import Transport

TIMEOUT_MILLISECONDS = 600_000
"""The SDK itself has no time limit: a call that is never answered would wait for ever."""

_transports: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
"""What each async client sends its requests with, which the SDK leaves to us to close."""


def new_client(is_async: bool, endpoint: Endpoint | None, vertexai: bool | None) -> Any:
    """A client made from the environment, pointed at `endpoint` where that is given."""
    genai = import_module("google.genai")
    stack = _http_stack()
    context = shared_ssl_context(stack)
    limits = stack.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_IDLE_CONNECTIONS,
        keepalive_expiry=KEEP_ALIVE_SECONDS,
    )
    options: dict[str, Any] = {
        "timeout": TIMEOUT_MILLISECONDS,
        "client_args": sync_client_options(stack),
        "async_client_args": {"verify": context, "ssl": context},
        # Left to itself the SDK sends a request again on aiohttp, after seconds, when a connection
        # breaks: also one that the server has received, and charges for.
        "retry_options": {"attempts": 1},
    }
    transport: Any = None
    if is_async and _is_fit_for_aiohttp():
        transport = options["aiohttp_client"] = _aiohttp_session(context)
    elif is_async:
        transport = stack.AsyncClient(verify=context, limits=limits, follow_redirects=True)
        options["httpx_async_client"] = transport
    given: dict[str, Any] = {"http_options": options}
    if endpoint is not None:
        options["base_url"] = endpoint.base_url
        given["api_key"] = endpoint.api_key
    if vertexai is not None:
        given["vertexai"] = vertexai
    client = genai.Client(**given)
    if transport is not None:
        _transports[client] = transport
    return client


def close_client(client: Any, is_async: bool) -> Flow[None]:
    """Close the half of the client that was used."""
    if not is_async:
        yield from step(client.close)
        return
    yield from step(client.aio.aclose)
    transport = _transports.pop(client, None)
    if transport is not None:
        yield from step(getattr(transport, "aclose", None) or transport.close)


def http_options(given: Any, transport: Transport) -> Any:
    """The SDK's options of a request, `given` ones among them, with a timeout and retries."""
    types = import_module("google.genai.types")
    options = types.HttpOptions.model_validate(given or {})
    changes: dict[str, Any] = {}
    if (seconds := transport.timeout) is not None:
        changes["timeout"] = max(1, round(seconds * 1000))
    if transport.max_retries is not None:
        # An attempt is what is sent first, too.
        attempts = {"attempts": transport.max_retries + 1}
        retries = options.retry_options or types.HttpRetryOptions()
        changes["retry_options"] = retries.model_copy(update=attempts)
    return options.model_copy(update=changes)


def _aiohttp_session(context: Any) -> Any:
    aiohttp = import_module("aiohttp")
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, ssl=context)
    # The SDK reads a stream line by line, and a line may hold an image.
    return aiohttp.ClientSession(connector=connector, trust_env=True, read_bufsize=2**22)


def _is_fit_for_aiohttp() -> bool:
    # Before version 3 nothing keeps the SDK from sending a request again there.
    return _major_version() >= 3 and is_installed("aiohttp")


def _http_stack() -> Any:
    """The HTTP library that the SDK takes: httpx2 since version 3, before that httpx."""
    chosen = os.environ.get("GOOGLE_GENAI_HTTP_CLIENT", "").strip().lower()
    return import_module("httpx" if chosen == "httpx" or _major_version() < 3 else "httpx2")


@cache
def _major_version() -> int:
    version: str = import_module("google.genai.version").__version__
    return int(version.partition(".")[0])
