"""The one table of providers: what each is called, where it lives, what it needs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base._provider import Provider


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider."""

    title: str
    """The name people know it by."""
    module: str
    """The module of `mirascope.core` that holds its adapter."""
    sdk: str
    """The import name of its SDK."""
    extra: str
    """The extra of this distribution that installs the SDK."""
    environment: tuple[str, ...]
    """The environment variables that make up a default client: a change gives a new client."""
    base_url: str
    """Where requests go unless the environment or a client says otherwise."""
    instead: str = ""
    """For an older name: what to write in its place."""


_GOOGLE_ENVIRONMENT = (
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_VERTEX_BASE_URL",
    "GOOGLE_GENAI_USE_ENTERPRISE",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_GENAI_API_VERSION",
    "GOOGLE_GENAI_HTTP_CLIENT",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
    "GOOGLE_APPLICATION_CREDENTIALS",
)

PROVIDERS: dict[str, Entry] = {
    "openai": Entry(
        title="OpenAI",
        module="openai",
        sdk="openai",
        extra="openai",
        environment=(
            "OPENAI_API_KEY",
            "OPENAI_ADMIN_KEY",
            "OPENAI_BASE_URL",
            "OPENAI_ORG_ID",
            "OPENAI_PROJECT_ID",
            "OPENAI_CUSTOM_HEADERS",
        ),
        base_url="https://api.openai.com/v1",
    ),
    "anthropic": Entry(
        title="Anthropic",
        module="anthropic",
        sdk="anthropic",
        extra="anthropic",
        environment=(
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "ANTHROPIC_BASE_URL",
            "ANTHROPIC_CUSTOM_HEADERS",
            "ANTHROPIC_PROFILE",
        ),
        base_url="https://api.anthropic.com",
    ),
    "google": Entry(
        title="Google",
        module="google",
        sdk="google.genai",
        extra="google",
        environment=_GOOGLE_ENVIRONMENT,
        base_url="https://generativelanguage.googleapis.com",
    ),
    "gemini": Entry(
        title="Google",
        module="gemini",
        sdk="google.genai",
        extra="google",
        environment=_GOOGLE_ENVIRONMENT,
        base_url="https://generativelanguage.googleapis.com",
        instead="`google`",
    ),
    "vertex": Entry(
        title="Vertex AI",
        module="vertex",
        sdk="google.genai",
        extra="google",
        environment=_GOOGLE_ENVIRONMENT,
        base_url="https://aiplatform.googleapis.com",
        instead="`google` with `client=Client(vertexai=True, project=…, location=…)`",
    ),
    "groq": Entry(
        title="Groq",
        module="groq",
        sdk="groq",
        extra="groq",
        environment=("GROQ_API_KEY", "GROQ_BASE_URL", "GROQ_CUSTOM_HEADERS"),
        base_url="https://api.groq.com",
    ),
    "xai": Entry(
        title="xAI",
        module="xai",
        sdk="openai",
        extra="xai",
        environment=("XAI_API_KEY", "XAI_BASE_URL"),
        base_url="https://api.x.ai/v1",
    ),
    "mistral": Entry(
        title="Mistral",
        module="mistral",
        sdk="mistralai.client",
        extra="mistral",
        environment=("MISTRAL_API_KEY", "MISTRAL_SA_TOKEN_PATH"),
        base_url="https://api.mistral.ai",
    ),
    "cohere": Entry(
        title="Cohere",
        module="cohere",
        sdk="cohere",
        extra="cohere",
        environment=("CO_API_KEY", "COHERE_API_KEY", "CO_API_URL"),
        base_url="https://api.cohere.com",
    ),
    "litellm": Entry(
        title="LiteLLM",
        module="litellm",
        sdk="litellm",
        extra="litellm",
        environment=(),
        base_url="",
    ),
    "ollama": Entry(
        title="Ollama",
        module="ollama",
        sdk="openai",
        extra="openai",
        environment=("OLLAMA_API_KEY", "OLLAMA_BASE_URL"),
        base_url="http://localhost:11434/v1",
    ),
    "vllm": Entry(
        title="vLLM",
        module="vllm",
        sdk="openai",
        extra="openai",
        environment=("VLLM_API_KEY", "VLLM_BASE_URL"),
        base_url="http://localhost:8000/v1",
    ),
    "azure": Entry(
        title="Azure AI",
        module="azure",
        sdk="azure.ai.inference",
        extra="azure",
        environment=(
            "AZURE_INFERENCE_ENDPOINT",
            "AZURE_INFERENCE_CREDENTIAL",
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_SECRET",
        ),
        base_url="https://<resource>.services.ai.azure.com/models",
    ),
    "bedrock": Entry(
        title="Amazon Bedrock",
        module="bedrock",
        sdk="boto3",
        extra="bedrock",
        environment=(
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_BEARER_TOKEN_BEDROCK",
            "AWS_PROFILE",
            "AWS_CONFIG_FILE",
            "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_REGION_NAME",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
            "AWS_MAX_ATTEMPTS",
            "AWS_RETRY_MODE",
        ),
        base_url="https://bedrock-runtime.<region>.amazonaws.com",
    ),
}
"""By the name that `llm.call` takes."""


_registered: dict[str, Provider] = {}
"""The adapters of providers that were added."""


def provider_named(name: str) -> Provider:
    """The adapter of a provider.

    Raises ValueError for an unknown name and ImportError where the SDK is not installed.
    """
    if name in _registered:
        return _registered[name]
    entry = PROVIDERS.get(name)
    if entry is None:
        raise ValueError(
            f"Unsupported provider: {name}. Known providers: {', '.join(sorted(PROVIDERS))}."
        )
    if entry.instead:
        warnings.warn(
            f"The provider name `{name}` is deprecated. Use {entry.instead} instead.",
            DeprecationWarning,
            stacklevel=3,
        )
    adapter: Provider = import_module(f".{entry.module}", __package__).PROVIDER
    return adapter


def register(entry: Entry, adapter: Provider) -> None:
    """Add a provider to the table, or replace one that was added.

    Raises ValueError for the name of a provider that comes with this library.
    """
    if adapter.name in PROVIDERS and adapter.name not in _registered:
        raise ValueError(
            f"`{adapter.name}` is a provider that comes with this library. Choose another name."
        )
    PROVIDERS[adapter.name] = entry
    _registered[adapter.name] = adapter


def require_sdk(name: str) -> None:
    """Raise ImportError, naming the extra to install, where the SDK of a provider is missing."""
    entry = PROVIDERS[name]
    if not is_installed(entry.sdk):
        raise ImportError(
            f"{entry.title} needs the `{entry.sdk}` package, which is not installed. "
            f'Install it with `pip install "everscope[{entry.extra}]"`.',
            name=entry.sdk,
        )


def installed_modules() -> tuple[str, ...]:
    """The provider modules of `mirascope.core` whose SDK is installed."""
    return tuple(sorted(entry.module for entry in PROVIDERS.values() if is_installed(entry.sdk)))


def is_installed(package: str) -> bool:
    """Whether a package, which may be a part of a namespace (`google.genai`), can be imported."""
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False
