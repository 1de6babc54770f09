"""Token counts times prices, from the data of https://github.com/pydantic/genai-prices.

The data comes with the package and is read when the first cost is asked for; nothing is fetched.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ..base.types import CostMetadata

_PRICE_IDS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google": "google",
    "gemini": "google",
    "vertex": "google",
    "groq": "groq",
    "xai": "x-ai",
    "mistral": "mistral",
    "cohere": "cohere",
    "azure": "azure",
    "bedrock": "aws",
}
"""Our provider names to those of the price data."""

_STATING_PRICES = frozenset({"litellm"})
"""Providers that say themselves what a call costs."""

_CACHED_BESIDE_INPUT = frozenset({"anthropic", "bedrock"})
"""Providers whose count of input tokens leaves out those read from and written to the cache."""

_REASONING_BESIDE_OUTPUT = frozenset({"gemini", "google", "vertex", "xai"})
"""Providers whose count of output tokens leaves out those of the reasoning."""


def has_prices(provider: str) -> bool:
    """Whether the price data covers the models of a provider, or the provider states its prices."""
    return provider in _PRICE_IDS or provider in _STATING_PRICES


def calculate_cost(provider: str, model: str, metadata: CostMetadata | None = None) -> float | None:
    """The price in US dollars of a call of `model` with the token counts of `metadata`.

    Tokens read from the provider's cache are charged once, at their own price. None where the
    provider, the model or the counts are not known; never an exception, never a network access.
    """
    metadata = metadata or CostMetadata()
    if metadata.cost is not None:
        return metadata.cost
    if metadata.input_tokens is None and metadata.output_tokens is None:
        return None
    price_id = _PRICE_IDS.get(provider)
    if price_id is None:
        return None
    try:
        price = _prices().calc_price(
            _usage(provider, metadata), model, provider_id=price_id, **_context(metadata)
        )
    except (LookupError, ValueError, ArithmeticError):
        # An unknown model, or counts that contradict each other.
        return None
    return float(price.total_price)


def _usage(provider: str, metadata: CostMetadata) -> Any:
    read = int(metadata.cached_tokens or 0)
    written = int(metadata.cache_write or 0)
    total = int(metadata.input_tokens or 0)
    if provider in _CACHED_BESIDE_INPUT:
        total += read + written
    output = int(metadata.output_tokens or 0)
    if provider in _REASONING_BESIDE_OUTPUT:
        output += int(metadata.reasoning_tokens or 0)
    return _prices().Usage(
        input_tokens=total,
        cache_read_tokens=min(read, total),
        cache_write_tokens=min(written, total),
        output_tokens=output,
    )


def _context(metadata: CostMetadata) -> dict[str, Any]:
    return {"price_context": {"processing": "batch"}} if metadata.batch_mode else {}


@cache
def _prices() -> Any:
    import genai_prices

    return genai_prices
