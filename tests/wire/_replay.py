"""One recorded exchange, made again: by the bare SDK, and through the library."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from mirascope import llm
from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter
from ._recordings import Exchange, Json


@dataclass(frozen=True)
class Way:
    """One way of making a call."""

    is_async: bool
    is_common: bool
    """Through `llm.call`; else through the provider's own module."""
    is_wrapped: bool = False
    """With a client that is not the SDK's, and gives nothing but the SDK's own objects."""

    def __str__(self) -> str:
        words = (
            "llm" if self.is_common else "provider",
            "async" if self.is_async else "sync",
            *(["wrapped"] if self.is_wrapped else []),
        )
        return "-".join(words)


WAYS = [
    Way(is_async, is_common, is_wrapped)
    for is_common, is_wrapped in ((False, False), (True, False), (False, True))
    for is_async in (False, True)
]


@dataclass
class Result:
    """What a call gave: a response, or a stream and what it yielded."""

    value: Any
    items: list[Any] = field(default_factory=list[Any])
    request: Json = field(default_factory=dict[str, Any])
    """What was sent."""


def serve(box: Sandbox, exchange: Exchange) -> None:
    """Have the sandbox send the recorded reply next."""
    binary = None if exchange.binary is None else [exchange.binary]
    said = (content for content in (exchange.text, exchange.body, binary) if content is not None)
    box.native(None, next(said), status=exchange.status, headers=exchange.headers)


def by_sdk(adapter: Adapter, box: Sandbox, exchange: Exchange) -> Any:
    """The bare SDK's reply, or the list of its events."""
    serve(box, exchange)
    with adapter.client(box, is_async=False) as client:
        raw = adapter.ask(client, exchange)
        return adapter.events(raw) if exchange.is_streamed else raw


def by_library(
    adapter: Adapter,
    box: Sandbox,
    exchange: Exchange,
    way: Way,
    messages: list[Any] | None = None,
    reply: Exchange | None = None,
) -> Result:
    """The call through the library, with the recorded messages and reply or with those given."""
    serve(box, reply or exchange)
    result = asyncio.run(_async(adapter, box, exchange, way, messages)) if way.is_async else None
    if result is None:
        with adapter.client(box, is_async=False) as client:
            result = Result(_function(adapter, exchange, way, client, messages)())
            if exchange.is_streamed:
                result.items = list(result.value)
    result.request = box.requests[-1].body
    return result


async def _async(
    adapter: Adapter, box: Sandbox, exchange: Exchange, way: Way, messages: list[Any] | None
) -> Result:
    async with adapter.client(box, is_async=True) as client:
        result = Result(await _function(adapter, exchange, way, client, messages)())
        if exchange.is_streamed:
            result.items = [item async for item in result.value]
        return result


def _function(
    adapter: Adapter, exchange: Exchange, way: Way, client: Any, messages: list[Any] | None
) -> Any:
    """A decorated function that says what was said in the recording."""
    request = exchange.request
    tools: list[type[BaseTool]] = adapter.tools(request)
    options: Json = {
        "stream": exchange.is_streamed,
        "tools": tools,
        "client": adapter.wrapped(client) if way.is_wrapped else client,
    }
    if way.is_common:
        decorator = llm.call(adapter.provider, adapter.model(exchange), **options)
    else:
        module = import_module(f"mirascope.core.{adapter.provider}")
        decorator = module.call(adapter.model(exchange), **options)
    config = {
        "messages": adapter.messages(exchange) if messages is None else messages,
        "call_params": adapter.params(request, client),
    }

    def prompt() -> Any:
        return config

    async def prompt_async() -> Any:
        return config

    return decorator(prompt_async if way.is_async else prompt)
