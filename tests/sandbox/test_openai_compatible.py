"""Groq, xAI and local servers as the sandbox plays them, seen through the bare SDKs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from groq import APIError, BadRequestError, Groq, RateLimitError

from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "find",
            "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
        },
    }
]


@pytest.fixture
def groq_client(box: Sandbox) -> Iterator[Groq]:
    with Groq(api_key="k", base_url=box.base_url("groq"), max_retries=0) as client:
        yield client


@pytest.fixture
def xai_client(box: Sandbox) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="k", base_url=box.base_url("xai"), max_retries=0) as client:
        yield client


def raw_events(box: Sandbox, path: str, **body: Any) -> list[dict[str, Any]]:
    """The JSON of a stream's events, as they go over the wire."""
    request = {"model": "m", "messages": HELLO, "stream": True, **body}
    reply = httpx.post(box.url + path, json=request)
    assert reply.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = reply.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


GROQ = "/openai/v1/chat/completions"
XAI = "/xai/v1/chat/completions"

# Groq


def test_groq_answers(box: Sandbox, groq_client: Groq) -> None:
    box.reply("Hi there.", thinking="Hm.", usage=Usage(input=9, output=4, cached=3, reasoning=2))
    reply = groq_client.chat.completions.create(model="m", messages=HELLO)
    message = reply.choices[0].message
    assert (message.content, message.reasoning) == ("Hi there.", "Hm.")
    assert "refusal" not in message.model_dump(exclude_unset=True)
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 4)
    assert reply.usage.prompt_tokens_details.cached_tokens == 3
    assert reply.usage.completion_tokens_details.reasoning_tokens == 2
    assert reply.usage.total_time
    assert reply.x_groq.id == "req_sandbox00000001"
    assert box.requests[0].path == GROQ


def test_groq_says_its_token_counts_with_the_last_choice(box: Sandbox) -> None:
    box.reply("Hi there.")
    first, *_, last = raw_events(box, GROQ)
    assert first["x_groq"].keys() == {"id", "seed"}
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["x_groq"]["usage"] == last["usage"]


def test_groq_refuses_in_words(box: Sandbox, groq_client: Groq) -> None:
    box.reply(Reply(refusal="I would rather not."), times=2)
    reply = groq_client.chat.completions.create(model="m", messages=HELLO)
    assert reply.choices[0].message.content == "I would rather not."
    events = raw_events(box, GROQ)
    text = "".join(event["choices"][0]["delta"].get("content") or "" for event in events)
    assert text == "I would rather not."


def test_groq_thinks_when_it_is_told_to(box: Sandbox, groq_client: Groq) -> None:
    create = groq_client.chat.completions.create
    assert create(model="m", messages=HELLO).choices[0].message.reasoning is None
    reply = create(model="m", messages=HELLO, reasoning_effort="high")
    assert reply.choices[0].message.reasoning
    none = create(model="m", messages=HELLO, reasoning_effort="none")
    assert none.choices[0].message.reasoning is None


def test_groqs_errors(box: Sandbox, groq_client: Groq) -> None:
    create = groq_client.chat.completions.create
    box.fail(429, retry_after=3)
    with pytest.raises(RateLimitError) as caught:
        create(model="m", messages=HELLO)
    assert caught.value.response.headers["retry-after"] == "3"
    assert caught.value.body["error"].keys() == {"message", "type", "code"}  # type: ignore[index]
    box.error_event(2, status=400, message="Tool choice is required")
    with pytest.raises(APIError, match="Tool choice is required") as broken:
        list(create(model="m", messages=HELLO, stream=True))
    assert broken.value.body["status_code"] == 400  # type: ignore[index]


WRONG_FOR_GROQ = [
    ({"stream_options": {"include_usage": True}}, "$.stream_options: unknown key"),
    ({"messages": [{"role": "owner", "content": "x"}]}, "'owner' is none of"),
    ({"reasoning_format": "loud"}, "$.reasoning_format: 'loud' is none of"),
    ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]}, "no assistant tool"),
]


@pytest.mark.parametrize(("extra", "problem"), WRONG_FOR_GROQ)
def test_what_groq_would_refuse(
    box: Sandbox, groq_client: Groq, extra: dict[str, Any], problem: str
) -> None:
    body = {"messages": HELLO, **extra}
    with pytest.raises(BadRequestError):
        groq_client.chat.completions.create(
            model="m", messages=body.pop("messages"), extra_body=body
        )
    assert problem in box.requests[0].problems[0]


def test_groq_takes_its_reasoning_back(box: Sandbox, groq_client: Groq) -> None:
    function = {"name": "find", "arguments": "{}"}
    call = {"id": "c", "type": "function", "function": function}
    said = {"role": "assistant", "content": None, "reasoning": "Hm.", "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "c", "content": "shelf 3"}
    history: list[Any] = [*HELLO, said, result]
    reply = groq_client.chat.completions.create(model="m", messages=history, tools=TOOLS)
    assert "shelf 3" in str(reply.choices[0].message.content)


# xAI


def test_xai_counts_reasoning_beside_the_output(box: Sandbox, xai_client: openai.OpenAI) -> None:
    box.reply("4", thinking="Two and two.", usage=Usage(input=9, output=60, reasoning=50), times=2)
    reply = xai_client.chat.completions.create(model="m", messages=HELLO)
    assert reply.choices[0].message.reasoning_content == "Two and two."  # type: ignore[attr-defined]
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 10
    assert reply.usage.total_tokens == 69
    last = raw_events(box, XAI, stream_options={"include_usage": True})[-1]
    assert last["choices"] == []
    assert last["usage"]["completion_tokens"] == 10


@pytest.mark.parametrize("path", [GROQ, XAI])
def test_a_tool_call_comes_in_one_piece(box: Sandbox, path: str) -> None:
    box.reply([ToolCall("find", {"title": "Dune"}), ToolCall("find", {"title": "Ubik"}, id="mine")])
    deltas = [event["choices"][0]["delta"] for event in raw_events(box, path, tools=TOOLS)]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 1]
    titles = [json.loads(call["function"]["arguments"])["title"] for call in calls]
    assert titles == ["Dune", "Ubik"]
    assert calls[1]["id"] == "mine"


def test_xais_errors(box: Sandbox, xai_client: openai.OpenAI) -> None:
    box.fail(429, message="Too fast.")
    with pytest.raises(openai.RateLimitError) as caught:
        xai_client.chat.completions.create(model="m", messages=HELLO)
    assert caught.value.response.json() == {
        "code": "Some resource has been exhausted",
        "error": "Too fast.",
    }


# All of them


@pytest.mark.parametrize("name", ["groq", "xai", "ollama", "vllm", "litellm"])
def test_each_has_an_address_of_its_own(box: Sandbox, name: str) -> None:
    base = box.base_url(name) + ("/openai/v1" if name == "groq" else "")
    reply = httpx.post(f"{base}/chat/completions", json={"model": "m", "messages": HELLO})
    assert reply.json()["choices"][0]["message"]["content"] == "Sandbox reply to: Hello"
    assert box.requests[0].provider == name
    environment = box.environment()
    if name != "litellm":
        assert environment[f"{name.upper()}_BASE_URL"] == box.base_url(name)
        assert environment[f"{name.upper()}_API_KEY"]
