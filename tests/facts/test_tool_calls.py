"""Tools that the model calls in a whole reply."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mirascope import BaseTool, llm
from mirascope.core import anthropic, openai
from mirascope.sandbox import Sandbox, ToolCall

from ._world import CLAUDE, GPT, FormatBook, recommend

DECORATORS = {
    "openai": lambda **options: openai.call(GPT, **options),
    "anthropic": lambda **options: anthropic.call(CLAUDE, **options),
    "llm-openai": lambda **options: llm.call("openai", GPT, **options),
    "llm-anthropic": lambda **options: llm.call("anthropic", CLAUDE, **options),
}
with_each = pytest.mark.parametrize("call", DECORATORS.values(), ids=list(DECORATORS))


@with_each
def test_a_called_tool_is_an_instance_of_the_users_class(box: Sandbox, call: Any) -> None:
    box.reply([ToolCall("FormatBook", {"title": title}, id=title) for title in ("Emma", "Dune")])
    response = call(tools=[FormatBook])(recommend)()
    first, second = response.tools
    assert response.tool is first
    for tool, title in ((first, "Emma"), (second, "Dune")):
        assert isinstance(tool, FormatBook)
        assert isinstance(tool, llm.Tool)
        assert isinstance(tool, BaseTool)
        assert tool.call() == f"<{title}>"
        assert tool.args == {"title": title}
        assert tool.id == tool.tool_call.id == title
        assert tool.delta is None
        assert type(tool)._name() == "FormatBook"


@with_each
def test_without_a_tool_call_there_are_no_tools(box: Sandbox, call: Any) -> None:
    box.reply("No need.")
    response = call(tools=[FormatBook])(recommend)()
    assert response.tools is None
    assert response.tool is None


@with_each
def test_a_call_of_an_unknown_tool_gives_no_tool(box: Sandbox, call: Any) -> None:
    box.reply(ToolCall("Other", {}))
    response = call(tools=[FormatBook])(recommend)()
    assert not response.tools
    assert response.tool is None


@with_each
def test_arguments_are_validated_when_the_tool_is_read(box: Sandbox, call: Any) -> None:
    box.reply(ToolCall("FormatBook", {"title": ["not", "a", "text"]}))
    response = call(tools=[FormatBook])(recommend)()
    with pytest.raises(ValidationError, match="title"):
        response.tools
    assert response.finish_reasons
    assert response.message_param


def test_arguments_that_are_no_json_are_an_error_when_the_tool_is_read(box: Sandbox) -> None:
    box.reply(ToolCall("FormatBook", '{"title": "Em'))
    response = openai.call(GPT, tools=[FormatBook])(recommend)()
    with pytest.raises(ValueError, match="EOF"):
        response.tool
    # The model's own words are there to be sent back, with what was wrong about them.
    assert response.message_param["tool_calls"][0]["function"]["arguments"] == '{"title": "Em'


@pytest.mark.parametrize("name", ["openai", "llm-openai"])
def test_a_refusal_is_an_error_when_tools_are_read(box: Sandbox, name: str) -> None:
    box.reply(None, text=None, refusal="I won't.")
    response = DECORATORS[name](tools=[FormatBook])(recommend)()
    with pytest.raises(ValueError, match=r"^I won't\.$"):
        response.tools


class Note(BaseModel):
    text: str


@with_each
def test_what_a_tool_gives_reaches_the_model_as_text(box: Sandbox, call: Any) -> None:
    box.reply(ToolCall("FormatBook", {"title": "Emma"}, id="call_1"))
    response = call(tools=[FormatBook])(recommend)()
    for output, text in [
        ("plain", "plain"),
        (b"\xff", "/w=="),
        (None, "null"),
        ([1, "two"], '[1,"two"]'),
        (Note(text="three"), '{"text":"three"}'),
    ]:
        [message] = response.tool_message_params([(response.tool, output)])
        dumped = message.model_dump() if hasattr(message, "model_dump") else message
        part = dumped["content"] if isinstance(dumped["content"], str) else dumped["content"][0]
        content = part if isinstance(part, str) else part["content"]
        assert content.replace(", ", ",").replace(": ", ":") == text
    with pytest.raises(TypeError):
        response.tool_message_params([(response.tool, object())])


def test_a_tool_that_cannot_run_is_refused_when_decorated() -> None:
    class Unfinished(BaseTool):
        title: str

    with pytest.raises(TypeError, match="`Unfinished` has no `call`"):
        openai.call(GPT, tools=[Unfinished])(recommend)


class Strict(FormatBook):
    tool_config = openai.OpenAIToolConfig(strict=True)


def test_a_strict_tool(box: Sandbox) -> None:
    openai.call(GPT, tools=[Strict])(recommend)()
    function = box.requests[0].body["tools"][0]["function"]
    assert function["strict"] is True
    assert function["parameters"]["additionalProperties"] is False
    with pytest.warns(UserWarning, match="strict"):
        anthropic.call(CLAUDE, tools=[Strict])(recommend)()
    assert "strict" not in box.requests[1].body["tools"][0]


def test_a_function_tool_has_its_defaults_and_descriptions(box: Sandbox) -> None:
    def search(query: str, limit: int = 5) -> str:
        """Searches.

        Args:
            query: What to look for.
            limit: How many results.
        """
        return f"{query} x {limit}"

    box.reply(ToolCall("search", {"query": "cats"}))
    response = llm.call("openai", GPT, tools=[search])(recommend)()
    parameters = box.requests[0].body["tools"][0]["function"]["parameters"]
    assert parameters["required"] == ["query"]
    assert parameters["properties"]["limit"]["default"] == 5
    assert parameters["properties"]["query"]["description"] == "What to look for."
    assert response.tool is not None
    assert response.tool.call() == "cats x 5"


def test_tools_of_the_provider_itself_go_beside_the_callers_own(box: Sandbox) -> None:
    search: Any = {"type": "web_search_20250305", "name": "web_search"}
    params: Any = {"tools": [search]}
    ask = anthropic.call(CLAUDE, tools=[FormatBook], call_params=params)(recommend)
    ask()
    ask()
    for request in box.requests:
        assert [tool["name"] for tool in request.body["tools"]] == ["web_search", "FormatBook"]
        assert not request.problems
    assert params == {"tools": [search]}


async def test_an_async_tool_is_awaited_by_the_user(box: Sandbox) -> None:
    class Fetch(BaseTool):
        url: str

        async def call(self) -> str:
            return f"fetched {self.url}"

    @llm.call("openai", GPT, tools=[Fetch])
    async def ask() -> str:
        return "Fetch"

    box.reply(ToolCall("Fetch", {"url": "here"}))
    response = await ask()
    # The documented way of telling tools apart.
    tool = response.tool
    assert isinstance(tool, Fetch)
    assert await tool.call() == "fetched here"
