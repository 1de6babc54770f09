"""What a notebook and `rich` show of replies, tools and errors."""

from __future__ import annotations

import io
import re
from itertools import accumulate
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from mirascope import BaseTool, llm
from mirascope.core import openai
from mirascope.core._providers import is_installed
from mirascope.retries import FallbackError, fallback
from mirascope.sandbox import ToolCall


def find_book(title: str) -> str:
    """Find a book."""
    return title


@llm.call(provider="openai", model="gpt-4o-mini", tools=[find_book])
def ask() -> str:
    return "A book"


def test_text_is_markdown(box: Any) -> None:
    box.reply("# Emma\n\n*A novel*")
    assert ask()._repr_markdown_() == "# Emma\n\n*A novel*"


def test_tools_are_shown_with_their_arguments(box: Any) -> None:
    box.reply(ToolCall("find_book", {"title": "Emma"}))
    expected = '**find_book**\n\n```json\n{\n  "title": "Emma"\n}\n```'
    assert ask()._repr_markdown_() == expected


def test_response_of_a_provider(box: Any) -> None:
    @openai.call("gpt-4o-mini")
    def greet() -> str:
        return "Hello"

    assert greet()._repr_markdown_() == "Sandbox reply to: Hello"


EMMA = '**find_book**\n\n```json\n{\n  "title": "Émma"\n}\n```'


def test_stream_is_what_has_arrived(box: Any) -> None:
    @llm.call(provider="openai", model="gpt-4o-mini", stream=True)
    def tell() -> str:
        return "A story"

    box.reply("one *two* three")
    stream = tell()
    assert stream._repr_markdown_() == ""
    shown = [(chunk.content, stream._repr_markdown_()) for chunk, _ in stream]
    assert [text for _, text in shown] == list(accumulate(text for text, _ in shown))
    assert shown[-1][1] == "one *two* three"


async def test_async_stream_is_what_has_arrived(box: Any) -> None:
    @openai.call("gpt-4o-mini", stream=True)
    async def tell() -> str:
        return "A story"

    box.reply("one *two* three")
    stream = await tell()
    assert stream._repr_markdown_() == ""
    shown = [(chunk.content, stream._repr_markdown_()) async for chunk, _ in stream]
    assert [text for _, text in shown] == list(accumulate(text for text, _ in shown))
    assert shown[-1][1] == "one *two* three"


@pytest.mark.parametrize("partial_tools", [False, True])
def test_tool_call_of_a_stream_that_was_cut(box: Any, partial_tools: bool) -> None:
    @llm.call("openai", "gpt-4o-mini", tools=[find_book], stream={"partial_tools": partial_tools})
    def tell() -> str:
        return "A book"

    box.cut(after_events=3, reply=ToolCall("find_book", {"title": "A long title " * 20}))
    stream = tell()
    with pytest.raises(Exception, match="onnection"):
        list(stream)
    shown = stream._repr_markdown_()
    assert shown.startswith('**find_book**\n\n```json\n{"title"')
    assert not shown.endswith("}\n```")


def test_structured_stream_is_what_has_arrived(box: Any) -> None:
    class Book(BaseModel):
        title: str

    @llm.call("openai", "gpt-4o-mini", response_model=Book, stream=True)
    def extract() -> str:
        return "A book"

    box.reply({"title": "Émma"})
    stream = extract()
    assert [book.title for book in stream][-1] == "Émma"
    assert stream._repr_markdown_() == EMMA.replace("find_book", "Book")


def test_tool(box: Any) -> None:
    box.reply(ToolCall("find_book", {"title": "Émma"}))
    tool = ask().tool
    assert tool is not None
    assert tool._repr_markdown_() == EMMA


def test_arguments_without_json() -> None:
    class Send(BaseTool):
        """Send something."""

        key: SecretStr
        data: bytes
        args: Any

        def call(self) -> str:
            return ""

    shown = Send(key=SecretStr("hidden"), data=b"\xff", args=llm.Tool)._repr_markdown_()
    assert '"data": "_w=="' in shown
    assert "hidden" not in shown
    assert "class" in shown


def test_error_of_all_models_has_a_row_for_each(box: Any) -> None:
    parameters = {"max_retries": 0}
    box.fail(429, provider="openai")
    box.fail(529, provider="anthropic")

    @fallback(
        "transient",
        [
            {
                "catch": "transient",
                "provider": "anthropic",
                "model": "claude-sonnet-4-6",
                "call_params": parameters,
            }
        ],
    )
    @llm.call("openai", "gpt-4o-mini", call_params=parameters)
    def greet() -> str:
        return "Hello"

    with pytest.raises(FallbackError) as caught:
        greet()
    title, rest = caught.value._repr_markdown_().split("\n\n")
    rows = rest.splitlines()
    assert title == "**FallbackError:** All fallbacks failed:"
    assert rows[:2] == ["| provider | model | seconds | error |", "| --- | --- | --: | --- |"]
    assert re.match(r"\| openai \| gpt-4o-mini \| \d+\.\d \| RateLimitError: ", rows[2])
    assert re.match(r"\| anthropic \| claude-sonnet-4-6 \| \d+\.\d \| OverloadedError: ", rows[3])
    assert len(rows) == 4


def test_error_without_attempts_is_its_text() -> None:
    assert FallbackError("None")._repr_markdown_() == "**FallbackError:** None"


@pytest.mark.skipif(not is_installed("rich"), reason="the package `rich` is not installed")
def test_rich(box: Any) -> None:
    from rich.console import Console

    box.reply("# Emma\n\n- one\n- two")
    printed = io.StringIO()
    Console(file=printed, width=30).print(ask())
    assert "Emma" in printed.getvalue()
    assert " • one" in printed.getvalue()
    assert "#" not in printed.getvalue()


@pytest.mark.skipif(not is_installed("rich"), reason="the package `rich` is not installed")
def test_rich_shows_streams_tools_and_errors(box: Any) -> None:
    from rich.console import Console

    from mirascope.core.base._attempts import Attempt

    @llm.call("openai", "gpt-4o-mini", tools=[find_book], stream=True)
    def tell() -> str:
        return "A book"

    box.reply(ToolCall("find_book", {"title": "Emma"}))
    stream = tell()
    (tool,) = [tool for _, tool in stream if tool]
    failed = Attempt(ValueError("a | b\nc"), "groq", "some-model", 1.25)
    for shown, expected in [
        (stream, ["find_book", '"title": "Emma"']),
        (tool, ["find_book", '"title": "Emma"']),
        (FallbackError("All failed", [failed]), ["FallbackError: All failed", "a | b c", "groq"]),
    ]:
        printed = io.StringIO()
        Console(file=printed, width=100).print(shown)
        assert all(text in printed.getvalue() for text in expected), printed.getvalue()
        assert "**" not in printed.getvalue()
