"""What `llm.call` makes of a function, for every combination of its options."""

from __future__ import annotations

from typing import assert_type

from pydantic import BaseModel

from mirascope import BaseTool, llm
from mirascope.core.base import BaseStructuredStream


class Book(BaseModel):
    title: str
    author: str


class FindBook(BaseTool):
    title: str

    async def call(self) -> str:
        return self.title


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


def first_word(response: llm.CallResponse) -> str:
    return response.content.split()[0]


def title_length(book: Book) -> int:
    return len(book.title)


@llm.call(provider="openai", model="gpt-4o-mini")
def text(genre: str, limit: int = 1) -> str:
    return f"{limit} {genre}"


@llm.call("openai", "gpt-4o-mini")
async def text_async(genre: str) -> str:
    return genre


def check_text() -> None:
    assert_type(text("fantasy"), llm.CallResponse)
    assert_type(text("fantasy", limit=2).content, str)
    text()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    text(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    text("fantasy", size=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_text_async() -> None:
    assert_type(await text_async("fantasy"), llm.CallResponse)
    await text_async()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@llm.call(provider="openai", model="gpt-4o-mini", stream=True)
def stream(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", stream=True)
async def stream_async(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", stream={"partial_tools": True}, tools=[FindBook])
def stream_partial_tools(genre: str) -> str:
    return genre


def check_stream() -> None:
    assert_type(stream("fantasy"), llm.Stream)
    assert_type(stream_partial_tools("fantasy"), llm.Stream)
    for chunk, _ in stream("fantasy"):
        assert_type(chunk, llm.CallResponseChunk)
        assert_type(chunk.content, str)
    stream()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_stream_async() -> None:
    assert_type(await stream_async("fantasy"), llm.Stream)
    async for chunk, _ in await stream_async("fantasy"):
        assert_type(chunk, llm.CallResponseChunk)


@llm.call(provider="openai", model="gpt-4o-mini", tools=[FindBook, find_author])
def tools(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", tools=[FindBook])
async def tools_async(genre: str) -> str:
    return genre


def check_tools() -> None:
    assert_type(tools("fantasy"), llm.CallResponse)
    if isinstance(tool := tools("fantasy").tool, FindBook):
        assert_type(tool.title, str)


async def check_tools_async() -> None:
    response = await tools_async("fantasy")
    assert_type(response, llm.CallResponse)
    if (tool := response.tool) and isinstance(tool, FindBook):
        assert_type(await tool.call(), str)


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
def book(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, json_mode=True)
async def book_async(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=list[str])
def titles(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=int)
async def count_async(genre: str) -> str:
    return genre


def check_response_model() -> None:
    assert_type(book("fantasy"), Book)
    assert_type(titles("fantasy"), list[str])
    book("fantasy").isbn  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def check_response_model_async() -> None:
    assert_type(await book_async("fantasy"), Book)
    assert_type(await count_async("fantasy"), int)


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, tools=[FindBook])
def book_or_tool(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, tools=[FindBook])
async def book_or_tool_async(genre: str) -> str:
    return genre


def check_response_model_with_tools() -> None:
    result = book_or_tool("fantasy")
    assert_type(result, Book | llm.CallResponse)
    if isinstance(result, llm.CallResponse):
        assert_type(result.content, str)
    else:
        assert_type(result.title, str)


async def check_response_model_with_tools_async() -> None:
    assert_type(await book_or_tool_async("fantasy"), Book | llm.CallResponse)


@llm.call(provider="openai", model="gpt-4o-mini", output_parser=first_word)
def parsed(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", output_parser=first_word)
async def parsed_async(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, output_parser=title_length)
def parsed_model(genre: str) -> str:
    return genre


def check_output_parser() -> None:
    assert_type(parsed("fantasy"), str)
    assert_type(parsed_model("fantasy"), int)


async def check_output_parser_async() -> None:
    assert_type(await parsed_async("fantasy"), str)


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, stream=True)
def book_stream(genre: str) -> str:
    return genre


@llm.call(provider="openai", model="gpt-4o-mini", response_model=list[str], stream=True)
async def titles_stream_async(genre: str) -> str:
    return genre


def check_structured_stream() -> None:
    assert_type(book_stream("fantasy"), BaseStructuredStream[Book])
    for partial in book_stream("fantasy"):
        assert_type(partial, Book)


async def check_structured_stream_async() -> None:
    structured = await titles_stream_async("fantasy")
    assert_type(structured, BaseStructuredStream[list[str]])
    async for partial in structured:
        assert_type(partial, list[str])


llm.call(provider="openai")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
llm.call(provider="openai", model="m", temperature=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
