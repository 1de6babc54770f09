"""What model objects, conversations and chains give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

from pydantic import BaseModel

from mirascope import llm


class Book(BaseModel):
    title: str


def find(title: str) -> str:
    """Find a book."""
    return title


def check_models() -> None:
    model = llm.get_model("gpt-4o-mini")
    response = model.prompt("Hi", system="Be brief.", tools=[find], options={"temperature": 0.5})
    assert_type(response, llm.Response)
    assert_type(response.text(), str)
    assert_type(response.tool_calls(), list[llm.ToolCall])
    for text in response:
        assert_type(text, str)
    assert_type(response.reply("And?"), llm.Response)
    conversation = model.conversation(tools=[find], chain_limit=3)
    assert_type(conversation, llm.Conversation)
    assert_type(conversation.responses, list[llm.Response])
    assert_type(conversation.prompt("Hi"), llm.Response)
    for turn in conversation.chain("Hi").responses():
        assert_type(turn, llm.Response)
    model.prompt("Hi", sytem="")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_async_models() -> None:
    model = llm.get_async_model()
    assert_type(await model.prompt("Hi"), llm.AsyncResponse)
    assert_type(await model.prompt("Hi").text(), str)
    async for text in model.chain("Hi", tools=[find], after_call=print):
        assert_type(text, str)
    conversation = model.conversation()
    for response in conversation.responses:
        assert_type((await response.usage()).input, int | None)
    async for turn in conversation.chain("Hi").responses():
        assert_type(turn, llm.AsyncResponse)


@llm.call("openai", "gpt-4o-mini", tools=[find])
def ask(question: str, limit: int = 1) -> str:
    return question


@llm.call("openai", "gpt-4o-mini", tools=[find], stream=True)
def ask_streaming(question: str) -> str:
    return question


@llm.call("openai", "gpt-4o-mini", tools=[find], response_model=Book)
def extract(question: str) -> str:
    return question


@llm.call("openai", "gpt-4o-mini", tools=[find])
async def ask_async(question: str) -> str:
    return question


@llm.call("openai", "gpt-4o-mini", tools=[find], response_model=Book)
async def extract_async(question: str) -> str:
    return question


def check_chains(approve: Callable[[Any, llm.ToolCall], None]) -> None:
    assert_type(llm.chain(ask)("Hi", limit=2), llm.ChainResponse[llm.CallResponse])
    assert_type(llm.chain(ask_streaming)("Hi"), llm.ChainResponse[llm.CallResponse])
    assert_type(llm.chain(extract, before_call=approve)("Hi").parsed(), Book)
    llm.chain(ask)()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    override = llm.override(ask, provider="anthropic", model="claude-haiku-4-5")
    assert_type(llm.chain(override)("Hi"), llm.ChainResponse[llm.CallResponse])


async def check_async_chains() -> None:
    # To mypy these are Any: what it is given, a coroutine function, has Any in its type.
    chained = llm.chain(ask_async)("Hi")  # type: ignore[no-untyped-call]
    assert_type(chained, llm.AsyncChainResponse[llm.CallResponse])  # type: ignore[assert-type]
    book = await llm.chain(extract_async)("Hi").parsed()  # type: ignore[no-untyped-call]
    assert_type(book, Book)  # type: ignore[assert-type]
