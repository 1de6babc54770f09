"""What the sandbox refuses, and what it says about it."""

from __future__ import annotations

import sys
from typing import Any

import anthropic
import openai
import pytest

from mirascope.sandbox import Sandbox

USER = {"role": "user", "content": "Hello"}
PNG = "data:image/png;base64,AAAA"
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL_USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "r", "is_error": True}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
OPEN_SCHEMA = {"type": "object", "properties": {"a": {"type": "integer", "default": 1}}}

SOUND_OPENAI: list[dict[str, Any]] = [
    {"messages": [{"role": "system", "content": "s"}, {"role": "developer", "content": "d"}, USER]},
    {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "x"},
                    {"type": "image_url", "image_url": {"url": PNG, "detail": "auto"}},
                    {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                    {"type": "file", "file": {"file_data": "", "filename": "a.pdf"}},
                ],
            }
        ]
    },
    {
        "messages": [
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c", "content": "r"},
        ]
    },
    {"temperature": 0, "top_p": 0.5, "seed": 1, "stop": ["a"], "logit_bias": {"5": 1}, "n": 1},
    {"tools": [{"type": "function", "function": {"name": "f"}}], "tool_choice": "required"},
    {"response_format": {"type": "json_object"}, "metadata": {"a": "b"}, "user": "u"},
]

BROKEN_OPENAI: list[tuple[dict[str, Any], str]] = [
    ({"foo": 1}, r"\$\.foo: unknown key"),
    ({"messages": [{"role": "usr", "content": "x"}]}, r"\$\.messages\[0\]\.role: 'usr' is none of"),
    ({"messages": [{"role": "user"}]}, r"messages\[0\]: .* lacks `content`"),
    ({"messages": [{"role": "user", "content": 5}]}, r"messages\[0\]\.content: expected a"),
    (
        {"messages": [{"role": "user", "content": [{"type": "image", "url": "x"}]}]},
        r"content\[0\]\.type: 'image' is none of 'text', 'image_url'",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
        r"content\[0\]\.image_url: expected an object",
    ),
    ({"messages": [{"role": "tool", "content": "x"}]}, "lacks `tool_call_id`"),
    ({"temperature": "hot"}, r"\$\.temperature: expected a number, not 'hot'"),
    ({"temperature": True}, r"\$\.temperature: expected a number, not True"),
    ({"seed": 1.5}, r"\$\.seed: expected an integer"),
    ({"tools": {"name": "f"}}, r"\$\.tools: expected an array"),
    ({"tools": [{"type": "function"}]}, r"tools\[0\]: .* lacks `function`"),
    ({"tool_choice": "sometimes"}, r"\$\.tool_choice: 'sometimes' is none of"),
    ({"response_format": {"type": "json_schema"}}, r"response_format: .* lacks `json_schema`"),
    ({"logit_bias": {"5": "x"}}, r"\$\.logit_bias\.5: expected an integer"),
    ({"stream_options": {"include_usages": True}}, r"stream_options\.include_usages: unknown key"),
    (
        {"messages": [{"role": "tool", "tool_call_id": "c", "content": "r"}]},
        r"messages\[0\]\.tool_call_id: no assistant tool call",
    ),
    (
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}, USER]},
        r"messages\[1\]: tool calls \['c'\] have no `tool` message",
    ),
    (
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "strict": True, "parameters": OPEN_SCHEMA},
                }
            ]
        },
        r"(?s)additionalProperties: false.*require every property.*`default`",
    ),
    (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "strict": True, "schema": OPEN_SCHEMA},
            }
        },
        r"response_format\.json_schema\.schema: a strict schema",
    ),
]

SOUND_ANTHROPIC: list[dict[str, Any]] = [
    {"system": "s", "messages": [{"role": "user", "content": [IMAGE]}]},
    {"temperature": 0.5, "top_p": 1, "top_k": 5},
    {"tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": {"type": "any"}},
    {
        "messages": [
            USER,
            {"role": "assistant", "content": [TOOL_USE]},
            {"role": "user", "content": [RESULT]},
        ]
    },
    {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000},
    {"stop_sequences": ["a"], "metadata": {"user_id": "u"}, "service_tier": "auto"},
]

