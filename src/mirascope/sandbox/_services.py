"""The services the sandbox stands in for: one row each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mirascope.sandbox._protocol import Protocol
from mirascope.sandbox.anthropic_messages import AnthropicMessages
from mirascope.sandbox.azure_inference import AzureInference
from mirascope.sandbox.bedrock_converse import BedrockConverse
from mirascope.sandbox.chat_completions import ChatCompletions
from mirascope.sandbox.cohere_chat import CohereChat
from mirascope.sandbox.cohere_chat_v1 import CohereChatV1
from mirascope.sandbox.generate_content import GenerateContent, VertexGenerateContent
from mirascope.sandbox.mistral_chat import MistralChat
from mirascope.sandbox.openai_compatible import GroqChatCompletions, XAIChatCompletions

KEY = "sandbox"
"""The API key that default clients send; any other is accepted as well."""


@dataclass(frozen=True, slots=True)
class Service:
    """A provider name, the protocol it speaks, and where a client finds it.

    `base` is the path of the base URL that its SDK takes; `environment` maps each variable that
    points the SDK elsewhere to its value, in which `{base_url}` and `{key}` stand for those.
    """

    name: str
    protocol: Protocol
    base: str
    environment: Mapping[str, str]

    def matches(self, path: str) -> bool:
        return re.fullmatch(re.escape(self.base) + self.protocol.endpoint, path) is not None


SERVICES = {
    service.name: service
    for service in (
        Service(
            "openai",
            ChatCompletions(),
            "/v1",
            {"OPENAI_BASE_URL": "{base_url}", "OPENAI_API_KEY": "{key}"},
        ),
        Service(
            "anthropic",
            AnthropicMessages(),
            "",
            {"ANTHROPIC_BASE_URL": "{base_url}", "ANTHROPIC_API_KEY": "{key}"},
        ),
        Service(
            "google",
            GenerateContent(),
            "",
            {"GOOGLE_GEMINI_BASE_URL": "{base_url}", "GOOGLE_API_KEY": "{key}"},
        ),
        Service("vertex", VertexGenerateContent(), "", {"GOOGLE_VERTEX_BASE_URL": "{base_url}"}),
        Service(
            "groq",
            GroqChatCompletions(),
            "",
            {"GROQ_BASE_URL": "{base_url}", "GROQ_API_KEY": "{key}"},
        ),
        Service(
            "xai",
            XAIChatCompletions(),
            "/xai/v1",
            {"XAI_BASE_URL": "{base_url}", "XAI_API_KEY": "{key}"},
        ),
        Service("cohere", CohereChat(), "", {"CO_API_URL": "{base_url}", "CO_API_KEY": "{key}"}),
        Service("cohere_v1", CohereChatV1(), "", {}),
        # Its SDK has no variable for the address: `Mistral(server_url=...)`.
        Service("mistral", MistralChat(), "/mistral", {"MISTRAL_API_KEY": "{key}"}),
        # It takes its address from the variables of the provider that it passes requests on to.
        Service("litellm", ChatCompletions(), "/litellm/v1", {}),
        Service(
            "ollama",
            ChatCompletions(reasoning_key="reasoning"),
            "/ollama/v1",
            {"OLLAMA_BASE_URL": "{base_url}", "OLLAMA_API_KEY": "{key}"},
        ),
        Service(
            "vllm",
            ChatCompletions(reasoning_key="reasoning"),
            "/vllm/v1",
            {"VLLM_BASE_URL": "{base_url}", "VLLM_API_KEY": "{key}"},
        ),
        Service(
            "azure",
            AzureInference(),
            "/azure",
            {"AZURE_INFERENCE_ENDPOINT": "{base_url}", "AZURE_INFERENCE_CREDENTIAL": "{key}"},
        ),
        Service(
            "bedrock",
            BedrockConverse(),
            "",
            {
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{base_url}",
                "AWS_ACCESS_KEY_ID": "{key}",
                "AWS_SECRET_ACCESS_KEY": "{key}",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
        ),
    )
}


@lru_cache(maxsize=1024)
def service_at(path: str) -> Service | None:
    """The service that answers at `path` (without its query)."""
    return next((service for service in SERVICES.values() if service.matches(path)), None)
