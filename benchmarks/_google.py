"""The bare Google Gen AI SDK."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, question

USAGE = {"promptTokenCount": 12, "candidatesTokenCount": 20, "totalTokenCount": 32}


def _body(part: dict[str, Any], finish_reason: str | None = "STOP") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [part]}, "index": 0}
    if finish_reason:
        candidate["finishReason"] = finish_reason
    return {
        "candidates": [candidate],
        "usageMetadata": USAGE,
        "modelVersion": "bench",
        "responseId": "reply-1",
    }


def _event(part: dict[str, Any], finish_reason: str | None = None) -> str:
    return f"data: {json.dumps(_body(part, finish_reason))}\r\n\r\n"


@cache
def _config(*, forced: bool) -> Any:
    """What a call with a tool is configured with, made once."""
    from google.genai import types

    function = types.FunctionDeclaration(
        name="Book",
        description="A book with its author.",
        parameters_json_schema=Book.model_json_schema(),
    )
    mode = types.FunctionCallingConfigMode.ANY
    choice = types.FunctionCallingConfig(mode=mode, allowed_function_names=["Book"])
    return types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=[function])],
        tool_config=types.ToolConfig(function_calling_config=choice) if forced else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


class BareGoogle:
    name = "google"
    distribution = "google-genai"
    model_prefix = ""
    has_transports = False
    """Its async client is on aiohttp where that is installed, as ours is."""

    def replies(self) -> dict[str, bytes]:
        tool = json_reply(_body({"functionCall": {"name": "Book", "args": BOOK}}))
        events = [*[_event({"text": word}) for word in WORDS[:-1]], _event({"text": "end"}, "STOP")]
        return {
            "text": json_reply(_body({"text": TEXT})),
            "stream": event_reply(events),
            "tool": tool,
            "structured": tool,
        }

    def environment(self, address: str) -> dict[str, str]:
        return {"GOOGLE_GEMINI_BASE_URL": f"{address}/google", "GOOGLE_API_KEY": "benchmark"}

    def client(self) -> Any:
        from google.genai import Client

        return Client()

    async def async_client(self, *, aiohttp: bool) -> Any:
        from google.genai import Client

        return Client()

    async def close(self, client: Any) -> None:
        await client.aio.aclose()
        client.close()

    def text(self, client: Any, genre: str) -> str:
        return client.models.generate_content(model="bench-text", contents=question(genre)).text

    def stream(self, client: Any, genre: str) -> str:
        chunks = client.models.generate_content_stream(
            model="bench-stream", contents=question(genre)
        )
        return "".join([chunk.text for chunk in chunks])

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.models.generate_content(
            model="bench-tool", contents=question(genre), config=_config(forced=False)
        )
        return Book.model_validate(reply.function_calls[0].args)

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.models.generate_content(
            model="bench-structured", contents=question(genre), config=_config(forced=True)
        )
        return Book.model_validate(reply.function_calls[0].args)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.aio.models.generate_content(
            model="bench-text", contents=question(genre)
        )
        return reply.text

    async def stream_async(self, client: Any, genre: str) -> str:
        chunks = await client.aio.models.generate_content_stream(
            model="bench-stream", contents=question(genre)
        )
        return "".join([chunk.text async for chunk in chunks])
