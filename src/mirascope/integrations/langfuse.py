"""Langfuse: a generation for every call, through the OpenTelemetry spans that Langfuse takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ._extras import required
from ._spans import traced

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

__all__ = ["with_langfuse"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])


def with_langfuse(*, content: bool = True) -> Callable[[FunctionT], FunctionT]:
    """Trace a call with Langfuse, as a generation named `<function> with <model>`.

        @with_langfuse()
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str: ...

    Langfuse's own client sends it: that which the program has made, or one made of
    `LANGFUSE_PUBLIC_KEY`, `LANGFUSE_SECRET_KEY` and `LANGFUSE_BASE_URL`. It has the model, the
    tokens, the cost, and with `content` the messages. Raises ImportError where the extra
    `langfuse` is not installed.
    """
    required("langfuse", "langfuse")

    def tracer() -> Tracer:
        import langfuse
        from opentelemetry import trace

        # Its client adds itself to the tracing of the process.
        langfuse.get_client()
        return trace.get_tracer("mirascope")

    def decorate(fn: FunctionT) -> FunctionT:
        model = getattr(fn, "_model", None)
        name = f"{fn.__name__} with {model}" if model else fn.__name__
        attributes = {"langfuse.observation.type": "generation"}
        return traced(fn, tracer, name, content, attributes)

    return decorate
