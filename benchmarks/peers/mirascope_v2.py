"""Mirascope v2: `llm.call` on chat completions, with the clients that it keeps itself."""

from __future__ import annotations

import json
from typing import Any

from _peers_replies import Summary
from _shapes import Book

from mirascope import llm

MISSING: dict[str, str] = {}


@llm.tool
def book(title: str, author: str) -> str:
    """A book with its author."""
    return f"{title} by {author}"


@llm.call("openai/bench-text:completions")
def ask(question: str) -> str:
    return question


@llm.call("openai/bench-text:completions")
async def ask_async(question: str) -> str:
    return question


@llm.call("openai/bench-stream:completions")
def ask_stream(question: str) -> str:
    return question


@llm.call("openai/bench-tool:completions", tools=[book])
def ask_tool(question: str) -> str:
    return question


@llm.call("openai/bench-json:completions", format=Book)
def extract(question: str) -> str:
    return question


@llm.call("openai/bench-json_stream:completions", format=Summary)
def summarize(question: str) -> str:
    return question


def call(question: str) -> str:
    return ask(question).text()


async def call_async(question: str) -> str:
    return (await ask_async(question)).text()


def stream(question: str) -> str:
    # It ends each part of a text with a line break.
    return "".join(list(ask_stream.stream(question).text_stream())).removesuffix("\n")


def tools(question: str) -> Any:
    return json.loads(ask_tool(question).tool_calls[0].args)


def structured(question: str) -> Any:
    return extract(question).parse()


def structured_stream(question: str) -> list[Any]:
    return list(summarize.stream(question).structured_stream())
