"""Streams that end early: the connection is given back at once, what had arrived stays readable."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import anthropic as core_anthropic
from mirascope.core import openai as core_openai
from mirascope.sandbox import Sandbox, ToolCall

from .leaving import ASYNC_WAYS, SECONDS, SYNC_WAYS, WORDS, take

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-test"}
CALLS: dict[str, Any] = {"openai": core_openai.call, "anthropic": core_anthropic.call}
KINDS = ["provider", "llm", "structured"]

every_provider = pytest.mark.parametrize("provider", [*MODELS])
every_kind = pytest.mark.parametrize("kind", KINDS)


class Book(BaseModel):
    title: str
    author: str
    themes: list[str]


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "httpx":
        monkeypatch.delattr("openai.DefaultAioHttpClient")
        monkeypatch.delattr("anthropic.DefaultAioHttpClient")


@pytest.fixture(autouse=True)
def slowly(box: Sandbox) -> None:
    box.slow(between_events=0.03)


def decorator(kind: str, provider: str) -> Any:
    if kind == "provider":
        return CALLS[provider](MODELS[provider], stream=True)
    options = {"response_model": Book} if kind == "structured" else {}
    return llm.call(provider, MODELS[provider], stream=True, **options)


def prompt(genre: str) -> str:
    return f"Recommend a {genre} book"


async def prompt_async(genre: str) -> str:
    return f"Recommend a {genre} book"


def order(box: Sandbox, kind: str) -> None:
    if kind == "structured":
        box.reply(Book(title="The Name of the Wind", author="Rothfuss", themes=[WORDS]))
    else:
        box.reply(WORDS)


def opened(box: Sandbox, kind: str, provider: str) -> Any:
    order(box, kind)
    return decorator(kind, provider)(prompt)("fantasy")


async def opened_async(box: Sandbox, kind: str, provider: str) -> Any:
    order(box, kind)
    return await decorator(kind, provider)(prompt_async)("fantasy")


def text_of(reply: Any) -> str:
    return str(getattr(reply, "stream", reply).content)


def response_of(reply: Any) -> Any:
    return getattr(reply, "stream", reply).construct_call_response()


def check(box: Sandbox, reply: Any, kind: str, provider: str) -> None:
    """The provider saw the client go, and nothing of what had come was lost."""
    assert box.wait_until(lambda: box.requests[0].disconnected, timeout=SECONDS)
    stream = getattr(reply, "stream", reply)
    assert 0 < stream.start_time < stream.end_time
    response = response_of(reply)
    assert response.start_time == stream.start_time
    if kind == "structured":
        assert not hasattr(reply, "constructed_response_model")
        assert stream.message_param
    else:
        assert WORDS.startswith(text_of(reply))
        assert 0 < len(text_of(reply)) < len(WORDS)
        assert response.content == text_of(reply)
        assert stream.common_message_param.content == text_of(reply)


async def check_async(box: Sandbox, reply: Any, kind: str, provider: str) -> None:
    await asyncio.to_thread(box.wait_until, lambda: box.requests[0].disconnected, SECONDS)
    check(box, reply, kind, provider)
    # The client is still good for the next call.
    box.slow()
    again = await llm.call(provider, MODELS[provider])(prompt_async)("next")
    assert again.content


# --- every way to leave


@every_provider
@every_kind
@pytest.mark.parametrize("leave", SYNC_WAYS)
def test_leaving(box: Sandbox, provider: str, kind: str, leave: Callable[[Any], None]) -> None:
    gc.disable()  # Nothing may depend on the cyclic garbage collector.
    try:
        reply = opened(box, kind, provider)
        leave(reply)
        check(box, reply, kind, provider)
    finally:
        gc.enable()
    assert list(reply) == []
    check(box, reply, kind, provider)
    box.slow()
    assert llm.call(provider, MODELS[provider])(prompt)("next").content


@every_provider
@every_kind
@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize("leave", ASYNC_WAYS)
async def test_leaving_async(
    box: Sandbox, provider: str, kind: str, leave: Callable[[Any], Any]
) -> None:
    gc.disable()
    try:
        reply = await opened_async(box, kind, provider)
        await leave(reply)
        await check_async(box, reply, kind, provider)
    finally:
        gc.enable()
    assert [item async for item in reply] == []
    check(box, reply, kind, provider)


# --- what has not begun, and what is over


@every_provider
@every_kind
def test_a_stream_that_is_never_begun_sends_nothing(box: Sandbox, provider: str, kind: str) -> None:
    for use in (lambda reply: reply.close(), iter, lambda reply: reply.__enter__().__exit__()):
        reply = decorator(kind, provider)(prompt)("fantasy")
        use(reply)
        with pytest.raises(ValueError, match="consumed"):
            response_of(reply)
        del reply
    assert box.requests == []


@every_provider
@every_kind
def test_a_closed_stream_does_not_begin(box: Sandbox, provider: str, kind: str) -> None:
    reply = decorator(kind, provider)(prompt)("fantasy")
    events = iter(reply)
    reply.close()
    assert list(events) == list(reply) == []
    assert box.requests == []


@every_provider
@every_kind
def test_closing_twice_and_after_the_end(box: Sandbox, provider: str, kind: str) -> None:
    box.slow()
    reply = opened(box, kind, provider)
    items = list(reply)
    before = text_of(reply), getattr(reply, "stream", reply).end_time
    reply.close()
    reply.close()
    assert items
    assert list(reply) == []
    assert before == (text_of(reply), getattr(reply, "stream", reply).end_time)
    assert box.requests[0].finished
    assert not box.requests[0].disconnected


@every_provider
def test_a_second_pass_under_way_does_not_hide_the_first(box: Sandbox, provider: str) -> None:
    reply = opened(box, "llm", provider)
    events = iter(reply)
    take(events, reply)
    assert sum(1 for _ in zip(reply, range(1), strict=False)) <= 1
    reply.close()
    assert box.wait_until(lambda: box.requests[0].disconnected, timeout=SECONDS)


@every_kind
async def test_the_wrong_kind_of_loop(box: Sandbox, kind: str) -> None:
    sync, is_async = opened(box, kind, "openai"), await opened_async(box, kind, "openai")
    with pytest.raises(TypeError, match="use `for`"):
        async for _ in sync:
            pass
    with pytest.raises(TypeError, match="`async for`"):
        for _ in is_async:
            pass
    with pytest.raises(TypeError, match="async with"), is_async:
        pass
    with pytest.raises(TypeError, match="`with`, `close"):
        async with sync:
            pass
    with pytest.raises(TypeError, match="aclose"):
        is_async.close()
    with pytest.raises(TypeError, match=r"close\(\)"):
        await sync.aclose()
    assert box.requests == []


@every_provider
@every_kind
async def test_times_of_async_streams(box: Sandbox, provider: str, kind: str) -> None:
    box.slow()
    reply = await opened_async(box, kind, provider)
    stream = getattr(reply, "stream", reply)
    assert stream.start_time == stream.end_time == 0
    async for _ in reply:
        assert stream.start_time > 0
        assert kind == "structured" or stream.end_time == 0
    assert stream.start_time < stream.end_time
    assert response_of(reply).end_time == stream.end_time


# --- many of them


@every_provider
def test_many_abandoned_streams_do_not_hang(box: Sandbox, provider: str) -> None:
    box.slow()
    call = llm.call(provider, MODELS[provider], stream=True)(prompt)
    threshold = gc.get_threshold()
    gc.set_threshold(20)
    try:
        for number in range(100):
            reply = call(str(number))
            for _ in reply:
                break
            if number % 2:
                del reply
    finally:
        gc.set_threshold(*threshold)
    assert len(box.requests) == 100


@every_provider
@pytest.mark.usefixtures("transport")
async def test_half_read_async_streams_are_collected_quietly(box: Sandbox, provider: str) -> None:
    call = llm.call(provider, MODELS[provider], stream=True)(prompt_async)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in range(10):
            box.reply(WORDS)
            events = aiter(await call(str(number)))
            await anext(events)
            del events
        gc.collect()
        await asyncio.sleep(0.2)
    assert all(request.disconnected for request in box.requests)


# --- cut off with a tool call half sent


def look_up(title: str, author: str) -> str:
    """Look a book up."""
    return title + author


@every_provider
def test_a_stream_that_is_left_in_the_middle_of_a_tool_call(box: Sandbox, provider: str) -> None:
    call = llm.call(provider, MODELS[provider], stream={"partial_tools": True}, tools=[look_up])
    box.reply([ToolCall("look_up", {"title": WORDS, "author": "Rothfuss"})])
    reply = call(prompt)("fantasy")
    for _, tool in reply:
        if tool is not None and getattr(tool, "title", None):
            break
    assert box.wait_until(lambda: box.requests[0].disconnected, timeout=SECONDS)
    response = reply.construct_call_response()
    assert response.model_dump()
    assert response.common_message_param.content
    assert reply.message_param
