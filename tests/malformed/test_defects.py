"""What a malformed reply gives: one test for each kind of defect there has been."""

from __future__ import annotations

import asyncio
import json
import pickle
from copy import deepcopy
from typing import Any

import anthropic
import openai
import pytest
from pydantic import field_validator

from mirascope import BaseTool, llm
from mirascope.core._providers import is_installed
from mirascope.errors import UnreadableReply
from mirascope.sandbox import Sandbox
from mirascope.sandbox._event_stream import frame

from .corpus import Json
from .mutations import nested

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-haiku-4-5",
    "google": "gemini-2.5-flash",
    "mistral": "mistral-small-latest",
    "cohere": "command-a-03-2025",
    "azure": "gpt-4o-mini",
    "bedrock": "amazon.nova-lite-v1:0",
}
CHAT: Json = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Dune."},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
MESSAGE: Json = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [{"type": "text", "text": "Dune."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
BOTH_WAYS = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


class FormatBook(BaseTool):
    """Format a book."""

    title: str

    def call(self) -> str:
        return self.title


def changed(reply: Json, path: str, value: Any) -> Json:
    """A copy of the reply with something else at the path."""
    copy = deepcopy(reply)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place: Any = copy
    for step in way:
        place = place[step]
    place[last] = value
    return copy


def asked(box: Sandbox, provider: Any, body: Any, is_async: bool = False, **options: Any) -> Any:
    """The response to a call that is answered with the body."""
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    box.native(None, text, headers={"content-type": "application/json"})
    decorate = llm.call(provider, MODELS[provider], **options)
    if not is_async:
        return decorate(lambda: "Hi")()

    async def ask() -> str:
        return "Hi"

    async def main() -> Any:
        return await decorate(ask)()

    return asyncio.run(main())


def streamed(
    box: Sandbox, provider: Any, events: list[bytes], is_async: bool = False, **options: Any
) -> tuple[Any, list[Any], Exception | None]:
    """The stream that the events make, what it yielded, and what it raised in the end."""
    box.native(None, events)
    decorate = llm.call(provider, MODELS[provider], stream=True, **options)
    items: list[Any] = []

    async def ask() -> str:
        return "Hi"

    async def main() -> Any:
        stream = await decorate(ask)()
        try:
            async for item in stream:
                items.append(item)
        except Exception as error:
            return stream, items, error
        return stream, items, None

    if is_async:
        return asyncio.run(main())  # type: ignore[no-any-return]
    stream = decorate(lambda: "Hi")()
    try:
        items.extend(stream)
    except Exception as error:
        return stream, items, error
    return stream, items, None


def sse(*events: Json) -> list[bytes]:
    return [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]


def chunk(delta: Json, reason: Any = None, **more: Any) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "c1", "model": "gpt-4o-mini", "choices": [choice]} | more


# Whole replies: what only describes them counts as missing


@BOTH_WAYS
@pytest.mark.parametrize("wrong", ["12", {"value": 3}, [3], True, -1, 1e400, 10**40])
def test_counts_that_are_none(box: Sandbox, wrong: Any, is_async: bool) -> None:
    body = changed(CHAT, "usage.prompt_tokens", wrong)
    response = asked(box, "openai", body, is_async)
    assert (response.content, response.input_tokens, response.output_tokens) == ("Dune.", None, 2)
    assert response.usage.output_tokens == 2
    assert response.cost is not None


@pytest.mark.parametrize("wrong", ["none", 5, [1]])
def test_usage_of_another_kind(box: Sandbox, wrong: Any) -> None:
    response = asked(box, "openai", changed(CHAT, "usage", wrong))
    assert (response.content, response.usage, response.cost) == ("Dune.", None, None)
    details = changed(CHAT, "usage.prompt_tokens_details", wrong)
    response = asked(box, "openai", details)
    assert (response.input_tokens, response.cached_tokens) == (3, None)
    details = changed(MESSAGE, "usage.output_tokens_details", wrong)
    assert asked(box, "anthropic", details).output_tokens == 2


def test_names_that_are_no_texts(box: Sandbox) -> None:
    response = asked(box, "openai", changed(CHAT, "id", 7))
    assert response.id == "7"
    for wrong in ({"name": "x"}, ["x"], 1.5):
        body = changed(changed(CHAT, "model", wrong), "choices.0.finish_reason", wrong)
        response = asked(box, "openai", changed(body, "id", wrong))
        assert (response.model, response.id, response.finish_reasons) == ("gpt-4o-mini", None, None)
        assert response.content == "Dune."


def test_a_finish_reason_that_nobody_knows(box: Sandbox) -> None:
    response = asked(box, "openai", changed(CHAT, "choices.0.finish_reason", "exhausted"))
    assert response.finish_reasons is None
    assert response._response.finish_reasons == ["exhausted"]


@BOTH_WAYS
def test_null_among_the_blocks(box: Sandbox, is_async: bool) -> None:
    text = {"type": "text", "text": "Dune."}
    body = changed(MESSAGE, "content", [None, text])
    assert asked(box, "anthropic", body, is_async).content == "Dune."
    body = changed(CHAT, "choices.0.message.tool_calls", [None])
    assert asked(box, "openai", body, is_async, tools=[FormatBook]).tools is None


def test_blocks_that_nobody_knows_are_kept(box: Sandbox) -> None:
    block = {"type": "hologram", "data": {"a": 1}}
    body = changed(MESSAGE, "content", [*MESSAGE["content"], block])
    response = asked(box, "anthropic", body)
    assert response.content == "Dune."
    assert response.common_message_param.content[1].data == block
    assert response._response.message_param["content"][1] == block


# Whole replies: what they say is read or refused


@BOTH_WAYS
@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("openai", changed(CHAT, "choices", "none")),
        ("openai", changed(CHAT, "choices.0", [1])),
        ("openai", changed(CHAT, "choices.0.message.content", 5)),
        ("openai", changed(CHAT, "choices.0.message.content", {"text": "Dune."})),
        ("openai", changed(CHAT, "choices.0.message.tool_calls", {"id": "c"})),
        ("openai", changed(CHAT, "choices.0.message.refusal", ["no"])),
        ("anthropic", changed(MESSAGE, "content", "Dune.")),
        ("anthropic", changed(MESSAGE, "content.0", "Dune.")),
        ("anthropic", changed(MESSAGE, "content.0.text", {"value": "Dune."})),
    ],
)
def test_content_of_another_kind(box: Sandbox, provider: str, body: Json, is_async: bool) -> None:
    response = asked(box, provider, body, is_async)
    for name in ("content", "tools", "message_param", "usage", "cost"):
        with pytest.raises(UnreadableReply, match="has not the form it should have"):
            getattr(response, name)
    # What came can be seen, kept and sent on all the same.
    assert "unreadable" in repr(response)
    assert response._response.response.model == body["model"]
    dumped = json.loads(response.model_dump_json())
    assert dumped["content"] is None
    assert dumped["response"]["id"] == body["id"]
    with pytest.raises(UnreadableReply):
        pickle.loads(pickle.dumps(response)).content
    with pytest.raises(UnreadableReply) as caught:
        asked(box, provider, body, is_async, response_model=list[str])
    assert caught.value._response._raw.data == body  # type: ignore[attr-defined]


