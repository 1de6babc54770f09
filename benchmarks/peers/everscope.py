"""Everscope, with its default client."""

from __future__ import annotations

from typing import Any

from _ours import Ours
from _peers_replies import Summary

from mirascope import llm

OURS = Ours("openai", "llm")
MISSING: dict[str, str] = {}

call = OURS.text
call_async = OURS.text_async
stream = OURS.stream
tools = OURS.tool
structured = OURS.structured


@llm.call("openai", "bench-structured_stream", response_model=Summary, stream=True)
def summarize(question: str) -> str:
    return question


def structured_stream(question: str) -> list[Any]:
    return list(summarize(question))
