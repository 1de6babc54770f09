"""What `openai.call` makes of a function, for every combination of its options."""

from __future__ import annotations

from typing import assert_type

from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel

from mirascope.core import Messages, openai
from mirascope.core.base import BaseStructuredStream
from mirascope.core.openai import (
    OpenAICallResponse,
    OpenAICallResponseChunk,
    OpenAIStream,
    OpenAITool,
)

MODEL = "gpt-4o-mini"


class Book(BaseModel):
    title: str


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


def first_word(response: OpenAICallResponse) -> str:
    return response.content.split()[0]


@openai.call(MODEL)
def text(genre: str, limit: int = 1) -> str:
    return f"{limit} {genre}"


@openai.call(model=MODEL, call_params={"max_tokens": 100})
async def text_async(genre: str) -> str:
    return genre


@openai.call(MODEL, stream=True)
def stream(genre: str) -> str:
    return genre


@openai.call(MODEL, stream=True)
async def stream_async(genre: str) -> str:
    return genre


@openai.call(MODEL, tools=[find_author])
def tools(genre: str) -> str:
    return genre


@openai.call(MODEL, tools=[find_author])
async def tools_async(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=Book)
def book(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=list[str])
async def titles_async(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=int, json_mode=True)
def count(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=Book, tools=[find_author])
def book_or_tool(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=Book, tools=[find_author])
async def book_or_tool_async(genre: str) -> str:
    return genre


@openai.call(MODEL, output_parser=first_word)
def parsed(genre: str) -> str:
    return genre


@openai.call(MODEL, output_parser=first_word)
async def parsed_async(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=Book, stream=True)
def book_stream(genre: str) -> str:
    return genre


@openai.call(MODEL, response_model=Book, stream=True)
async def book_stream_async(genre: str) -> str:
    return genre


def check_sync() -> None:
    assert_type(text("fantasy", limit=2), OpenAICallResponse)
    assert_type(text("fantasy").content, str)
    assert_type(tools("fantasy"), OpenAICallResponse)
    assert_type(tools("fantasy").tool, OpenAITool | None)
    assert_type(book("fantasy"), Book)
    assert_type(count("fantasy"), int)
    assert_type(book_or_tool("fantasy"), Book | OpenAICallResponse)
    assert_type(parsed("fantasy"), str)
    text()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    book(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def check_sync_streams() -> None:
    assert_type(stream("fantasy"), OpenAIStream)
    for chunk, tool in stream("fantasy"):
        assert_type(chunk, OpenAICallResponseChunk)
        assert_type(tool, OpenAITool | None)
    assert_type(book_stream("fantasy"), BaseStructuredStream[Book])
    for partial in book_stream("fantasy"):
        assert_type(partial, Book)


async def check_async() -> None:
    assert_type(await text_async("fantasy"), OpenAICallResponse)
    assert_type(await tools_async("fantasy"), OpenAICallResponse)
    assert_type(await titles_async("fantasy"), list[str])
    assert_type(await book_or_tool_async("fantasy"), Book | OpenAICallResponse)
    assert_type(await parsed_async("fantasy"), str)
    await text_async()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_async_streams() -> None:
    assert_type(await stream_async("fantasy"), OpenAIStream)
    async for chunk, tool in await stream_async("fantasy"):
        assert_type(chunk, OpenAICallResponseChunk)
        assert_type(tool, OpenAITool | None)
    assert_type(await book_stream_async("fantasy"), BaseStructuredStream[Book])
    async for partial in await book_stream_async("fantasy"):
        assert_type(partial, Book)


@openai.call(MODEL, client=OpenAI())
def with_client(genre: str) -> str:
    return genre


@openai.call(MODEL)
async def with_dynamic_client(genre: str) -> openai.AsyncOpenAIDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": AsyncOpenAI()}


@openai.call(MODEL)
def with_native_messages(genre: str) -> openai.OpenAIDynamicConfig:
    return {"messages": [{"role": "user", "content": genre}]}


async def check_configured() -> None:
    assert_type(with_client("fantasy"), OpenAICallResponse)
    assert_type(await with_dynamic_client("fantasy"), OpenAICallResponse)
    assert_type(with_native_messages("fantasy"), OpenAICallResponse)


openai.call()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
openai.call(MODEL, temperature=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
