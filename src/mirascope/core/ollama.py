"""Ollama, a server on one's own machine that speaks OpenAI's protocol.

Source: https://github.com/ollama/ollama/blob/main/docs/openai.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ._openai_compatible import OpenAICompatible
from ._providers import PROVIDERS
from .base._provider_call import provider_call
from .openai import OpenAICallParams, OpenAICallResponse, OpenAIStream

if TYPE_CHECKING:
    from .base._signatures import ProviderCall


class OllamaProvider(OpenAICompatible):
    """The facts of Ollama."""

    name = "ollama"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    key_variable = "OLLAMA_API_KEY"
    base_url_variable = "OLLAMA_BASE_URL"
    default_key: ClassVar[str | None] = "ollama"
    # It fetches nothing: an image comes as bytes.
    part_types: ClassVar[frozenset[str]] = frozenset({"text", "image", "tool_call", "tool_result"})
    reasoning_keys: ClassVar[tuple[str, ...]] = ("reasoning", "reasoning_content")


PROVIDER = OllamaProvider()

call: ProviderCall[OpenAICallResponse, OpenAIStream, OpenAICallParams] = provider_call(PROVIDER)
ollama_call = call

__all__ = ["call", "ollama_call"]
