"""What only Cohere has: plans, citations, billed units, messages of an older form of its API."""

from __future__ import annotations

import json
from typing import Any

import cohere
import pytest
from cohere.types import ChatbotMessage, ChatMessage, ToolMessage, UserChatMessageV2, UserMessage

from mirascope import BaseMessageParam, BaseTool, Messages, errors, llm
from mirascope.core import cohere as ours
from mirascope.core.base import ProviderPart, TextPart, ThinkingPart
from mirascope.sandbox import Reply, Sandbox, ToolCall

from .cases import Way
from .conftest import WAYS

COHERE = [way for way in WAYS if str(way.id).startswith("cohere")]
PLAN = "I will look it up."
CITATION = {"start": 0, "end": 4, "text": "Dune", "sources": [{"type": "tool", "id": "a:0"}]}
USAGE = {
    "billed_units": {"input_tokens": 10, "output_tokens": 5},
    "tokens": {"input_tokens": 490, "output_tokens": 8, "reasoning_tokens": 3},
    "cached_tokens": 448,
}
CALL = {
    "id": "find_1",
    "type": "function",
    "function": {"name": "Find", "arguments": '{"title":"Dune"}'},
}


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return "on shelf 3"


@pytest.fixture(params=COHERE)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    return Way(*request.param, box)


def event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def said(**message: Any) -> dict[str, Any]:
    return {"message": message}


def planned(box: Sandbox, stream: bool) -> None:
    """Order a plan and a tool call."""
    if not stream:
        message = {"role": "assistant", "tool_plan": PLAN, "tool_calls": [CALL]}
        body = {"id": "1", "message": message, "finish_reason": "TOOL_CALL", "usage": USAGE}
        box.native("cohere", body)
        return
    start = {**CALL, "function": {"name": "Find", "arguments": ""}}
    arguments = {"function": {"arguments": CALL["function"]["arguments"]}}  # type: ignore[index]
    pieces = [
        event("tool-plan-delta", delta=said(tool_plan=word)) for word in ("I will ", PLAN[7:])
    ]
    box.native(
        "cohere",
        [
            event("message-start", id="1", delta=said(role="assistant")),
            *pieces,
            event("tool-call-start", index=0, delta=said(tool_calls=start)),
            event("tool-call-delta", index=0, delta=said(tool_calls=arguments)),
            event("tool-call-end", index=0),
            event("message-end", delta={"finish_reason": "TOOL_CALL", "usage": USAGE}),
            "data: [DONE]\n\n",
        ],
    )


async def taken(way: Way, **options: Any) -> Any:
    """The response to a call, or the stream that was read to its end."""
    result = await way.ask("Where is Dune?", **options)
    if options.get("stream"):
        await way.items(result)
    return result


# What it says besides


@pytest.mark.parametrize("stream", [False, True])
async def test_a_plan_is_no_text_and_goes_back(way: Way, stream: bool) -> None:
    planned(way.box, stream)
    reply = await taken(way, tools=[Find], stream=stream)
    assert (reply.content, reply.tool_plan) == ("", PLAN)
    whole = reply.construct_call_response() if stream else reply
    assert whole.tool_plan == PLAN
    assert whole.response.message.tool_plan == PLAN
    assert reply.common_message_param.content[0] == ProviderPart(
        provider="cohere", data={"tool_plan": PLAN}
    )
    results = reply.tool_message_params([(whole.tool, "on shelf 3")])
    history = [reply.user_message_param, reply.message_param, *results]
    await way.ask(lambda: history, tools=[Find])
    assert way.body["messages"][1:] == [
        {"role": "assistant", "tool_plan": PLAN, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "find_1", "content": "on shelf 3"},
    ]


async def test_the_plan_of_a_chunk(way: Way) -> None:
    planned(way.box, stream=True)
    items = await way.items(await way.ask("Hi", tools=[Find], stream=True))
    assert "".join(chunk.tool_plan for chunk, _ in items) == PLAN
    assert "".join(chunk.content + chunk.thinking for chunk, _ in items) == ""


async def test_no_plan(way: Way) -> None:
    response = await way.ask("Hi")
    assert (response.tool_plan, response.citations, response.thinking) == (None, None, None)


