"""Token counts times prices, from the data of https://github.com/pydantic/genai-prices.

The data comes with the package and is read when the first cost is asked for; nothing is fetched.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from ..base._wire import Tokens
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


class Counts(NamedTuple):
    """Token counts that mean the same for all providers."""

    input: int
    """All of the request, with what was read from the cache and what was written to it."""
    read: int
    written: int
    output: int
    """All of the reply, with its reasoning."""


def states_prices(provider: str) -> bool:
    """Whether a provider says itself what a call has cost, once it is over."""
    return provider in _STATING_PRICES


def counts(provider: str, tokens: Tokens) -> Counts:
    """What a provider's own token counts come to; what it does not say counts as nothing."""
    read, written = int(tokens.cached or 0), int(tokens.cache_write or 0)
    total, output = int(tokens.input or 0), int(tokens.output or 0)
    if provider in _CACHED_BESIDE_INPUT:
        total += read + written
    if provider in _REASONING_BESIDE_OUTPUT:
        output += int(tokens.reasoning or 0)
    return Counts(total, min(read, total), min(written, total), output)


def _usage(provider: str, metadata: CostMetadata) -> Any:
    tokens = Tokens(
        input=int(metadata.input_tokens or 0),
        cached=int(metadata.cached_tokens or 0),
        output=int(metadata.output_tokens or 0),
        cache_write=int(metadata.cache_write or 0),
        reasoning=int(metadata.reasoning_tokens or 0),
    )
    counted = counts(provider, tokens)
    return _prices().Usage(
        input_tokens=counted.input,
        cache_read_tokens=counted.read,
        cache_write_tokens=counted.written,
        output_tokens=counted.output,
    )


def _context(metadata: CostMetadata) -> dict[str, Any]:
    return {"price_context": {"processing": "batch"}} if metadata.batch_mode else {}


@cache
def _prices() -> Any:
    import genai_prices

    return genai_prices
