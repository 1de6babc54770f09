"""Scripted replies, as the real SDKs see them."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope.sandbox import ReceivedRequest, Reply, Sandbox, ToolCall, Usage

USER = {"role": "user", "content": "Hello"}
CLAUDE = {"model": "claude-test", "max_tokens": 1024, "messages": [USER]}


class Book(BaseModel):
    title: str
    pages: int


BOOK = Book(title="Mistborn", pages=541)
TOOL = {"type": "function", "function": {"name": "Book", "parameters": Book.model_json_schema()}}
LIST_SCHEMA = {"type": "object", "properties": {"value": {"type": "array"}}}
LIST_TOOL = {"type": "function", "function": {"name": "list", "parameters": LIST_SCHEMA}}


def ask(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=[USER], **options)


def text_of(reply: Any) -> str:
    return reply.choices[0].message.content


def test_texts_in_order_then_the_rules(box: Sandbox, openai_client: Any) -> None:
    box.reply("one")
    box.reply("two", times=2)
    assert box.unused == 3
    texts = [text_of(ask(openai_client)) for _ in range(4)]
    assert texts == ["one", "two", "two", "Sandbox reply to: Hello"]
    assert box.unused == 0


def test_always_and_reset(box: Sandbox, openai_client: Any) -> None:
    box.reply_always("always")
    box.reply("first")
    assert [text_of(ask(openai_client)) for _ in range(3)] == ["first", "always", "always"]
    box.reset()
    assert box.requests == []
    assert text_of(ask(openai_client)) == "Sandbox reply to: Hello"


def test_for_one_provider(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.reply("for claude", provider="anthropic")
    box.reply("for anybody")
    assert text_of(ask(openai_client)) == "for anybody"
    assert anthropic_client.messages.create(**CLAUDE).content[0].text == "for claude"


def test_parallel_tool_calls(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.reply([ToolCall("add", {"a": 1}), ToolCall("add", {"a": 2}, id="mine")], times=4)
    calls = ask(openai_client).choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["a"] for call in calls] == [1, 2]
    assert calls[1].id == "mine"
    streamed: dict[int, str] = {}
    for chunk in ask(openai_client, stream=True):
        for call in chunk.choices[0].delta.tool_calls or ():
            streamed[call.index] = streamed.get(call.index, "") + call.function.arguments
    assert streamed == {0: '{"a":1}', 1: '{"a":2}'}
    blocks = anthropic_client.messages.create(**CLAUDE).content
    assert [block.input for block in blocks] == [{"a": 1}, {"a": 2}]
    with anthropic_client.messages.stream(**CLAUDE) as stream:
        assert [block.input for block in stream.get_final_message().content] == [{"a": 1}, {"a": 2}]


def test_arguments_that_are_not_json(box: Sandbox, openai_client: Any) -> None:
    box.reply(ToolCall("add", '{"a": '))
    call = ask(openai_client).choices[0].message.tool_calls[0]
    assert call.function.arguments == '{"a": '


def test_structured_output_takes_the_form_asked_for(box: Sandbox, openai_client: Any) -> None:
    box.reply(BOOK, times=2)
    call = ask(openai_client, tools=[TOOL]).choices[0].message.tool_calls[0]
    assert Book.model_validate_json(call.function.arguments) == BOOK
    assert Book.model_validate_json(text_of(ask(openai_client))) == BOOK
    box.reply({"title": "Elantris", "pages": 1})
    assert json.loads(text_of(ask(openai_client)))["title"] == "Elantris"


def test_bare_value_goes_into_the_only_field(box: Sandbox, openai_client: Any) -> None:
    box.reply([1, 2])
    call = ask(openai_client, tools=[LIST_TOOL]).choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"value": [1, 2]}


def test_whole_reply(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    usage = Usage(input=100, output=20, cached=60, cache_write=10, reasoning=5)
    box.reply(Reply(text="Hi", thinking="Hm", finish_reason="length", usage=usage), times=2)
    reply = ask(openai_client)
    assert reply.choices[0].finish_reason == "length"
    assert reply.choices[0].message.reasoning_content == "Hm"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (100, 20)
    assert reply.usage.prompt_tokens_details.cached_tokens == 60
    assert reply.usage.completion_tokens_details.reasoning_tokens == 5
    message = anthropic_client.messages.create(**CLAUDE)
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.stop_reason == "max_tokens"
    assert message.usage.input_tokens == 30
    assert message.usage.cache_read_input_tokens == 60
    assert message.usage.cache_creation_input_tokens == 10


def test_fields_set_beside_a_value(box: Sandbox, openai_client: Any) -> None:
    box.reply("Hi", usage={"input": 3, "output": 4}, finish_reason="content_filter")
    box.reply(finish_reason="length")
    first, second = ask(openai_client), ask(openai_client)
    assert (first.usage.total_tokens, first.choices[0].finish_reason) == (7, "content_filter")
    assert text_of(second) == "Sandbox reply to: Hello"
    assert second.choices[0].finish_reason == "length"
    with pytest.raises(TypeError, match="no `colour`"):
        box.reply("Hi", colour="red")


def test_refusal(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.reply(refusal="I cannot help.", text=None, times=3)
    message = ask(openai_client).choices[0].message
    assert (message.refusal, message.content) == ("I cannot help.", None)
    chunks = list(ask(openai_client, stream=True))
    assert "".join(c.choices[0].delta.refusal or "" for c in chunks) == "I cannot help."
    refused = anthropic_client.messages.create(**CLAUDE)
    assert (refused.stop_reason, refused.stop_details.type) == ("refusal", "refusal")


def test_function_sees_the_request_and_may_block(box: Sandbox, openai_client: Any) -> None:
    threads: list[str] = []

    def reply(request: ReceivedRequest) -> str:
        threads.append(threading.current_thread().name)
        inner = text_of(ask(openai_client, user="inner"))  # the sandbox goes on serving meanwhile
        return f"{request.body['messages'][0]['content']} / {inner}"

    box.reply(reply)
    assert text_of(ask(openai_client)) == "Hello / Sandbox reply to: Hello"
    assert threads[0].startswith("mirascope-sandbox-reply")


def test_function_that_raises(box: Sandbox, openai_client: Any) -> None:
    from openai import InternalServerError

    def reply(request: ReceivedRequest) -> str:
        raise LookupError("no such book")

    box.reply(reply)
    with pytest.raises(InternalServerError, match="LookupError: no such book"):
        ask(openai_client)


def test_value_that_cannot_be_sent(box: Sandbox, openai_client: Any) -> None:
    from openai import InternalServerError

    box.reply(object())
    with pytest.raises(InternalServerError, match="could not make the scripted reply"):
        ask(openai_client.with_options(max_retries=2))
    assert len(box.requests) == 1


def test_native_json(box: Sandbox, openai_client: Any) -> None:
    body = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}
    box.native("openai", body, headers={"X-Request-Id": "req_recorded"})
    reply = ask(openai_client)
    assert (reply.id, reply.choices, reply._request_id) == ("x", [], "req_recorded")


def test_native_bytes_are_kept(box: Sandbox, openai_client: Any) -> None:
    text = '{ "id":"x",\n "object":"chat.completion","created":1,"model":"m","choices":[]}   '
    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    box.native("openai", text, headers=headers)
    raw = openai_client.chat.completions.with_raw_response.create(model="m", messages=[USER])
    assert raw.http_response.text == text


def test_native_stream(box: Sandbox, openai_client: Any) -> None:
    chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    lines = [
        f"data: {json.dumps({**chunk, 'choices': [{'index': 0, 'delta': {'content': word}}]})}\n\n"
        for word in ("Hello ", "you")
    ]
    whole = "".join([*lines, "data: [DONE]\n\n"])
    for body in (whole, whole.encode(), [*lines, "data: [DONE]\n\n"]):
        box.native("openai", body)
        words = [c.choices[0].delta.content for c in ask(openai_client, stream=True)]
        assert words == ["Hello ", "you"]
        assert box.requests[-1].events_sent == 3


def test_native_error(box: Sandbox, anthropic_client: Any) -> None:
    from anthropic import RateLimitError

    body = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}
    box.native("anthropic", body, status=429, headers={"retry-after": "4"})
    with pytest.raises(RateLimitError, match="Slow down") as caught:
        anthropic_client.messages.create(**CLAUDE)
    assert caught.value.response.headers["retry-after"] == "4"


def test_unknown_provider(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="does not speak for `nobody`"):
        box.fail(500, provider="nobody")
