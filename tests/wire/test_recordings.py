"""Recorded traffic of real providers, replayed byte for byte to the real SDKs.

What the library makes of a reply is compared with the recorded JSON, read here without it, and with
what the bare SDK makes of the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from mirascope.core.base import BaseMessageParam
from mirascope.core.base.message_param import ThinkingPart
from mirascope.sandbox import Sandbox, sandbox

from ._adapter import Adapter, Reading, without_defaults
from ._azure import AzureRecordings
from ._chat_completions import GroqRecordings, OpenAIRecordings, XAIRecordings
from ._cohere import CohereRecordings
from ._converse import BedrockRecordings
from ._generate_content import GoogleRecordings
from ._messages_api import AnthropicRecordings
from ._mistral import MistralRecordings
from ._recordings import ABSENT, Exchange, recordings_of
from ._replay import WAYS, Result, Way, by_library, by_sdk

ADAPTERS: dict[str, Adapter] = {
    "openai": OpenAIRecordings(),
    "anthropic": AnthropicRecordings(),
    "openai_compatible": OpenAIRecordings(),
    "google": GoogleRecordings(),
    "groq": GroqRecordings(),
    "xai": XAIRecordings(),
    "azure": AzureRecordings(),
    "bedrock": BedrockRecordings(),
    "mistral": MistralRecordings(),
    "cohere": CohereRecordings(),
}
"""Which adapter replays a directory of recordings."""

RECORDINGS = [
    recording
    for directory, adapter in ADAPTERS.items()
    for recording in recordings_of(directory)
    if adapter.replays(recording)
]
EXCHANGES = [exchange for recording in RECORDINGS for exchange in recording]
REPLIES = [exchange for exchange in EXCHANGES if not exchange.is_failure]
FAILURES = [exchange for exchange in EXCHANGES if exchange.is_failure]

pytestmark = [
    pytest.mark.skipif(not RECORDINGS, reason=ABSENT),
    # Some recordings are of models that have been retired since.
    pytest.mark.filterwarnings("ignore:The model .* is deprecated:DeprecationWarning"),
]


def of(exchanges: Iterator[Any] | list[Any]) -> Callable[..., Any]:
    return pytest.mark.parametrize("exchange", exchanges, ids=str)


in_every_way = pytest.mark.parametrize("way", WAYS, ids=str)


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    # Not strict: the recorded requests are what other programs sent, and not all of it is typed.
    with sandbox(redirect=False, strict=False) as running:
        yield running


@pytest.fixture
def box(shared_box: Sandbox) -> Sandbox:
    shared_box.reset()
    return shared_box


def adapter_of(exchange: Exchange) -> Adapter:
    return ADAPTERS[exchange.recording.partition("/")[0]].of(exchange)


@in_every_way
@of(REPLIES)
def test_what_is_sent_is_what_was_recorded(box: Sandbox, exchange: Exchange, way: Way) -> None:
    adapter = adapter_of(exchange)
    sent = by_library(adapter, box, exchange, way).request
    assert adapter.sent(sent) == adapter.body(exchange.request)


@in_every_way
@of([exchange for exchange in REPLIES if not exchange.is_streamed])
def test_whole_reply(box: Sandbox, exchange: Exchange, way: Way) -> None:
    adapter = adapter_of(exchange)
    response = by_library(adapter, box, exchange, way).value
    reading = adapter.read(exchange)
    check_response(adapter, response, reading, way, offered=bool(adapter.tools(exchange.request)))
    check_turn(adapter, response, reading, way)

    native = by_sdk(adapter, box, exchange)
    assert adapter.anatomy(response.response) == adapter.anatomy(native)


@in_every_way
@of([exchange for exchange in REPLIES if exchange.is_streamed])
def test_streamed_reply(box: Sandbox, exchange: Exchange, way: Way) -> None:
    adapter = adapter_of(exchange)
    reading = adapter.read(exchange)
    result = by_library(adapter, box, exchange, way)
    check_stream(adapter, result, reading, way)
    response = result.value.construct_call_response()
    check_response(adapter, response, reading, way, offered=bool(adapter.tools(exchange.request)))
    check_turn(adapter, result.value, reading, way)

    native = by_sdk(adapter, box, exchange)
    chunks = [chunk.chunk for chunk, _ in result.items if chunk.chunk is not None]
    assert list(map(adapter.anatomy, chunks)) == list(map(adapter.anatomy, native))


@in_every_way
@of(FAILURES)
def test_error(box: Sandbox, exchange: Exchange, way: Way) -> None:
    adapter = adapter_of(exchange)
    with pytest.raises(Exception, match=r".") as native:
        by_sdk(adapter, box, exchange)
    with pytest.raises(Exception, match=r".") as ours:
        by_library(adapter, box, exchange, way)
    assert adapter.told(ours.value) == adapter.told(native.value)
    if exchange.status != 200:
        assert adapter.status(ours.value) == exchange.status
    assert str(ours.value) == str(native.value)


def continued(recording: list[Exchange]) -> Iterator[tuple[Exchange, Exchange]]:
    """The exchanges that were followed by one of the same conversation."""
    for exchange, following in pairwise(recording):
        count = len(exchange.messages)
        goes_on = (
            len(following.messages) > count and following.messages[:count] == exchange.messages
        )
        if goes_on and not exchange.is_failure:
            yield exchange, following


CONTINUED = [pair for recording in RECORDINGS for pair in continued(recording)]


@in_every_way
@pytest.mark.parametrize(
    ("exchange", "following"), CONTINUED, ids=[str(exchange) for exchange, _ in CONTINUED]
)
def test_conversation_goes_on(
    box: Sandbox, exchange: Exchange, following: Exchange, way: Way
) -> None:
    """The reply, sent back with the results of its tools, is what the recorded client sent back."""
    adapter = adapter_of(exchange)
    reply = by_library(adapter, box, exchange, way).value
    if exchange.is_streamed:
        reply = reply.construct_call_response()
    count = len(exchange.messages)
    outputs = adapter.outputs(reply.tools or [], following.messages[count + 1 :])
    ours = [reply.message_param, *reply.tool_message_params(outputs)]
    if not outputs:
        ours += adapter.messages(following)[count + 1 :]

    messages = [*adapter.messages(exchange), *ours]
    again = by_library(adapter, box, following, way, messages, reply=exchange)
    sent = again.request.get("messages") or again.request["contents"]
    assert adapter.turn(sent[count]) == adapter.turn(following.messages[count])
    assert adapter.outputs(reply.tools or [], sent[count + 1 :]) == outputs


def check_response(
    adapter: Adapter, response: Any, reading: Reading, way: Way, offered: bool
) -> None:
    assert response.content == str(response) == reading.text
    assert response.model == reading.model
    assert response.id == reading.id
    common = reading.common_finish_reasons
    assert response.finish_reasons == (common if way.is_common else reading.finish_reasons)
    assert response.common_finish_reasons == common
    check_tokens(response, reading)
    check_calls(adapter, response, reading, offered)
    check_thinking(response, reading)
    if reading.audio:
        assert response.audio == reading.audio
        assert response.audio_transcript == reading.transcript


def check_tokens(counted: Any, reading: Reading) -> None:
    assert counted.input_tokens == reading.input
    assert counted.output_tokens == reading.output
    assert counted.cached_tokens == reading.cached


def check_calls(adapter: Adapter, response: Any, reading: Reading, offered: bool) -> None:
    if reading.refusal:
        with pytest.raises(ValueError) as refused:
            response.tools
        assert str(refused.value) == reading.refusal
    elif offered and reading.calls:
        assert as_calls(adapter, response.tools) == reading.calls
        assert as_calls(adapter, [response.tool]) == reading.calls[:1]
    else:
        assert not response.tools
        assert response.tool is None


def as_calls(adapter: Adapter, tools: list[Any]) -> list[Any]:
    return [(tool._name(), adapter.call_id(tool), without_defaults(tool.args)) for tool in tools]


def check_thinking(response: Any, reading: Reading) -> None:
    message: BaseMessageParam = response.common_message_param
    parts = [] if isinstance(message.content, str) else message.content
    thoughts = [(p.thinking, p.signature) for p in parts if isinstance(p, ThinkingPart)]
    assert thoughts == reading.thinking
    if response.provider == "anthropic":
        first = reading.thinking[0] if reading.thinking else (None, None)
        assert (response.thinking, response.signature) == first


def check_turn(adapter: Adapter, reply: Any, reading: Reading, way: Way) -> None:
    if reading.turn is not None and not way.is_common:
        assert adapter.turn(reply.message_param) == reading.turn


def check_stream(adapter: Adapter, result: Result, reading: Reading, way: Way) -> None:
    stream = result.value
    assert "".join(chunk.content for chunk, _ in result.items) == stream.content == reading.text
    called = [tool for _, tool in result.items if tool is not None]
    assert as_calls(adapter, called) == reading.calls
    assert (stream.model, stream.id) == (reading.model, reading.id)
    common = reading.common_finish_reasons
    assert stream.finish_reasons == (common if way.is_common else reading.finish_reasons)
    check_tokens(stream, reading)
    if stream.provider == "anthropic":
        assert "".join(chunk.thinking for chunk, _ in result.items) == stream.thinking
        assert stream.thinking == "".join(text for text, _ in reading.thinking)
        assert stream.signature == "".join(sign or "" for _, sign in reading.thinking)