@pytest.mark.parametrize("stream", [False, True])
async def test_citations(way: Way, stream: bool) -> None:
    documents = [{"id": "a", "data": {"text": "Dune is on shelf 3."}}]
    if stream:
        way.box.native(
            "cohere",
            [
                event("message-start", id="1"),
                event("content-start", index=0, delta=said(content={"type": "text", "text": ""})),
                event("content-delta", index=0, delta=said(content={"text": "Dune"})),
                event("citation-start", index=0, delta=said(citations=CITATION)),
                event("citation-end", index=0),
                event("citation-start", index=1, delta=said(citations=CITATION)),
                event("content-end", index=0),
                event("message-end", delta={"finish_reason": "COMPLETE", "usage": USAGE}),
            ],
        )
    else:
        content = [{"type": "text", "text": "Dune"}]
        message = {"role": "assistant", "content": content, "citations": [CITATION] * 2}
        way.box.native("cohere", {"id": "1", "message": message, "finish_reason": "COMPLETE"})
    reply = await taken(way, stream=stream, call_params={"documents": documents})
    assert way.body["documents"] == documents
    assert reply.content == "Dune"
    whole = reply.construct_call_response() if stream else reply
    assert [citation.text for citation in whole.citations] == ["Dune", "Dune"]
    assert whole.citations[0].sources[0].id == "a:0"


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning(way: Way, stream: bool) -> None:
    way.box.reply(Reply(text="Four.", thinking="Two and two."))
    thinking = {"type": "enabled", "token_budget": 100}
    reply = await taken(way, stream=stream, call_params={"thinking": thinking})
    assert way.body["thinking"] == thinking
    assert (reply.thinking, reply.content) == ("Two and two.", "Four.")
    assert reply.common_message_param.content == [
        ThinkingPart(thinking="Two and two.", provider="cohere"),
        TextPart(text="Four."),
    ]
    await way.ask(lambda: [Messages.User("2 + 2?"), reply.message_param, Messages.User("Sure?")])
    assert way.body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Two and two."},
        {"type": "text", "text": "Four."},
    ]


@pytest.mark.parametrize("stream", [False, True])
async def test_the_units_that_are_billed(way: Way, stream: bool) -> None:
    planned(way.box, stream)
    reply = await taken(way, stream=stream)
    counts = (reply.input_tokens, reply.output_tokens, reply.cached_tokens)
    assert counts == (10, 5, 448)
    if not way.agnostic:
        whole = reply.construct_call_response() if stream else reply
        assert (whole.usage.input_tokens, whole.usage.output_tokens) == (10, 5)


# Messages and parameters of version 1


async def test_messages_of_version_1(way: Way) -> None:
    history = [
        ChatMessage(role="user", message="Where is Dune?"),  # type: ignore[call-arg]
        ChatbotMessage(message="", tool_calls=[{"name": "Find", "parameters": {"title": "Dune"}}]),  # type: ignore[list-item]
        ToolMessage(
            tool_results=[
                {"call": {"name": "Find", "parameters": {}}, "outputs": [{"shelf": 3}]}  # type: ignore[list-item]
            ]
        ),
        {"role": "CHATBOT", "message": "On shelf 3."},
        UserMessage(message="Thanks."),
    ]
    response = await way.ask(lambda: {"messages": history})
    assert [m["role"] for m in way.body["messages"]] == [
        *("user", "assistant", "tool", "assistant", "user"),
    ]
    assert way.wire.turns(way.body) == [
        ("user", "Where is Dune?"),
        ("assistant", "On shelf 3."),
        ("user", "Thanks."),
    ]
    (call,) = way.body["messages"][1]["tool_calls"]
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == (
        "Find",
        {"title": "Dune"},
    )
    result = way.body["messages"][2]
    assert (result["tool_call_id"], result["content"]) == (call["id"], '[{"shelf":3}]')
    assert [message.role for message in response.common_messages] == [
        *("user", "assistant", "tool", "assistant", "user"),
    ]


async def test_a_result_that_nobody_asked_for(way: Way) -> None:
    result = {"call": {"name": "Find", "parameters": {}}, "outputs": []}
    with pytest.raises(ValueError, match="no message before it calls that tool"):
        await way.ask(lambda: {"messages": [{"role": "TOOL", "tool_results": [result]}]})
    assert way.box.requests == []


async def test_messages_of_version_2(way: Way) -> None:
    history = [UserChatMessageV2(content="Hi"), {"role": "assistant", "content": "Hello."}]
    await way.ask(lambda: {"messages": [*history, Messages.User("And now?")]})
    assert way.wire.turns(way.body) == [
        ("user", "Hi"),
        ("assistant", "Hello."),
        ("user", "And now?"),
    ]


