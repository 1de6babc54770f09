"""The bare Cohere SDK, by version 2 of the chat API."""

from __future__ import annotations

import json
from typing import Any

from _chat_completions import TOOL
from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, question

USAGE = {
    "billed_units": {"input_tokens": 12, "output_tokens": 20},
    "tokens": {"input_tokens": 492, "output_tokens": 22},
}


def _reply(message: dict[str, Any], finish_reason: str) -> bytes:
    body = {
        "id": "00000000-0000-4000-8000-000000000001",
        "message": {"role": "assistant", **message},
        "finish_reason": finish_reason,
        "usage": USAGE,
    }
    return json_reply(body)


def _event(name: str, **body: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **body})}\n\n"


def _content(text: str) -> dict[str, Any]:
    return {"message": {"content": {"text": text}}}


class BareCohere:
    name = "cohere"
    distribution = "cohere"
    model_prefix = ""
    has_transports = False

    def replies(self) -> dict[str, bytes]:
        function = {"name": "Book", "arguments": json.dumps(BOOK)}
        call = {"id": "Book_1", "type": "function", "function": function}
        tool = _reply({"tool_calls": [call]}, "TOOL_CALL")
        blank = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}
        empty = {"message": {"content": {"type": "text", "text": ""}}}
        events = [
            _event(
                "message-start", id="00000000-0000-4000-8000-000000000001", delta={"message": blank}
            ),
            _event("content-start", index=0, delta=empty),
            *[_event("content-delta", index=0, delta=_content(word)) for word in WORDS[4:]],
            _event("content-end", index=0),
            _event("message-end", delta={"finish_reason": "COMPLETE", "usage": USAGE}),
        ]
        return {
            "text": _reply({"content": [{"type": "text", "text": TEXT}]}, "COMPLETE"),
            "stream": event_reply(events),
            "tool": tool,
            "structured": tool,
        }

    def environment(self, address: str) -> dict[str, str]:
        return {"CO_API_URL": f"{address}/cohere", "CO_API_KEY": "benchmark"}

    def client(self) -> Any:
        from cohere import ClientV2

        return ClientV2()

    async def async_client(self, *, aiohttp: bool) -> Any:
        from cohere import AsyncClientV2

        return await AsyncClientV2().__aenter__()

    async def close(self, client: Any) -> None:
        await client.__aexit__(None, None, None)

    def text(self, client: Any, genre: str) -> str:
        reply = client.chat(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.message.content[0].text

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        events = client.chat_stream(
            model="bench-stream", messages=[{"role": "user", "content": question(genre)}]
        )
        for event in events:
            if event.type == "content-delta":
                parts.append(event.delta.message.content.text)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.chat(
            model="bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        return Book.model_validate(json.loads(reply.message.tool_calls[0].function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.chat(
            model="bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice="REQUIRED",
        )
        return Book.model_validate_json(reply.message.tool_calls[0].function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.chat(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.message.content[0].text

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        events = client.chat_stream(
            model="bench-stream", messages=[{"role": "user", "content": question(genre)}]
        )
        async for event in events:
            if event.type == "content-delta":
                parts.append(event.delta.message.content.text)
        return "".join(parts)
