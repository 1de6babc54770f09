"""Streams that are printed, and many calls."""

from __future__ import annotations

from typing import assert_type

from pydantic import BaseModel

from mirascope import llm
from mirascope.core import openai
from mirascope.core.base import BaseStructuredStream


class Book(BaseModel):
    title: str


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, stream=True)
def find(wish: str) -> str:
    return wish


@llm.call(provider="openai", model="gpt-4o-mini", stream=True)
def tell(topic: str) -> str:
    return topic


@openai.call("gpt-4o-mini", stream=True)
async def tell_async(topic: str) -> str:
    return topic


@llm.call(provider="openai", model="gpt-4o-mini")
async def ask(text: str) -> str:
    return text


def check_printing() -> None:
    assert_type(llm.print_stream(tell("a fox")), llm.Stream)
    book = llm.print_stream(find("a fox"))
    assert_type(book, BaseStructuredStream[Book])
    llm.print_stream("a fox")  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


async def check_async_printing() -> None:
    stream = await llm.print_async_stream(await tell_async("a fox"))
    assert_type(stream, openai.OpenAIStream)
    # Without `await`, a coroutine is no stream.
    await llm.print_async_stream(tell_async("a"))  # type: ignore[type-var, unused-coroutine]  # pyright: ignore[reportArgumentType]


async def check_gathering() -> None:
    calls = (ask(text) for text in "ab")
    assert_type(await llm.gather(calls, at_once=2, progress=True), list[llm.CallResponse])
    outcomes = await llm.gather([ask("a")], return_exceptions=True)
    assert_type(outcomes, list[llm.CallResponse | Exception])
    await llm.gather(ask("a"))  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
