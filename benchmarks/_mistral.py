"""The bare Mistral SDK."""

from __future__ import annotations

import json
import os
from typing import Any

from _chat_completions import FORCED, TOOL, replies
from _shapes import Book, question


class BareMistral:
    name = "mistral"
    distribution = "mistralai"
    model_prefix = ""
    has_transports = False

    def replies(self) -> dict[str, bytes]:
        return replies()

    def environment(self, address: str) -> dict[str, str]:
        # The SDK has no variable for its address. This one is read here and in `_ours.py`.
        return {"MISTRAL_API_KEY": "benchmark", "BENCHMARK_MISTRAL_URL": f"{address}/mistral"}

    def client(self) -> Any:
        from mistralai.client import Mistral

        return Mistral(
            api_key=os.environ["MISTRAL_API_KEY"], server_url=os.environ["BENCHMARK_MISTRAL_URL"]
        )

    async def async_client(self, *, aiohttp: bool) -> Any:
        return await self.client().__aenter__()

    async def close(self, client: Any) -> None:
        await client.__aexit__(None, None, None)

    def text(self, client: Any, genre: str) -> str:
        reply = client.chat.complete(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        with client.chat.stream(
            model="bench-stream", messages=[{"role": "user", "content": question(genre)}]
        ) as events:
            for event in events:
                if event.data.choices and (content := event.data.choices[0].delta.content):
                    parts.append(content)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.chat.complete(
            model="bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate(json.loads(call.function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.chat.complete(
            model="bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate_json(call.function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.chat.complete_async(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        async with await client.chat.stream_async(
            model="bench-stream", messages=[{"role": "user", "content": question(genre)}]
        ) as events:
            async for event in events:
                if event.data.choices and (content := event.data.choices[0].delta.content):
                    parts.append(content)
        return "".join(parts)