def test_arguments_of_tools(box: Sandbox) -> None:
    def response_with(arguments: Any) -> Any:
        call = {"id": "c", "function": {"name": "FormatBook", "arguments": arguments}}
        body = changed(CHAT, "choices.0.message.tool_calls", [call])
        return asked(box, "openai", body, tools=[FormatBook])

    for wrong in ('{"title": 5}', '{"title": ', "[1]", [1], 5, nested(100), '{"title": "\ud800"}'):
        response = response_with(wrong)
        with pytest.raises(ValueError, match="FormatBook"):
            response.tools
        (part,) = [p for p in response.common_message_param.content if p.type == "tool_call"]
        assert part.name == "FormatBook"
        assert response._response.message_param["tool_calls"][0]["id"] == "c"
    assert response_with({"title": "Dune"}).tool.title == "Dune"


@BOTH_WAYS
def test_half_a_character(box: Sandbox, is_async: bool) -> None:
    body = changed(CHAT, "choices.0.message.content", "Dune \ud83d")
    response = asked(box, "openai", body, is_async)
    assert response.content == "Dune \ud83d"
    assert json.loads(response.model_dump_json())["content"] == "Dune \ud83d"
    events = sse(chunk({"content": "Dune \ud83d"}), chunk({}, "stop"))
    stream, _, error = streamed(box, "openai", events, is_async)
    assert (stream.content, error) == ("Dune \ud83d", None)


