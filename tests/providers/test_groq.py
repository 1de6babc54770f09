"""What only Groq has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from groq import APIConnectionError, APIError, AsyncGroq, BadRequestError, Groq

from mirascope import BaseMessageParam, DocumentPart, Messages, errors, llm
from mirascope.core import groq
from mirascope.core.base import ThinkingPart, _clients
from mirascope.core.groq import GroqCallResponse, GroqStream
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

MODEL = "openai/gpt-oss-120b"


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


@groq.call(MODEL, tools=[find])
def ask(history: list[Any]) -> groq.GroqDynamicConfig:
    return {"messages": history}


# Reasoning


def test_reasoning_is_shown_and_given_back_with_tool_calls(box: Sandbox) -> None:
    call = ToolCall("find", {"title": "Dune"}, id="call_1")
    box.reply(Reply(thinking="Look it up.", tool_calls=[call]))
    response = ask([Messages.User("Where is Dune?")])
    assert response.thinking == "Look it up."
    assert response.model_dump()["thinking"] == "Look it up."
    thought, asked = response.common_message_param.content
    assert thought == ThinkingPart(thinking="Look it up.", provider="groq")
    assert asked.name == "find"
    assert response.tool is not None
    history = [{"role": "user", "content": "Where is Dune?"}, response.message_param]
    ask([*history, *response.tool_message_params([(response.tool, "shelf 3")])])
    assert box.requests[1].body["messages"][1]["reasoning"] == "Look it up."
    assert box.requests[1].body["messages"][2]["tool_call_id"] == "call_1"


def test_reasoning_of_another_provider_is_not_sent(box: Sandbox) -> None:
    thought = ThinkingPart(thinking="Hm.", signature="sig", provider="anthropic")
    said = BaseMessageParam(role="assistant", content=[thought, *Messages.User(["Hello"]).content])
    ask([Messages.User("Hi"), said, Messages.User("And?")])
    assert "Hm." not in str(box.requests[0].body)


def test_reasoning_in_a_stream(box: Sandbox) -> None:
    box.reply(Reply(text="Shelf 3.", thinking="Look it up."))

    @groq.call(MODEL, stream=True, call_params={"reasoning_format": "parsed"})
    def stream() -> str:
        return "Where is Dune?"

    reply = stream()
    assert isinstance(reply, GroqStream)
    pieces = [(chunk.thinking, chunk.content) for chunk, _ in reply]
    assert "".join(thinking for thinking, _ in pieces) == reply.thinking == "Look it up."
    assert "".join(text for _, text in pieces) == reply.content == "Shelf 3."
    assert all(not thinking or not text for thinking, text in pieces)
    assert reply.construct_call_response().thinking == "Look it up."


# Token counts


def event(**changes: Any) -> str:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return f"data: {json.dumps({**chunk, 'choices': [], **changes})}\n\n"


def text_event(text: str, reason: str | None = None, **changes: Any) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return event(choices=[choice], **changes)


@groq.call(MODEL, stream=True)
def streamed() -> str:
    return "Hi"


USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}


@pytest.mark.parametrize(
    "last",
    [{"x_groq": {"id": "r", "usage": USAGE}}, {"usage": USAGE}],
    ids=["x_groq", "usage"],
)
def test_token_counts_are_found_wherever_they_are(box: Sandbox, last: dict[str, Any]) -> None:
    box.native("groq", [text_event("Hello"), text_event("", "stop", **last), "data: [DONE]\n\n"])
    stream = streamed()
    assert [chunk.content for chunk, _ in stream] == ["Hello", ""]
    assert (stream.input_tokens, stream.output_tokens) == (9, 4)
    assert "stream_options" not in box.requests[0].body


def test_token_counts_in_an_event_of_their_own(box: Sandbox) -> None:
    """With tools offered, an event without choices must not break anything."""
    events = [text_event("Hello"), text_event("", "stop"), event(usage=USAGE), "data: [DONE]\n\n"]
    box.native("groq", events)
    stream = llm.call("groq", MODEL, stream=True, tools=[find])(lambda: "Hi")()
    assert "".join(chunk.content for chunk, _ in stream) == "Hello"
    assert stream.output_tokens == 4


def test_reasoning_tokens_are_part_of_the_output(box: Sandbox) -> None:
    box.reply("Hello", usage=Usage(input=1000, output=500, reasoning=100), times=2)
    response = ask([Messages.User("Hi")])
    assert response.output_tokens == 500
    assert response.cost == pytest.approx(0.00045)
    assert response.cost_metadata.reasoning_tokens == 100


# Failures


def test_a_reason_for_stopping_early_is_an_error(box: Sandbox) -> None:
    """The SDK's own iterator passes it over."""
    box.native("groq", [text_event("Hel"), event(x_groq={"error": "over capacity"})])
    stream = streamed()
    with pytest.raises(APIError, match="over capacity"):
        list(stream)
    assert stream.content == "Hel"


