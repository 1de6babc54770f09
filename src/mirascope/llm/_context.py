"""Other settings for the calls inside a `with` block."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ..core.base.call_params import CommonCallParams
from ._settings import Settings, active, check_pair


class context:
    """Run the `llm.call` functions inside the block with another provider, client or parameters.

        with llm.context(provider="anthropic", model="claude-sonnet-4-5"):
            response = recommend_book("fantasy")

    It takes effect when a function is called, also for functions that are called inside that one.
    Each task has its own; a thread starts with none unless it is run in a copy of the context
    (`contextvars.copy_context().run`). Raises ValueError for a provider without a model, and the
    reverse.
    """

    def __init__(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        client: Any = None,
        call_params: CommonCallParams | Mapping[str, Any] | None = None,
    ) -> None:
        check_pair(
            provider,
            model,
            "Provider and model must both be specified if either is specified.",
        )
        self._settings = Settings(
            provider=provider, model=model, client=client, call_params=call_params
        )

    def __enter__(self) -> context:
        active.set(self._settings.inside(active.get()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Not kept on this object: it may be entered in several tasks at once.
        current = active.get()
        active.set(current.outer if current else None)
