"""Spans, as OpenTelemetry's SDK, Logfire and Langfuse get them."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

from mirascope import BaseMessageParam, ImagePart, llm
from mirascope.core import anthropic, metadata, mistral
from mirascope.core._providers import is_installed
from mirascope.sandbox import Sandbox

if not is_installed("opentelemetry.sdk"):
    pytest.skip("the package `opentelemetry-sdk` is not installed", allow_module_level=True)

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode, get_current_span

from mirascope.integrations.otel import with_otel

CALL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o-mini"}


class Spans:
    """A tracer provider that keeps what it gets."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def traced(self, **options: Any) -> Any:
        return with_otel(tracer_provider=self.provider, **options)

    def the_only_one(self) -> Any:
        [span] = self.exporter.get_finished_spans()
        return span


@pytest.fixture
def spans() -> Spans:
    return Spans()


def test_response(box: Any, spans: Spans) -> None:
    inside = []

    @spans.traced()
    @llm.call(**CALL, call_params={"temperature": 0.5, "max_tokens": 20, "stop": "END"})
    @metadata({"tags": {"version:1"}})
    def recommend(genre: str) -> str:
        inside.append(get_current_span())
        return f"Recommend a {genre} book"

    response = recommend("fantasy")
    span = spans.the_only_one()
    assert span.name == "recommend"
    assert span.context == inside[0].get_span_context()
    told = dict(span.attributes)
    assert told.pop("code.function.name").endswith("recommend")
    assert told.pop("mirascope.cost") == pytest.approx(response.cost)
    assert told.pop("gen_ai.usage.cache_read.input_tokens", 0) == (response.cached_tokens or 0)
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 20,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.id": response.id,
        "gen_ai.response.model": response.model,
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": response.input_tokens,
        "gen_ai.usage.output_tokens": response.output_tokens,
        "mirascope.tags": ("version:1",),
    }
    assert not get_current_span().is_recording()


def test_content_is_recorded_when_asked_for(box: Any, spans: Spans) -> None:
    @spans.traced(content=True)
    @llm.call(**CALL)
    def look() -> list[BaseMessageParam]:
        image = ImagePart(type="image", media_type="image/png", image=b"12345", detail=None)
        return [BaseMessageParam(role="user", content=[image])]

    response = look()
    told = spans.the_only_one().attributes
    [asked] = json.loads(told["gen_ai.input.messages"])
    assert asked["role"] == "user"
    assert asked["content"][0]["image"] == "<5 bytes>"
    [answered] = json.loads(told["gen_ai.output.messages"])
    assert response.content in json.dumps(answered, ensure_ascii=False)


