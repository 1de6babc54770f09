"""Bare LiteLLM, which passes requests on to OpenAI's protocol and keeps its clients itself."""

from __future__ import annotations

import json
from typing import Any

from _chat_completions import FORCED, TOOL, replies
from _shapes import Book, question


class BareLiteLLM:
    name = "litellm"
    distribution = "litellm"
    model_prefix = "openai/"
    has_transports = False

    def replies(self) -> dict[str, bytes]:
        return replies()

    def environment(self, address: str) -> dict[str, str]:
        return {
            "OPENAI_BASE_URL": f"{address}/litellm/v1",
            "OPENAI_API_KEY": "benchmark",
            # Nothing from the network.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        }

    def client(self) -> Any:
        import litellm

        litellm.suppress_debug_info = True
        return litellm

    async def async_client(self, *, aiohttp: bool) -> Any:
        return self.client()

    async def close(self, client: Any) -> None:
        pass

    def text(self, client: Any, genre: str) -> str:
        reply = client.completion(
            model="openai/bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = client.completion(
            model="openai/bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in chunks:
            if chunk.choices and (content := chunk.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.completion(
            model="openai/bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate(json.loads(call.function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.completion(
            model="openai/bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate_json(call.function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.acompletion(
            model="openai/bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        chunks = await client.acompletion(
            model="openai/bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in chunks:
            if chunk.choices and (content := chunk.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)
