"""A key is nowhere to be seen, with any provider: in no text, dump, pickle, error or log."""

from __future__ import annotations

import logging
import pickle
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import errors
from mirascope.core.base._clients import Endpoint, redirect
from mirascope.core.base._flow import run, run_async
from mirascope.core.base._provider import Received
from mirascope.core.base._secrets import masked
from mirascope.sandbox import Sandbox, ToolCall, sandbox

from .cases import CASES, Case, Way

KEY = "sk-planted-51f1e8"
HEADERS = {"x-gateway-key": KEY, "Authorization": f"Bearer {KEY}"}
OWN_PLACE: dict[str, dict[str, Any]] = {
    "azure": {"headers": HEADERS},
    "bedrock": {},
    "cohere": {"request_options": {"additional_headers": HEADERS}},
    "google": {"config": {"http_options": {"headers": HEADERS}}},
    "litellm": {"extra_headers": HEADERS, "api_key": KEY},
    "mistral": {"http_headers": HEADERS},
}
"""Where a call takes headers of its own; elsewhere as `extra_headers`."""


class Book(BaseModel):
    title: str
    pages: int


def look_up(title: str) -> str:
    """Look a book up."""
    return title


@contextmanager
def planted(monkeypatch: pytest.MonkeyPatch, case: Case) -> Iterator[Sandbox]:
    """A sandbox; the key is in the environment, and in the default clients."""
    with sandbox(redirect=False) as box:
        for name, value in box.environment().items():
            monkeypatch.setenv(name, KEY if value == "sandbox" else value)
        undo = redirect({case.name: Endpoint(box.base_url(case.name), KEY)})
        try:
            yield box
        finally:
            undo()


@pytest.fixture(
    params=[
        pytest.param((case, is_async), id=f"{case.name}-{'async' if is_async else 'sync'}")
        for case in CASES
        for is_async in (False, True)
    ]
)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    case, is_async = request.param
    with planted(monkeypatch, case) as box:
        yield Way(case, is_async, True, box)


@asynccontextmanager
async def client_of(way: Way) -> AsyncIterator[Any]:
    """A client that has the key."""
    provider = way.case.module.PROVIDER
    client = provider.new_client(way.is_async, Endpoint(way.box.base_url(way.case.name), KEY))
    try:
        yield client
    finally:
        closing = provider.close_client(client, way.is_async)
        await run_async(closing) if way.is_async else run(closing)


def with_headers(way: Way) -> dict[str, Any]:
    return {"call_params": OWN_PLACE.get(way.case.name, {"extra_headers": HEADERS})}


def check(*values: Any) -> None:
    """The key is in no text that a thing may end up as."""
    for value in values:
        shown = [repr(value), str(value), f"{value}", repr([value])]
        if hasattr(value, "model_dump"):
            shown += [str(value.model_dump())]
        if hasattr(value, "model_dump_json"):
            shown += [value.model_dump_json(), str(value.model_dump(mode="json"))]
        for text in shown:
            assert KEY not in text, type(value)


def check_pickle(*values: Any) -> None:
    for value in values:
        assert KEY.encode() not in pickle.dumps(value), type(value)