async def test_preamble_and_history(way: Way) -> None:
    params = {"preamble": "Be brief.", "chat_history": [{"role": "USER", "message": "Hi"}]}
    await way.ask("And now?", call_params=params)
    assert way.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "And now?"},
    ]
    await way.ask(lambda: [Messages.System("Be kind."), Messages.User("Hi")], call_params=params)
    system, *turns = way.body["messages"]
    assert system == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert [turn["role"] for turn in turns] == ["user", "user"]


async def test_a_parameter_that_is_gone(way: Way) -> None:
    with pytest.raises(TypeError, match="no parameter `connectors` any more"):
        await way.ask("Hi", call_params={"connectors": [{"id": "web-search"}]})
    assert way.box.requests == []


# Clients


def test_each_class_of_clients(box: Sandbox) -> None:
    url = box.base_url("cohere")
    for made_by in (cohere.Client, cohere.ClientV2):
        with made_by(api_key="k", base_url=url) as client:
            call = ours.call("command-r-plus", client=client)(lambda: "Hi")
            assert call().content == "Sandbox reply to: Hi"
            stream = ours.call("command-r-plus", client=client, stream=True)(lambda: "Hi")()
            assert "".join(chunk.content for chunk, _ in stream) == "Sandbox reply to: Hi"
    assert {request.path for request in box.requests} == {"/v2/chat"}


async def test_each_class_of_async_clients(box: Sandbox) -> None:
    url = box.base_url("cohere")
    for made_by in (cohere.AsyncClient, cohere.AsyncClientV2):
        async with made_by(api_key="k", base_url=url) as client:

            @ours.call("command-r-plus")
            async def recommend(genre: str, client: Any = client) -> ours.AsyncCohereDynamicConfig:
                return {"messages": [Messages.User(f"Recommend a {genre} book")], "client": client}

            response = await recommend("fantasy")
            assert response.content == "Sandbox reply to: Recommend a fantasy book"


def test_an_instrumented_client_is_not_bypassed(box: Sandbox) -> None:
    seen: list[str] = []
    with cohere.ClientV2(api_key="k", base_url=box.base_url("cohere")) as client:
        own = client.chat_stream

        def watched(**kwargs: Any) -> Any:
            seen.append(kwargs["model"])
            return own(**kwargs)

        client.chat_stream = watched  # type: ignore[method-assign]
        stream = ours.call("command-r-plus", client=client, stream=True)(lambda: "Hi")()
        assert "".join(chunk.content for chunk, _ in stream) == "Sandbox reply to: Hi"
    assert seen == ["command-r-plus"]


def test_the_address_in_the_environment_is_read_at_the_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The SDK itself reads it once, when it is imported."""
    from mirascope.sandbox import sandbox

    call = llm.call("cohere", "command-r-plus")(lambda: "Hi")
    monkeypatch.setenv("CO_API_KEY", "k")
    for _ in range(2):
        with sandbox(redirect=False) as other:
            monkeypatch.setenv("CO_API_URL", other.base_url("cohere"))
            assert call().content == "Sandbox reply to: Hi"
            assert len(other.requests) == 1


# What goes wrong


async def test_an_error_in_a_stream_is_raised(way: Way) -> None:
    """The SDK itself yields it as an event like any other."""
    way.box.error_event(3, message="Something broke.")
    stream = await way.ask("Hi there you", stream=True)
    with pytest.raises(Exception, match=r"Something broke\.") as caught:
        await way.items(stream)
    assert type(caught.value).__name__ == "ApiError"
    assert errors.describe(caught.value).kind == "server_error"
    assert stream.content


async def test_an_event_that_cannot_be_read_is_not_left_out(way: Way) -> None:
    """The SDK itself skips it, and logs a warning."""
    way.box.malformed(3)
    stream = await way.ask("Hi there you", stream=True)
    with pytest.raises(Exception, match="not a JSON object"):
        await way.items(stream)


async def test_a_history_with_the_plan_of_another_provider(way: Way) -> None:
    parts = [ProviderPart(provider="openai", data={"x": 1}), TextPart(text="Hello.")]
    history = [Messages.User("Hi"), BaseMessageParam(role="assistant", content=parts)]
    await way.ask(lambda: [*history, Messages.User("And now?")])
    assert way.body["messages"][1] == {"role": "assistant", "content": "Hello."}


async def test_calls_of_one_turn(way: Way) -> None:
    way.box.reply([ToolCall("Find", {"title": "A"}), ToolCall("Find", {"title": "B"})])
    items = await way.items(await way.ask("Hi", tools=[Find], stream=True))
    assert [tool.title for _, tool in items if tool] == ["A", "B"]
