"""The bare OpenAI SDK."""

from __future__ import annotations

from typing import Any

from _chat_completions import BareChatCompletions, replies, structured_streams, text_streams
from _transports import has_aiohttp_client


class BareOpenAI(BareChatCompletions):
    name = "openai"
    distribution = "openai"
    model_prefix = ""

    @property
    def has_transports(self) -> bool:
        return has_aiohttp_client("openai")

    def replies(self) -> dict[str, bytes]:
        return replies() | structured_streams() | text_streams()

    def environment(self, address: str) -> dict[str, str]:
        return {"OPENAI_BASE_URL": f"{address}/openai/v1", "OPENAI_API_KEY": "benchmark"}

    def client(self) -> Any:
        from openai import OpenAI

        return OpenAI()

    async def async_client(self, *, aiohttp: bool) -> Any:
        from openai import AsyncOpenAI, DefaultAioHttpClient

        return AsyncOpenAI(http_client=DefaultAioHttpClient()) if aiohttp else AsyncOpenAI()
