"""`timeout` and `max_retries`: the SDK's own mechanism, by the same names for every provider."""

from __future__ import annotations

import gc
import math
import time
import weakref
from email.utils import formatdate
from typing import Any

import pytest

from mirascope import Messages, errors, llm
from mirascope.core.base import BaseStream
from mirascope.sandbox import Reply, Sandbox
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._services import SERVICES

from .cases import CASES, Case, Way

TEXT = "The Name of the Wind is a fantasy book."
AT_ONCE = {"retry_after": 0.01, "headers": {"retry-after-ms": "10"}}
"""How to fail so that the SDKs try again soon."""
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def own_client_takes_it(way: Way) -> bool:
    """Whether a client of the user's own can be told for a single call."""
    return not way.case.module.PROVIDER.has_transport_in_client


async def finished(way: Way, call: Any) -> Any:
    """What a call gives; a stream, once it has been iterated over."""
    result = await way.run(call)
    if isinstance(result, BaseStream):
        await way.items(result)
    return result


async def failed(way: Way, **options: Any) -> Exception:
    """The error of a call that fails."""
    call = way.decorate("Hi", **options)
    with pytest.raises(Exception) as caught:
        await finished(way, call)
    return caught.value


def requests_for(way: Way, max_retries: int, stream: bool) -> int:
    retried = way.case.module.PROVIDER.retries_streams or not stream
    return max_retries + 1 if retried else 1


# How often


@STREAMS
async def test_max_retries_is_a_count(way: Way, stream: bool) -> None:
    for max_retries in (0, 2):
        way.box.fail(500, times=math.inf, **AT_ONCE)
        params = {"max_retries": max_retries, **way.case.quick_retries}
        error = await failed(way, call_params=params, stream=stream)
        assert errors.describe(error).status == 500
        assert len(way.box.requests) == requests_for(way, max_retries, stream)
        way.box.reset()


# Azure's SDK leaves the reply open that it has given up on.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")
@STREAMS
async def test_max_retries_with_a_client_of_the_users(way: Way, stream: bool) -> None:
    if not own_client_takes_it(way):
        return
    params = {"max_retries": 1, **way.case.quick_retries}
    async with way.client() as client:
        way.box.fail(500, times=math.inf, **AT_ONCE)
        await failed(way, call_params=params, stream=stream, client=client)
        assert len(way.box.requests) == requests_for(way, 1, stream)
        assert way.is_users()
        # Only that call was meant.
        await failed(way, stream=stream, client=client)
        assert len(way.box.requests) == requests_for(way, 1, stream) + 1
        way.box.reset()
        call = way.decorate("Hi", call_params=params, client=client)
        for _ in range(2):
            assert (await way.run(call)).content == "Sandbox reply to: Hi"
    assert way.is_users()
    assert way.box.connections <= 2


async def test_a_retry_can_succeed(way: Way) -> None:
    way.box.fail(429, **AT_ONCE)
    way.box.reply(TEXT)
    response = await way.ask("Hi", call_params={"max_retries": 1, **way.case.quick_retries})
    assert response.content == TEXT
    first, second = way.box.requests
    assert first.body == second.body


async def test_what_was_wrong_is_not_tried_again(way: Way) -> None:
    way.box.fail(400, times=math.inf)
    await failed(way, call_params={"max_retries": 2})
    assert len(way.box.requests) == 1


# When


async def waited(way: Way, **failure: Any) -> float:
    """The seconds between a request that failed and the next one."""
    way.box.fail(429, **failure)
    await way.ask("Hi", call_params={"max_retries": 1, **way.case.quick_retries})
    first, second = way.box.requests
    return second.received_at - first.received_at


