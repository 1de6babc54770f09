"""What goes wrong on the way: the caller gets the SDK's own errors, and keeps what had arrived."""

from __future__ import annotations

import asyncio
import math
import re
from typing import Any

import pytest

from mirascope import BaseTool, errors
from mirascope.core.base import BaseStream
from mirascope.sandbox import Reply, ToolCall
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._services import SERVICES

from .cases import Way

TEXT = "The Name of the Wind is a fantasy book."


class FormatBook(BaseTool):
    """Format a book."""

    title: str

    def call(self) -> str:
        return self.title.upper()


def sdk_error(way: Way, name: str) -> Any:
    return way.case.error(name)


async def text_by(way: Way, call: Any) -> str:
    """What a call says, whether it streams or not."""
    result = await way.run(call)
    if isinstance(result, BaseStream):
        await way.items(result)
    return result.content


STATUSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    429: "RateLimitError",
    500: "InternalServerError",
    529: None,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", STATUSES)
async def test_a_failure_is_the_sdks_own_error(way: Way, status: int, stream: bool) -> None:
    way.box.fail(status, message="Because.", retry_after=7)
    expected = sdk_error(way, STATUSES[status] or way.case.overloaded)
    async with way.client() as client:
        call = way.decorate("Hi", client=client, stream=stream)
        with pytest.raises(expected) as caught:
            await text_by(way, call)
        assert way.case.is_exactly(caught.value, expected)
        assert errors.describe(caught.value).status == status
        assert "Because." in f"{caught.value} {getattr(caught.value, 'body', None)}"
        assert errors.describe(caught.value).retry_after == 7
        assert errors.describe(caught.value).request_id
        assert len(way.box.requests) == 1
        # The client, and the connection, are good for the next call.
        assert await text_by(way, call) == "Sandbox reply to: Hi"
    assert way.box.connections == 1


async def test_the_caller_sees_where_the_call_was_made(way: Way) -> None:
    way.box.fail(401)
    with pytest.raises(sdk_error(way, "AuthenticationError")) as caught:
        await way.ask("Hi")
    assert caught.value.__cause__ is None
    names = [entry.name for entry in caught.traceback]
    assert "test_the_caller_sees_where_the_call_was_made" in names


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [429, 500])
async def test_the_sdk_tries_again_when_it_is_told_to(way: Way, status: int, stream: bool) -> None:
    way.box.fail(status, retry_after=0.1)
    way.box.reply(TEXT)
    if way.case.attempts == 1 or (stream and not way.case.retries_streams):
        with pytest.raises(sdk_error(way, STATUSES[status] or "")):
            await text_by(way, way.decorate("Hi", stream=stream))
        return
    assert await text_by(way, way.decorate("Hi", stream=stream)) == TEXT
    first, second = way.box.requests
    assert 0.1 <= second.received_at - first.received_at < 1.5
    assert first.body == second.body


async def test_the_sdk_gives_up_in_the_end(way: Way) -> None:
    way.box.fail(429, retry_after=0.01, times=math.inf)
    with pytest.raises(sdk_error(way, "RateLimitError")):
        await way.ask("Hi", response_model=list[str])
    assert len(way.box.requests) == way.case.attempts


async def test_a_timeout(way: Way) -> None:
    way.box.slow(first_byte=0.3)
    async with way.client(timeout=0.05) as client:
        with pytest.raises(sdk_error(way, "APITimeoutError")):
            await way.ask("Hi", client=client)
        stream = await way.ask("Hi", client=client, stream=True)
        with pytest.raises(sdk_error(way, "APITimeoutError")):
            await way.items(stream)


async def test_nobody_there(way: Way) -> None:
    async with way.client(base_url="http://127.0.0.1:9") as client:
        with pytest.raises(sdk_error(way, "APIConnectionError")):
            await way.ask("Hi", client=client)


# Broken replies


