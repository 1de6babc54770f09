"""A chunk of any provider's reply, in common terms."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..core.base.call_response_chunk import BaseCallResponseChunk
from ..core.base.types import FinishReason, Usage


class CallResponseChunk(BaseCallResponseChunk):
    """A chunk of any provider's reply; `_response` is the provider's own.

    What only the provider's chunk has (`audio`, `thinking`, …) can be read off this one as well.
    """

    def __init__(self, response: BaseCallResponseChunk) -> None:
        self._response = response
        self._adapter = response._adapter
        self._delta = response._delta
        self._raw = response._raw

    if TYPE_CHECKING:
        _response: BaseCallResponseChunk
    else:

        @cached_property
        def _response(self) -> BaseCallResponseChunk:
            adapter = self._adapter
            return adapter.chunk_type._received(adapter, self._delta, self._raw)

    @property
    def chunk(self) -> Any:
        """The SDK's own object for this event."""
        return self._response.chunk

    @property
    def finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in common terms, in the chunk that says so."""
        return self.common_finish_reasons

    @property
    def usage(self) -> Usage | None:
        """The token counts, in the chunk that has them."""
        return self.common_usage

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_response":
            raise AttributeError(name)
        return getattr(self._response, name)
