"""Clients of boto3 and aiobotocore: made for language models, opened, revived and closed.

This module imports botocore, and is itself imported when the first client is needed.

An aiobotocore client works between `async with` and its end, in one event loop. Programs hand over
clients that have left it; such a client is entered again, for as long as the loop or it lives.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ._bedrock_requests import remember_user_agents
from .base._clients import KEEP_ALIVE_SECONDS, MAX_CONNECTIONS, MAX_IDLE_CONNECTIONS
from .base._flow import Flow, at_end_of_loop, run_async, run_outside_loop, step

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._transport import Transport

SERVICE = "bedrock-runtime"
ATTEMPTS = 3
READ_TIMEOUT_SECONDS = 600
"""Between two blocks of a reply: a model may think for minutes."""
CONNECT_TIMEOUT_SECONDS = 10
LONGEST_WAIT_SECONDS = 60
RETRIED = frozenset({429, 500, 502, 503, 504})

# --- default clients


def new_client(endpoint: Endpoint | None, transport: Transport) -> Any:
    """A sync client from the environment, or for `endpoint`."""
    config = import_module("botocore.config").Config(
        **_config(transport), max_pool_connections=MAX_IDLE_CONNECTIONS
    )
    # A session of its own: that of boto3 is shared by the program, and not safe between threads.
    inner = _prepared(import_module("botocore.session").get_session(), transport)
    session = import_module("boto3.session").Session(botocore_session=inner)
    client = session.client(SERVICE, config=config, **_options(endpoint))
    remember_user_agents(client)
    return client


def _new_context(endpoint: Endpoint | None, transport: Transport) -> Any:
    config = import_module("aiobotocore.config").AioConfig(
        connector_args={"keepalive_timeout": KEEP_ALIVE_SECONDS},
        max_pool_connections=MAX_CONNECTIONS,
        **_config(transport),
    )
    session = _prepared(import_module("aiobotocore.session").get_session(), transport)
    return session.create_client(SERVICE, config=config, **_options(endpoint))


def _prepared(session: Any, transport: Transport) -> Any:
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    wait = partial(wait_as_told, most=_attempts(transport))
    session.register(f"needs-retry.{SERVICE}", wait)
    return session


@cache
def _loader(path: str | None) -> Any:
    """One for all sessions: to read the description of the service anew takes 100 ms."""
    return import_module("botocore.loaders").create_loader(path)


def _config(transport: Transport) -> dict[str, Any]:
    config: dict[str, Any] = {
        "connect_timeout": transport.seconds or CONNECT_TIMEOUT_SECONDS,
        "read_timeout": transport.seconds or READ_TIMEOUT_SECONDS,
        "tcp_keepalive": True,
    }
    if transport.max_retries is not None or not (
        {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & os.environ.keys()
    ):
        config["retries"] = {"mode": "standard", "total_max_attempts": _attempts(transport)}
    return config


def _attempts(transport: Transport) -> int:
    """How often a request is sent at most, the first time among them."""
    if transport.max_retries is not None:
        return transport.max_retries + 1
    return int(os.environ.get("AWS_MAX_ATTEMPTS", ATTEMPTS))


def _options(endpoint: Endpoint | None) -> dict[str, Any]:
    names = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
    region = next(filter(None, map(os.environ.get, names)), None)
    if endpoint is None:
        return {"region_name": region} if region else {}
    return {
        "region_name": region or "us-east-1",
        "endpoint_url": endpoint.base_url,
        "aws_access_key_id": endpoint.api_key,
        "aws_secret_access_key": endpoint.api_key,
    }


def wait_as_told(
    attempts: int = 1, response: Any = None, *, most: int = ATTEMPTS, **_: Any
) -> float | None:
    """The seconds that a reply asks to wait, which the SDK passes over; None to let it decide."""
    if response is None or attempts >= most or response[0].status_code not in RETRIED:
        return None
    try:
        seconds = float(response[0].headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_WAIT_SECONDS else None


class LoopClient:
    """The default async client of one event loop, made when it is first used."""

    def __init__(self, endpoint: Endpoint | None, transport: Transport) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self._context: Any = None
        self._opening: asyncio.Future[Any] | None = None

    def open(self) -> Flow[Any]:
        """The client. Calls that come while it is being made wait for the same one."""
        opening = self._opening
        if opening is None or (opening.done() and (opening.cancelled() or opening.exception())):
            self._context = _new_context(self._endpoint, self._transport)
            opening = self._opening = asyncio.ensure_future(run_async(self._opened()))
        if opening.done():
            return opening.result()
        # A call that is cancelled must not take the client from the others.
        return (yield from step(asyncio.shield, opening))

    def _opened(self) -> Flow[Any]:
        client = yield from step(self._context.__aenter__)
        remember_user_agents(client)
        return client

    def close(self) -> Flow[None]:
        """Close the client, if it was made."""
        opening, self._opening = self._opening, None
        if opening and opening.done() and not opening.cancelled() and not opening.exception():
            yield from step(self._context.__aexit__, None, None, None)


def opened(client: Any) -> Flow[Any]:
    """The async client, ready for use in the running event loop."""
    if isinstance(client, LoopClient):
        return (yield from client.open())
    yield from _revive(client)
    return client


# --- clients of the user

_revived: WeakKeyDictionary[Any, tuple[asyncio.AbstractEventLoop, object]] = WeakKeyDictionary()
"""The loop that a client was entered for, and what closes it at the end of either."""


def _revive(client: Any) -> Flow[None]:
    """Enter a client that has left its `async with`, or never saw one; leave any other alone."""
    http_session: Any = getattr(getattr(client, "_endpoint", None), "http_session", None)
    if not hasattr(http_session, "_sessions"):
        # A test double, or another HTTP library than aiohttp.
        return
    loop = asyncio.get_running_loop()
    known = _revived.get(client)
    if known and known[0] is loop:
        return
    if known:
        _forget(http_session, known[0])
    elif http_session._sessions:
        # In use, and so the business of whoever entered it.
        return
    # Belongs to the loop in which two calls first had to wait for each other.
    http_session._sessions_lock = asyncio.Lock()
    try:
        yield from step(client.__aenter__)
    except AssertionError:
        # Has been entered, and not used yet.
        return
    # The guard goes with the client: it closes the connections also where the client is dropped.
    _revived[client] = loop, at_end_of_loop(partial(_leave, http_session))


def _leave(http_session: Any) -> Flow[None]:
    yield from step(http_session.__aexit__, None, None, None)


def _forget(http_session: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Give up what belongs to a loop that has ended."""
    if not loop.is_closed():
        raise RuntimeError(
            "This client of Amazon Bedrock is open in another event loop. An async client belongs "
            "to one loop at a time: make one for each, or pass none and let one be made."
        )
    run_outside_loop(_leave(http_session))
    http_session._exit_stack = contextlib.AsyncExitStack()
    http_session._sessions = None
