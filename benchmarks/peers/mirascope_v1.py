"""Mirascope v1, with clients of its user's, which are kept."""

from __future__ import annotations

from typing import Any

from _peers_replies import Summary
from _shapes import Book
from openai import AsyncOpenAI, OpenAI

from mirascope import BaseTool, llm

CLIENT: Any = OpenAI()
ASYNC_CLIENT: Any = AsyncOpenAI()
MISSING: dict[str, str] = {}


class BookTool(BaseTool):
    """A book with its author."""

    title: str
    author: str

    @classmethod
    def _name(cls) -> str:
        return "Book"

    def call(self) -> str:
        return self.title


def functions(client: Any, async_client: Any) -> dict[str, Any]:
    """The function of each shape; without clients, with those that the library makes."""
    options = {"client": client} if client else {}
    async_options = {"client": async_client} if async_client else {}

    @llm.call("openai", "bench-text", **options)
    def ask(question: str) -> str:
        return question

    @llm.call("openai", "bench-text", **async_options)
    async def ask_async(question: str) -> str:
        return question

    @llm.call("openai", "bench-stream", stream=True, **options)
    def ask_stream(question: str) -> str:
        return question

    @llm.call("openai", "bench-tool", tools=[BookTool], **options)
    def ask_tool(question: str) -> str:
        return question

    @llm.call("openai", "bench-structured", response_model=Book, **options)
    def extract(question: str) -> str:
        return question

    @llm.call("openai", "bench-structured_stream", response_model=Summary, stream=True, **options)
    def summarize(question: str) -> str:
        return question

    async def call_async(question: str) -> str:
        return (await ask_async(question)).content

    return {
        "call": lambda question: ask(question).content,
        "call_async": call_async,
        "stream": lambda question: "".join([c.content for c, _ in ask_stream(question)]),
        "tools": lambda question: ask_tool(question).tool,
        "structured": extract,
        "structured_stream": lambda question: list(summarize(question)),
    }


globals().update(functions(CLIENT, ASYNC_CLIENT))
