"""LangChain: `ChatOpenAI` models, which are kept."""

from __future__ import annotations

from typing import Any

from _shapes import Book
from langchain_openai import ChatOpenAI

MISSING = {"structured_stream": "it streams partial dictionaries, no models"}
ASK: Any = ChatOpenAI(model="bench-text")
STREAM: Any = ChatOpenAI(model="bench-stream")
TOOL: Any = ChatOpenAI(model="bench-tool").bind_tools([Book])
EXTRACT: Any = ChatOpenAI(model="bench-json").with_structured_output(Book)


def call(question: str) -> str:
    return ASK.invoke(question).content


async def call_async(question: str) -> str:
    return (await ASK.ainvoke(question)).content


def stream(question: str) -> str:
    return "".join([chunk.content for chunk in STREAM.stream(question)])


def tools(question: str) -> Any:
    return TOOL.invoke(question).tool_calls[0]["args"]


def structured(question: str) -> Any:
    return EXTRACT.invoke(question)