def check_error(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        shown += repr(seen) + str(seen) + str(seen.args)
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    assert KEY not in shown
    description = errors.describe(error)
    check(description)
    check_pickle(description)


@pytest.mark.parametrize("headers", [False, True], ids=["key", "headers"])
async def test_responses(way: Way, headers: bool) -> None:
    options = with_headers(way) if headers else {}
    way.box.reply(ToolCall("look_up", {"title": "Emma"}))
    response = await way.ask(lambda: "Find a book", tools=[look_up], **options)
    own = response._response
    request = own._request
    check(response, own, request, request.prompt, own._raw, response.tool, own.response)
    check(response.usage, response.cost_metadata, response.message_param, own.message_param)
    check_pickle(response, own, request, response.tool)
    assert pickle.loads(pickle.dumps(response)).content == response.content
    if headers and with_headers(way)["call_params"]:
        # They were sent, and can be read where they were given.
        assert KEY in str(way.box.requests[-1].headers.values()) or KEY in str(own.call_params)
        assert KEY in str(response.call_kwargs)


@pytest.mark.parametrize("headers", [False, True], ids=["key", "headers"])
async def test_streams(way: Way, headers: bool) -> None:
    options = with_headers(way) if headers else {}
    stream = await way.ask(lambda: "Hello", stream=True, **options)
    check(stream, stream._request)
    for chunk, _ in await way.items(stream):
        check(chunk, chunk.chunk)
        check_pickle(chunk)
    response = stream.construct_call_response()
    check(stream, stream._stream, stream._request, response)
    check_pickle(response)


async def test_dynamic_configs(way: Way) -> None:
    messages = way.case.wire.native_history[-1:]
    async with client_of(way) as client:
        response = await way.ask(
            lambda: {"messages": messages, "client": client, **with_headers(way)}
        )
    check(response, response._response, response._request, response._request.prompt)
    check_pickle(response)
    assert response.model_dump(mode="json")["dynamic_config"].keys() == {
        "messages",
        "client",
        "call_params",
    }


async def test_response_models(way: Way) -> None:
    book = await way.ask(lambda: "Find a book", response_model=Book, **with_headers(way))
    check(book, book._response)
    check_pickle(book)
    way.box.reply({"title": "Emma", "pages": "many"})
    with pytest.raises(ValueError) as caught:
        await way.ask(lambda: "Find a book", response_model=Book, **with_headers(way))
    check_error(caught.value)


@pytest.mark.parametrize("status", [400, 401, 429])
@pytest.mark.parametrize("stream", [False, True])
async def test_errors_of_the_provider(way: Way, status: int, stream: bool) -> None:
    way.box.fail(status, retry_after=0, times=9)

    async def ask() -> None:
        result = await way.ask(lambda: "Hello", stream=stream, **with_headers(way))
        await way.items(result)

    with pytest.raises(Exception, match=r".") as caught:
        await ask()
    check_error(caught.value)


async def test_errors_of_the_connection(way: Way) -> None:
    way.box.cut(before_headers=True, times=9)
    with pytest.raises(Exception, match=r".") as caught:
        await way.ask(lambda: "Hello", **with_headers(way))
    check_error(caught.value)


async def test_errors_of_the_library(way: Way) -> None:
    provider = way.case.module.PROVIDER
    with pytest.raises((TypeError, ValueError)) as caught:
        await way.ask(lambda: 5, **with_headers(way))
    check_error(caught.value)
    check(provider, Received({}), way.decorate(lambda: "Hello", **with_headers(way)))


async def test_nothing_of_ours_is_logged(
    way: Way, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        await way.ask(lambda: "Hello", **with_headers(way))
        way.box.fail(400)
        with pytest.raises(Exception, match=r"."):
            await way.ask(lambda: "Hello", **with_headers(way))
    out, err = capfd.readouterr()
    ours = [record for record in caplog.records if record.name.startswith("mirascope")]
    assert KEY not in "".join(record.getMessage() for record in ours)
    assert KEY not in out
    assert KEY not in err


# --- what is masked


def test_only_what_may_be_secret_is_masked() -> None:
    plain = {
        "model": "m",
        "max_tokens": 5,
        "temperature": None,
        "stop": ("a",),
        "tools": [{"function": {"parameters": {"properties": {"password": {"type": "string"}}}}}],
        "messages": [{"role": "user", "content": "my password", "token": "word"}],
        "prompt_cache_key": "k",
        "metadata": {"user_id": "u"},
        "tool_choice": {"type": "function", "function": {"name": "get_token"}},
    }
    assert masked(plain) == plain
    assert all(masked(plain)[name] is plain[name] for name in plain)


@pytest.mark.parametrize(
    "params",
    [
        {"extra_headers": {"x-anything": KEY}},
        {"headers": {"x-anything": KEY}},
        {"http_options": {"headers": {"x": KEY}}},
        {"request_options": {"additional_headers": {"x": KEY}}},
        {"extra_body": {"api_key": KEY, "deep": [{"Authorization": KEY}]}},
        {"extra_query": {"api-key": KEY}},
        {"tools": [{"type": "mcp", "server_url": "https://a.b", "authorization": KEY}]},
        {"mcp_servers": [{"authorization_token": KEY}]},
        {"aws_secret_access_key": KEY, "aws_session_token": KEY, "password": KEY},
    ],
)
def test_what_is_masked(params: dict[str, Any]) -> None:
    before = repr(params)
    assert KEY not in str(masked(params))
    assert "**********" in str(masked(params))
    assert repr(params) == before
