"""Replies that arrive bit by bit."""

from __future__ import annotations

from typing import Any

import pytest

from mirascope import llm
from mirascope.core import BaseMessageParam, anthropic, openai
from mirascope.core.base import ToolCallPart
from mirascope.sandbox import Sandbox, ToolCall

from ._world import CLAUDE, GPT, FormatBook, call_delta, chunks_of, recommend, recommend_async

DECORATORS = {
    "openai": lambda **options: openai.call(GPT, stream=True, **options),
    "anthropic": lambda **options: anthropic.call(CLAUDE, stream=True, **options),
    "llm-openai": lambda **options: llm.call("openai", GPT, stream=True, **options),
    "llm-anthropic": lambda **options: llm.call("anthropic", CLAUDE, stream=True, **options),
}
with_each = pytest.mark.parametrize("call", DECORATORS.values(), ids=list(DECORATORS))
ask = openai.call(GPT, stream=True)(recommend)


@with_each
def test_nothing_is_sent_before_the_loop(box: Sandbox, call: Any) -> None:
    box.reply("one two three", usage={"input": 7, "output": 3, "cached": 2})
    stream = call()(recommend)()
    assert not box.requests
    assert stream.content == ""
    chunks = [chunk for chunk, tool in stream if tool is None]
    assert "".join(chunk.content for chunk in chunks) == stream.content == "one two three"
    # Anthropic's counts are running totals, and its input count leaves out what was cached.
    assert (
        stream.input_tokens + (stream.cached_tokens if stream.provider == "anthropic" else 0) == 7
    )
    assert (stream.output_tokens, stream.cached_tokens) == (3, 2)
    assert stream.cost > 0
    assert stream.id
    assert stream.model in (GPT, CLAUDE)
    assert 0 < stream.start_time <= stream.end_time


def test_usage_is_asked_for(box: Sandbox) -> None:
    list(ask())
    assert box.requests[0].body["stream"] is True
    assert box.requests[0].body["stream_options"] == {"include_usage": True}


def test_stream_options_of_the_user_are_sent_and_left_alone(box: Sandbox) -> None:
    options = {"include_usage": False}
    params: Any = {"stream_options": options}
    call = openai.call(GPT, stream=True, call_params=params)(recommend)
    list(call())
    list(call())
    assert [r.body["stream_options"] for r in box.requests] == [{"include_usage": False}] * 2
    assert options == {"include_usage": False}


@with_each
def test_the_response_is_there_once_the_stream_is_over(box: Sandbox, call: Any) -> None:
    box.reply("one two", finish_reason="length")
    stream = call()(recommend)()
    with pytest.raises(ValueError, match="No stream response, check if the stream has been cons"):
        stream.construct_call_response()
    list(stream)
    response = stream.construct_call_response()
    own = llm.CallResponse if isinstance(stream, llm.Stream) else stream.call_response_type
    assert type(response) is own
    assert response.content == "one two"
    assert response.finish_reasons == stream.finish_reasons
    assert response.common_finish_reasons == stream.common_finish_reasons == ["length"]
    assert response.output_tokens == stream.output_tokens


@with_each
def test_there_is_one_pass_and_what_arrived_stays(box: Sandbox, call: Any) -> None:
    box.reply("one two")
    stream = call()(recommend)()
    with pytest.raises(TypeError):
        next(stream)
    assert list(stream)
    assert list(stream) == []
    assert stream.content == "one two"
    assert len(box.requests) == 1


async def test_a_loop_of_the_wrong_kind_is_named(box: Sandbox) -> None:
    with pytest.raises(TypeError, match="sync call: use `for`"):
        async for _ in ask():  # type: ignore[attr-defined]
            pass
    stream = await openai.call(GPT, stream=True)(recommend_async)()
    with pytest.raises(TypeError, match="async call: use `async for`"):
        list(stream)
    assert not box.requests


async def test_an_async_stream(box: Sandbox) -> None:
    box.reply("one two")
    stream = await llm.call("openai", GPT, stream=True)(recommend_async)()
    assert "".join([chunk.content async for chunk, _ in stream]) == "one two"
    assert 0 < stream.start_time <= stream.end_time


def test_why_the_reply_ended_is_kept(box: Sandbox) -> None:
    """The last chunk, which carries the token counts, says nothing of it."""
    box.native("openai", chunks_of({"content": "Once upon"}, finish="length"))
    stream = ask()
    list(stream)
    assert stream.finish_reasons == ["length"]
    assert stream.construct_call_response().finish_reasons == ["length"]


def test_an_agnostic_stream_is_in_common_terms(box: Sandbox) -> None:
    box.reply("Hi")
    stream = llm.call("openai", GPT, stream=True)(recommend)()
    chunk = next(chunk for chunk, _ in stream if chunk.content)
    assert isinstance(chunk, llm.CallResponseChunk)
    list(stream)
    question = BaseMessageParam(role="user", content="Recommend a fantasy book")
    assert stream.messages == [question]
    assert stream.user_message_param == question
    assert stream.message_param == BaseMessageParam(role="assistant", content="Hi")