async def test_retry_after_in_seconds(llm_way: Way) -> None:
    way = llm_way
    heeds = way.case.module.PROVIDER.heeds_retry_after
    if "seconds" in heeds:
        assert await waited(way, retry_after=0.55) >= 0.54
    elif "whole seconds" in heeds:
        assert await waited(way, retry_after=2) >= 1.99
    else:
        assert await waited(way, retry_after=60) < 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_retry_after_as_a_date(case: Case, box: Sandbox) -> None:
    way = Way(case, is_async=False, agnostic=True, box=box)
    # A date has no fractions of a second.
    date = math.ceil(time.time() + 0.6)
    heeds = "date" in case.module.PROVIDER.heeds_retry_after
    assert await waited(way, retry_after=formatdate(date if heeds else date + 60, usegmt=True)) < 30
    assert not heeds or box.requests[1].received_at >= date - 0.1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_retry_after_in_milliseconds(case: Case, box: Sandbox) -> None:
    way = Way(case, is_async=False, agnostic=True, box=box)
    headers = {"retry-after-ms": "550"}
    if "ms" in case.module.PROVIDER.heeds_retry_after:
        assert await waited(way, headers=headers) >= 0.54


# How long


def is_timeout(way: Way, error: Exception) -> bool:
    """Whether an error is the SDK's own for a timeout, or what its HTTP library has for it."""
    assert errors.describe(error).kind == "timeout", repr(error)
    names = ("APITimeoutError", *way.case.other_timeouts)
    return isinstance(error, tuple(map(way.case.error, names)))


@STREAMS
async def test_a_reply_that_does_not_begin(way: Way, stream: bool) -> None:
    way.box.slow(first_byte=0.6)
    params = {"timeout": 0.1, "max_retries": 0}
    assert is_timeout(way, await failed(way, call_params=params, stream=stream))
    assert len(way.box.requests) == 1


@STREAMS
async def test_a_timeout_with_a_client_of_the_users(llm_way: Way, stream: bool) -> None:
    way = llm_way
    if not own_client_takes_it(way):
        return
    async with way.client() as client:
        call = way.decorate("Hi", client=client, stream=stream)
        assert (await finished(way, call)).content == "Sandbox reply to: Hi"
        way.box.slow(first_byte=0.6)
        params = {"timeout": 0.1}
        assert is_timeout(way, await failed(way, call_params=params, client=client, stream=stream))
        way.box.slow(first_byte=0.15)
        assert (await finished(way, call)).content == "Sandbox reply to: Hi"
    assert len(way.box.requests) == 3


def events_of(way: Way) -> list[bytes]:
    """The events of a stream, as the sandbox would send them."""
    question = Question(model=way.case.model, stream=True)
    return list(SERVICES[way.case.name].protocol.events(question, [Reply(text=TEXT)], Stamp(1, 1)))


async def test_a_stream_that_falls_silent(way: Way) -> None:
    events = events_of(way)
    way.box.native(way.case.name, [b"".join(events[:6]), b"".join(events[6:])])
    way.box.slow(between_events=0.8)
    items: list[Any] = []
    params = {"timeout": 0.2, "max_retries": 2}
    stream = await way.ask("Hi", stream=True, call_params=params)
    with pytest.raises(Exception) as caught:
        await way.gather(stream, items)
    assert is_timeout(way, caught.value)
    # A reply that has begun is not asked for again, and what had arrived stays.
    assert len(way.box.requests) == 1
    assert stream.content == "".join(chunk.content for chunk, _ in items)
    assert stream.content
    assert TEXT.startswith(stream.content)
    assert len(stream.content) < len(TEXT)
    assert stream.construct_call_response().content == stream.content


async def test_what_a_timeout_limits(llm_way: Way) -> None:
    """A stream that is never silent for long, but takes longer than the timeout."""
    way = llm_way
    pieces = events_of(way)
    way.box.native(way.case.name, pieces)
    way.box.slow(between_events=0.4 / (len(pieces) - 1))
    stream = await way.ask("Hi", stream=True, call_params={"timeout": 0.25, "max_retries": 0})
    if way.is_async and way.case.limits_async_replies:
        assert way.case.module.PROVIDER.timeout_covers != "a wait"
        with pytest.raises(Exception) as caught:
            await way.items(stream)
        assert is_timeout(way, caught.value)
    else:
        assert way.case.module.PROVIDER.timeout_covers.startswith("a wait")
        await way.items(stream)
        assert stream.content == TEXT


# Where they may be given


