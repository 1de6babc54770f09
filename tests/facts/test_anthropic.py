"""What is particular to Anthropic."""

from __future__ import annotations

import base64
from typing import Any

from mirascope import llm
from mirascope.core import BaseMessageParam, DocumentPart, Messages, anthropic
from mirascope.sandbox import Sandbox, ToolCall

from ._world import CLAUDE, FormatBook, recommend

PDF = b"%PDF-1.4 minimal"


def test_system_messages_go_where_anthropic_takes_them(box: Sandbox) -> None:
    @anthropic.call(CLAUDE)
    def ask() -> Any:
        return [Messages.System("Be brief."), Messages.User("Hi"), Messages.System("And kind.")]

    response = ask()
    body = box.requests[0].body
    assert body["system"] == "Be brief.\n\nAnd kind."
    assert body["messages"] == response.messages == [{"role": "user", "content": "Hi"}]


def test_max_tokens_has_a_default_whatever_else_is_given(box: Sandbox) -> None:
    anthropic.call(CLAUDE)(recommend)()
    anthropic.call(CLAUDE, call_params={"temperature": 0.5})(recommend)()
    anthropic.call(CLAUDE, call_params={"metadata": {"user_id": "u"}})(recommend)()
    anthropic.call(CLAUDE, call_params={"max_tokens": 5})(recommend)()
    assert [r.body["max_tokens"] for r in box.requests] == [1024, 1024, 1024, 5]


def test_stop_is_a_list_of_sequences(box: Sandbox) -> None:
    anthropic.call(CLAUDE, call_params={"stop": "X"})(recommend)()
    assert box.requests[0].body["stop_sequences"] == ["X"]


def test_a_document_through_the_agnostic_call(box: Sandbox) -> None:
    @llm.call("anthropic", CLAUDE)
    def read() -> Any:
        document = DocumentPart(media_type="application/pdf", document=PDF)
        return Messages.User([document, "Summarise this."])

    box.reply("It is minimal.")
    response = read()
    assert response.content == "It is minimal."
    assert response.user_message_param == response.messages[0]
    source = box.requests[0].body["messages"][0]["content"][0]["source"]
    assert base64.b64decode(source["data"]) == PDF


def test_a_native_document_is_common_in_the_response(box: Sandbox) -> None:
    source = {
        "type": "base64",
        "media_type": "application/pdf",
        "data": base64.b64encode(PDF).decode(),
    }

    @llm.call("anthropic", CLAUDE)
    def read() -> Any:
        return [{"role": "user", "content": [{"type": "document", "source": source}]}]

    [part] = read().messages[0].content
    assert part == DocumentPart(media_type="application/pdf", document=PDF)


def test_the_results_of_one_turn_go_back_in_one_message(box: Sandbox) -> None:
    box.reply([ToolCall("FormatBook", {"title": title}, id=title) for title in ("Emma", "Dune")])
    first = llm.call("anthropic", CLAUDE, tools=[FormatBook])(recommend)()

    @llm.call("anthropic", CLAUDE, tools=[FormatBook])
    def go_on() -> Any:
        results = first.tool_message_params([(tool, tool.call()) for tool in first.tools or ()])
        return [*first.messages, first.message_param, *results]

    go_on()
    results = box.requests[1].body["messages"][-1]
    assert results["role"] == "user"
    assert [block["tool_use_id"] for block in results["content"]] == ["Emma", "Dune"]


def test_thinking_is_shown_and_goes_back_with_its_signature(box: Sandbox) -> None:
    params: Any = {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    box.reply("A book.", thinking="Let me see.")
    first = llm.call("anthropic", CLAUDE, call_params=params)(recommend)()
    assert first.thinking == "Let me see."
    assert first.signature
    assert first.content == "A book."

    @llm.call("anthropic", CLAUDE, call_params=params)
    def go_on() -> Any:
        return [*first.messages, first.message_param, Messages.User("Another?")]

    go_on()
    thought = box.requests[1].body["messages"][1]["content"][0]
    assert thought == {
        "type": "thinking",
        "thinking": "Let me see.",
        "signature": first.signature,
    }


def test_reasoning_stays_with_the_provider_it_is_of(box: Sandbox) -> None:
    params: Any = {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    box.reply("A book.", thinking="Let me see.")
    first = llm.call("anthropic", CLAUDE, call_params=params)(recommend)()

    @llm.call("openai", "gpt-4o-mini")
    def go_on() -> Any:
        return [*first.messages, first.message_param, Messages.User("Another?")]

    go_on()
    assert "Let me see." not in str(box.requests[1].body)
    turn = box.requests[1].body["messages"][1]
    assert BaseMessageParam.model_validate(turn).content
    assert not box.requests[1].problems
