"""The loop of functions that `llm.call` made: what it takes over from them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import BaseDynamicConfig, Messages, llm, prompt_template
from mirascope.sandbox import Sandbox, ToolCall

from .faces import Face


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


def burn(title: str) -> str:
    """Burn a book."""
    return "ashes"


class Answer(BaseModel):
    shelf: int


def called(box: Sandbox) -> None:
    box.reply(ToolCall("find", {"title": "A"}, id="call_1"))
    box.reply("Shelf 3.")


async def test_its_prompt_is_made_once(face: Face, box: Sandbox) -> None:
    made: list[str] = []

    @llm.call("openai", "gpt-4o-mini", tools=[find], call_params={"temperature": 0.1})
    @face.function
    def ask(question: str, limit: int = 1) -> Any:
        made.append(question)
        return [Messages.System("Be brief."), Messages.User(f"{question} {limit}")]

    called(box)
    chain = ask.chain("Where?", limit=2)
    assert (made, box.requests) == ([], [])
    assert await face.get(chain.text()) == "Shelf 3."
    assert made == ["Where?"]
    assert [request.body["temperature"] for request in box.requests] == [0.1, 0.1]
    assert [message.role for message in await face.get(chain.messages())] == [
        *("system", "user", "assistant", "tool", "assistant"),
    ]
    response = await face.get(chain.call_response())
    assert (response.content, response.fn_args) == ("Shelf 3.", {"question": "Where?", "limit": 2})


async def test_tools_of_the_dynamic_config(face: Face, box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o-mini", tools=[burn])
    @prompt_template("Where is {title}?")
    @face.function
    def ask(title: str) -> BaseDynamicConfig:
        return {"tools": [find], "call_params": {"temperature": 0.2}}

    called(box)
    assert await face.get(ask.chain("A").text()) == "Shelf 3."
    assert [tool["function"]["name"] for tool in box.requests[-1].body["tools"]] == ["find"]
    assert box.requests[-1].body["temperature"] == 0.2


async def test_override_and_context(face: Face, box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o-mini", tools=[find])
    @face.function
    def ask(question: str) -> Any:
        return question

    for _ in range(3):
        called(box)
    other = llm.override(ask, provider="anthropic", model="claude-haiku-4-5")
    await face.get(other.chain("Where?").text())  # type: ignore[attr-defined]
    with llm.context(provider="anthropic", model="claude-test"):
        chain = ask.chain("Where?")
    await face.get(chain.text())
    await face.get(llm.chain(ask)("Where?").text())
    assert [request.body["model"] for request in box.requests[::2]] == [
        "claude-haiku-4-5",
        "claude-test",
        "gpt-4o-mini",
    ]


async def test_tools_see_the_context_of_the_call(face: Face, box: Sandbox) -> None:
    seen: list[str] = []

    def look() -> str:
        """Look."""
        seen.append(llm.get_model().model_id)
        return ""

    @llm.call("openai", "gpt-4o-mini", tools=[look])
    @face.function
    def ask() -> Any:
        return "Look"

    with llm.context(provider="anthropic", model="claude-test"):
        chain = ask.chain()
    await face.get(chain.text())
    assert seen == ["anthropic/claude-test"]
    assert llm.get_model().model_id == "openai/gpt-4o-mini"


async def test_streamed_functions_and_parsers(face: Face, box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o-mini", tools=[find], stream=True)
    @face.function
    def ask(question: str) -> Any:
        return question

    @llm.call(
        "openai",
        "gpt-4o-mini",
        tools=[find],
        response_model=Answer,
        output_parser=lambda answer: answer.shelf,
    )
    @face.function
    def parse(question: str) -> Any:
        return question

    called(box)
    assert await face.items(ask.chain("Where?")) == ["Shelf ", "3."]
    box.reply(ToolCall("find", {"title": "A"}))
    box.reply('{"shelf": 3}')
    assert await face.get(parse.chain("Where?").parsed()) == 3


async def test_methods(face: Face, box: Sandbox) -> None:
    class Library:
        city = "Oslo"

        @llm.call("openai", "gpt-4o-mini", tools=[find])
        @face.function
        def ask(self, question: str) -> Any:
            return f"{question} In {self.city}?"

    called(box)
    chain = llm.chain(Library().ask)("Where?")
    assert await face.get(chain.text()) == "Shelf 3."
    assert box.requests[0].body["messages"][0]["content"] == "Where? In Oslo?"


async def test_history_that_ends_with_calls(face: Face, box: Sandbox) -> None:
    """A function may be given what a chain left behind when it paused."""

    @llm.call("openai", "gpt-4o-mini", tools=[find])
    @face.function
    def ask(history: list[Any]) -> Any:
        return history

    called(box)

    def wait(*_: Any) -> None:
        raise llm.PauseChain

    with pytest.raises(llm.PauseChain) as caught:
        await face.get(llm.chain(ask, before_call=wait)([Messages.User("Where?")]).text())
    assert await face.get(ask.chain(list(caught.value.messages)).text()) == "Shelf 3."
    assert len(box.requests) == 2