@with_each
def test_a_tool_comes_with_the_chunk_that_completes_it(box: Sandbox, call: Any) -> None:
    box.reply([ToolCall("FormatBook", {"title": title}, id=title) for title in ("Emma", "Dune")])
    stream = call(tools=[FormatBook])(recommend)()
    tools = [tool for _, tool in stream if tool is not None]
    assert [tool.call() for tool in tools] == ["<Emma>", "<Dune>"]
    assert [tool.id for tool in tools] == ["Emma", "Dune"]
    assert all(isinstance(tool, FormatBook) and tool.delta is None for tool in tools)
    response = stream.construct_call_response()
    assert [tool.id for tool in response.tools] == ["Emma", "Dune"]
    assert stream.common_message_param.content == [
        ToolCallPart(name="FormatBook", args={"title": title}, id=title)
        for title in ("Emma", "Dune")
    ]


def test_no_chunk_is_kept_back(box: Sandbox) -> None:
    events = chunks_of(call_delta("", "FormatBook"), call_delta('{"title": "Emma"}'))
    box.native("openai", events)
    stream = openai.call(GPT, stream=True, tools=[FormatBook])(recommend)()
    # All but `[DONE]`.
    assert len(list(stream)) == len(events) - 1


@pytest.mark.parametrize("arguments", ["", "{}"])
def test_a_tool_without_arguments(box: Sandbox, arguments: str) -> None:
    def now() -> str:
        return "noon"

    box.native("openai", chunks_of(call_delta(arguments, "now"), call_delta(arguments, "now", 1)))
    stream = llm.call("openai", GPT, stream=True, tools=[now])(recommend)()
    assert [tool.call() for _, tool in stream if tool] == ["noon", "noon"]


@pytest.mark.parametrize("call", [DECORATORS["openai"], DECORATORS["llm-openai"]])
def test_a_tool_call_at_the_very_end_is_not_lost(box: Sandbox, call: Any) -> None:
    deltas = call_delta("", "FormatBook"), call_delta('{"title": "Emma"}')
    box.native("openai", chunks_of(*deltas, finish=None, usage=False))
    stream = call(tools=[FormatBook])(recommend)()
    assert [tool.title for _, tool in stream if tool] == ["Emma"]


def test_several_tool_calls_in_one_chunk(box: Sandbox) -> None:
    calls = [
        call_delta(f'{{"title": "{title}"}}', "FormatBook", index)["tool_calls"][0]
        for index, title in enumerate(["Emma", "Dune", "Ulysses"])
    ]
    box.native("openai", chunks_of({"tool_calls": calls}))
    stream = openai.call(GPT, stream=True, tools=[FormatBook])(recommend)()
    assert [tool.title for _, tool in stream if tool] == ["Emma", "Dune", "Ulysses"]


def test_of_several_choices_the_stream_is_the_first(box: Sandbox) -> None:
    params: Any = {"n": 2}
    box.native(
        "openai",
        [
            event.replace('"index": 0', f'"index": {index}')
            for event in chunks_of({"content": "same "}, {"content": "text"})
            for index in ((0, 1) if "delta" in event else (0,))
        ],
    )
    stream = openai.call(GPT, stream=True, call_params=params)(recommend)()
    assert len(list(stream)) == 7
    assert stream.content == "same text"
    assert stream.finish_reasons == ["stop"]


@with_each
def test_an_unknown_tool_is_an_error_in_the_loop(box: Sandbox, call: Any) -> None:
    box.reply(ToolCall("Other", {}))
    stream = call(tools=[FormatBook])(recommend)()
    with pytest.raises(RuntimeError, match="Unknown tool type in stream: `Other`"):
        list(stream)
    assert stream.common_message_param.content[0].name == "Other"


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_partial_tools(box: Sandbox, provider: str) -> None:
    class Recommend(FormatBook):
        author: str

    arguments = {"title": "The Hobbit", "author": "J. R. R. Tolkien"}
    box.reply(ToolCall("Recommend", arguments))
    model = GPT if provider == "openai" else CLAUDE
    call = llm.call(provider, model, stream={"partial_tools": True}, tools=[Recommend])  # type: ignore[call-overload]
    stream = call(recommend)()
    *partial, whole = [tool for _, tool in stream if tool is not None]
    assert whole.args == arguments
    assert whole.delta is None
    assert len(partial) > 2
    assert all(isinstance(tool, Recommend) and tool.delta for tool in partial)
    assert "".join(tool.delta for tool in partial).count("Hobbit") == 1
    assert partial[0].author is None
    assert all("The Hobbit".startswith(tool.title or "") for tool in partial)
    assert partial[-1].title == "The Hobbit"
    # What is sent back has the one call that was made.
    assert len(stream.message_param.content) == 1


@with_each
def test_leaving_the_loop_early_gives_the_connection_back(box: Sandbox, call: Any) -> None:
    box.reply("one " * 50)
    box.slow(between_events=0.02)
    stream = call()(recommend)()
    for chunk, _ in stream:
        if chunk.content:
            break
    stream.close()
    assert box.wait_until(lambda: box.requests[0].disconnected)
    assert stream.content
    assert stream.message_param


@with_each
def test_a_stream_that_is_cut_is_an_error_and_what_arrived_stays(box: Sandbox, call: Any) -> None:
    box.cut(after_events=5, reply="one two three four five six seven eight nine ten")
    stream = call()(recommend)()
    with pytest.raises(Exception, match=r".") as cut:
        list(stream)
    assert type(cut.value).__name__ == "APIConnectionError"
    assert stream.content
    assert "one two three four five".startswith(stream.content.strip())
    assert stream.construct_call_response().content == stream.content
