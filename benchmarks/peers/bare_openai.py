"""The OpenAI SDK by itself, with one client that is kept."""

from __future__ import annotations

from typing import Any

from _openai import BareOpenAI
from _peers_replies import Summary
from openai import AsyncOpenAI, OpenAI
from pydantic import BaseModel
from pydantic_core import from_json

BARE = BareOpenAI()
CLIENT = OpenAI()
ASYNC_CLIENT = AsyncOpenAI()
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "Summary",
        "description": "A summary of a book.",
        "parameters": Summary.model_json_schema(),
    },
}
MISSING: dict[str, str] = {}


class PartialSummary(BaseModel):
    title: str | None = None
    points: list[str] | None = None


def call(question: str) -> str:
    return BARE.text(CLIENT, question)


async def call_async(question: str) -> str:
    return await BARE.text_async(ASYNC_CLIENT, question)


def stream(question: str) -> str:
    return BARE.stream(CLIENT, question)


def tools(question: str) -> BaseModel:
    return BARE.tool(CLIENT, question)


def structured(question: str) -> BaseModel:
    return BARE.structured(CLIENT, question)


def structured_stream(question: str) -> list[Any]:
    partials: list[Any] = []
    arguments = ""
    chunks = CLIENT.chat.completions.create(
        model="bench-structured_stream",
        messages=[{"role": "user", "content": question}],
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "Summary"}},
        stream=True,
    )
    for chunk in chunks:
        if chunk.choices and (calls := chunk.choices[0].delta.tool_calls):
            function = calls[0].function
            if function and function.arguments:
                arguments += function.arguments
                data = from_json(arguments, allow_partial="trailing-strings")
                partials.append(PartialSummary.model_validate(data))
    return partials
