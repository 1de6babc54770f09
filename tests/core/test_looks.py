"""What a notebook and `rich` show of a response."""

from __future__ import annotations

import io
from typing import Any

import pytest

from mirascope import llm
from mirascope.core import openai
from mirascope.core._providers import is_installed
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


@pytest.mark.skipif(not is_installed("rich"), reason="the package `rich` is not installed")
def test_rich(box: Any) -> None:
    from rich.console import Console

    box.reply("# Emma\n\n- one\n- two")
    printed = io.StringIO()
    Console(file=printed, width=30).print(ask())
    assert "Emma" in printed.getvalue()
    assert " • one" in printed.getvalue()
    assert "#" not in printed.getvalue()
