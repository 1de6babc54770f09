"""Pydantic AI: agents that are made once, on chat completions."""

from __future__ import annotations

from typing import Any

from _peers_replies import Summary
from _shapes import Book
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel

MISSING = {"tools": "an agent runs its tools itself: a call that ends with one is a structured one"}

ASK: Any = Agent(OpenAIChatModel("bench-text"))
STREAM: Any = Agent(OpenAIChatModel("bench-stream"))
EXTRACT: Any = Agent(OpenAIChatModel("bench-final_result"), output_type=Book)
SUMMARIZE: Any = Agent(OpenAIChatModel("bench-final_result_stream"), output_type=Summary)


def call(question: str) -> str:
    return ASK.run_sync(question).output


async def call_async(question: str) -> str:
    return (await ASK.run(question)).output


def stream(question: str) -> str:
    return "".join(STREAM.run_stream_sync(question).stream_text(delta=True, debounce_by=None))


def structured(question: str) -> Any:
    return EXTRACT.run_sync(question).output


def structured_stream(question: str) -> list[Any]:
    return list(SUMMARIZE.run_stream_sync(question).stream_output(debounce_by=None))
