"""What the library hands out of an SDK is what the bare SDK makes of the same bytes, in all of it.

With replies of our own making for every provider, so that it holds without recordings as well.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from mirascope.sandbox import Sandbox, sandbox

from ..malformed.corpus import REPLIES, corpus_of
from ._adapter import Adapter
from ._anatomy import anatomy
from ._azure import AzureDeploymentRecordings, AzureOpenAIRecordings, AzureRecordings
from ._chat_completions import GroqRecordings, OpenAIRecordings, XAIRecordings
from ._cohere import CohereRecordings
from ._converse import BedrockRecordings
from ._generate_content import GoogleRecordings
from ._messages_api import AnthropicRecordings
from ._mistral import MistralRecordings
from ._recordings import Exchange, Json
from ._replay import WAYS, Way, by_library, by_sdk

ADAPTERS: dict[str, Adapter] = {
    "openai": OpenAIRecordings(),
    "anthropic": AnthropicRecordings(),
    "google": GoogleRecordings(),
    "groq": GroqRecordings(),
    "xai": XAIRecordings(),
    "azure": AzureRecordings(),
    "azure-openai": AzureOpenAIRecordings(),
    "azure-deployment": AzureDeploymentRecordings(),
    "bedrock": BedrockRecordings(),
    "mistral": MistralRecordings(),
    "cohere": CohereRecordings(),
}
HEADERS = {
    "x-request-id": "req_1",
    "request-id": "req_2",
    "anthropic-workspace-id": "wrkspc_1",
    "x-amzn-requestid": "req_3",
}
STREAM_TYPES = {"bedrock": "application/vnd.amazon.eventstream"}


def request_of(provider: str, is_streamed: bool) -> tuple[Json, str]:
    """A request in the provider's own form, and what is asked for by it."""
    if provider == "google":
        method = "streamGenerateContent" if is_streamed else "generateContent"
        body: Json = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
        return body, f"/models/gemini-2.5-flash:{method}" + (":stream" if is_streamed else "")
    if provider == "bedrock":
        path = "/model/amazon.nova-lite-v1%3A0/converse"
        body = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}
        return body, path + ("-stream" if is_streamed else "")
    model = "gpt-4o-mini"
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    if provider == "anthropic":
        body["max_tokens"] = 100
    return ({**body, "stream": True} if is_streamed else body), "/"


def exchanges_of(name: str) -> Iterator[Exchange]:
    provider = name.partition("-")[0]
    corpus = corpus_of(provider)
    # Those of Bedrock that were written by hand are as its SDK decodes them, not as they are sent.
    whole = corpus.bodies[: len(REPLIES)] if provider == "bedrock" else corpus.bodies
    # A field that the SDK does not know yet.
    bodies = [{**body, "from_the_future": {"a": [1, None]}} for body in whole]
    for index, body in enumerate(bodies):
        request, path = request_of(provider, is_streamed=False)
        yield Exchange(f"{name}/whole", index, request, 200, HEADERS, body, None, path)
    for index, wire in enumerate(corpus.wires):
        request, path = request_of(provider, is_streamed=True)
        kind = STREAM_TYPES.get(provider, "text/event-stream")
        headers = {**HEADERS, "content-type": kind}
        data = b"".join(wire)
        is_binary = provider in STREAM_TYPES
        text, binary = (None, data) if is_binary else (data.decode(), None)
        made = Exchange(f"{name}/stream", index, request, 200, headers, None, text, path, binary)
        yield made


EXCHANGES = [(name, exchange) for name in ADAPTERS for exchange in exchanges_of(name)]


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    with sandbox(redirect=False, strict=False) as running:
        yield running


@pytest.fixture
def box(shared_box: Sandbox) -> Sandbox:
    shared_box.reset()
    return shared_box


@pytest.mark.parametrize("way", WAYS[:2], ids=str)
@pytest.mark.parametrize(
    ("name", "exchange"), EXCHANGES, ids=[str(exchange) for _, exchange in EXCHANGES]
)
def test_objects_of_the_sdk(box: Sandbox, name: str, exchange: Exchange, way: Way) -> None:
    adapter = ADAPTERS[name]
    native = by_sdk(adapter, box, exchange)
    expected = native if exchange.is_streamed else [native]
    found = found_by_library(adapter, box, exchange, way)
    assert list(map(adapter.anatomy, found)) == list(map(adapter.anatomy, expected))


def found_by_library(adapter: Adapter, box: Sandbox, exchange: Exchange, way: Way) -> list[Any]:
    result = by_library(adapter, box, exchange, way)
    if not exchange.is_streamed:
        return [result.value.response]
    return [chunk.chunk for chunk, _ in result.items if chunk.chunk is not None]


def test_what_is_pickled_has_the_same_object(box: Sandbox) -> None:
    adapter = ADAPTERS["anthropic"]
    exchange = next(exchanges_of("anthropic"))
    response = by_library(adapter, box, exchange, WAYS[0]).value
    restored = pickle.loads(pickle.dumps(response))
    assert restored.response._workspace_id == "wrkspc_1"
    assert anatomy(restored.response) == anatomy(response.response)