async def test_neither_is_sent(way: Way) -> None:
    for params in ({}, {"timeout": 5}, {"timeout": 2.5, "max_retries": 1}):
        response = await way.ask("Hi", call_params=params)
        assert response.call_params == params
    first, *others = way.box.requests
    plain = way.wire.flat(first)
    assert all(way.wire.flat(request) == plain for request in others)


async def test_none_leaves_it_to_the_client(way: Way) -> None:
    way.box.fail(500, times=math.inf, **AT_ONCE)
    params = {"timeout": None, "max_retries": None}
    await failed(way, call_params=params)
    assert len(way.box.requests) == way.case.attempts


async def test_a_dynamic_config_wins(way: Way) -> None:
    def prompt(params: Any) -> Any:
        return {"messages": [Messages.User("Hi")], "call_params": params}

    given = {"max_retries": 1, "timeout": 5, **way.case.quick_retries}
    call = way.decorate(prompt, call_params=given)
    for params, count in (({}, 2), ({"max_retries": 0}, 1), ({"max_retries": None}, 2)):
        way.box.fail(500, times=math.inf, **AT_ONCE)
        with pytest.raises(Exception):  # noqa: B017
            await way.run(call, params)
        assert len(way.box.requests) == count
        way.box.reset()
    way.box.slow(first_byte=0.6)
    with pytest.raises(Exception) as caught:
        await way.run(call, {"timeout": 0.1, "max_retries": 0})
    assert is_timeout(way, caught.value)
    assert len(way.box.requests) == 1


async def test_context_and_override(llm_way: Way) -> None:
    way = llm_way
    call = way.decorate("Hi")
    params = {"timeout": 0.1, "max_retries": 0}
    way.box.slow(first_byte=0.6)
    with pytest.raises(Exception) as caught:
        await way.run(llm.override(call, call_params=params))
    assert is_timeout(way, caught.value)
    with llm.context(call_params=params), pytest.raises(Exception) as caught:
        await way.run(call)
    assert is_timeout(way, caught.value)
    assert len(way.box.requests) == 2
    way.box.slow()
    assert (await way.run(call)).content == "Sandbox reply to: Hi"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_prompts_of_a_model(case: Case, box: Sandbox) -> None:
    model = llm.get_model(f"{case.name}/{case.model}")
    way = Way(case, is_async=False, agnostic=True, box=box)
    params: Any = {"timeout": 0.1, "max_retries": 0}
    for options in (params, {"options": params}):
        box.slow(first_byte=0.6)
        with pytest.raises(Exception) as caught:
            model.prompt("Hi", **options).text()
        assert is_timeout(way, caught.value)
    assert len(box.requests) == 2


# What is refused


NO_TIMEOUTS = [0, -1, -0.5, True, "30", math.inf, math.nan, (5, 30)]
NO_COUNTS = [-1, True, 1.0, "2", [1]]


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("timeout", NO_TIMEOUTS, "number of seconds greater than 0"),
        ("max_retries", NO_COUNTS, "0, 1, 2"),
    ],
)
async def test_what_is_no_timeout_and_no_count(
    way: Way, name: str, values: list[Any], words: str
) -> None:
    def prompt(params: Any) -> Any:
        return {"messages": [Messages.User("Hi")], "call_params": params}

    dynamic = way.decorate(prompt)
    for value in values:
        with pytest.raises(ValueError, match=f"`{name}` is .*{words}"):
            way.decorate("Hi", call_params={name: value})
        with pytest.raises(ValueError, match=f"`{name}` is .*{words}"):
            await way.run(dynamic, {name: value})
    assert way.box.requests == []


# What it costs


async def test_what_is_made_of_a_client_is_kept_as_long_as_it_lives(async_way: Way) -> None:
    way = async_way
    if not own_client_takes_it(way):
        return
    async with way.client() as client:
        call = way.decorate("Hi", client=client, call_params={"max_retries": 1})
        first, second = await way.run(call), await way.run(call)
        used = [response._request.client for response in (first, second)]
        if isinstance(used[0], type(client)):
            assert used[0] is used[1]
        assert way.box.connections == 1
        reference = weakref.ref(client)
    del client, call, first, second, used
    gc.collect()
    assert reference() is None
