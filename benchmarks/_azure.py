"""The bare SDK of Azure AI Inference."""

from __future__ import annotations

import json
import os
from typing import Any

from _chat_completions import FORCED, TOOL, replies
from _shapes import Book, question

WITH_USAGE = {"stream_options": {"include_usage": True}}


class BareAzure:
    name = "azure"
    distribution = "azure-ai-inference"
    model_prefix = ""
    has_transports = False
    """Its async client is always on aiohttp."""

    def replies(self) -> dict[str, bytes]:
        return replies()

    def environment(self, address: str) -> dict[str, str]:
        return {
            "AZURE_INFERENCE_ENDPOINT": f"{address}/azure",
            "AZURE_INFERENCE_CREDENTIAL": "benchmark",
        }

    def client(self) -> Any:
        from azure.ai.inference import ChatCompletionsClient
        from azure.core.credentials import AzureKeyCredential

        return ChatCompletionsClient(
            os.environ["AZURE_INFERENCE_ENDPOINT"],
            AzureKeyCredential(os.environ["AZURE_INFERENCE_CREDENTIAL"]),
        )

    async def async_client(self, *, aiohttp: bool) -> Any:
        from azure.ai.inference.aio import ChatCompletionsClient
        from azure.core.credentials import AzureKeyCredential

        return ChatCompletionsClient(
            os.environ["AZURE_INFERENCE_ENDPOINT"],
            AzureKeyCredential(os.environ["AZURE_INFERENCE_CREDENTIAL"]),
        )

    async def close(self, client: Any) -> None:
        await client.close()

    def text(self, client: Any, genre: str) -> str:
        reply = client.complete(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        updates = client.complete(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            model_extras=WITH_USAGE,
        )
        for update in updates:
            if update.choices and (content := update.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.complete(
            model="bench-tool",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate(json.loads(call.function.arguments))

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.complete(
            model="bench-structured",
            messages=[{"role": "user", "content": question(genre)}],
            tools=[TOOL],
            tool_choice=FORCED,
        )
        call = reply.choices[0].message.tool_calls[0]
        return Book.model_validate_json(call.function.arguments)

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.complete(
            model="bench-text", messages=[{"role": "user", "content": question(genre)}]
        )
        return reply.choices[0].message.content

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        updates = await client.complete(
            model="bench-stream",
            messages=[{"role": "user", "content": question(genre)}],
            stream=True,
            model_extras=WITH_USAGE,
        )
        async for update in updates:
            if update.choices and (content := update.choices[0].delta.content):
                parts.append(content)
        return "".join(parts)
