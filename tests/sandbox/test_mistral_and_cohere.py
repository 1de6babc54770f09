"""Mistral's and Cohere's own SDKs against the sandbox: their replies, streams and errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cohere
import pytest
from cohere.core.api_error import ApiError
from mistralai.client import Mistral
from mistralai.client.errors import HTTPValidationError, SDKError

from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Find a book.",
        "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
    },
}
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


@pytest.fixture
def mistral(box: Sandbox) -> Iterator[Any]:
    with Mistral(api_key="k", server_url=box.base_url("mistral")) as client:
        yield client.chat


@pytest.fixture
def v2(box: Sandbox) -> Iterator[Any]:
    with cohere.ClientV2(api_key="k", base_url=box.base_url("cohere")) as client:
        yield client


# Mistral


def test_mistral_answers(box: Sandbox, mistral: Any) -> None:
    reply = mistral.complete(model="m", messages=HELLO)
    assert reply.choices[0].message.content == "Sandbox reply to: Hello"
    assert (reply.model, reply.choices[0].finish_reason) == ("m", "stop")
    assert box.requests[0].provider == "mistral"
    assert box.requests[0].problems == []


def test_mistral_thinks_when_told_to(mistral: Any) -> None:
    reply = mistral.complete(model="m", messages=HELLO, prompt_mode="reasoning")
    thinking, text = reply.choices[0].message.content
    assert (thinking.type, text.text) == ("thinking", "Sandbox reply to: Hello")


@pytest.mark.parametrize("choice", ["auto", "any"])
def test_mistral_calls_tools(box: Sandbox, mistral: Any, choice: str) -> None:
    reply = mistral.complete(model="m", messages=HELLO, tools=[FIND], tool_choice=choice)
    (call,) = reply.choices[0].message.tool_calls
    assert call.function.name == "find"
    assert len(call.id) == 9
    assert reply.choices[0].finish_reason == "tool_calls"


def test_mistral_streams(box: Sandbox, mistral: Any) -> None:
    box.reply(Reply(text="A b", thinking="C d", tool_calls=[ToolCall("find", {})]))
    chunks = [event.data for event in mistral.stream(model="m", messages=HELLO, tools=[FIND])]
    contents = [chunk.choices[0].delta.content for chunk in chunks]
    assert contents[0] == ""
    assert [thought.thinking[0].text for (thought,) in contents[1:3]] == ["C ", "d"]
    # The end of the reasoning and the beginning of the text share an event.
    assert contents[3][0].closed
    assert contents[3][1].text == "A "
    last = chunks[-1].choices[0]
    assert [call.function.name for call in last.delta.tool_calls] == ["find"]
    assert last.finish_reason == "tool_calls"
    assert chunks[-1].usage.completion_tokens > 0
    assert [chunk.usage for chunk in chunks[:-1]] == [None] * len(chunks[:-1])


def test_mistral_fails_in_three_forms(box: Sandbox, mistral: Any) -> None:
    for status, form in ((401, '"detail"'), (429, '"rate_limited"')):
        box.fail(status, message="Because.")
        with pytest.raises(SDKError, match=form) as caught:
            mistral.complete(model="m", messages=HELLO)
        assert caught.value.status_code == status
    box.fail(422, message="Because.")
    with pytest.raises(HTTPValidationError) as invalid:
        mistral.complete(model="m", messages=HELLO)
    assert invalid.value.data.detail[0].msg == "Because."


def test_mistral_refuses_ids_of_another_form(box: Sandbox, mistral: Any) -> None:
    call = {"id": "call_1", "function": {"name": "find", "arguments": "{}"}}
    history = [
        *HELLO,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [call],
        },
        {"role": "tool", "content": "x", "tool_call_id": "call_1"},
    ]
    with pytest.raises(SDKError, match="must be a-z, A-Z, 0-9, with a length of 9"):
        mistral.complete(model="m", messages=history)
    assert len(box.requests[0].problems) == 1


def test_mistral_takes_its_reply_back(box: Sandbox, mistral: Any) -> None:
    box.reply(Reply(text="A", thinking="B", tool_calls=[ToolCall("find", {"title": "x"})]))
    message = mistral.complete(model="m", messages=HELLO, tools=[FIND]).choices[0].message
    result = {"role": "tool", "content": "y", "tool_call_id": message.tool_calls[0].id}
    dumped = message.model_dump(mode="json")
    reply = mistral.complete(model="m", messages=[*HELLO, dumped, result])
    assert reply.choices[0].message.content == "Sandbox reply with the tool's result: y"


# Cohere


def test_cohere_answers(box: Sandbox, v2: Any) -> None:
    reply = v2.chat(model="m", messages=HELLO)
    assert reply.message.content[0].text == "Sandbox reply to: Hello"
    assert reply.finish_reason == "COMPLETE"
    assert box.requests[0].provider == "cohere"
    assert box.requests[0].problems == []


def test_cohere_bills_less_than_it_reads(box: Sandbox, v2: Any) -> None:
    box.reply("A", usage=Usage(input=10, output=5, cached=3, reasoning=2))
    usage = v2.chat(model="m", messages=HELLO).usage
    assert (usage.billed_units.input_tokens, usage.billed_units.output_tokens) == (10, 5)
    assert usage.tokens.input_tokens > 10
    assert usage.cached_tokens == 3


@pytest.mark.parametrize("options", [{}, {"tool_choice": "REQUIRED"}])
def test_cohere_calls_tools(v2: Any, options: dict[str, Any]) -> None:
    reply = v2.chat(model="m", messages=HELLO, tools=[FIND], **options)
    (call,) = reply.message.tool_calls
    assert call.function.name == "find"
    assert reply.finish_reason == "TOOL_CALL"
    none = v2.chat(model="m", messages=HELLO, tools=[FIND], tool_choice="NONE")
    assert none.finish_reason == "COMPLETE"


def test_cohere_answers_with_json(v2: Any) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"type": "json_object", "json_schema": schema}
    reply = v2.chat(model="m", messages=HELLO, response_format=wanted)
    assert reply.message.content[0].text.startswith('{"n":')


def test_cohere_streams(box: Sandbox, v2: Any) -> None:
    box.reply(Reply(text="A b", thinking="C", tool_calls=[ToolCall("find", {"title": "x"})]))
    events = list(v2.chat_stream(model="m", messages=HELLO, tools=[FIND]))
    kinds = [event.type for event in events]
    assert kinds[:4] == ["message-start", "content-start", "content-delta", "content-end"]
    assert kinds[4:8] == ["content-start", "content-delta", "content-delta", "content-end"]
    assert kinds[8] == "tool-call-start"
    assert kinds[-2:] == ["tool-call-end", "message-end"]
    assert events[-1].delta.finish_reason == "TOOL_CALL"
    assert events[-1].delta.usage.billed_units.output_tokens > 0


def test_cohere_fails(box: Sandbox, v2: Any) -> None:
    for status in (401, 404, 429, 500, 503):
        box.fail(status, message="Because.")
        with pytest.raises(ApiError, match="Because") as caught:
            v2.chat(model="m", messages=HELLO, request_options={"max_retries": 0})
        assert caught.value.status_code == status
    box.error_event(2, message="Because.", reply="A b c")
    last = list(v2.chat_stream(model="m", messages=HELLO))[-1]
    assert (last.delta.finish_reason, last.delta.error) == ("ERROR", "Because.")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"messages": [{"role": "narrator", "content": "Hi"}]}, "messages[0].role"),
        ({"tool_choice": "REQUIRED"}, "`REQUIRED` needs `tools`"),
        ({"tools": [FIND], "response_format": {"type": "json_object"}}, "go together"),
        ({"request_options": {"additional_body_parameters": {"preamble": "x"}}}, "$.preamble"),
    ],
)
def test_cohere_refuses(v2: Any, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ApiError) as caught:
        v2.chat(**{"model": "m", "messages": HELLO, **options})
    assert caught.value.status_code == 400
    assert problem in caught.value.body["message"]


# Cohere's older client


@pytest.fixture
def v1(box: Sandbox) -> Iterator[Any]:
    with cohere.Client(api_key="k", base_url=box.base_url("cohere")) as client:
        yield client


def test_version_1_answers(box: Sandbox, v1: Any) -> None:
    reply = v1.chat(model="m", message="Hello", chat_history=[{"role": "USER", "message": "Hi"}])
    assert reply.text == "Sandbox reply to: Hello"
    assert (reply.finish_reason, reply.meta.billed_units.output_tokens) == ("COMPLETE", 4)
    assert box.requests[0].problems == []


def test_version_1_streams(v1: Any) -> None:
    events = list(v1.chat_stream(model="m", message="Hello"))
    texts = [event.text for event in events if event.event_type == "text-generation"]
    assert "".join(texts) == events[-1].response.text == "Sandbox reply to: Hello"
    assert (events[0].event_type, events[-1].event_type) == ("stream-start", "stream-end")


def test_version_1_fails(box: Sandbox, v1: Any) -> None:
    box.fail(429, message="Because.")
    with pytest.raises(ApiError, match="Because"):
        v1.chat(message="Hello", request_options={"max_retries": 0})
    with pytest.raises(ApiError, match=r"\$\.nonsense"):
        v1.chat(message="Hello", request_options={"additional_body_parameters": {"nonsense": 1}})
