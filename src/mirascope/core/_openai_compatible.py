"""Providers that speak OpenAI's protocol and are reached by its SDK, with an address and a key of
their own.

Such a provider is only a table: see `xai.py`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from ._chat_completions import ChatCompletions
from ._client_options import forget_environment
from ._providers import PROVIDERS
from .openai import OpenAIProvider

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._provider import Draft


class OpenAICompatible(OpenAIProvider):
    """One of them. A subclass states its facts; the address is in the table of providers.

    Nothing that is meant for OpenAI goes to it: neither the key nor any other setting that the SDK
    reads from the environment.
    """

    shows_thinking = True
    speaks = False

    key_variable: ClassVar[str]
    """The environment variable that holds the key."""
    base_url_variable: ClassVar[str]
    """The environment variable that points default clients elsewhere."""
    default_key: ClassVar[str | None] = None
    """The key where the environment has none, for a server that takes any."""

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        client = super().new_client(is_async, endpoint)
        forget_environment(client)
        return client

    def client_options(self, endpoint: Endpoint | None) -> dict[str, Any]:
        options = super().client_options(endpoint)
        if not options:
            base_url = os.environ.get(self.base_url_variable) or PROVIDERS[self.name].base_url
            options = {"base_url": base_url, "api_key": self._key()}
        return {**options, "default_headers": self._headers(options["api_key"])}

    def _key(self) -> str:
        key = os.environ.get(self.key_variable) or self.default_key
        if key is None:
            raise self.sdk.OpenAIError(
                f"There is no key for {self.title}. Set the environment variable "
                f"`{self.key_variable}`, or pass a client of your own as `client=`. "
                "The key for OpenAI is not used."
            )
        return key

    def _headers(self, key: str) -> dict[str, Any]:
        """Headers in the place of those that `OPENAI_CUSTOM_HEADERS` would add."""
        lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
        names = [line.partition(":")[0].strip() for line in lines if ":" in line]
        headers: dict[str, Any] = {name: self.sdk.Omit() for name in names}
        if any(name.lower() == "authorization" for name in names):
            # Last, because newer SDKs do not tell the names apart by upper and lower case.
            headers.pop("Authorization", None)
            headers["Authorization"] = f"Bearer {key}"
        return headers

    def finalize(self, draft: Draft) -> dict[str, Any]:
        # They know the limit by its older name, `max_tokens`, for every model.
        return ChatCompletions.finalize(self, draft)