def test_content_by_the_environment(
    box: Any, spans: Spans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true")

    @spans.traced()
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    ask()
    assert "Say hello" in spans.the_only_one().attributes["gen_ai.input.messages"]


def test_stream(box: Any, spans: Spans) -> None:
    @spans.traced()
    @anthropic.call("claude-sonnet-4-6", stream=True)
    def ask() -> str:
        return "Say hello"

    stream = ask()
    for _ in stream:
        assert spans.exporter.get_finished_spans() == ()
        assert not get_current_span().is_recording()
    told = spans.the_only_one().attributes
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["gen_ai.usage.output_tokens"] == stream.output_tokens > 0


async def test_spans_of_calls_at_the_same_time_do_not_nest(box: Any, spans: Spans) -> None:
    @spans.traced()
    @llm.call(**CALL)
    async def ask(number: int) -> str:
        return f"Say {number}"

    with spans.provider.get_tracer("test").start_as_current_span("all"):
        await asyncio.gather(*(ask(number) for number in range(5)))
    finished = spans.exporter.get_finished_spans()
    outer = finished[-1]
    assert outer.name == "all"
    assert [span.parent.span_id for span in finished[:-1]] == [outer.context.span_id] * 5


async def test_async_stream_that_is_left(box: Any, spans: Spans) -> None:
    @spans.traced()
    @llm.call(**CALL, stream=True)
    async def ask() -> str:
        return "Say hello"

    async with await ask() as stream:
        async for _ in stream:
            break
    # The event loop ends a pass that was left.
    await asyncio.sleep(0.01)
    span = spans.the_only_one()
    assert span.status.status_code is not StatusCode.ERROR
    assert span.attributes["gen_ai.response.id"]


def test_error(box: Any, spans: Spans) -> None:
    box.fail(429, times=5)

    @spans.traced()
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    with pytest.raises(openai.RateLimitError):
        ask()
    span = spans.the_only_one()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "openai.RateLimitError"
    assert span.attributes["gen_ai.request.model"] == "gpt-4o-mini"
    assert [event.name for event in span.events] == ["exception"]


def test_the_override_of_a_context_is_what_the_span_says(box: Any, spans: Spans) -> None:
    @spans.traced()
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    with llm.context(provider="anthropic", model="claude-sonnet-4-6"):
        ask()
    told = spans.the_only_one().attributes
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["gen_ai.request.model"] == "claude-sonnet-4-6"


def test_response_model_and_messages_of_an_sdk(box: Any, spans: Spans) -> None:
    @spans.traced(content=True)
    @mistral.call("mistral-small-latest", response_model=int)
    def count() -> str:
        return "How many?"

    assert isinstance(count(), int)
    # A plain value has no place for the reply it came from.
    assert spans.the_only_one().attributes["gen_ai.request.model"] == "mistral-small-latest"


def test_no_secret_in_a_span(spans: Spans) -> None:
    secret = "sk-very-secret"
    with Sandbox(redirect=False) as box:
        client = openai.OpenAI(
            api_key=secret, base_url=box.environment()["OPENAI_BASE_URL"], max_retries=0
        )

        @spans.traced(content=True)
        @llm.call(
            **CALL,
            client=client,
            call_params={"extra_headers": {"X-Token": "hush-hush"}},
        )
        def ask() -> str:
            return "Say hello"

        with client:
            ask()
    shown = spans.the_only_one().to_json()
    assert secret not in shown
    assert "hush-hush" not in shown


def run(program: str, **environment: str) -> str:
    """A program in a process of its own: tracing is set up for a whole process."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=100,
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ASK = """
from mirascope import llm
from mirascope.sandbox import sandbox

def ask(decorator):
    @decorator
    @llm.call(provider="openai", model="gpt-4o-mini")
    def recommend() -> str:
        return "Recommend a book"

    with sandbox():
        return recommend()
"""


def test_configure_prints_spans_to_the_console() -> None:
    traced = "from mirascope.integrations import otel\notel.configure()\nask(otel.with_otel())"
    span = json.loads(run(ASK + traced))
    assert span["name"] == "recommend"
    assert span["attributes"]["gen_ai.request.model"] == "gpt-4o-mini"
    assert "gen_ai.input.messages" not in span["attributes"]


@pytest.mark.skipif(not is_installed("logfire"), reason="the package `logfire` is not installed")
def test_logfire() -> None:
    program = ASK + textwrap.dedent("""
        import logfire
        from logfire.testing import TestExporter
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from mirascope.integrations.logfire import with_logfire

        exporter = TestExporter()
        logfire.configure(
            inspect_arguments=False,
            send_to_logfire=False,
            console=False,
            additional_span_processors=[SimpleSpanProcessor(exporter)],
        )
        with logfire.span("outer"):
            ask(with_logfire())
        inner, outer = (
            span
            for span in exporter.exported_spans
            if span.attributes["logfire.span_type"] == "span"
        )
        assert inner.parent.span_id == outer.context.span_id
        print(inner.to_json())
    """)
    span = json.loads(run(program))
    assert span["name"] == "recommend with gpt-4o-mini"
    assert "Recommend a book" in span["attributes"]["gen_ai.input.messages"]


class Collector(ThreadingHTTPServer):
    """A server that keeps the traces it is sent in OTLP."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        super().__init__(("127.0.0.1", 0), Receive)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Collector:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Receive(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append((self.path, body))  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.skipif(not is_installed("langfuse"), reason="the package `langfuse` is not installed")
def test_langfuse() -> None:
    program = ASK + textwrap.dedent("""
        import langfuse
        from mirascope.integrations.langfuse import with_langfuse

        ask(with_langfuse())
        langfuse.get_client().flush()
    """)
    with Collector() as collector:
        run(
            program,
            LANGFUSE_PUBLIC_KEY="pk-lf-1",
            LANGFUSE_SECRET_KEY="sk-lf-hidden",
            LANGFUSE_BASE_URL=collector.url,
        )
    traces = b"".join(body for path, body in collector.received if "otel" in path)
    assert b"recommend with gpt-4o-mini" in traces
    assert b"generation" in traces
    assert b"Recommend a book" in traces
    assert b"sk-lf-hidden" not in traces


def test_hyperdx() -> None:
    program = ASK + textwrap.dedent("""
        from opentelemetry import trace
        from mirascope.integrations.otel import with_hyperdx

        ask(with_hyperdx())
        trace.get_tracer_provider().force_flush()
    """)
    with Collector() as collector:
        run(
            program,
            HYPERDX_API_KEY="hidden",
            OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
        )
    [(path, body)] = collector.received
    assert path == "/v1/traces"
    assert b"recommend" in body
    assert b"hidden" not in body


def test_hyperdx_needs_a_key() -> None:
    from mirascope.integrations.otel import with_hyperdx

    with pytest.raises(ValueError, match="HYPERDX_API_KEY"):
        with_hyperdx()
