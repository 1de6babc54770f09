"""Streams: what arrives bit by bit, what it adds up to, and how it ends early."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import pytest
from pydantic_core import to_json

from mirascope import BaseMessageParam, BaseTool, llm
from mirascope.core.base import BaseStream
from mirascope.sandbox import Reply, ToolCall, Usage

from .cases import Way

TEXT = "The Name of the Wind is a fantasy book."


class FormatBook(BaseTool):
    """Format a book."""

    title: str
    author: str | None = None

    def call(self) -> str:
        return f"{self.title} by {self.author}"


class Refresh(BaseTool):
    """Refresh the catalogue."""

    def call(self) -> str:
        return "done"


async def count_books(shelf: int) -> int:
    """Count the books on a shelf."""
    return shelf * 10


WIND = {"title": "The Name of the Wind", "author": "Patrick Rothfuss"}


def tools_of(items: list[Any]) -> list[Any]:
    return [tool for _, tool in items if tool is not None]


def text_of(items: list[Any]) -> str:
    return "".join(chunk.content for chunk, _ in items)


async def test_a_text(way: Way) -> None:
    way.box.reply(TEXT)
    stream = await way.ask("Recommend a book", stream=True)
    assert way.box.requests == []
    assert stream.content == ""
    chunks: list[str] = []
    before = time.time() * 1000
    for chunk, tool in await way.items(stream):
        assert tool is None
        chunks.append(chunk.content)
    assert way.body == way.wire.text_body(way.case.model, "Recommend a book", stream=True)
    assert len(way.box.requests) == 1
    assert "".join(chunks) == stream.content == TEXT
    assert len([text for text in chunks if text]) == len(TEXT.split())
    assert before <= stream.start_time <= stream.end_time <= time.time() * 1000


async def test_what_is_known_before_the_first_chunk(way: Way) -> None:
    stream = await way.ask(
        lambda genre: None,
        "fantasy",
        template="Recommend a {genre} book",
        metadata={"tags": {"a"}},
        tools=[FormatBook],
        call_params={"max_tokens": 7},
        stream=True,
    )
    assert stream.fn_args == {"genre": "fantasy"}
    assert stream.prompt_template == "Recommend a {genre} book"
    assert stream.metadata == {"tags": {"a"}}
    assert stream.call_params == {"max_tokens": 7}
    (limit,) = way.case.params["max_tokens"]
    assert way.wire.kwargs(stream.call_kwargs)[limit] == 7
    assert [tool_type._name() for tool_type in stream.tool_types] == ["FormatBook"]
    assert (stream.provider, stream.model) == (way.case.name, way.case.model)
    assert stream.common_messages[0].content == "Recommend a fantasy book"
    assert stream.common_user_message_param == stream.common_messages[0]
    assert (stream.input_tokens, stream.cost, stream.finish_reasons) == (None, None, None)
    with pytest.raises(ValueError, match="No stream response"):
        stream.construct_call_response()
    assert way.box.requests == []


async def test_the_classes(way: Way) -> None:
    stream = await way.ask("Hi", stream=True)
    own, own_chunk = way.case.of_module("Stream"), way.case.of_module("CallResponseChunk")
    assert isinstance(stream, BaseStream)
    assert isinstance(stream, llm.Stream if way.agnostic else own)
    chunks = [chunk for chunk, _ in await way.items(stream)]
    chunk_type = llm.CallResponseChunk if way.agnostic else own_chunk
    assert {type(chunk) for chunk in chunks} == {chunk_type}
    for chunk in chunks:
        assert way.case.is_native(chunk.chunk)
    response = stream.construct_call_response()
    assert isinstance(response, llm.CallResponse if way.agnostic else stream.call_response_type)


SCRIPTS = {
    "text": Reply(text=TEXT),
    "cut short": Reply(text="The Name", finish_reason="length"),
    "tool": Reply(tool_calls=[ToolCall("FormatBook", WIND, id="call_1")]),
    "text and tools": Reply(
        text="Well.",
        tool_calls=[
            ToolCall("FormatBook", WIND, id="call_1"),
            ToolCall("Refresh", {}, id="call_2"),
            ToolCall("FormatBook", {"title": "Dune"}, id="call_3"),
        ],
    ),
    "refusal": Reply(refusal="I would rather not."),
    "cached": Reply(text=TEXT, usage=Usage(input=100, output=20, cached=60)),
}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_stream_adds_up_to_the_response_of_the_same_call(way: Way, script: str) -> None:
    if script == "refusal" and not way.case.streams_refusals:
        return
    way.box.reply(SCRIPTS[script], times=2)
    tools = [FormatBook, Refresh]
    whole = await way.ask("Hi", tools=tools)
    stream = await way.ask("Hi", tools=tools, stream=True)
    items = await way.items(stream)
    response = stream.construct_call_response()
    assert text_of(items) == stream.content == response.content == whole.content
    for name in (
        *("finish_reasons", "common_finish_reasons", "model", "common_message_param"),
        *("input_tokens", "output_tokens", "cached_tokens", "cost", "common_usage"),
    ):
        assert getattr(response, name) == getattr(whole, name), name
    for name in ("finish_reasons", "model", "input_tokens", "output_tokens", "cached_tokens"):
        assert getattr(stream, name) == getattr(whole, name), name
    assert stream.cost == whole.cost > 0
    # The provider's own messages differ in nothing that is sent back.
    assert stream.message_param == response.message_param == whole.message_param
    assert stream.id == response.id == way.case.id_of(response.response)
    assert response.call_kwargs == stream.call_kwargs
    if script != "refusal":
        calls = [(tool.id, tool.args) for tool in whole.tools or ()]
        assert [(tool.id, tool.args) for tool in response.tools or ()] == calls
        assert [(tool.id, tool.args) for tool in tools_of(items)] == calls


async def test_a_refusal_has_no_tools(way: Way) -> None:
    way.box.reply(Reply(refusal="I would rather not."))
    stream = await way.ask("Hi", tools=[FormatBook], stream=True)
    await way.items(stream)
    response = stream.construct_call_response()
    if not way.case.streams_refusals:
        assert stream.content == ""
    elif way.case.has_refusals:
        with pytest.raises(ValueError, match="rather not"):
            _ = response.tools
    else:
        assert stream.content == "I would rather not."
        assert response.tools is None


async def test_a_chunk_that_is_kept_stays_as_it_was(way: Way) -> None:
    way.box.reply(SCRIPTS["text and tools"])
    stream = await way.ask("Hi", tools=[FormatBook, Refresh], stream=True)
    kept: list[Any] = []

    def keep(chunk: Any) -> None:
        kept.append((chunk, (chunk.content, chunk.output_tokens, chunk.finish_reasons)))

    if way.is_async:
        async for chunk, _ in stream:
            keep(chunk)
    else:
        for chunk, _ in stream:
            keep(chunk)
    for chunk, before in kept:
        assert (chunk.content, chunk.output_tokens, chunk.finish_reasons) == before
    assert stream.output_tokens == max(before[1] or 0 for _, before in kept)


async def test_messages_in_common_terms(way: Way) -> None:
    way.box.reply(TEXT)
    stream = await way.ask("Hi", stream=True)
    await way.items(stream)
    said = BaseMessageParam(role="assistant", content=TEXT)
    assert stream.common_message_param == said
    if way.agnostic:
        assert stream.message_param == said
        assert stream.messages == [BaseMessageParam(role="user", content="Hi")]
        assert stream.user_message_param == stream.messages[0]
        assert stream.usage == stream.construct_call_response().usage
    else:
        assert way.wire.native_text(stream.message_param) == TEXT
        sent = way.wire.messages(way.body)
        assert [way.wire.plain(message) for message in stream.messages] == sent


# Tools


async def test_tools(way: Way) -> None:
    way.box.reply(
        [
            ToolCall("FormatBook", WIND, id="call_1"),
            ToolCall("Refresh", {}, id="call_2"),
            ToolCall("count_books", {"shelf": 4}, id="call_3"),
        ]
    )
    stream = await way.ask("Hi", tools=[FormatBook, Refresh, count_books], stream=True)
    book, refresh, count = tools_of(await way.items(stream))
    assert len(way.wire.tools(way.body)) == 3
    assert isinstance(book, FormatBook)
    assert isinstance(book, llm.Tool)
    assert isinstance(book, way.case.of_module("Tool"))
    assert book.call() == "The Name of the Wind by Patrick Rothfuss"
    assert refresh.call() == "done"
    assert await count.call() == 40
    assert [tool.id for tool in (book, refresh, count)] == ["call_1", "call_2", "call_3"]
    assert [tool.delta for tool in (book, refresh, count)] == [None] * 3
    assert type(book.tool_call).__name__ == way.case.tool_call_class
    assert stream.common_finish_reasons == ["tool_calls"]


async def test_partial_tools(way: Way) -> None:
    way.box.reply(SCRIPTS["text and tools"])
    tools = [FormatBook, Refresh]
    stream = await way.ask("Hi", tools=tools, stream={"partial_tools": True})
    items = await way.items(stream)
    assert text_of(items) == "Well."
    found = tools_of(items)
    whole = [tool for tool in found if tool.delta is None]
    partial = [tool for tool in found if tool.delta is not None]
    assert [(type(tool)._name(), tool.args) for tool in whole] == [
        ("FormatBook", WIND),
        ("Refresh", {}),
        ("FormatBook", {"title": "Dune", "author": None}),
    ]
    calls = [part for part in stream.common_message_param.content if part.type == "tool_call"]
    assert [part.id for part in calls] == ["call_1", "call_2", "call_3"]
    if way.case.ends_with_tool_calls:
        assert partial == []
        return
    assert {type(tool).__name__ for tool in partial} >= {"PartialFormatBook"}
    books = [tool for tool in partial if isinstance(tool, FormatBook) and tool.id == "call_1"]
    if not way.case.has_whole_tool_calls:
        assert len(books) > 2
        assert books[0].author is None
    titles = [tool.title or "" for tool in books]
    assert all(WIND["title"].startswith(title) for title in titles)
    assert titles == sorted(titles, key=len)
    assert "".join(tool.delta for tool in books) == to_json(WIND).decode()
    # Each whole tool comes after all of its fragments.
    last = max(found.index(tool) for tool in books)
    assert found.index(whole[0]) > last


async def test_without_the_option_no_tool_is_partial(way: Way) -> None:
    way.box.reply(ToolCall("FormatBook", WIND), times=2)
    for stream in (True, {"partial_tools": False}):
        items = await way.items(await way.ask("Hi", tools=[FormatBook], stream=stream))
        assert [tool.args for tool in tools_of(items)] == [WIND]


async def test_the_agent_loop(way: Way) -> None:
    call = ToolCall("FormatBook", WIND, id="call_1")
    way.box.reply(Reply(text="Hm.", tool_calls=[call, ToolCall("Refresh", {}, id="call_2")]))
    way.box.reply("Done.")
    ask = way.decorate(lambda history: history, tools=[FormatBook, Refresh], stream=True)
    history: list[Any] = [BaseMessageParam(role="user", content="Format it")]
    while True:
        stream = await way.run(ask, history)
        tools = tools_of(await way.items(stream))
        history.append(stream.message_param)
        if not tools:
            break
        history += stream.tool_message_params([(tool, tool.call()) for tool in tools])
    assert stream.content == "Done."
    assert [c.id for c in way.wire.tool_calls(way.body)] == ["call_1", "call_2"]
    assert way.wire.tool_results(way.body) == [
        ("call_1", "The Name of the Wind by Patrick Rothfuss"),
        ("call_2", "done"),
    ]
    assert way.wire.turns(way.body) == [("user", "Format it"), ("assistant", "Hm.")]


async def test_an_unknown_tool(way: Way) -> None:
    way.box.reply(Reply(text="Well.", tool_calls=[ToolCall("Burn", {})]))
    stream = await way.ask("Hi", tools=[FormatBook], stream=True)
    items: list[Any] = []
    with pytest.raises(RuntimeError, match=r"Unknown tool type in stream: `Burn`.*`FormatBook`"):
        await way.gather(stream, items)
    assert text_of(items) == stream.content == "Well."


async def test_arguments_that_do_not_fit(way: Way) -> None:
    way.box.reply(Reply(text="Well.", tool_calls=[ToolCall("FormatBook", {"author": "A"})]))
    stream = await way.ask("Hi", tools=[FormatBook], stream=True)
    with pytest.raises(ValueError, match="title"):
        await way.items(stream)
    assert stream.content == "Well."
    assert stream.construct_call_response().content == "Well."


# The pass


async def test_there_is_one_pass(way: Way) -> None:
    way.box.reply(TEXT)
    stream = await way.ask("Hi", stream=True)
    assert await way.items(stream)
    assert await way.items(stream) == []
    assert stream.content == TEXT
    assert len(way.box.requests) == 1


async def test_the_wrong_kind_of_loop(way: Way) -> None:
    stream = await way.ask("Hi", stream=True)
    with pytest.raises(TypeError, match="This stream belongs to"):
        _ = iter(stream) if way.is_async else aiter(stream)
    assert way.box.requests == []


async def first_item(way: Way, stream: Any) -> Any:
    """The first text, by a loop that is left then."""
    if way.is_async:
        async for chunk, _ in stream:
            if chunk.content:
                return chunk.content
    for chunk, _ in stream:
        if chunk.content:
            return chunk.content
    return None


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_closing_gives_the_connection_back(way: Way) -> None:
    way.box.reply(TEXT)
    way.box.slow(between_events=0.02)
    stream = await way.ask("Hi", stream=True)
    if way.is_async:
        async with stream:
            assert await first_item(way, stream) == "The "
    else:
        with stream:
            assert await first_item(way, stream) == "The "
    assert stream.content == stream.construct_call_response().content == "The "
    await turns_of_the_loop(2)  # in which the transport closes its socket
    assert way.box.wait_until(lambda: way.box.requests[0].disconnected)
    assert await way.items(stream) == []


async def test_dropping_gives_the_connection_back(way: Way) -> None:
    way.box.reply(TEXT)
    way.box.slow(between_events=0.02)
    stream = await way.ask("Hi", stream=True)
    await first_item(way, stream)
    del stream
    gc.collect()
    await turns_of_the_loop(10)  # it closes what was dropped when it gets round to it
    assert way.box.wait_until(lambda: way.box.requests[0].disconnected)


async def test_a_stream_of_the_users_client(way: Way) -> None:
    async with way.client() as client:
        stream = await way.ask("Hi", stream=True, client=client)
        assert text_of(await way.items(stream)) == "Sandbox reply to: Hi"
        assert not way.case.is_closed(client)
    assert way.is_users()
