"""Providers that the user adds: servers that speak OpenAI's protocol, and adapters of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core._providers import Entry, register

if TYPE_CHECKING:
    from ..core.base._provider import Provider


def register_provider(
    name: str,
    *,
    base_url: str = "",
    key_variable: str | None = None,
    title: str | None = None,
    adapter: Provider | None = None,
) -> None:
    """Make a provider known by name, for `llm.call`, `llm.get_model` and all the others.

        llm.register_provider("here", base_url="http://localhost:8000/v1")
        llm.get_model("here/llama-3.1-8b")

    - `base_url`: where a server is that speaks OpenAI's protocol.
    - `key_variable`: the environment variable with the key; without one the server needs none.
    - `title`: the name people know it by.
    - `adapter`: for any other protocol, in place of these: an adapter, as in `mirascope.core`.

    Raises ValueError for the name of a provider that comes with this library, and for one without
    a `base_url` or an `adapter`; ImportError where OpenAI's SDK is not installed.
    """
    if adapter is None:
        if not base_url:
            raise ValueError(f"Give the `base_url` of the provider `{name}`, or an `adapter`.")
        adapter = _compatible(name, title or name, key_variable)
    elif adapter.name != name:
        raise ValueError(f"The adapter is called `{adapter.name}`, and not `{name}`.")
    entry = Entry(
        title=adapter.title,
        module="",
        sdk="openai",
        extra="openai",
        environment=adapter.environment,
        base_url=base_url,
    )
    register(entry, adapter)


def _compatible(provider_name: str, provider_title: str, key: str | None) -> Provider:
    from ..core._openai_compatible import OpenAICompatible

    prefix = provider_name.upper().replace("-", "_")

    class OwnProvider(OpenAICompatible):
        name = provider_name
        title = provider_title
        key_variable = key or f"{prefix}_API_KEY"
        base_url_variable = f"{prefix}_BASE_URL"
        environment = (key_variable, base_url_variable)
        default_key = None if key else "none"

    return OwnProvider()
