"""The bare Anthropic SDK, and what the server answers for it."""

from __future__ import annotations

import json
from typing import Any

from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, question
from _transports import has_aiohttp_client

TOOL: Any = {
    "name": "Book",
    "description": "A book with its author.",
    "input_schema": Book.model_json_schema(),
}
FORCED: Any = {"type": "tool", "name": "Book"}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "bench",
    "stop_sequence": None,
    "usage": {"input_tokens": 12, "output_tokens": 20},
}


def _event(name: str, **body: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **body})}\n\n"


def _delta(text: str) -> str:
    return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


class BareAnthropic:
    name = "anthropic"
    distribution = "anthropic"
    model_prefix = ""

    @property
    def has_transports(self) -> bool:
        return has_aiohttp_client("anthropic")

    def replies(self) -> dict[str, bytes]:
        text = [{"type": "text", "text": TEXT}]
        use = [{"type": "tool_use", "id": "toolu_1", "name": "Book", "input": BOOK}]
        tool = json_reply({**MESSAGE, "content": use, "stop_reason": "tool_use"})
        start = {**MESSAGE, "content": [], "stop_reason": None}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        events = [
            _event("message_start", message=start),
            _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            *[_delta(word) for word in WORDS[5:]],
            _event("content_block_stop", index=0),
            _event("message_delta", delta=end, usage={"output_tokens": 20}),
            _event("message_stop"),
        ]
        return {
            "text": json_reply({**MESSAGE, "content": text, "stop_reason": "end_turn"}),
            "stream": event_reply(events),
            "tool": tool,
            "structured": tool,
        }

    def environment(self, address: str) -> dict[str, str]:
        return {"ANTHROPIC_BASE_URL": f"{address}/anthropic", "ANTHROPIC_API_KEY": "benchmark"}

    def client(self) -> Any:
        from anthropic import Anthropic

        return Anthropic()

    async def async_client(self, *, aiohttp: bool) -> Any:
        from anthropic import AsyncAnthropic, DefaultAioHttpClient

        return AsyncAnthropic(http_client=DefaultAioHttpClient()) if aiohttp else AsyncAnthropic()

    async def close(self, client: Any) -> None:
        await client.close()

    def text(self, client: Any, genre: str) -> str:
        message = client.messages.create(
            model="bench-text",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
        )
        return message.content[0].text

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        events = client.messages.create(
            model="bench-stream",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
        )
        for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                parts.append(event.delta.text)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        message = client.messages.create(
            model="bench-tool",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        return Book.model_validate(message.content[0].input)

    def structured(self, client: Any, genre: str) -> Book:
        message = client.messages.create(
            model="bench-structured",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        return Book.model_validate(message.content[0].input)

    async def text_async(self, client: Any, genre: str) -> str:
        message = await client.messages.create(
            model="bench-text",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
        )
        return message.content[0].text

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        events = await client.messages.create(
            model="bench-stream",
            max_tokens=1024,
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
        )
        async for event in events:
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                parts.append(event.delta.text)
        return "".join(parts)
