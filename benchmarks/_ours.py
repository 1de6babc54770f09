"""The same work through the library, for any provider, with its default client."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from _shapes import Book, question


class Ours:
    """`front` is `llm` for `llm.call(provider, …)` or `provider` for `<provider>.call(…)`."""

    def __init__(self, provider: str, front: str, model_prefix: str = "") -> None:
        call = _decorator(provider, front)
        _point_at_server(provider)

        @call(f"{model_prefix}bench-text")
        def text(genre: str) -> str:
            return question(genre)

        @call(f"{model_prefix}bench-text")
        async def text_async(genre: str) -> str:
            return question(genre)

        @call(f"{model_prefix}bench-stream", stream=True)
        def stream(genre: str) -> str:
            return question(genre)

        @call(f"{model_prefix}bench-stream", stream=True)
        async def stream_async(genre: str) -> str:
            return question(genre)

        @call(f"{model_prefix}bench-tool", tools=[_book_tool()])
        def tool(genre: str) -> str:
            return question(genre)

        @call(f"{model_prefix}bench-structured", response_model=Book)
        def structured(genre: str) -> str:
            return question(genre)

        self._text = text
        self._text_async = text_async
        self._stream = stream
        self._stream_async = stream_async
        self._tool = tool
        self._structured = structured

    def text(self, genre: str) -> str:
        return self._text(genre).content

    def stream(self, genre: str) -> str:
        return "".join([chunk.content for chunk, _ in self._stream(genre)])

    def tool(self, genre: str) -> Any:
        return self._tool(genre).tool

    def structured(self, genre: str) -> Book:
        return self._structured(genre)

    async def text_async(self, genre: str) -> str:
        return (await self._text_async(genre)).content

    async def stream_async(self, genre: str) -> str:
        return "".join([chunk.content async for chunk, _ in await self._stream_async(genre)])


def _decorator(provider: str, front: str) -> Callable[..., Any]:
    if front == "provider":
        return import_module(f"mirascope.core.{provider}").call
    from mirascope import llm

    return partial(llm.call, provider)


def _point_at_server(provider: str) -> None:
    """Where no variable says the address to the default client, as the sandbox does it."""
    if provider == "mistral":
        from mirascope.core.base._clients import Endpoint, redirect

        address, key = os.environ["BENCHMARK_MISTRAL_URL"], os.environ["MISTRAL_API_KEY"]
        redirect({provider: Endpoint(address, key)})


def _book_tool() -> Any:
    from mirascope import BaseTool

    class BookTool(BaseTool):
        """A book with its author."""

        __custom_name__ = "Book"

        title: str
        author: str

        def call(self) -> str:
            return f"{self.title} by {self.author}"

    return BookTool
