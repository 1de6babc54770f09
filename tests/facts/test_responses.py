"""What can be read off a response."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mirascope import llm
from mirascope.core import BaseMessageParam, CostMetadata, ImagePart, ImageURLPart, Messages, openai
from mirascope.core.base import ToolCallPart, Usage
from mirascope.core.costs import calculate_cost
from mirascope.sandbox import Sandbox, ToolCall

from ._world import GPT, FormatBook, completion, recommend

ask = openai.call(GPT)(recommend)
ask_any = llm.call("openai", GPT)(recommend)
PIXEL = bytes.fromhex("89504e470d0a1a0a") + b"0" * 20


@pytest.mark.parametrize("call", [ask, ask_any])
def test_a_reply_without_usage_and_text(box: Sandbox, call: Any) -> None:
    box.native("openai", completion({"content": None}))
    response = call()
    assert response.content == ""
    assert response.usage is None
    assert response.input_tokens is response.output_tokens is response.cached_tokens is None
    assert response.cost is response.common_usage is None


def test_an_agnostic_response_is_in_common_terms(box: Sandbox) -> None:
    box.reply("Hi", finish_reason="length", usage={"input": 9, "output": 2, "cached": 4})
    response = ask_any()
    assert response.usage == Usage(
        input_tokens=9, cached_tokens=4, output_tokens=2, total_tokens=11
    )
    assert response.finish_reasons == ["length"]
    question = BaseMessageParam(role="user", content="Recommend a fantasy book")
    assert response.messages == [question]
    assert response.user_message_param == question
    assert response.message_param == BaseMessageParam(role="assistant", content="Hi")


@pytest.mark.parametrize("call", [ask, ask_any])
def test_a_message_without_anything_has_a_message_param(box: Sandbox, call: Any) -> None:
    box.native("openai", completion({"content": None}))
    assert BaseMessageParam.model_validate(call().message_param).content == ""


def test_text_and_tool_calls_of_one_turn_stay_together(box: Sandbox) -> None:
    function = {"name": "FormatBook", "arguments": '{"title": "Emma"}'}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    box.native("openai", completion({"content": "One moment.", "tool_calls": calls}))
    first = llm.call("openai", GPT, tools=[FormatBook])(recommend)()
    call_part = first.message_param.content[1]
    assert call_part == ToolCallPart(name="FormatBook", args={"title": "Emma"}, id="call_1")

    @llm.call("openai", GPT)
    def go_on() -> Any:
        results = first.tool_message_params([(first.tool, "<Emma>")])
        return [*first.messages, first.message_param, *results]

    go_on()
    _, turn, result = box.requests[1].body["messages"]
    assert turn["content"] == "One moment."
    assert turn["tool_calls"][0]["id"] == "call_1"
    assert result == {"role": "tool", "tool_call_id": "call_1", "content": "<Emma>"}
    assert not box.requests[1].problems


def test_the_user_message_is_the_last_one_if_it_is_the_users(box: Sandbox) -> None:
    @openai.call(GPT)
    def conversation(last_role: str) -> Any:
        return [Messages.User("Hello"), BaseMessageParam(role=last_role, content="Well")]

    assert conversation("user").user_message_param == {"role": "user", "content": "Well"}
    assert conversation("assistant").user_message_param is None


class Camera:
    @openai.call(GPT)
    def describe(self) -> Any:
        return Messages.User([ImagePart(media_type="image/png", image=PIXEL), "What is this?"])

    @llm.call("openai", GPT)
    def describe_any(self) -> Any:
        return Messages.User([ImagePart(media_type="image/png", image=PIXEL), "What is this?"])


@pytest.mark.parametrize("call", [Camera().describe, Camera().describe_any])
def test_every_response_can_be_written_as_json(box: Sandbox, call: Any) -> None:
    box.reply("A dot.")
    dumped = json.loads(call().model_dump_json())
    assert dumped["content"] == "A dot."
    assert "Camera" in dumped["fn_args"]["self"]


def test_reading_a_response_never_fetches_the_prompts_images(box: Sandbox) -> None:
    @openai.call(GPT)
    def describe() -> Any:
        return Messages.User([ImageURLPart(url=f"{box.url}/picture.png"), "What is this?"])

    response = describe()
    before = box.connections
    assert response.cost is not None
    assert response.model_dump()
    assert repr(response)
    assert box.connections == before == 1


def test_cached_tokens_are_charged_once() -> None:
    def cost(cached: int) -> float:
        counts = CostMetadata(input_tokens=1000, cached_tokens=cached, output_tokens=0)
        price = calculate_cost("openai", GPT, counts)
        assert price is not None
        return price

    assert cost(1000) < cost(400) < cost(0)
    assert cost(400) == pytest.approx(0.6 * cost(0) + 0.4 * cost(1000))


@pytest.mark.parametrize(("provider", "model"), [("openai", "no-such-model"), ("nobody", GPT)])
def test_what_has_no_known_price_costs_none(provider: str, model: str) -> None:
    assert calculate_cost(provider, model, CostMetadata(input_tokens=1, output_tokens=1)) is None


def test_a_response_takes_further_attributes(box: Sandbox) -> None:
    response = ask()
    response.note = "kept"  # type: ignore[attr-defined]
    assert response.note == "kept"  # type: ignore[attr-defined]
    assert response.model_dump()["note"] == "kept"


def test_what_is_sent_back_is_what_the_api_takes(box: Sandbox) -> None:
    """Fields that only replies have, and empty ones, do not go back."""
    box.reply(ToolCall("FormatBook", {"title": "Emma"}, id="call_1"))
    response = openai.call(GPT, tools=[FormatBook])(recommend)()
    assert set(response.message_param) == {"role", "content", "tool_calls"}
    box.reply("Hi")
    assert set(ask().message_param) == {"role", "content"}
