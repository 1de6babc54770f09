"""The bare OpenAI SDK, and what the server answers for it."""

from __future__ import annotations

import json
from typing import Any

from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, question

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "Book",
        "description": "A book with its author.",
        "parameters": Book.model_json_schema(),
    },
}
FORCED: Any = {"type": "function", "function": {"name": "Book"}}
USAGE = {"prompt_tokens": 12, "completion_tokens": 20, "total_tokens": 32}


def _completion(message: dict[str, Any], finish_reason: str) -> bytes:
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


def _chunk(choices: list[Any], **more: Any) -> str:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bench",
        "choices": choices,
        **more,
    }
    return f"data: {json.dumps(body)}\n\n"


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


class BareOpenAI:
    name = "openai"

    def replies(self) -> dict[str, bytes]:
        call = {"name": "Book", "arguments": json.dumps(BOOK)}
        tool_call = {"id": "call_1", "type": "function", "function": call}
        tool = _completion({"content": None, "tool_calls": [tool_call]}, "tool_calls")
        events = [
            _chunk([_choice({"role": "assistant", "content": ""})]),
            *[_chunk([_choice({"content": word})]) for word in WORDS[2:]],
            _chunk([_choice({}, "stop")]),
            _chunk([], usage=USAGE),
            "data: [DONE]\n\n",
        ]
        return {
            "text": _completion({"content": TEXT}, "stop"),
            "stream": event_reply(events),
            "tool": tool,
            "structured": tool,
        }

    def environment(self, address: str) -> dict[str, str]:
        return {"OPENAI_BASE_URL": f"{address}/openai/v1", "OPENAI_API_KEY": "benchmark"}

    def client(self) -> Any:
        from openai import OpenAI

        return OpenAI()

    def async_client(self, *, aiohttp: bool) -> Any:
        from openai import AsyncOpenAI, DefaultAioHttpClient

        return AsyncOpenAI(http_client=DefaultAioHttpClient()) if aiohttp else AsyncOpenAI()

    def text(self, client: Any, genre: str) -> str:
        completion = client.chat.completions.create(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return completion.choices[0].message.content

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = client.chat.completions.create(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in chunks:
            if chunk.choices and (content := chunk.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        completion = client.chat.completions.create(
            model="bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        call = completion.choices[0].message.tool_calls[0]
        return Book.model_validate(json.loads(call.function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        completion = client.chat.completions.create(
            model="bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        call = completion.choices[0].message.tool_calls[0]
        return Book.model_validate_json(call.function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        completion = await client.chat.completions.create(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return completion.choices[0].message.content

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = await client.chat.completions.create(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in chunks:
            if chunk.choices and (content := chunk.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)
