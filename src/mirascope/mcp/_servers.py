"""The ways to a server: a program, an address, an object of this process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, TextIO

from typing_extensions import TypedDict, Unpack

from ..core.base._flow import Flow, step
from ._connection import Connection
from ._failures import public_url
from ._sdk import sdk

if TYPE_CHECKING:
    import httpx2
    from mcp.client.session import (
        ElicitationFnT,
        ListRootsFnT,
        LoggingFnT,
        MessageHandlerFnT,
        SamplingFnT,
    )
    from mcp.client.stdio import StdioServerParameters
    from mcp.server import MCPServer, Server
    from mcp_types import Implementation

TIMEOUT = 300.0
CONNECT_TIMEOUT = 30.0
_HTTP_TIMEOUT = 30.0


class ClientOptions(TypedDict, total=False):
    """What goes to the SDK's client as it is."""

    mode: str
    sampling_callback: SamplingFnT | None
    elicitation_callback: ElicitationFnT | None
    list_roots_callback: ListRootsFnT | None
    logging_callback: LoggingFnT | None
    message_handler: MessageHandlerFnT | None
    client_info: Implementation | None


def stdio_client(
    server_parameters: StdioServerParameters,
    *,
    errlog: TextIO | None = None,
    name: str | None = None,
    timeout: float | None = TIMEOUT,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    **options: Unpack[ClientOptions],
) -> Connection:
    """A server that is a program: started when entered, and ended when left.

    `errlog` is where its standard error goes, else to that of this process. `name` is what errors
    call the server, in the place of its own name. No request takes longer than `timeout` seconds,
    nor does the start take longer than `connect_timeout`. The options are those of `mcp.Client`.
    """

    def open(stack: AsyncExitStack) -> Flow[Any]:
        # `sys.stderr` may be an object without a file below it, which a program cannot write to.
        log = errlog or sys.__stderr__ or subprocess.DEVNULL
        transport = sdk("mcp.client.stdio").stdio_client(server_parameters, log)
        return (yield from _client(stack, transport, timeout, options))

    command = server_parameters.command
    return Connection(open, command, name=name, connect_timeout=connect_timeout)


def streamable_http_client(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: httpx2.Auth | None = None,
    http_client: httpx2.AsyncClient | None = None,
    name: str | None = None,
    timeout: float | None = TIMEOUT,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    **options: Unpack[ClientOptions],
) -> Connection:
    """A server at an address (`http://localhost:8000/mcp`).

    `headers` and `auth` go with each request. An `http_client` of your own, for async code only, is
    used as it is and not closed. The rest is as for `stdio_client`.
    """
    if http_client is not None and (headers or auth):
        raise ValueError(
            "`headers` and `auth` are those of the client that is made here. Set them on your "
            "`http_client`."
        )

    def open(stack: AsyncExitStack) -> Flow[Any]:
        transports = sdk("mcp.client.streamable_http")
        client = http_client
        if client is None:
            made = _http_client(headers=headers, auth=auth, timeout=_http_timeout(timeout))
            client = yield from step(stack.enter_async_context, made)
        transport = transports.streamable_http_client(url, http_client=client)
        return (yield from _client(stack, transport, timeout, options))

    return Connection(open, public_url(url), name=name, connect_timeout=connect_timeout)


def sse_client(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    auth: httpx2.Auth | None = None,
    name: str | None = None,
    timeout: float | None = TIMEOUT,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    **options: Unpack[ClientOptions],
) -> Connection:
    """A server at an address of the older transport, server-sent events (`…/sse`).

    `headers` and `auth` go with each request. The rest is as for `stdio_client`.
    """

    def open(stack: AsyncExitStack) -> Flow[Any]:
        transport = sdk("mcp.client.sse").sse_client(
            url,
            headers=dict(headers or {}),
            auth=auth,
            timeout=_HTTP_TIMEOUT,
            # A server has nothing to say for as long as nobody asks it.
            sse_read_timeout=None,
        )
        return (yield from _client(stack, transport, timeout, options))

    return Connection(open, public_url(url), name=name, connect_timeout=connect_timeout)


def in_process_client(
    server: MCPServer | Server[Any],
    *,
    name: str | None = None,
    timeout: float | None = TIMEOUT,
    connect_timeout: float | None = CONNECT_TIMEOUT,
    **options: Unpack[ClientOptions],
) -> Connection:
    """A server that is an object of this process, as in the tests of one.

    The rest is as for `stdio_client`.
    """

    def open(stack: AsyncExitStack) -> Flow[Any]:
        return (yield from _client(stack, server, timeout, options))

    return Connection(open, server.name, name=name, connect_timeout=connect_timeout)


def _client(
    stack: AsyncExitStack, server: Any, timeout: float | None, options: ClientOptions
) -> Flow[Any]:
    client = sdk("mcp.client.client").Client(server, read_timeout_seconds=timeout, **options)
    return (yield from step(stack.enter_async_context, client))


def _http_client(**options: Any) -> Any:
    return import_module("httpx2").AsyncClient(**options)


def _http_timeout(timeout: float | None) -> Any:
    # Longer than that of the request: it would end the connection and not just the request.
    read = None if timeout is None else timeout + _HTTP_TIMEOUT
    return import_module("httpx2").Timeout(_HTTP_TIMEOUT, read=read)
