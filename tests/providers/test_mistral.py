"""What only Mistral has: content in chunks, ids of nine characters, one class of clients."""

from __future__ import annotations

import asyncio
import hashlib
import json
from importlib import import_module
from typing import Any

import pytest
from mistralai.client import Mistral
from mistralai.client.models import AssistantMessage, ToolMessage, UserMessage

from mirascope import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
    BaseTool,
    DocumentPart,
    DocumentURLPart,
    Messages,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    errors,
    llm,
)
from mirascope.core import mistral
from mirascope.core.base import ProviderPart, ThinkingPart
from mirascope.sandbox import Reply, Sandbox, ToolCall, sandbox

from .cases import Way
from .conftest import WAYS

MISTRAL = [way for way in WAYS if str(way.id).startswith("mistral")]
THOUGHT = Reply(text="Four.", thinking="Two and two.")


@pytest.fixture(params=MISTRAL)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    return Way(*request.param, box)


def refresh() -> str:
    """Refresh the catalogue."""
    return "done"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return self.title


# Reasoning


async def test_reasoning(way: Way) -> None:
    way.box.reply(THOUGHT)
    response = await way.ask("2 + 2?", call_params={"reasoning_effort": "high"})
    assert way.body["reasoning_effort"] == "high"
    assert (response.thinking, response.content) == ("Two and two.", "Four.")
    assert response.common_message_param.content == [
        ThinkingPart(thinking="Two and two.", provider="mistral"),
        TextPart(text="Four."),
    ]
    assert response.model_dump()["thinking"] == "Two and two."


async def test_no_reasoning(way: Way) -> None:
    assert (await way.ask("Hi")).thinking is None


async def test_streamed_reasoning(way: Way) -> None:
    way.box.reply(THOUGHT)
    stream = await way.ask("2 + 2?", stream=True)
    items = await way.items(stream)
    assert "".join(chunk.thinking for chunk, _ in items) == stream.thinking == "Two and two."
    assert "".join(chunk.content for chunk, _ in items) == stream.content == "Four."
    assert stream.construct_call_response().thinking == "Two and two."


async def test_reasoning_goes_back(way: Way) -> None:
    way.box.reply(Reply(thinking="Hm.", tool_calls=[ToolCall("refresh", {})]))
    first = await way.ask("Go", tools=[refresh])
    results = first.tool_message_params([(first.tool, "done")])
    history = [first.user_message_param, first.message_param, *results]
    await way.ask(lambda: history, tools=[refresh])
    turn = way.body["messages"][1]
    assert turn["content"] == [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]


async def test_reasoning_of_another_provider_does_not(way: Way) -> None:
    parts = [ThinkingPart(thinking="Hm.", provider="anthropic"), TextPart(text="Four.")]
    history = [Messages.User("2 + 2?"), BaseMessageParam(role="assistant", content=parts)]
    await way.ask(lambda: [*history, Messages.User("Sure?")])
    assert way.body["messages"][1]["content"] == "Four."


SIGNED = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}], "signature": "s"}
REFERENCE = {"type": "reference", "reference_ids": [1, 2]}


