"""What the tests here talk about: a book, a tool that formats one, and two models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from mirascope.core import BaseTool

GPT = "gpt-4o-mini"
CLAUDE = "claude-sonnet-4-6"


class Book(BaseModel):
    """A book."""

    title: str
    author: str


class FormatBook(BaseTool):
    """Formats a book."""

    title: str

    def call(self) -> str:
        return f"<{self.title}>"


BOOK = Book(title="The Name of the Wind", author="Patrick Rothfuss")


def recommend(genre: str = "fantasy") -> str:
    """Recommends."""
    return f"Recommend a {genre} book"


async def recommend_async(genre: str = "fantasy") -> str:
    return f"Recommend a {genre} book"


def chunks_of(
    *deltas: dict[str, Any], finish: str | None = "stop", usage: bool = True
) -> list[str]:
    """A stream of Chat Completions whose chunks carry `deltas`, as it goes over the wire."""
    import json

    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": GPT}
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if finish:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    events: list[dict[str, Any]] = [{**head, "choices": [choice]} for choice in choices]
    if usage:
        counts = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
        events.append({**head, "choices": [], "usage": counts})
    return [f"data: {json.dumps(event)}\n\n" for event in events] + ["data: [DONE]\n\n"]


def call_delta(arguments: str, name: str | None = None, index: int = 0) -> dict[str, Any]:
    """The delta of a fragment of a tool call; the first fragment has the name."""
    function: dict[str, Any] = {"arguments": arguments} | ({"name": name} if name else {})
    head = {"id": f"call_{index}", "type": "function"} if name else {}
    return {"tool_calls": [{"index": index, **head, "function": function}]}


def completion(message: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A whole reply of Chat Completions with `message`."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    reply = {"id": "c1", "object": "chat.completion", "created": 1, "model": GPT}
    return {**reply, "choices": [choice], **changes}
