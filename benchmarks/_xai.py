"""xAI by the OpenAI SDK, pointed at its address."""

from __future__ import annotations

import os
from typing import Any

from _chat_completions import BareChatCompletions
from _transports import has_aiohttp_client


class BareXAI(BareChatCompletions):
    name = "xai"
    distribution = "openai"
    model_prefix = ""

    @property
    def has_transports(self) -> bool:
        return has_aiohttp_client("openai")

    def environment(self, address: str) -> dict[str, str]:
        return {"XAI_BASE_URL": f"{address}/xai/v1", "XAI_API_KEY": "benchmark"}

    def client(self) -> Any:
        from openai import OpenAI

        return OpenAI(base_url=os.environ["XAI_BASE_URL"], api_key=os.environ["XAI_API_KEY"])

    async def async_client(self, *, aiohttp: bool) -> Any:
        from openai import AsyncOpenAI, DefaultAioHttpClient

        options: Any = {"http_client": DefaultAioHttpClient()} if aiohttp else {}
        address, key = os.environ["XAI_BASE_URL"], os.environ["XAI_API_KEY"]
        return AsyncOpenAI(base_url=address, api_key=key, **options)