def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5} if reason else None
    body = {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    data = json.dumps({**body, "usage": usage} if usage else body)
    return f"data: {data}\n\n"


async def test_references_and_signatures_are_kept(way: Way) -> None:
    content = [SIGNED, {"type": "text", "text": "See"}, REFERENCE]
    message = {"role": "assistant", "content": content, "tool_calls": None}
    choices = [{"index": 0, "finish_reason": "stop", "message": message}]
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    whole = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    way.box.native("mistral", {**whole, "choices": choices, "usage": usage})
    response = await way.ask("Hi")
    way.box.native("mistral", [chunk({"content": content}), chunk({"content": ""}, "stop")])
    stream = await way.ask("Hi", stream=True)
    await way.items(stream)
    expected = [
        ThinkingPart(thinking="Hm.", signature="s", provider="mistral"),
        TextPart(text="See"),
        ProviderPart(provider="mistral", data=REFERENCE),
    ]
    for reply in (response, stream):
        assert reply.content == "See"
        assert reply.common_message_param.content == expected
        await way.ask(lambda reply=reply: [Messages.User("Hi"), reply.message_param])
        assert way.body["messages"][1]["content"] == content


# Tools


async def test_a_tool_without_arguments_says_so(way: Way) -> None:
    await way.ask("Hi", tools=[refresh])
    nothing = {"type": "object", "properties": {}}
    assert way.body["tools"][0]["function"]["parameters"] == nothing
    for arguments in ({}, ""):
        way.box.reply(ToolCall("refresh", arguments))
        assert (await way.ask("Hi", tools=[refresh])).tool.call() == "done"


async def test_ids_of_another_provider_become_some_that_mistral_takes(way: Way) -> None:
    call = ToolCallPart(name="refresh", args={}, id="toolu_01A09q90qw90lq917835lq9")
    results = [ToolResultPart(name="refresh", content="done", id=call.id)]
    history = [
        Messages.User("Go"),
        BaseMessageParam(role="assistant", content=[call]),
        BaseMessageParam(role="tool", content=results),
    ]
    await way.ask(lambda: history, tools=[refresh])
    _, turn, result = way.body["messages"]
    expected = hashlib.sha256(call.id.encode()).hexdigest()[:9]
    assert turn["tool_calls"][0]["id"] == result["tool_call_id"] == expected
    assert result["name"] == "refresh"


async def test_mistrals_own_ids_stay(way: Way) -> None:
    way.box.reply(ToolCall("refresh", {}, id="D681PevKs"))
    first = await way.ask("Go", tools=[refresh])
    results = first.tool_message_params([(first.tool, "done")])
    await way.ask(lambda: [first.user_message_param, first.message_param, *results])
    _, turn, result = way.body["messages"]
    assert turn["tool_calls"][0]["id"] == result["tool_call_id"] == first.tool.id == "D681PevKs"


@pytest.mark.parametrize("ids", [("null", "null"), ("a", "b"), (None, None)])
@pytest.mark.parametrize("indexes", [(0, 0), (None, None), (0, 1)])
async def test_parallel_calls_in_one_event_are_told_apart(
    way: Way, ids: tuple[Any, Any], indexes: tuple[Any, Any]
) -> None:
    if ids[0] == ids[1] and indexes == (0, 0):
        # Nothing tells them apart then.
        return
    calls = [
        {"function": {"name": "Find", "arguments": f'{{"title": "{title}"}}'}}
        | ({"id": id} if id else {})
        | ({} if index is None else {"index": index})
        for title, id, index in zip("AB", ids, indexes, strict=True)
    ]
    way.box.native("mistral", [chunk({"content": ""}), chunk({"tool_calls": calls}, "tool_calls")])
    items = await way.items(await way.ask("Hi", tools=[Find], stream=True))
    assert [tool.title for _, tool in items if tool] == ["A", "B"]


# Messages


PDF = "data:application/pdf;base64,JVBERg=="
URL = "https://a.b/c"
MEDIA = [
    (DocumentURLPart(url=URL), {"type": "document_url", "document_url": URL}),
    (
        DocumentPart(media_type="application/pdf", document=b"%PDF"),
        {"type": "document_url", "document_url": PDF},
    ),
    (AudioURLPart(url=URL), {"type": "input_audio", "input_audio": URL}),
    (
        AudioPart(media_type="audio/wav", audio=b"RIFF"),
        {"type": "input_audio", "input_audio": "UklGRg=="},
    ),
]


@pytest.mark.parametrize(("part", "sent"), MEDIA, ids=lambda value: getattr(value, "type", ""))
async def test_documents_and_audio(way: Way, part: Any, sent: Any) -> None:
    response = await way.ask(lambda: Messages.User(["What is it?", part]))
    assert way.body["messages"][0]["content"][1] == sent
    assert response.common_user_message_param.content[1] == part


async def test_messages_of_the_sdk(way: Way) -> None:
    history = [
        UserMessage(content="Hi"),
        AssistantMessage(content="Hello."),
        {"role": "user", "content": [{"type": "text", "text": "And this?"}]},
    ]
    response = await way.ask(lambda: {"messages": history}, json_mode=True)
    assert way.wire.turns(way.body)[:3] == [
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "And this?"),
    ]
    assert response.common_messages[:2] == [
        Messages.User("Hi"),
        BaseMessageParam(role="assistant", content="Hello."),
    ]
    if not way.agnostic:
        assert response.messages[:3] == history