@BOTH_WAYS
def test_another_encoding(box: Sandbox, is_async: bool) -> None:
    body = json.dumps(changed(CHAT, "choices.0.message.content", "Düne"), ensure_ascii=False)
    for encoding in ("utf-16", "utf-8-sig"):
        assert asked(box, "openai", body.encode(encoding), is_async).content == "Düne"


def test_a_custom_call_without_its_content(box: Sandbox) -> None:
    body = changed(CHAT, "choices.0.message.tool_calls", [{"type": "custom"}])
    response = asked(box, "openai", body)
    (call,) = response._response.message_param["tool_calls"]
    assert (call["id"], call["function"]["name"]) == ("", "")


def test_sound_that_is_no_base64(box: Sandbox) -> None:
    body = changed(CHAT, "choices.0.message.audio", {"id": "a", "data": "AAA", "transcript": "Hm."})
    response = asked(box, "openai", body)._response
    assert response.audio_transcript == "Hm."
    with pytest.raises(UnreadableReply, match="not base64"):
        response.audio
    assert response.model_dump()["audio"] is None


# Streams


@BOTH_WAYS
@pytest.mark.parametrize(
    "event",
    [
        chunk({"content": 5}),
        chunk({"content": {"text": "x"}}),
        chunk({"reasoning_content": "", "refusal": ["no"]}),
        chunk({"tool_calls": [5]}),
        chunk({"tool_calls": [{"index": [0], "function": {"name": "FormatBook"}}]}),
        {"choices": 5},
        {"choices": [[]]},
        {"choices": [{"delta": "Dune"}]},
    ],
)
def test_an_event_of_another_kind(box: Sandbox, event: Json, is_async: bool) -> None:
    events = sse(chunk({"content": "Dune"}), event, chunk({}, "stop"))
    stream, items, error = streamed(box, "openai", events, is_async, tools=[FormatBook])
    assert isinstance(error, openai.APIResponseValidationError)
    assert "OpenAI sent an event that has not the form it should have" in str(error)
    assert error.body == event
    assert [part.content for part, _ in items] == ["Dune"]
    assert stream.content == stream.construct_call_response().content == "Dune"


@BOTH_WAYS
def test_words_about_a_stream_of_another_kind(box: Sandbox, is_async: bool) -> None:
    odd = chunk({"content": "Dune"}, id={"a": 1}, model=["x"], created="now", usage={"a": [1]})
    odd["usage"] = {"prompt_tokens": "many", "prompt_tokens_details": 3, "completion_tokens": 2}
    events = sse(odd, chunk({}, "stop"), chunk({"content": ""}, reason={"why": 1}))
    stream, items, error = streamed(box, "openai", events, is_async)
    assert error is None
    assert (items[0][0].id, items[0][0].model, items[0][0].cost) == (None, None, None)
    assert (stream.content, stream.id, stream.finish_reasons) == ("Dune", "c1", ["stop"])
    assert (stream.input_tokens, stream.output_tokens) == (None, 2)


