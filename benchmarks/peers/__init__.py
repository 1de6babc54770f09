"""The libraries that are compared: a module for each, used as its documentation recommends.

A module has a function for each shape that its library has (`call`, `call_async`, `stream`,
`tools`, `structured`, `structured_stream`), and `MISSING` says why one is not there. It is imported
in the library's own environment, with `OPENAI_BASE_URL` pointing at the server.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Library:
    """What is installed for a module, and the distributions whose versions are told."""

    title: str
    requirements: tuple[str, ...]
    distributions: tuple[str, ...]


BARE = "bare_openai"
OURS = "everscope"

LIBRARIES: dict[str, Library] = {
    BARE: Library("OpenAI SDK", ("openai",), ("openai",)),
    OURS: Library("Everscope", ("-e", ".[openai,fast]"), ("everscope", "openai", "aiohttp")),
    "everscope_httpx": Library(
        "Everscope without `fast`", ("-e", ".[openai]"), ("everscope", "openai")
    ),
    "mirascope_v1": Library(
        "Mirascope v1, client kept", ("mirascope[openai]==1.25.7",), ("mirascope", "openai")
    ),
    "mirascope_v1_defaults": Library(
        "Mirascope v1, defaults", ("mirascope[openai]==1.25.7",), ("mirascope", "openai")
    ),
    "mirascope_v2": Library("Mirascope v2", ("mirascope[openai]>=2",), ("mirascope", "openai")),
    "pydantic_ai_agent": Library(
        "Pydantic AI", ("pydantic-ai-slim[openai]",), ("pydantic-ai-slim", "openai")
    ),
    "instructor_client": Library("Instructor", ("instructor",), ("instructor", "openai")),
    "magentic_prompt": Library("magentic", ("magentic",), ("magentic", "openai")),
    "litellm_completion": Library("LiteLLM", ("litellm",), ("litellm", "openai")),
    "llm_models": Library("LLM", ("llm",), ("llm", "openai")),
    "any_llm_class": Library("any-llm", ("any-llm-sdk[openai]",), ("any-llm-sdk", "openai")),
    "langchain_openai_chat": Library(
        "LangChain", ("langchain-openai",), ("langchain-openai", "langchain-core", "openai")
    ),
}
