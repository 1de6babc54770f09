"""What only Anthropic has: thinking, cached prompts, documents, a version for sampling."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from mirascope import (
    BaseTool,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    Messages,
    TextPart,
)
from mirascope.core.anthropic import AnthropicToolConfig
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

from .cases import Way
from .conftest import WAYS

THINKING: dict[str, Any] = {
    "max_tokens": 2048,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}
ANTHROPIC = [way for way in WAYS if str(way.id).startswith("anthropic")]


class Book(BaseModel):
    title: str


class Find(BaseTool):
    """Find a book."""

    tool_config: ClassVar[Any] = AnthropicToolConfig(cache_control={"type": "ephemeral"})

    title: str

    def call(self) -> str:
        return self.title.upper()


@pytest.fixture(params=ANTHROPIC)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    return Way(*request.param, box)


async def test_thinking(way: Way) -> None:
    way.box.reply("Dune", thinking="It is about sand.", times=2)
    response = await way.ask("Hi", call_params=THINKING)
    assert (response.content, response.thinking) == ("Dune", "It is about sand.")
    assert response.signature
    stream = await way.ask("Hi", call_params=THINKING, stream=True)
    chunks = [chunk for chunk, _ in await way.items(stream)]
    assert "".join(chunk.thinking for chunk in chunks) == stream.thinking == response.thinking
    assert "".join(chunk.signature for chunk in chunks) == stream.signature == response.signature
    assert stream.content == "Dune"
    assert stream.message_param == response.message_param
    plain = await way.ask("Hi")
    assert (plain.thinking, plain.signature) == (None, None)


async def test_thinking_goes_back_with_a_tool(way: Way) -> None:
    call = ToolCall("Find", {"title": "dune"}, id="call_1")
    way.box.reply(Reply(thinking="Which shelf?", tool_calls=[call]))
    first = await way.ask("Hi", call_params=THINKING, tools=[Find])
    history = [first.user_message_param, first.message_param]
    history += first.tool_message_params([(first.tool, first.tool.call())])
    await way.ask(lambda: history, call_params=THINKING, tools=[Find])
    thought, call_block = way.body["messages"][1]["content"]
    assert (thought["type"], thought["thinking"]) == ("thinking", "Which shelf?")
    assert thought["signature"] == first.signature
    assert (call_block["type"], call_block["id"]) == ("tool_use", "call_1")


async def test_a_thinking_model_is_not_forced_to_call_a_tool(way: Way) -> None:
    way.box.reply('{"title": "Dune"}', thinking="Which one?")
    book = await way.ask("Hi", response_model=Book, call_params=THINKING)
    assert book == Book(title="Dune")
    assert "tool_choice" not in way.body
    assert "tools" not in way.body
    assert "JSON" in way.wire.turns(way.body)[0][1]


async def test_what_is_cached(way: Way) -> None:
    system = Messages.System(
        [
            TextPart(type="text", text="Long."),
            CacheControlPart(type="cache_control", cache_type="ephemeral"),
        ]
    )
    template = "SYSTEM: Long. {:cache_control}\nUSER: Hi"
    await way.ask(lambda: [system, Messages.User("Hi")], tools=[Find])
    by_messages = way.body
    await way.ask(lambda: None, template=template, tools=[Find])
    cached = {"type": "ephemeral"}
    assert by_messages["system"] == [{"type": "text", "text": "Long.", "cache_control": cached}]
    assert by_messages["tools"][0]["cache_control"] == cached
    assert way.body["system"][-1]["cache_control"] == cached


async def test_documents(way: Way) -> None:
    parts = [
        "What is in it?",
        DocumentPart(type="document", media_type="application/pdf", document=b"%PDF"),
        DocumentURLPart(type="document_url", url="https://a.b/c.pdf"),
    ]
    response = await way.ask(lambda: Messages.User(parts))
    assert [block["source"] for block in way.body["messages"][0]["content"][1:]] == [
        {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
        {"type": "url", "url": "https://a.b/c.pdf"},
    ]
    assert response.content
    assert len(response.common_messages[0].content) == 3


async def test_results_and_what_the_user_says_are_one_turn(way: Way) -> None:
    way.box.reply([ToolCall("Find", {"title": "a"}), ToolCall("Find", {"title": "b"})])
    first = await way.ask("Hi", tools=[Find])
    history = [first.user_message_param, first.message_param]
    history += first.tool_message_params([(tool, tool.call()) for tool in first.tools])
    await way.ask(lambda: [*history, Messages.User("And?")], tools=[Find])
    roles = [message["role"] for message in way.body["messages"]]
    assert roles == ["user", "assistant", "user"]
    kinds = [block["type"] for block in way.body["messages"][2]["content"]]
    assert kinds == ["tool_result", "tool_result", "text"]


async def test_sampling_asks_for_the_version_that_has_it(way: Way) -> None:
    await way.ask("Hi")
    by_default = way.box.requests[0].headers["anthropic-version"]
    await way.ask("Hi", call_params={"temperature": 0.2, "extra_body": {"top_k": 3}})
    assert (way.body["temperature"], way.body["top_k"]) == (0.2, 3)
    assert way.box.requests[1].headers["anthropic-version"] == "2023-06-01"
    chosen = {"extra_headers": {"anthropic-version": by_default}}
    await way.ask("Hi", call_params={"top_p": 0.9, **chosen})
    assert way.box.requests[2].headers["anthropic-version"] == by_default
    await way.ask("Hi", call_params={"max_tokens": 7})
    assert way.box.requests[3].headers["anthropic-version"] == by_default


async def test_the_first_token_counts_of_a_stream_are_not_its_last(way: Way) -> None:
    way.box.reply("One two three", usage=Usage(input=10, output=20))
    stream = await way.ask("Hi", stream=True)
    counts = [chunk.output_tokens for chunk, _ in await way.items(stream)]
    assert [count for count in counts if count is not None] == [1, 20]
    assert (stream.input_tokens, stream.output_tokens) == (10, 20)
