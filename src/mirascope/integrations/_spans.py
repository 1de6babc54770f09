"""A span for every call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.base._flow import Flow
from ._call_facts import facts_after, facts_before
from ._watching import Watch, watched

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

CONTENT = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The environment variable by which OpenTelemetry's own instrumentations record messages."""


def captures_content(content: bool | None) -> bool:
    """Whether messages are recorded: what the caller says, else what the environment says."""
    if content is not None:
        return content
    return os.environ.get(CONTENT, "").lower() in ("true", "1", "span_only", "span_and_event")


def traced(
    fn: FunctionT,
    tracer: Callable[[], Tracer],
    name: str,
    content: bool | None,
    attributes: Mapping[str, Any] | None = None,
) -> FunctionT:
    """The call `fn`, each time in a span of the tracer that `tracer` gives then."""
    known = {**facts_before(fn), **(attributes or {})}

    def start() -> Watch:
        return _Spanned(tracer(), name, known, captures_content(content))

    return watched(fn, start, in_stream_too=False)


class _Spanned(Watch):
    def __init__(
        self, tracer: Tracer, name: str, attributes: Mapping[str, Any], content: bool
    ) -> None:
        self._tracer = tracer
        self._name = name
        self._attributes = attributes
        self._content = content
        self._span: Span | None = None

    def calling(self, call: Flow[Any]) -> Flow[Any]:
        from opentelemetry.context import attach, detach
        from opentelemetry.trace import SpanKind, set_span_in_context

        self._span = self._tracer.start_span(
            self._name, kind=SpanKind.CLIENT, attributes=dict(self._attributes)
        )
        token = attach(set_span_in_context(self._span))
        try:
            return (yield from call)
        finally:
            detach(token)

    def replied(self, result: Any) -> Flow[None]:
        if self._span is not None and self._span.is_recording():
            self._span.set_attributes(facts_after(result, self._content))
        return
        yield

    def failed(self, error: Exception) -> Flow[Any]:
        raise error
        yield

    def leave(self, error: BaseException | None) -> None:
        from opentelemetry.trace import Status, StatusCode

        span, self._span = self._span, None
        if span is None:
            return
        # A stream that its reader has left is no failure.
        if error is not None and not isinstance(error, GeneratorExit):
            span.set_attribute("error.type", f"{type(error).__module__}.{type(error).__qualname__}")
            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        span.end()
