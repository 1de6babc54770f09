"""What one token costs: worked out once for each model, for what needs prices at every call."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple

from ..base._wire import Tokens
from ..base.types import CostMetadata
from ._prices import calculate_cost, counts

_GOOD_FOR = 900
"""In seconds: some prices depend on the time of the day."""
_FEW, _MANY = 1_000, 100_000_000


class Rates(NamedTuple):
    """US dollars for one token."""

    input: float
    read: float
    """Of the request, read from the provider's cache."""
    written: float
    """Of the request, written to it."""
    output: float
    is_level: bool = True
    """Whether it is the same for long requests."""


def rates(provider: str, model: str) -> Rates | None:
    """What the tokens of a model cost; None where that is not known. Never raises."""
    return _rates(provider, model, int(time.time() // _GOOD_FOR))


def price_of(provider: str, model: str, tokens: Tokens) -> float | None:
    """The price in US dollars of a reply with these counts, as `calculate_cost` has it."""
    if tokens.cost is not None:
        return tokens.cost
    each = rates(provider, model)
    if each is None:
        return None
    if not each.is_level:
        return calculate_cost(provider, model, _metadata(tokens))
    counted = counts(provider, tokens)
    plain = counted.input - counted.read - counted.written
    return (
        plain * each.input
        + counted.read * each.read
        + counted.written * each.written
        + counted.output * each.output
    )


@lru_cache(maxsize=1024)
def _rates(provider: str, model: str, _time: int) -> Rates | None:
    few, many = (_rates_of(provider, model, count) for count in (_FEW, _MANY))
    if few is None or many is None:
        return few
    is_level = all(abs(a - b) <= 1e-6 * max(a, b) for a, b in zip(few, many, strict=True))
    return few._replace(is_level=is_level)


def _rates_of(provider: str, model: str, count: int) -> Rates | None:
    # With the tokens of a cache beside the others or among them, whichever way a provider counts.
    beside = counts(provider, Tokens(cached=count)).input > 0
    base = Tokens(input=0 if beside else count)
    prices = [
        calculate_cost(provider, model, _metadata(tokens))
        for tokens in (
            Tokens(input=count, output=0),
            Tokens(input=base.input, cached=count, output=0),
            Tokens(input=base.input, cache_write=count, output=0),
            Tokens(input=0, output=count),
        )
    ]
    known = [price / count for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    plain, read, written, output = known
    return Rates(plain, read, written, output)


def _metadata(tokens: Tokens) -> CostMetadata:
    return CostMetadata(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cached_tokens=tokens.cached,
        cache_write=tokens.cache_write,
        reasoning_tokens=tokens.reasoning,
    )
