"""Whoever wraps an SDK sees what the library asks as it sees what the bare SDK is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest.mock import patch

import anthropic
import groq
import openai
import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox

CLASSES: dict[str, tuple[Any, Any]] = {
    "openai": (openai.OpenAI, openai.AsyncOpenAI),
    "anthropic": (anthropic.Anthropic, anthropic.AsyncAnthropic),
    "groq": (groq.Groq, groq.AsyncGroq),
}
MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-sonnet-4-6", "groq": "llama-3.3-70b"}
Seen = list[Any]
Wrapped = tuple[Any, AbstractContextManager[Any]]
"""A client, and what has to be entered while it is used."""


def resource_of(client: Any, provider: str) -> Any:
    return client.messages if provider == "anthropic" else client.chat.completions


def noting(function: Callable[..., Any], seen: Seen, note: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        seen.append(note(args, kwargs))
        return function(*args, **kwargs)

    return wrapper


def create_on_the_class(client: Any, provider: str, seen: Seen) -> Wrapped:
    owner = type(resource_of(client, provider))
    wrapper = noting(owner.create, seen, lambda _, kwargs: sorted(kwargs))
    return client, patch.object(owner, "create", wrapper)


def request_on_the_class(client: Any, provider: str, seen: Seen) -> Wrapped:
    owner = type(client)
    wrapper = noting(owner.request, seen, lambda args, kwargs: options_of(args, kwargs))
    return client, patch.object(owner, "request", wrapper)


def options_of(args: Any, kwargs: Any) -> Any:
    """The kind, the path and the body of a request, as tracing reads them off its options."""
    options = next(value for value in (*args, *kwargs.values()) if hasattr(value, "json_data"))
    stream = kwargs.get("stream", False)
    return options.method, options.url, options.json_data, stream


class Proxy:
    """Delegates all attributes, and notes which one is called in the end."""

    def __init__(self, wrapped: Any, seen: Seen) -> None:
        self._wrapped = wrapped
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._wrapped, name)
        if name in ("chat", "completions", "messages"):
            return Proxy(value, self._seen)
        if name == "create":
            return noting(value, self._seen, lambda _, kwargs: sorted(kwargs))
        return value


def a_proxy(client: Any, provider: str, seen: Seen) -> Wrapped:
    return Proxy(client, seen), nullcontext()


def a_subclass(name: str) -> Callable[..., Wrapped]:
    """A client of a subclass that overrides a method."""

    def made(client: Any, provider: str, seen: Seen) -> Wrapped:
        base = type(client)

        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            seen.append(args[0] if name == "post" else options_of(args, kwargs))
            return getattr(base, name)(self, *args, **kwargs)

        subclass = type("Sub", (base,), {name: method})
        return subclass(api_key="k", base_url=client.base_url, max_retries=0), nullcontext()

    return made


def other_headers(client: Any, provider: str, seen: Seen) -> Wrapped:
    """A subclass with a way of its own to sign in."""

    def auth_headers(self: Any) -> dict[str, str]:
        seen.append("auth_headers")
        return {"Authorization": "Bearer own", "X-Api-Key": "own"}

    subclass = type("Sub", (type(client),), {"auth_headers": property(auth_headers)})
    return subclass(api_key="k", base_url=client.base_url, max_retries=0), nullcontext()


WRAPPERS: dict[str, Callable[[Any, str, Seen], Wrapped]] = {
    "create": create_on_the_class,
    "request": request_on_the_class,
    "proxy": a_proxy,
    "own post": a_subclass("post"),
    "own request": a_subclass("request"),
    "own auth_headers": other_headers,
}


async def by_sdk(client: Any, provider: str, is_async: bool, stream: bool) -> str:
    """The text that the bare SDK gives."""
    asked = {"model": MODELS[provider], "messages": [{"role": "user", "content": "Hi"}]}
    if provider == "anthropic":
        asked["max_tokens"] = 1024
    if stream:
        asked["stream"] = True
    if stream and provider == "openai":
        asked["stream_options"] = {"include_usage": True}
    reply = resource_of(client, provider).create(**asked)
    reply = await reply if is_async else reply
    if not stream:
        return str(text_of(reply, provider))
    events = [event async for event in reply] if is_async else list(reply)
    return "".join(filter(None, (text_of_event(event, provider) for event in events)))


def text_of(reply: Any, provider: str) -> Any:
    if provider == "anthropic":
        return reply.content[0].text
    return reply.choices[0].message.content


def text_of_event(event: Any, provider: str) -> Any:
    if provider == "anthropic":
        return getattr(getattr(event, "delta", None), "text", None)
    return event.choices[0].delta.content if event.choices else None


async def by_library(client: Any, provider: Any, is_async: bool, stream: bool) -> str:
    def ask() -> str:
        return "Hi"

    async def ask_async() -> str:
        return "Hi"

    call: Any = llm.call(provider, MODELS[provider], client=client, stream=stream)
    result = call(ask_async if is_async else ask)()
    result = await result if is_async else result
    if not stream:
        return str(result.content)
    if is_async:
        return "".join([chunk.content async for chunk, _ in result])
    return "".join([chunk.content for chunk, _ in result])


@pytest.mark.parametrize("stream", [False, True], ids=["call", "stream"])
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("provider", CLASSES)
@pytest.mark.parametrize("wrapper", WRAPPERS)
async def test_a_wrapper_sees_what_it_sees_of_the_bare_sdk(
    box: Sandbox, wrapper: str, provider: str, is_async: bool, stream: bool
) -> None:
    seen: dict[str, Seen] = {"sdk": [], "library": []}
    texts: list[str] = []
    credentials: list[Any] = []
    for name, way in (("sdk", by_sdk), ("library", by_library)):
        plain = CLASSES[provider][is_async](
            api_key="k", base_url=box.base_url(provider), max_retries=0
        )
        client, entered = WRAPPERS[wrapper](plain, provider, seen[name])
        with entered:
            texts.append(await way(client, provider, is_async, stream))
        for each in {id(plain): plain, id(client): client}.values():
            await each.close() if is_async else each.close()
        sent = box.requests[-1].http.headers
        credentials.append((sent.get("authorization"), sent.get("x-api-key")))
    assert texts[0] == texts[1] != ""
    assert seen["library"] == seen["sdk"]
    assert credentials[0] == credentials[1]
    if wrapper != "own auth_headers":
        assert len(seen["sdk"]) == 1
    elif provider != "openai":
        # OpenAI's SDK signs in by other means.
        assert credentials[0][0] == "Bearer own"
