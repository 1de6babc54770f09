"""One chunk of a streamed reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._provider import Received
from ._wire import Delta, Tokens
from .call_response import common_usage, computed_once, cost_metadata, cost_of
from .types import CostMetadata, FinishReason, Usage

if TYPE_CHECKING:
    from ._provider import Provider

_DUMPED = (
    "content",
    "finish_reasons",
    "model",
    "id",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "cost",
)


class BaseCallResponseChunk:
    """What one event of a stream adds to the reply, the same for every provider."""

    def __init__(self, chunk: Any, **stored: Any) -> None:
        # A provider's adapter uses `_received`; this is for classes written for other providers.
        self.__dict__.update(stored, chunk=chunk)

    @classmethod
    def _received(cls, provider: Provider, delta: Delta, received: Received | None) -> Any:
        self = cls.__new__(cls)
        self._adapter = provider
        self._delta = delta
        self._raw = received
        return self

    if TYPE_CHECKING:
        _adapter: Provider
        _delta: Delta
        _raw: Received | None

    @computed_once
    def chunk(self) -> Any:
        """The SDK's own object for this event; None for a chunk that only carries a tool."""
        raw = self._raw
        if raw is None:
            return None
        return raw.native if raw.native is not None else self._adapter.native_chunk(raw)

    @property
    def content(self) -> str:
        """The text that this chunk adds; empty where it adds none."""
        return self._delta.text

    @property
    def finish_reasons(self) -> list[Any] | None:
        """Why the reply ended, in the provider's words, in the chunk that says so."""
        return self._delta.finish_reasons

    @property
    def model(self) -> str | None:
        """The model that replies, where the chunk says so."""
        return self._delta.model

    @property
    def id(self) -> str | None:
        """The provider's identifier of the reply, where the chunk has it."""
        return self._delta.id

    @property
    def usage(self) -> Any:
        """The SDK's own usage object, or None where the chunk has none."""
        return getattr(self.chunk, "usage", None)

    @property
    def _tokens(self) -> Tokens:
        return self._delta.tokens or Tokens()

    @property
    def input_tokens(self) -> int | float | None:
        """The number of tokens of the request, where the chunk says so."""
        return self._tokens.input

    @property
    def cached_tokens(self) -> int | float | None:
        """The number of tokens read from the provider's cache, where the chunk says so."""
        return self._tokens.cached

    @property
    def output_tokens(self) -> int | float | None:
        """The number of tokens of the reply up to here, where the chunk says so."""
        return self._tokens.output

    @property
    def cost_metadata(self) -> CostMetadata:
        """What the cost is worked out from."""
        return cost_metadata(self._tokens)

    @property
    def cost(self) -> float | None:
        """The price up to here in US dollars; None where it is not known."""
        return cost_of(self._adapter.name, self.model, self._tokens)

    @property
    def provider(self) -> str:
        """The name of the provider that replies."""
        return self._adapter.name

    @property
    def common_finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers."""
        return self._adapter.common_finish_reasons(self._delta.finish_reasons)

    @property
    def common_usage(self) -> Usage | None:
        """The token counts, or None where the chunk has none."""
        return common_usage(self._delta.tokens)

    def model_dump(self, **_: Any) -> dict[str, Any]:
        """The chunk as a dict."""
        return {
            "chunk": self._raw and self._raw.data,
            **{name: getattr(self, name) for name in _DUMPED},
        }

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return f"{type(self).__name__}(content={self.content!r})"