async def test_a_body_that_is_not_json(way: Way) -> None:
    way.box.malformed()
    async with way.client() as client:
        expected = sdk_error(way, "APIResponseValidationError")
        with pytest.raises(expected, match=way.case.unreadable) as caught:
            await way.ask("Hi", client=client)
    assert getattr(caught.value, "status_code", 200) in (200, way.case.unreadable_status)


@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", "[]", "null"])
async def test_a_body_of_another_kind(way: Way, body: str) -> None:
    if way.case.takes_empty_bodies and not body.startswith("<"):
        return
    way.box.native(None, body, headers={"content-type": "text/html"})
    expected = way.case.stumbles.get(body) or sdk_error(way, "APIResponseValidationError")
    with pytest.raises(expected):
        await way.ask("Hi")


async def test_a_body_that_says_nothing(way: Way) -> None:
    way.box.native(None, {})
    if way.case.demands_whole_replies:
        with pytest.raises(sdk_error(way, "APIResponseValidationError")):
            await way.ask("Hi", tools=[FormatBook])
        return
    response = await way.ask("Hi", tools=[FormatBook])
    assert response.content == ""
    assert response.model == way.case.model
    for name in ("id", "tool", "tools", "input_tokens", "output_tokens", "cost", "common_usage"):
        assert getattr(response, name) is None, name
    assert response.common_finish_reasons is None
    assert response.common_message_param.content == ""
    assert '"content":""' in response.model_dump_json()


@pytest.mark.parametrize("options", [{}, {"before_headers": True}])
async def test_a_reply_that_is_cut(way: Way, options: dict[str, Any]) -> None:
    way.box.cut(**options)
    async with way.client() as client:
        with pytest.raises(sdk_error(way, "cut whole")):
            await way.ask("Hi", client=client)


# Streams that break


def text_of(items: list[Any]) -> str:
    return "".join(chunk.content for chunk, _ in items)


async def broken(way: Way, expected: Any, **options: Any) -> tuple[Any, list[Any], Any]:
    """A stream that breaks: the stream, what came before that, and the error."""
    items: list[Any] = []
    async with way.client() as client:
        stream = await way.ask("Hi", stream=True, client=client, **options)
        with pytest.raises(expected) as caught:
            await way.gather(stream, items)
    return stream, items, caught.value


@pytest.mark.parametrize("after", [0, 1, 6])
async def test_a_stream_that_is_cut(way: Way, after: int) -> None:
    way.box.cut(after, reply=TEXT)
    stream, items, error = await broken(way, sdk_error(way, "cut"))
    assert type(error) is sdk_error(way, "cut")
    assert text_of(items) == stream.content
    assert TEXT.startswith(stream.content)
    assert len(stream.content) < len(TEXT)
    assert bool(stream.content) is (after > way.wire.events_before_text)
    assert stream.construct_call_response().content == stream.content
    assert stream.common_message_param.content == stream.content
    assert stream.finish_reasons is None
    assert stream.end_time >= stream.start_time > 0
    assert await way.items(stream) == []
    assert len(way.box.requests) == 1


async def test_a_stream_that_just_stops(way: Way) -> None:
    """The server ends the reply in good order, but before it is complete."""
    events = events_of(way, Reply(text=TEXT))
    way.box.native(way.case.name, events[:6])
    stream, items, error = await broken(way, sdk_error(way, "stopped"))
    assert "ended before" in str(error)
    assert text_of(items) == stream.content
    assert stream.content
    assert TEXT.startswith(stream.content)


def events_of(way: Way, reply: Reply) -> list[bytes]:
    """The events of a stream, as the sandbox would send them."""
    question = Question(model=way.case.model, stream=True)
    return list(SERVICES[way.case.name].protocol.events(question, [reply], Stamp(1, 1)))