async def test_turns_are_messages_of_the_sdk(box: Sandbox) -> None:
    box.reply(ToolCall("refresh", {}))
    response = mistral.call("mistral-large-latest", tools=[refresh])(lambda: "Hi")()
    assert isinstance(response.user_message_param, UserMessage)
    assert isinstance(response.message_param, AssistantMessage)
    (result,) = response.tool_message_params([(response.tool, "done")])
    assert isinstance(result, ToolMessage)
    assert result.content == "done"


async def test_penalties_and_seed(way: Way) -> None:
    await way.ask("Hi", call_params={"seed": 3, "presence_penalty": 0.5})
    assert (way.body["random_seed"], way.body["presence_penalty"]) == (3, 0.5)


async def test_a_model_that_was_full(way: Way) -> None:
    way.box.reply("Well", finish_reason="model_length")
    response = await way.ask("Hi")
    assert response.common_finish_reasons == ["length"]


# Clients


def test_a_client_serves_sync_and_async_functions(box: Sandbox) -> None:
    with Mistral(api_key="k", server_url=box.base_url("mistral")) as client:

        @mistral.call("mistral-large-latest", client=client)
        def recommend(genre: str) -> str:
            return f"Recommend a {genre} book"

        @llm.call("mistral", "mistral-large-latest", client=client)
        async def recommend_async(genre: str) -> str:
            return f"Recommend a {genre} book"

        @mistral.call("mistral-large-latest")
        async def by_config(genre: str) -> mistral.MistralDynamicConfig:
            return {"messages": [Messages.User(f"Recommend a {genre} book")], "client": client}

        async def both() -> tuple[str, str]:
            first, second = await recommend_async("fantasy"), await by_config("fantasy")
            await client.__aexit__(None, None, None)
            return first.content, second.content

        expected = "Sandbox reply to: Recommend a fantasy book"
        assert recommend("fantasy").content == expected
        assert asyncio.run(both()) == (expected, expected)


def test_without_a_key_nothing_is_sent() -> None:
    call = llm.call("mistral", "mistral-large-latest")(lambda: "Hi")
    with sandbox(redirect=False), pytest.raises(KeyError, match="`MISTRAL_API_KEY` is not set"):
        call()


def test_a_new_key_makes_a_new_client(monkeypatch: pytest.MonkeyPatch, box: Sandbox) -> None:
    call = llm.call("mistral", "mistral-large-latest")(lambda: "Hi")
    call()
    monkeypatch.setenv("MISTRAL_API_KEY", "another")
    call()
    assert box.connections == 2


def test_default_clients_share_their_tls_context(
    monkeypatch: pytest.MonkeyPatch, box: Sandbox
) -> None:
    stack = import_module("mistralai.client.httpclient").httpx
    made: list[Any] = []
    create = stack.create_ssl_context
    monkeypatch.setattr(stack, "create_ssl_context", lambda: made.append(1) or create())
    call = llm.call("mistral", "mistral-large-latest")(lambda: "Hi")
    for key in ("a", "b", "c"):
        monkeypatch.setenv("MISTRAL_API_KEY", key)
        call()
    assert len(made) <= 1


# What goes wrong


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "authentication"), (404, "not_found"), (422, "bad_request"), (429, "rate_limit")],
)
async def test_each_form_of_an_error(way: Way, status: int, kind: str) -> None:
    way.box.fail(status, message="Because.")
    with pytest.raises(Exception, match="Because") as caught:
        await way.ask("Hi")
    assert errors.describe(caught.value).kind == kind
    assert type(caught.value).__name__ == ("HTTPValidationError" if status == 422 else "SDKError")


async def test_an_error_in_a_stream_says_what_it_is(way: Way) -> None:
    way.box.error_event(3, status=429, message="Too much.")
    stream = await way.ask("Hi", stream=True)
    with pytest.raises(Exception, match=r"Too much\.") as caught:
        await way.items(stream)
    assert type(caught.value).__name__ == "SDKError"
    assert errors.describe(caught.value).kind == "rate_limit"
