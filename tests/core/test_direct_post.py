"""Bodies that go straight to `post`: what is sent is what the SDK's `create` would have sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from mirascope.core._direct_post import Posting, posting_of
from mirascope.core._providers import PROVIDERS, is_installed
from mirascope.sandbox import Sandbox

OWN_WORDS = {"x-stainless-raw-response", "authorization", "idempotency-key"}
TOOL = {
    "type": "function",
    "function": {
        "name": "find",
        "parameters": {
            "type": "object",
            "properties": {"title": {"type": "string", "enum": ["a", "b"]}},
            "required": ["title"],
        },
    },
}
USER = {"role": "user", "content": "Hi"}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CALL = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"title": "a"}'}}

BODIES: dict[str, dict[str, Any]] = {
    "plain": {"messages": [USER]},
    "stream": {"messages": [USER], "stream": True},
    "parameters": {
        "messages": [USER],
        "temperature": 0.5,
        "top_p": 1,
        "stop": ["a", "b"],
        "seed": 7,
        "logit_bias": {"50256": -100},
        "metadata": {"of": "a test"},
        "n": None,
    },
    "tools": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Who?"}, IMAGE]},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "Nobody."},
        ],
        "tools": [TOOL],
        "tool_choice": {"type": "function", "function": {"name": "find"}},
        "parallel_tool_calls": False,
    },
    "schema": {
        "messages": [USER],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "A", "schema": {"type": "object", "properties": {}}},
        },
    },
    "timeout": {"messages": [USER], "timeout": 7.5},
}
CLIENTS = ["OpenAI", "AzureOpenAI", "Groq"]


def new_client(box: Sandbox, name: str, is_async: bool) -> Any:
    if name == "Groq":
        groq = pytest.importorskip("groq")
        made_by = groq.AsyncGroq if is_async else groq.Groq
        # The SDK writes `/openai/v1` itself.
        address = box.base_url("groq").removesuffix("/openai/v1")
        return made_by(api_key="k", base_url=address, default_headers={"x-own": "1"})
    openai = pytest.importorskip("openai")
    made_by = getattr(openai, f"Async{name}" if is_async else name)
    options: dict[str, Any] = {"default_headers": {"x-own": "1"}, "api_key": "k"}
    if name == "AzureOpenAI":
        # The model is part of its address, which the sandbox does not have.
        def readdress(request: Any) -> None:
            request.headers["x-path"] = request.url.raw_path.decode()
            request.url = request.url.copy_with(path="/v1/chat/completions")

        async def readdress_async(request: Any) -> None:
            readdress(request)

        http = openai.DefaultAsyncHttpxClient if is_async else openai.DefaultHttpxClient
        hooks = {"request": [readdress_async if is_async else readdress]}
        options["http_client"] = http(event_hooks=hooks)
        return made_by(base_url=box.base_url("openai"), api_version="1", **options)
    return made_by(base_url=box.base_url("openai"), organization="o", project="p", **options)


def provider_of(name: str) -> Any:
    from importlib import import_module

    provider = "groq" if name == "Groq" else "openai"
    if not is_installed(PROVIDERS[provider].sdk):
        pytest.skip(f"the SDK of {provider} is not installed")
    return import_module(f"mirascope.core.{provider}").PROVIDER


async def sent_by(box: Sandbox, is_async: bool, send: Callable[[], Any]) -> dict[str, Any]:
    box.requests.clear()
    # A loop of its own for the sync client, which blocks.
    reply = await send() if is_async else await asyncio.to_thread(send)
    if (response := getattr(reply, "response", getattr(reply, "http_response", None))) is not None:
        await response.aclose() if is_async else response.close()
    (request,) = box.requests
    headers = {name: value for name, value in request.headers.items() if name not in OWN_WORDS}
    headers.pop("content-length", None)
    return {
        "method": request.method,
        "path": request.path,
        "body": request.body,
        "authorization": request.http.headers.get("authorization"),
        "headers": headers,
    }


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("name", CLIENTS)
async def test_the_same_is_sent(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, is_async: bool
) -> None:
    provider, client = provider_of(name), new_client(box, name, is_async)
    body = {"model": "some-model", **BODIES[kind]}
    direct: list[dict[str, Any]] = []
    send = Posting.send

    def noted(self: Posting, post: Any, kwargs: dict[str, Any]) -> Any:
        direct.append(kwargs)
        return send(self, post, kwargs)

    monkeypatch.setattr(Posting, "send", noted)
    stream = bool(body.get("stream"))
    ours = await sent_by(box, is_async, lambda: provider.send(client, dict(body), stream))
    theirs = await sent_by(box, is_async, lambda: client.chat.completions.create(**body))
    assert direct == [body]
    assert ours == theirs
    await client.close() if is_async else client.close()


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_not_plain_json_goes_through_the_sdk(box: Sandbox, name: str) -> None:
    provider, client = provider_of(name), new_client(box, name, False)
    create = client.chat.completions
    posting = posting_of(create, False)
    assert posting is not None
    message = create.create(model="m", messages=[USER]).choices[0].message
    for body in (
        {"messages": [USER, message]},
        {"messages": iter([USER])},
        {"messages": [USER], "metadata": {"when": datetime(2020, 1, 1)}},
        {"messages": [USER], "extra_headers": {"x-more": "2"}},
        {"messages": [USER], "extra_query": {"q": "2"}},
        {"messages": [USER], "extra_body": {"more": 2}},
        {"messages": (USER,)},
    ):
        assert not posting.takes({"model": "m", **body})
    # The SDK makes JSON of its own object, and reads the whole of an iterator.
    provider.send(client, {"model": "m", "messages": iter([USER, message])}, False)
    sent = box.requests[-1].body["messages"]
    assert sent[0] == USER
    assert sent[1]["role"] == "assistant"
    provider.send(client, {"model": "m", "messages": [USER], "extra_headers": {"x-a": "2"}}, False)
    assert box.requests[-1].headers["x-a"] == "2"
    with pytest.raises(TypeError, match="no_such_parameter"):
        provider.send(client, {"model": "m", "messages": [USER], "no_such_parameter": 1}, False)
    client.close()


def test_a_body_without_end_is_left_to_the_sdk() -> None:
    posting = Posting((), {}, {"headers": {}}, frozenset({"messages"}))
    endless: list[Any] = []
    endless.append(endless)
    assert not posting.takes({"messages": endless})
    assert posting.takes({"messages": [[[{"a": [1, None, "b", 2.5, True]}]]]})


def test_resources_of_another_make_are_called_by_their_own_create() -> None:
    class Resource:
        def __init__(self, client: Any) -> None:
            self.client = client

    assert posting_of(Resource(None), False) is None
