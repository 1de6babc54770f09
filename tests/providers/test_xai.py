"""What only xAI has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import openai
import pytest

from mirascope import Messages, errors, llm
from mirascope.core import xai
from mirascope.core.base import CostMetadata
from mirascope.core.costs import calculate_cost
from mirascope.core.openai import OpenAICallResponse, OpenAIStream, OpenAITool
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage, sandbox

SECRETS = {
    "OPENAI_API_KEY": "sk-secret-key",
    "OPENAI_ADMIN_KEY": "sk-secret-admin",
    "OPENAI_ORG_ID": "org-secret",
    "OPENAI_PROJECT_ID": "proj-secret",
    "OPENAI_CUSTOM_HEADERS": "x-gateway: secret\nauthorization: Bearer secret",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/secret",
}


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


@xai.call("grok-3")
def ask() -> str:
    return "Hi"


@xai.call("grok-3")
async def ask_async() -> str:
    return "Hi"


# Keys


@pytest.fixture
def with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("key", [None, ""])
@pytest.mark.usefixtures("with_secrets")
def test_without_a_key_nothing_is_sent(
    is_async: bool, key: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox(redirect=False) as box:
        monkeypatch.setenv("XAI_BASE_URL", box.base_url("xai"))
        if key is not None:
            monkeypatch.setenv("XAI_API_KEY", key)
        with pytest.raises(openai.OpenAIError, match=r"`XAI_API_KEY`.*`client=`") as caught:
            asyncio.run(ask_async()) if is_async else ask()
        assert box.connections == 0
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", ["authorization", "Authorization", "x-gateway"])
@pytest.mark.usefixtures("with_secrets")
def test_nothing_meant_for_openai_goes_to_xai(
    is_async: bool, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"{name}: Bearer secret\nx-other: secret")
    with sandbox(redirect=False) as box:
        monkeypatch.setenv("XAI_API_KEY", "xai-key")
        monkeypatch.setenv("XAI_BASE_URL", box.base_url("xai"))
        response = asyncio.run(ask_async()) if is_async else ask()
        assert response.content == "Sandbox reply to: Hi"
        (request,) = box.requests
        sent = request.http.headers
        assert sent["authorization"] == "Bearer xai-key"
        assert "secret" not in str(sent)
        assert not {"openai-organization", "x-gateway"} & sent.keys()


def test_a_new_key_gives_a_new_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox(redirect=False) as box:
        monkeypatch.setenv("XAI_BASE_URL", box.base_url("xai"))
        for key in ("first", "second"):
            monkeypatch.setenv("XAI_API_KEY", key)
            ask()
        keys = [request.http.headers["authorization"] for request in box.requests]
    assert keys == ["Bearer first", "Bearer second"]


def test_default_clients_go_to_xai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", "k")
    client = xai.PROVIDER.new_client(False, None)
    assert str(client.base_url) == "https://api.x.ai/v1/"
    client.close()


def test_the_users_client_is_taken_as_it_is(box: Sandbox) -> None:
    with openai.OpenAI(base_url=box.base_url("xai"), api_key="mine") as client:
        xai.call("grok-3-mini", client=client)(lambda: "Hi")()
    assert box.requests[0].http.headers["authorization"] == "Bearer mine"


# Replies


def test_the_classes_are_those_of_openais_protocol(box: Sandbox) -> None:
    box.reply(ToolCall("find", {"title": "Dune"}))
    response = xai.call("grok-3", tools=[find])(lambda: "Hi")()
    assert type(response) is xai.XAICallResponse
    assert isinstance(response, OpenAICallResponse)
    assert isinstance(response.tool, OpenAITool)
    assert issubclass(xai.XAIStream, OpenAIStream)
    assert type(response.response) is openai.types.chat.ChatCompletion


def test_reasoning_is_counted_beside_the_output_and_priced_with_it(box: Sandbox) -> None:
    box.reply(Reply(text="4", thinking="Two and two."), usage=Usage(100, 60, reasoning=50))
    response = xai.call("grok-3-mini", call_params={"reasoning_effort": "high"})(lambda: "2+2")()
    assert response.thinking == "Two and two."
    assert (response.input_tokens, response.output_tokens) == (100, 10)
    assert response.cost_metadata.reasoning_tokens == 50
    whole = calculate_cost("xai", "grok-3-mini", CostMetadata(input_tokens=100, output_tokens=60))
    assert response.cost == pytest.approx(whole)


def test_reasoning_is_given_back_with_tool_calls(box: Sandbox) -> None:
    call = ToolCall("find", {"title": "Dune"}, id="call_1")
    box.reply(Reply(thinking="Look it up.", tool_calls=[call]))
    ask_with = xai.call("grok-4.3", tools=[find])(lambda history: history)
    first = ask_with([Messages.User("Where?")])
    results = first.tool_message_params([(first.tool, "shelf 3")])
    ask_with([Messages.User("Where?"), first.message_param, *results])
    assert box.requests[1].body["messages"][1]["reasoning_content"] == "Look it up."


def chunk(**changes: Any) -> str:
    base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "grok-4"}
    return f"data: {json.dumps({**base, 'choices': [], **changes})}\n\n"


def choice(reason: str | None = None, **delta: Any) -> list[Any]:
    return [{"index": 0, "delta": delta, "finish_reason": reason}]


def usage(output: int, **changes: Any) -> dict[str, Any]:
    return {"prompt_tokens": 10, "completion_tokens": output, "total_tokens": 0, **changes}


DONE = "data: [DONE]\n\n"


def test_counts_on_every_event_are_running_totals(box: Sandbox) -> None:
    box.native(
        "xai",
        [
            chunk(choices=choice(content="One "), usage=usage(1)),
            chunk(choices=choice(content="two"), usage=usage(2)),
            chunk(choices=choice("stop"), usage=usage(3)),
            DONE,
        ],
    )
    stream = llm.call("xai", "grok-4", stream=True)(lambda: "Count")()
    counts = [chunk.output_tokens for chunk, _ in stream]
    assert counts == [1, 2, 3]
    assert (stream.content, stream.input_tokens, stream.output_tokens) == ("One two", 10, 3)


@pytest.mark.parametrize("index", [0, None])
def test_parallel_tool_calls_are_told_apart_by_their_ids(box: Sandbox, index: int | None) -> None:
    events = []
    for number, title in enumerate(("Dune", "Ubik", "Emma")):
        function = {"name": "find", "arguments": json.dumps({"title": title})}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        call |= {} if index is None else {"index": index}
        events.append(chunk(choices=choice(tool_calls=[call])))
    box.native("xai", [*events, chunk(choices=choice("tool_calls")), DONE])
    stream = llm.call("xai", "grok-4", tools=[find], stream=True)(lambda: "Find three")()
    tools = [tool for _, tool in stream if tool is not None]
    assert [(tool.id, tool.args["title"]) for tool in tools] == [
        ("call_0", "Dune"),
        ("call_1", "Ubik"),
        ("call_2", "Emma"),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_the_price_is_xais_own_where_it_says_so(box: Sandbox, stream: bool) -> None:
    said = usage(5, cost_in_usd_ticks=13_106_000)
    if stream:
        box.native("xai", [chunk(choices=choice("stop", content="Hi")), chunk(usage=said), DONE])
    else:
        message = {"role": "assistant", "content": "Hi"}
        whole = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "c", "model": "unheard-of", "choices": [whole], "usage": said}
        box.native("xai", {"object": "chat.completion", "created": 1, **body})
    reply = llm.call("xai", "unheard-of", stream=stream)(lambda: "Hi")()
    if stream:
        list(reply)
        assert reply.construct_call_response().cost == pytest.approx(0.0013106)
    assert reply.cost == pytest.approx(0.0013106)


def test_citations(box: Sandbox) -> None:
    message = {"role": "assistant", "content": "Hi"}
    body = {"id": "c", "object": "chat.completion", "created": 1, "model": "grok-3"}
    whole = [{"index": 0, "message": message, "finish_reason": "stop"}]
    box.native("xai", {**body, "choices": whole, "citations": ["https://a.b/c"]})
    response = ask()
    assert response.citations == ["https://a.b/c"]
    assert response.model_dump()["citations"] == ["https://a.b/c"]
    assert ask().citations is None
    box.native(
        "xai", [chunk(choices=choice("stop", content="Hi"), citations=["https://a.b/c"]), DONE]
    )
    chunks = [chunk for chunk, _ in xai.call("grok-3", stream=True)(lambda: "Hi")()]
    assert chunks[0].citations == ["https://a.b/c"]


# Failures


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Incorrect API key provided: in***ey.", "authentication"),
        (
            "This model's maximum prompt length is 131072 but the request contains 625078 tokens.",
            "context_length",
        ),
        ("`stop` is not supported by this model.", "bad_request"),
    ],
)
def test_what_a_bad_request_means_is_told_by_its_words(
    box: Sandbox, message: str, kind: str
) -> None:
    box.fail(400, message=message)
    with pytest.raises(openai.BadRequestError) as caught:
        ask()
    assert caught.value.body == message
    assert errors.describe(caught.value).kind == kind


def test_ten_calls_each_over_several_event_loops(box: Sandbox) -> None:
    async def main() -> None:
        for _ in range(10):
            await ask_async()

    for _ in range(3):
        asyncio.run(main())
        assert box.wait_until(lambda: box.open_connections == 0)
    assert (len(box.requests), box.connections) == (30, 3)
