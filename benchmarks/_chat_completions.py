"""OpenAI's protocol, which several providers speak, and the SDKs that are made by one generator."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, Shelf, pieces, question, shelf_json, stream_shapes

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "Book",
        "description": "A book with its author.",
        "parameters": Book.model_json_schema(),
    },
}
FORCED: Any = {"type": "function", "function": {"name": "Book"}}
STREAM_LENGTHS = (250, 1000, 2000, 4000, 8000)
"""Of streams of text, in events."""
USAGE = {"prompt_tokens": 12, "completion_tokens": 20, "total_tokens": 32}


def completion(message: dict[str, Any], finish_reason: str) -> bytes:
    return json_reply(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "refusal": None, **message},
                    "logprobs": None,
                    "finish_reason": finish_reason,
                }
            ],
            "usage": USAGE,
        }
    )


def chunk(choices: list[Any], **more: Any) -> str:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": choices,
        **more,
    }
    return f"data: {json.dumps(body)}\n\n"


def choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def stream(deltas: Iterable[dict[str, Any]], finish_reason: str) -> bytes:
    """A stream of these deltas, between the event that starts it and those that end it."""
    events = [
        chunk([choice({"role": "assistant", "content": ""})]),
        *[chunk([choice(delta)]) for delta in deltas],
        chunk([choice({}, finish_reason)]),
        chunk([], usage=USAGE),
        "data: [DONE]\n\n",
    ]
    return event_reply(events)


def replies() -> dict[str, bytes]:
    """The replies of a provider that speaks this protocol, by shape."""
    tool_call = _tool_call(function={"name": "Book", "arguments": json.dumps(BOOK)})
    tool = completion({"content": None, "tool_calls": [tool_call]}, "tool_calls")
    return {
        "text": completion({"content": TEXT}, "stop"),
        "stream": stream([{"content": word} for word in WORDS[2:]], "stop"),
        "tool": tool,
        "structured": tool,
    }


def structured_streams() -> dict[str, bytes]:
    """Streams of a call of the tool `Shelf`, by shape: one for each length."""
    named = _tool_call(index=0, function={"name": Shelf.__name__, "arguments": ""})
    return {
        shape: stream(
            [
                {"tool_calls": [named]},
                *[
                    {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
                    for piece in pieces(shelf_json(length), length)
                ],
            ],
            "tool_calls",
        )
        for length, shape in stream_shapes().items()
    }


def text_streams() -> dict[str, bytes]:
    """Streams of text, by shape: one for each length."""
    return {
        f"stream_{length}": stream([{"content": "word "}] * length, "stop")
        for length in STREAM_LENGTHS
    }


def _tool_call(**fields: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", **fields}


class BareChatCompletions:
    """The calls of an SDK whose client has `chat.completions.create`."""

    streams_with: ClassVar[dict[str, Any]] = {"stream_options": {"include_usage": True}}

    def replies(self) -> dict[str, bytes]:
        return replies()

    def text(self, client: Any, genre: str) -> str:
        reply = client.chat.completions.create(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = client.chat.completions.create(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            **self.streams_with,
        )
        for each in chunks:
            if each.choices and (content := each.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.chat.completions.create(
            model="bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate(json.loads(call.function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.chat.completions.create(
            model="bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate_json(call.function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.chat.completions.create(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = await client.chat.completions.create(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            **self.streams_with,
        )
        async for each in chunks:
            if each.choices and (content := each.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)

    async def close(self, client: Any) -> None:
        await client.close()
