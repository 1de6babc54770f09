"""What calls need of `tenacity`, which decides when they are tried again.

    @tenacity.retry(
        stop=tenacity.stop_after_attempt(3), after=collect_errors(pydantic.ValidationError)
    )
    @llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
    def extract(text: str, *, errors: list[Exception] | None = None) -> str: ...

Decorators of `tenacity` stand above the call decorator. See https://tenacity.readthedocs.io.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import describe

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["collect_errors", "is_transient", "wait_retry_after"]


def collect_errors(*errors: type[BaseException]) -> Callable[[RetryCallState], None]:
    """For `after=`: hand the errors so far to the next attempt, in its keyword argument `errors`.

    Only exceptions of these very classes are collected, not those of classes derived from them.
    """

    def collect(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and type(error) in errors:
            state.kwargs["errors"] = [*(state.kwargs.get("errors") or ()), error]

    return collect


def is_transient(error: BaseException) -> bool:
    """For `retry=retry_if_exception(...)`: whether the same request may succeed later."""
    return describe(error).is_transient


def wait_retry_after(
    otherwise: Callable[[RetryCallState], float], *, longest: float = 60.0
) -> Callable[[RetryCallState], float]:
    """For `wait=`: the seconds that the provider asks to wait, at most `longest`.

    `otherwise` is the wait where it asks for none, such as `wait_exponential_jitter()`.
    """

    def wait(state: RetryCallState) -> Any:
        error = state.outcome.exception() if state.outcome else None
        asked = describe(error).retry_after if error is not None else None
        return otherwise(state) if asked is None else min(asked, longest)

    return wait