def test_an_error_event_with_a_name(box: Sandbox) -> None:
    body = '{"error":{"message":"Tool choice is required","code":"tool_use_failed"}}'
    box.native("groq", [text_event("may"), f"event: error\ndata: {body}\n\n"])
    with pytest.raises(APIError, match="Tool choice is required") as caught:
        list(streamed())
    assert caught.value.body["code"] == "tool_use_failed"  # type: ignore[index]


def test_arguments_that_groq_itself_refuses(box: Sandbox) -> None:
    box.fail(400, message="Tool call validation failed")
    with pytest.raises(BadRequestError, match="validation failed") as caught:
        ask([Messages.User("Hi")])
    assert errors.describe(caught.value).kind == "bad_request"


def test_a_stream_whose_connection_breaks(box: Sandbox) -> None:
    box.cut(2, reply="The Name of the Wind")
    with pytest.raises(APIConnectionError):
        list(streamed())


def test_what_groq_does_not_take_is_refused_unsent(box: Sandbox) -> None:
    part = DocumentPart(media_type="application/pdf", document=b"%PDF-")
    with pytest.raises(ValueError, match=r"Groq does not take `DocumentPart`.*`image`"):
        ask([Messages.User(["Read this", part])])
    assert box.requests == []


# Clients


def test_a_default_client_has_time_for_long_replies(box: Sandbox) -> None:
    ask([Messages.User("Hi")])
    assert box.requests[0].headers["x-stainless-read-timeout"] == "600.0"


def test_default_clients_share_a_tls_context_and_outlive_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "k")
    clients = [groq.PROVIDER.new_client(False, None) for _ in range(3)]
    pools = [client._client._transport._pool for client in clients]
    assert len({id(pool._ssl_context) for pool in pools}) == 1
    assert {pool._keepalive_expiry for pool in pools} == {_clients.KEEP_ALIVE_SECONDS}
    for client in clients:
        client.close()


def test_async_clients_over_several_event_loops(box: Sandbox) -> None:
    @groq.call(MODEL)
    async def hello(name: str) -> str:
        return f"Hello {name}"

    async def main() -> None:
        for number in range(5):
            await hello(str(number))

    for _ in range(4):
        asyncio.run(main())
        assert box.wait_until(lambda: box.open_connections == 0)
    assert (len(box.requests), box.connections) == (20, 4)


def test_the_users_clients(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in box.environment().items():
        monkeypatch.setenv(name, value)

    mine = Groq()

    @groq.call("llama-3.3-70b-versatile", client=mine)
    def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    @groq.call("llama-3.3-70b-versatile")
    async def recommend_async(genre: str, client: AsyncGroq) -> groq.AsyncGroqDynamicConfig:
        return {
            "messages": [Messages.User(f"Recommend a {genre} book")],
            "client": client,
        }

    async def main() -> None:
        async with AsyncGroq() as client:
            response = await recommend_async("sad", client)
            assert response.content.endswith("a sad book")

    response: GroqCallResponse = recommend("fantasy")
    assert response.content == "Sandbox reply to: Recommend a fantasy book"
    asyncio.run(main())
    mine.close()
