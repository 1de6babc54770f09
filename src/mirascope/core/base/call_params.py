"""The call parameters that every provider shares."""

from __future__ import annotations

from typing_extensions import TypedDict


class BaseCallParams(TypedDict, total=False):
    """The base of every provider's call parameters."""


class CommonCallParams(BaseCallParams, total=False):
    """Call parameters by the same name for every provider; each is translated to its own name.

    None is as good as not given.
    """

    temperature: float | None
    """How random the choice of words is: 0 picks the likeliest."""
    max_tokens: int | None
    """The most tokens the reply may have."""
    top_p: float | None
    """Choose among the likeliest words whose probabilities add up to this."""
    frequency_penalty: float | None
    """From -2 to 2: how much to avoid words by how often they have come up."""
    presence_penalty: float | None
    """From -2 to 2: how much to avoid words that have come up at all."""
    seed: int | None
    """Asks the provider for the same reply to the same request."""
    stop: str | list[str] | None
    """Texts that end the reply where they come up."""
    timeout: float | None
    """How many seconds to wait for the provider; the SDK's own exception tells that it was too
    long. What is counted, a pause in the reply or the whole of it, is up to the SDK."""
    max_retries: int | None
    """How often the SDK sends a request again at most that failed for a passing reason; 0: never.
    """
