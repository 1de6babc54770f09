"""One chunk of a streamed reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._provider import Received
from ._reply_view import TokenCounts
from ._unreadable import built
from ._v1_replies import V1Adapter, own_tokens
from ._wire import Delta, Tokens
from .call_response import computed_once
from .types import FinishReason

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


class BaseCallResponseChunk(TokenCounts):
    """What one event of a stream adds to the reply, the same for every provider."""

    def __init__(self, chunk: Any, **stored: Any) -> None:
        # A provider's adapter uses `_received`; this is for classes written the way v1 had it.
        self.__dict__.update(stored, chunk=chunk, _adapter=V1Adapter(type(self)))

    def __class_getitem__(cls, parameters: Any) -> Any:
        # v1 had type parameters here, for the types of properties that a subclass declares itself.
        return cls

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
        if raw.native is not None:
            return raw.native
        return built(self._adapter.native_chunk, self._adapter.title, raw)

    @property
    def content(self) -> str:
        """The text that this chunk adds; empty where it adds none."""
        return self._delta.text

    @property
    def thinking(self) -> str:
        """The reasoning that this chunk adds; empty where it adds none."""
        return self._delta.thinking

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
    def _tokens(self) -> Tokens | None:
        if "_delta" not in vars(self):
            return own_tokens(self)
        return self._delta.tokens

    @property
    def common_finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers."""
        return self._adapter.common_finish_reasons(self._delta.finish_reasons)

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
