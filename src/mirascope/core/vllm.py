"""vLLM, a server on one's own machine that speaks OpenAI's protocol.

Source: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ._openai_compatible import OpenAICompatible
from ._providers import PROVIDERS
from .base._provider_call import provider_call
from .openai import OpenAICallParams, OpenAICallResponse, OpenAIStream

if TYPE_CHECKING:
    from .base._signatures import ProviderCall


class VLLMProvider(OpenAICompatible):
    """The facts of vLLM."""

    name = "vllm"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    key_variable = "VLLM_API_KEY"
    base_url_variable = "VLLM_BASE_URL"
    default_key: ClassVar[str | None] = "ollama"
    reasoning_keys: ClassVar[tuple[str, ...]] = ("reasoning", "reasoning_content")


PROVIDER = VLLMProvider()

call: ProviderCall[OpenAICallResponse, OpenAIStream, OpenAICallParams] = provider_call(PROVIDER)
vllm_call = call

__all__ = ["call", "vllm_call"]
