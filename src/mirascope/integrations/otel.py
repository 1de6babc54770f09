"""OpenTelemetry: a span for every call, by its conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from .._version import __version__
from ._extras import required
from ._spans import traced

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Tracer, TracerProvider

__all__ = ["configure", "with_hyperdx", "with_otel"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_HYPERDX = "https://in-otel.hyperdx.io/v1/traces"


def configure(processors: Sequence[SpanProcessor] | None = None) -> Tracer:
    """Set up tracing for the process with these span processors; the tracer that calls use.

    Without any, spans are printed to the console. Where the process has its tracing set up
    already, that is kept and gets the processors in addition. Raises ImportError where the extra
    `opentelemetry` is not installed.
    """
    required("opentelemetry.sdk", "opentelemetry")
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

    provider = trace.get_tracer_provider()
    is_new = not isinstance(provider, SdkTracerProvider)
    if not isinstance(provider, SdkTracerProvider):
        provider = SdkTracerProvider()
    if processors is None:
        processors = [SimpleSpanProcessor(ConsoleSpanExporter())] if is_new else []
    for processor in processors:
        provider.add_span_processor(processor)
    if is_new:
        trace.set_tracer_provider(provider)
    return trace.get_tracer("mirascope", __version__)


def with_otel(
    *, content: bool | None = None, tracer_provider: TracerProvider | None = None
) -> Callable[[FunctionT], FunctionT]:
    """Trace a call: the decorator stands above the call decorator.

        @with_otel()
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str: ...

    The span is named after the function, and has the provider, the model, the parameters, the
    tokens, the cost in US dollars and why the reply ended. It is the current span while the prompt
    is made and sent, and ends with the reply; for a stream, with the pass over it.

    - `content`: whether the messages of both sides are recorded. By default only where the
      environment variable `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` is `true`.
    - `tracer_provider`: in the place of the process's own.

    Raises ImportError where the extra `opentelemetry` is not installed.
    """
    required("opentelemetry.trace", "opentelemetry")

    def tracer() -> Tracer:
        from opentelemetry import trace

        return trace.get_tracer("mirascope", __version__, tracer_provider)

    return lambda fn: traced(fn, tracer, fn.__name__, content)


def with_hyperdx(**options: Any) -> Callable[[FunctionT], FunctionT]:
    """Trace a call, and send the spans to HyperDX with the key in `HYPERDX_API_KEY`.

    `options` are those of `with_otel`. Raises ImportError where the extra `hyperdx` is not
    installed, and ValueError where there is no key.
    """
    required("opentelemetry.exporter.otlp.proto.http", "hyperdx")
    _send_to_hyperdx()
    return with_otel(**options)


_is_sent_to_hyperdx = False


def _send_to_hyperdx() -> None:
    global _is_sent_to_hyperdx
    if _is_sent_to_hyperdx:
        return
    key = os.environ.get("HYPERDX_API_KEY")
    if not key:
        raise ValueError("HyperDX needs a key: set the environment variable `HYPERDX_API_KEY`.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    address = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", _HYPERDX)
    exporter = OTLPSpanExporter(endpoint=address, headers={"authorization": key})
    configure([BatchSpanProcessor(exporter)])
    _is_sent_to_hyperdx = True