BROKEN_ANTHROPIC: list[tuple[dict[str, Any], str]] = [
    ({"foo": 1}, r"\$\.foo: unknown key"),
    ({"temperature": "hot"}, r"\$\.temperature: expected a number"),
    ({"top_k": 0.5}, r"\$\.top_k: expected an integer"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "lacks `text`"),
    (
        {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
        r"content\[0\]\.type: 'input_audio' is none of",
    ),
    ({"tools": [{"name": "f"}]}, r"tools\[0\]"),
    ({"tool_choice": {"type": "required"}}, r"tool_choice\.type: 'required' is none of"),
    (
        {"messages": [USER, {"role": "user", "content": [RESULT]}]},
        r"messages\[1\]: `tool_result` 't' has no `tool_use` just before it",
    ),
    (
        {"messages": [USER, {"role": "assistant", "content": [TOOL_USE]}, USER]},
        r"messages\[2\]: `tool_use` 't' has no `tool_result` here",
    ),
    ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, r"must be less than `max_tokens`"),
]


def send_openai(client: Any, extra: dict[str, Any]) -> Any:
    """The body goes in `extra_body`, past the checks that a type checker would make."""
    return client.chat.completions.create(model="m", messages=[USER], extra_body=extra)


def send_anthropic(client: Any, extra: dict[str, Any]) -> Any:
    return client.messages.create(model="m", max_tokens=9, messages=[USER], extra_body=extra)


@pytest.mark.parametrize("extra", SOUND_OPENAI)
def test_sound_openai(openai_client: Any, extra: dict[str, Any]) -> None:
    assert send_openai(openai_client, extra).choices


@pytest.mark.parametrize(("extra", "problem"), BROKEN_OPENAI)
def test_broken_openai(
    box: Sandbox, openai_client: Any, extra: dict[str, Any], problem: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=problem) as caught:
        send_openai(openai_client, extra)
    assert caught.value.type == "invalid_request_error"
    assert all(line in str(caught.value) for line in box.requests[0].problems)


@pytest.mark.parametrize("extra", SOUND_ANTHROPIC)
def test_sound_anthropic(anthropic_client: Any, extra: dict[str, Any]) -> None:
    assert send_anthropic(anthropic_client, extra).content


@pytest.mark.parametrize(("extra", "problem"), BROKEN_ANTHROPIC)
def test_broken_anthropic(
    box: Sandbox, anthropic_client: Any, extra: dict[str, Any], problem: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=problem):
        send_anthropic(anthropic_client, extra)
    assert box.requests[0].problems


def test_streaming_requests_are_checked_too(openai_client: Any, anthropic_client: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="unknown key"):
        send_openai(openai_client, {"stream": True, "foo": 1})
    with pytest.raises(anthropic.BadRequestError, match="unknown key"):
        send_anthropic(anthropic_client, {"stream": True, "foo": 1})


def test_a_refused_request_leaves_the_script_alone(box: Sandbox, openai_client: Any) -> None:
    box.reply("scripted")
    with pytest.raises(openai.BadRequestError):
        send_openai(openai_client, {"foo": 1})
    assert send_openai(openai_client, {}).choices[0].message.content == "scripted"


def test_lenient(box: Sandbox, openai_client: Any) -> None:
    box.strict = False
    assert send_openai(openai_client, {"foo": 1}).choices
    assert box.requests[0].problems == ["$.foo: unknown key for CompletionCreateParamsNonStreaming"]


def test_own_messages_may_be_sent_back(openai_client: Any, anthropic_client: Any) -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    create = openai_client.chat.completions.create
    call = create(model="m", messages=[USER], tools=[tool]).choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "r"}
    assert create(model="m", messages=[USER, call, result], tools=[tool]).choices

    options: dict[str, Any] = {"model": "m", "max_tokens": 2000}
    options["tools"] = [{"name": "f", "input_schema": {"type": "object"}}]
    options["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    said = anthropic_client.messages.create(**options, messages=[USER])
    answer = {**RESULT, "tool_use_id": said.content[1].id}
    history = [
        USER,
        {"role": "assistant", "content": said.content},
        {"role": "user", "content": [answer]},
    ]
    assert anthropic_client.messages.create(**options, messages=history).content


def test_without_the_sdk_the_apis_own_rules_remain(
    box: Sandbox, anthropic_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anthropic.types", None)
    assert send_anthropic(anthropic_client, {"foo": 1}).content
    with pytest.raises(anthropic.BadRequestError, match="has no `tool_use`"):
        send_anthropic(anthropic_client, {"messages": [{"role": "user", "content": [RESULT]}]})
