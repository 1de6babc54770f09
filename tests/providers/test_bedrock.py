"""What only Amazon Bedrock has: how its requests are put together, and blocks of its own."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EventStreamError

from mirascope import BaseMessageParam, BaseTool, Messages, TextPart
from mirascope.core import bedrock
from mirascope.core.base import CacheControlPart, DocumentPart, ImageURLPart, ThinkingPart
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage
from mirascope.sandbox._event_stream import frame

NOVA = "amazon.nova-lite-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return "on shelf 3"


# What is sent


def bodies(prompt: Any, box: Sandbox, **options: Any) -> dict[str, Any]:
    @bedrock.call(NOVA, **options)
    def ask() -> Any:
        return prompt

    ask()
    body: dict[str, Any] = box.requests[-1].body
    return body


def test_parameters_meet_in_one_object(box: Sandbox) -> None:
    params = {"temperature": 0.1, "inferenceConfig": {"maxTokens": 9, "topP": 0.5}}
    prompt = {"messages": [Messages.User("Hi")], "call_params": {"max_tokens": 7, "stop": "END"}}
    assert bodies(prompt, box, call_params=params)["inferenceConfig"] == {
        "temperature": 0.1,
        "maxTokens": 7,
        "topP": 0.5,
        "stopSequences": ["END"],
    }


def test_system_blocks_are_joined_and_cached(box: Sandbox) -> None:
    system = BaseMessageParam(
        role="system", content=[TextPart(text="Be brief."), CacheControlPart()]
    )
    params = {"system": [{"text": "You are a librarian."}]}
    body = bodies([system, Messages.User("Hi")], box, call_params=params)
    assert body["system"] == [
        {"text": "You are a librarian."},
        {"text": "Be brief."},
        {"cachePoint": {"type": "default"}},
    ]


def test_a_cache_point_needs_something_before_it(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="put it after the part"):
        bodies(BaseMessageParam(role="user", content=[CacheControlPart()]), box)


def test_cache_points_and_choices_among_the_tools(box: Sandbox) -> None:
    config = {"tools": [{"cachePoint": {"type": "default"}}], "toolChoice": {"any": {}}}
    body = bodies("Hi", box, tools=[Find], call_params={"toolConfig": config})
    spec, point = body["toolConfig"]["tools"]
    assert spec["toolSpec"]["name"] == "Find"
    assert point == {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


def test_a_strict_tool(box: Sandbox) -> None:
    class Strict(Find):
        tool_config = bedrock.BedrockToolConfig(strict=True)

    (tool,) = bodies("Hi", box, tools=[Strict])["toolConfig"]["tools"]
    assert tool["toolSpec"]["strict"] is True
    assert tool["toolSpec"]["inputSchema"]["json"]["additionalProperties"] is False


def test_tools_of_the_past_are_described(box: Sandbox) -> None:
    """A conversation in which tools were used is refused where a request offers none."""
    box.reply(ToolCall("Find", {"title": "Dune"}, id="t1"))

    @bedrock.call(NOVA, tools=[Find])
    def ask() -> str:
        return "Where is Dune?"

    response = ask()
    assert response.tool
    results = response.tool_message_params([(response.tool, "on shelf 3")])
    history = [response.user_message_param, response.message_param, *results]
    body = bodies({"messages": [*history, Messages.User("Thanks!")]}, box)
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["Find"]
    # What the user says after a tool stands in the same turn.
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][-1]["content"][-1] == {"text": "Thanks!"}


def test_results_of_parallel_tools_are_one_message(box: Sandbox) -> None:
    box.reply([ToolCall("Find", {"title": title}, id=title) for title in ("Dune", "Emma")])

    @bedrock.call(NOVA, tools=[Find])
    def ask() -> str:
        return "Where are they?"

    response = ask()
    done = [(tool, tool.call()) for tool in response.tools or ()]
    (message,) = response.tool_message_params(done)
    assert message == {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": title, "content": [{"text": "on shelf 3"}]}}
            for title in ("Dune", "Emma")
        ],
    }


def test_documents_and_what_lies_in_s3(box: Sandbox) -> None:
    document = DocumentPart(media_type="text/csv", document=b"a,b")
    stored = ImageURLPart(url="s3://bucket/cat.jpg")
    content = ["What?", document, document.model_copy(update={"document": b"c"}), stored]
    blocks = bodies(Messages.User(content), box)["messages"][0]["content"]
    names = [block["document"]["name"] for block in blocks[1:3]]
    assert len(set(names)) == 2
    assert blocks[1]["document"] == {
        "format": "csv",
        "name": names[0],
        "source": {"bytes": "YSxi"},
    }
    assert blocks[3]["image"] == {
        "format": "jpeg",
        "source": {"s3Location": {"uri": "s3://bucket/cat.jpg"}},
    }
    with pytest.raises(ValueError, match=r"`s3://` addresses that end in `\.png`"):
        bodies(Messages.User(["What?", ImageURLPart(url="s3://bucket/cat.bmp")]), box)


# What comes back


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_its_signature_go_back(box: Sandbox, stream: bool) -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    params: Any = {"additionalModelRequestFields": fields}

    @bedrock.call(HAIKU, call_params=params, stream=stream, tools=[Find])
    def ask(history: list[Any]) -> Any:
        return [*history, Messages.User("Hi")]

    box.reply(Reply(thinking="Hm.", tool_calls=[ToolCall("Find", {"title": "Dune"}, id="t1")]))
    reply: Any = ask([])
    if stream:
        list(reply)
    thought = {"text": "Hm.", "signature": reply.signature}
    assert reply.thinking == "Hm."
    assert reply.signature
    reply = reply.construct_call_response() if stream else reply
    assert reply.message_param["content"][0] == {"reasoningContent": {"reasoningText": thought}}
    results = reply.tool_message_params([(reply.tool, "here")])
    ask_again = ask([Messages.User("Hi"), reply.common_message_param, *results])
    if stream:
        list(ask_again)
    sent = box.requests[-1].body["messages"][1]["content"][0]
    assert sent == {"reasoningContent": {"reasoningText": thought}}


def test_reasoning_that_would_be_refused_is_left_out(box: Sandbox) -> None:
    thoughts = [
        ThinkingPart(thinking="Hm.", signature="s", provider="anthropic"),
        ThinkingPart(thinking="Hm.", provider="bedrock"),
    ]
    said = BaseMessageParam(role="assistant", content=[*thoughts, TextPart(text="Yes.")])
    body = bodies([Messages.User("Hi"), said, Messages.User("Sure?")], box)
    assert body["messages"][1]["content"] == [{"text": "Yes."}]


def test_a_response_model_is_asked_for_as_json_where_the_model_thinks(box: Sandbox) -> None:
    fields = {"thinking": {"type": "adaptive"}}
    params = {"additionalModelRequestFields": fields}
    box.reply('["Dune"]')

    @bedrock.call(HAIKU, response_model=list[str], call_params=params)  # type: ignore[arg-type]
    def ask() -> str:
        return "Recommend books"

    assert ask() == ["Dune"]
    assert "toolConfig" not in box.requests[-1].body


def test_tokens_read_from_the_cache_and_written_to_it(box: Sandbox) -> None:
    box.reply("Yes.", usage=Usage(input=1000, output=5, cached=600, cache_write=300))

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    response = ask()
    assert response.usage == {
        "inputTokens": 100,
        "outputTokens": 5,
        "totalTokens": 1005,
        "cacheReadInputTokens": 600,
        "cacheWriteInputTokens": 300,
    }
    assert (response.input_tokens, response.cached_tokens) == (100, 600)
    assert response.cost_metadata.cache_write == 300


@pytest.mark.parametrize(
    ("reason", "common"),
    [
        ("guardrail_intervened", ["content_filter"]),
        ("model_context_window_exceeded", ["length"]),
        ("malformed_tool_use", None),
    ],
)
def test_further_finish_reasons(box: Sandbox, reason: str, common: list[str] | None) -> None:
    box.reply("Well.", finish_reason=reason)

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    response = ask()
    assert response.finish_reasons == [reason]
    assert response.common_finish_reasons == common


def in_stream(*events: tuple[str, dict[str, Any]]) -> list[bytes]:
    end = [
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
    ]
    start = ("messageStart", {"role": "assistant"})
    return [frame(kind, data) for kind, data in (start, *events, *end)]


def delta(index: int, **piece: Any) -> tuple[str, dict[str, Any]]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": piece}


def stop(index: int) -> tuple[str, dict[str, Any]]:
    return "contentBlockStop", {"contentBlockIndex": index}


def streamed(box: Sandbox, *events: tuple[str, dict[str, Any]]) -> Any:
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    box.native("bedrock", in_stream(*events), headers=headers)

    @bedrock.call(NOVA, stream=True, tools=[Find])
    def ask() -> str:
        return "Hi"

    stream = ask()
    stream.items = list(stream)  # type: ignore[attr-defined]
    return stream


def test_reasoning_that_is_not_shown_goes_back(box: Sandbox) -> None:
    stream = streamed(
        box,
        delta(0, reasoningContent={"redactedContent": "YWI="}),
        delta(0, reasoningContent={"redactedContent": "Yw=="}),
        stop(0),
        delta(1, text="Yes."),
        stop(1),
    )
    assert stream.content == "Yes."
    assert stream.thinking == ""
    assert stream.message_param["content"] == [
        {"reasoningContent": {"redactedContent": b"abc"}},
        {"text": "Yes."},
    ]
    back = stream.common_message_param
    assert bedrock.PROVIDER.encode_messages([back]) == [stream.message_param]


def test_tools_that_bedrock_runs_itself(box: Sandbox) -> None:
    use = {"toolUseId": "s1", "name": "nova_grounding", "type": "server_tool_use"}
    result = {"toolUseId": "s1", "type": "nova_grounding_result", "status": "success"}
    stream = streamed(
        box,
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}}),
        delta(0, toolUse={"input": '{"query":'}),
        delta(0, toolUse={"input": '"Dune"}'}),
        stop(0),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": result}}),
        delta(1, toolResult=[{"text": "A book."}]),
        stop(1),
        delta(2, text="A book."),
        stop(2),
        (
            "contentBlockStart",
            {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "Find"}}},
        ),
        delta(3, toolUse={"input": '{"title":"Dune"}'}),
        stop(3),
    )
    assert [tool.title for _, tool in stream.items if tool] == ["Dune"]
    assert [tool.title for tool in stream.construct_call_response().tools] == ["Dune"]
    assert stream.message_param["content"] == [
        {"toolUse": {**use, "input": {"query": "Dune"}}},
        {"toolResult": {**result, "content": [{"text": "A book."}]}},
        {"text": "A book."},
        {"toolUse": {"toolUseId": "t1", "name": "Find", "input": {"title": "Dune"}}},
    ]


def test_parallel_tools_of_a_stream_are_told_apart(box: Sandbox) -> None:
    box.reply([ToolCall("Find", {"title": title}, id=title) for title in ("Dune", "Emma", "Ubik")])

    @bedrock.call(NOVA, stream=True, tools=[Find])
    def ask() -> str:
        return "Find them"

    stream = ask()
    assert [tool.title for _, tool in stream if tool] == ["Dune", "Emma", "Ubik"]
    assert stream.finish_reasons == ["tool_use"]
    assert stream.input_tokens


def test_cited_text_is_text(box: Sandbox) -> None:
    cited = {"citationsContent": {"content": [{"text": "On shelf 3."}], "citations": []}}
    content = [{"text": "Look: "}, cited]
    box.native(
        "bedrock",
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        },
    )

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Where is Dune?"

    response = ask()
    assert response.content == "Look: On shelf 3."
    assert response.message_param["content"] == content


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "throttlingException"),
        (400, "validationException"),
        (500, "internalServerException"),
        (529, "serviceUnavailableException"),
    ],
)
def test_an_exception_in_a_stream(box: Sandbox, status: int, code: str) -> None:
    box.error_event(2, status=status, message="Sorry.")

    @bedrock.call(NOVA, stream=True)
    def ask() -> str:
        return "Hi"

    with pytest.raises(EventStreamError) as caught:
        list(ask())
    assert caught.value.response["Error"]["Code"] == code