async def test_a_stream_cut_in_a_tool_call(way: Way) -> None:
    if not way.case.module.PROVIDER.streams_arguments:
        # The call arrives in one event, or not at all.
        return
    if way.case.ends_with_tool_calls:
        return
    title = "The Name of the Wind, which is the first of three"
    events = 2 if way.case.has_whole_tool_calls else 6
    way.box.cut(events, reply=ToolCall("FormatBook", {"title": title}, id="call_1"))
    expected = sdk_error(way, "cut")
    stream, items, _ = await broken(way, expected, tools=[FormatBook])
    assert [tool for _, tool in items if tool] == []
    # What had arrived can be told, though it cannot be run.
    (part,) = stream.common_message_param.content
    assert (part.type, part.name, part.id) == ("tool_call", "FormatBook", "call_1")
    assert stream.message_param


async def test_a_structured_stream_that_is_cut(way: Way) -> None:
    way.box.cut(8, reply='["The Name of the Wind", "Mistborn", "Dune", "Ubik", "Emma"]')
    items: list[Any] = []
    async with way.client() as client:
        stream = await way.ask(
            "Hi", stream=True, client=client, response_model=list[str], json_mode=True
        )
        with pytest.raises(sdk_error(way, "cut")):
            await way.gather(stream, items)
    assert items[-1][0].startswith("The Name of")
    assert stream.stream.content.startswith('["The Name of')
    assert not hasattr(stream, "constructed_response_model")


async def test_an_error_in_a_stream(way: Way) -> None:
    way.box.error_event(5, message="Overloaded, sorry.", reply=TEXT)
    stream, items, error = await broken(way, sdk_error(way, way.case.error_event))
    assert "Overloaded, sorry." in str(error)
    assert text_of(items) == stream.content
    assert stream.content
    assert TEXT.startswith(stream.content)


async def test_an_error_in_a_stream_is_what_the_sdk_itself_raises(way: Way) -> None:
    if not way.case.has_own_error_event:
        return
    protocol = SERVICES[way.case.name].protocol
    error = protocol.error_event(529, "Overloaded, sorry.", Stamp(1, 1))
    way.box.native(way.case.name, [*events_of(way, Reply(text=TEXT))[:4], error], times=2)
    _, _, ours = await broken(way, Exception)
    async with way.client() as client:
        with pytest.raises(Exception, match="Overloaded") as theirs:
            await way.items(await bare_stream(way, client))
    assert type(ours) is type(theirs.value)
    assert str(ours) == str(theirs.value)
    assert getattr(ours, "body", None) == getattr(theirs.value, "body", None)


async def bare_stream(way: Way, client: Any) -> Any:
    """The SDK's own stream, for the same request."""
    stream = way.case.bare_stream(client, way.body, way.is_async)
    return await stream if way.is_async else stream


async def test_an_event_that_is_not_json(way: Way) -> None:
    way.box.malformed(5, reply=TEXT)
    stream, items, error = await broken(way, sdk_error(way, "APIResponseValidationError"))
    assert "not a JSON object" in str(error) or re.search(way.case.unreadable, str(error))
    assert text_of(items) == stream.content
    assert TEXT.startswith(stream.content)
    assert stream.content


async def test_a_cancelled_stream_gives_its_connection_back(async_way: Way) -> None:
    way = async_way
    way.box.reply(TEXT)
    way.box.slow(between_events=0.05)
    stream = await way.ask("Hi", stream=True)
    task = asyncio.create_task(way.items(stream))
    while not way.box.requests:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.12)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert way.box.wait_until(lambda: way.box.requests[0].disconnected)
    assert TEXT.startswith(stream.content)


async def test_a_cancelled_call_gives_its_connection_back(async_way: Way) -> None:
    way = async_way
    way.box.slow(first_byte=5)
    task = asyncio.create_task(way.ask("Hi"))
    while not way.box.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert way.box.wait_until(lambda: way.box.requests[0].disconnected)
    way.box.slow()
    assert (await way.ask("Hi")).content == "Sandbox reply to: Hi"
