"""The bare Groq SDK."""

from __future__ import annotations

from typing import Any, ClassVar

from _chat_completions import BareChatCompletions
from _transports import has_aiohttp_client


class BareGroq(BareChatCompletions):
    name = "groq"
    distribution = "groq"
    model_prefix = ""
    streams_with: ClassVar[dict[str, Any]] = {}
    """It counts tokens unasked."""

    @property
    def has_transports(self) -> bool:
        return has_aiohttp_client("groq")

    def environment(self, address: str) -> dict[str, str]:
        return {"GROQ_BASE_URL": f"{address}/groq", "GROQ_API_KEY": "benchmark"}

    def client(self) -> Any:
        from groq import Groq

        return Groq()

    async def async_client(self, *, aiohttp: bool) -> Any:
        from groq import AsyncGroq, DefaultAioHttpClient

        return AsyncGroq(http_client=DefaultAioHttpClient()) if aiohttp else AsyncGroq()
