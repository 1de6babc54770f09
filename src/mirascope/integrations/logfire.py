"""Pydantic Logfire: a span for every call, with what it was asked and what it answered."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from ._call_facts import tags_of
from ._extras import required
from ._spans import traced

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["with_logfire"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def with_logfire(*, content: bool = True) -> Callable[[FunctionT], FunctionT]:
    """Trace a call with Logfire: the decorator stands above the call decorator.

        logfire.configure()

        @with_logfire()
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str: ...

    The span has what `otel.with_otel` says, and with `content` the messages of both sides, which
    Logfire shows as a conversation. Tags of the call's metadata are the span's. Raises ImportError
    where the extra `logfire` is not installed.
    """
    required("logfire", "logfire")

    def tracer() -> Tracer:
        # Not an `import`: to those who check the types of this library it may be missing.
        logfire: Any = import_module("logfire")
        provider: Any = logfire.DEFAULT_LOGFIRE_INSTANCE.config.get_tracer_provider()
        found: Tracer = provider.get_tracer("mirascope")
        return found

    def decorate(fn: FunctionT) -> FunctionT:
        model = getattr(fn, "_model", None)
        message = f"{fn.__name__} with {model}" if model else fn.__name__
        attributes: dict[str, Any] = {"logfire.msg": message}
        if tags := tags_of(fn):
            attributes["logfire.tags"] = tags
        return traced(fn, tracer, message, content, attributes)

    return decorate