def test_a_native_block_whose_input_is_not_json(box: Sandbox) -> None:
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": "query: dune"}
    events = sse(
        {"type": "message_start", "message": {"id": "m", "model": "claude-haiku-4-5"}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_stop"},
    )
    stream, _, error = streamed(box, "anthropic", events)
    assert error is None
    (part,) = stream.common_message_param.content
    assert part.data["input"] == "query: dune"


def test_events_that_nobody_knows_and_events_out_of_order(box: Sandbox) -> None:
    events = sse(
        {"type": "hologram", "data": 1},
        {"type": "content_block_stop", "index": 9},
        {"type": "content_block_delta", "index": 3, "delta": {"type": "hologram_delta"}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": "s"},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "A"}},
        {"type": "message_start", "message": {"id": "m", "model": "claude-haiku-4-5"}},
        {"type": "message_stop"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "B"}},
    )
    stream, _, error = streamed(box, "anthropic", events)
    assert error is None
    assert (stream.content, stream.id, stream.signature) == ("AB", "m", "s")


def test_an_event_of_another_kind_is_the_sdks_own_error(box: Sandbox) -> None:
    delta = {"type": "content_block_delta", "index": 0, "delta": 5}
    _, _, error = streamed(box, "anthropic", sse(delta))
    assert isinstance(error, anthropic.APIResponseValidationError)
    for provider, expected, events in (
        ("mistral", "ResponseValidationError", sse({"choices": [5]})),
        ("cohere", "ApiError", sse({"type": "content-delta", "delta": [5]})),
        ("azure", "DecodeError", sse({"choices": [5]})),
    ):
        if is_installed(provider):
            _, _, error = streamed(box, provider, events)
            assert type(error).__name__ == expected
            assert "has not the form it should have" in str(error)


# What the SDKs stumble over


@BOTH_WAYS
@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("google", {"candidates": 5}),
        ("google", {"candidates": [{"content": {"parts": [{"text": 5}]}}]}),
        ("google", {"candidates": [{"content": 5, "finishReason": "STOP"}]}),
        ("google", "[" * 100_000),
        ("cohere", []),
        ("cohere", {"id": "c", "message": 5, "finish_reason": "COMPLETE"}),
        ("cohere", "[" * 100_000),
        ("azure", "[" * 100_000),
        ("bedrock", []),
        ("bedrock", {"output": {"message": 5}}),
        ("bedrock", "[" * 100_000),
    ],
)
def test_bodies_that_an_sdk_stumbles_over(
    box: Sandbox, provider: str, body: Any, is_async: bool
) -> None:
    if not is_installed({"bedrock": "boto3", "google": "google.genai"}.get(provider, provider)):
        pytest.skip(f"no SDK for {provider}")
    with pytest.raises(ValueError) as caught:
        asked(box, provider, body, is_async).content
    assert isinstance(caught.value, UnreadableReply)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("body", ["5", '"text"', "true", "[1]", "null"])
def test_bodies_that_are_no_objects(box: Sandbox, body: str) -> None:
    from azure.core.exceptions import DecodeError

    with pytest.raises(DecodeError, match="not a JSON object"):
        asked(box, "azure", body)


@BOTH_WAYS
def test_an_event_that_an_sdk_stumbles_over(box: Sandbox, is_async: bool) -> None:
    from botocore.parsers import ResponseParserError

    text = {"contentBlockIndex": 0, "delta": {"text": "Dune"}}
    events = [
        frame("messageStart", {"role": "assistant"}),
        frame("contentBlockDelta", text),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": [5]}),
    ]
    stream, _, error = streamed(box, "bedrock", events, is_async)
    assert isinstance(error, (UnreadableReply, ResponseParserError))
    assert stream.content == "Dune"


# Mistakes in a program stay what they are


class Careless(BaseTool):
    """A tool with a mistake in it."""

    title: str

    @field_validator("title")
    @classmethod
    def known(cls, title: str) -> str:
        return {"Emma": title}[title]

    def call(self) -> str:
        return self.title


@BOTH_WAYS
def test_mistakes_of_the_program_are_not_taken_for_those_of_a_reply(
    box: Sandbox, is_async: bool
) -> None:
    function = {"name": "Careless", "arguments": '{"title": "Dune"}'}
    call = {"index": 0, "id": "c", "function": function}
    body = changed(CHAT, "choices.0.message.tool_calls", [call])
    with pytest.raises(KeyError, match="Dune"):
        asked(box, "openai", body, is_async, tools=[Careless]).tools
    events = sse(chunk({"tool_calls": [call]}), chunk({}, "tool_calls"))
    _, _, error = streamed(box, "openai", events, is_async, tools=[Careless])
    assert type(error) is KeyError
    with pytest.raises(TypeError, match="nonsense"):
        asked(box, "openai", CHAT, is_async, call_params={"nonsense": 1})
