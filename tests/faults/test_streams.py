"""Streams that break, at every event: what had been delivered stays readable."""

from __future__ import annotations

from typing import Any

import pytest

from .setups import REPLY, USAGE, WORDS, Delivered, Setup
from .ways import IMPATIENT, Trial, params_of

TIMEOUT = 0.5
"""In seconds; the events of a slow stream come well within it, all of them do not."""
GAP = 0.1


def before_each_event(setup: Setup) -> range:
    return range(len(setup.events()))


def up_to_the_end(setup: Setup) -> range:
    return range(len(setup.events()) + 1)


def every_event(setup: Setup) -> range:
    return before_each_event(setup)


AT_EVERY_EVENT = pytest.mark.parametrize(("way", "at"), params_of(every_event))


def check_what_stays(trial: Trial, stream: Any, items: list[Any], delivered: Delivered) -> None:
    """All that the caller had been sent can be read, by each of the ways to it."""
    text = stream.content
    if not trial.is_exact:
        assert delivered.text.startswith(text.replace(" ", ""))
        assert "".join(chunk.content for chunk, _ in items) == text
        assert stream.construct_call_response().content == text
        return
    assert text.replace(" ", "") == delivered.text
    assert "".join(chunk.content for chunk, _ in items) == text
    assert stream.message_param.role == "assistant"
    assert stream.message_param.content == text
    response = stream.construct_call_response()
    assert response.content == text
    assert stream.input_tokens == response.input_tokens == delivered.input_tokens
    if delivered.output_tokens is not None:
        assert stream.output_tokens == response.output_tokens == delivered.output_tokens
        assert stream.common_usage.output_tokens == delivered.output_tokens
    assert bool(stream.finish_reasons) == delivered.finished
    assert stream.end_time >= stream.start_time > 0


async def check_that_it_is_over(trial: Trial, stream: Any) -> None:
    """There is nothing more to iterate over, and nothing is sent again."""
    again: list[Any] = []
    await trial.way.gather(stream, again)
    assert again == []


@pytest.mark.parametrize(("way", "at"), params_of(up_to_the_end))
async def test_cut(trial: Trial, at: int) -> None:
    trial.box.cut(at, reply=REPLY)
    items: list[Any] = []
    delivered = trial.setup.delivered(at)
    trial.skip_what_is_open(delivered.finished)
    if delivered.said_all:
        # All had been said: only the connection has broken.
        stream = await trial.stream(items)
    else:
        stream, error = await trial.broken(items)
        trial.check(error, "cut in a stream", status=None)
    check_what_stays(trial, stream, items, delivered)
    await check_that_it_is_over(trial, stream)
    await trial.check_connections()


@pytest.mark.parametrize(("way", "at"), params_of(before_each_event))
async def test_ended_in_good_order_but_too_early(trial: Trial, at: int) -> None:
    headers = {"content-type": trial.setup.content_type}
    trial.box.native(trial.setup.case.name, trial.setup.events()[:at], headers=headers)
    items: list[Any] = []
    delivered = trial.setup.delivered(at)
    if delivered.ended:
        # It has been said why the reply ended: at most the counts of tokens are missing.
        stream = await trial.stream(items)
    else:
        stream, error = await trial.broken(items)
        trial.check(error, "a stream that stops" if at else "nothing as a stream")
    check_what_stays(trial, stream, items, delivered)
    await trial.check_connections()


@AT_EVERY_EVENT
async def test_broken_json(trial: Trial, at: int) -> None:
    trial.box.malformed(at, reply=REPLY)
    items: list[Any] = []
    delivered = trial.setup.delivered(at)
    trial.skip_what_is_open(delivered.finished)
    if b"[DONE]" in trial.setup.events()[at]:
        # That is no JSON, and all the rest has come.
        stream = await trial.stream(items)
    else:
        stream, error = await trial.broken(items)
        trial.check(error, "JSON broken in a stream")
    check_what_stays(trial, stream, items, delivered)
    await check_that_it_is_over(trial, stream)
    await trial.check_connections()


@AT_EVERY_EVENT
async def test_an_error_event(trial: Trial, at: int) -> None:
    trial.box.error_event(at, message="Too busy.", reply=REPLY)
    items: list[Any] = []
    stream, error = await trial.broken(items)
    trial.check(error, "an error in a stream")
    assert "Too busy." in f"{error} {getattr(error, 'body', '')}"
    check_what_stays(trial, stream, items, trial.setup.delivered(at))
    await check_that_it_is_over(trial, stream)
    await trial.check_connections()


@AT_EVERY_EVENT
async def test_silence(trial: Trial, at: int) -> None:
    trial.box.stall(at, reply=REPLY)
    items: list[Any] = []
    stream, error = await trial.broken(items, call_params=IMPATIENT)
    trial.check(error, "a stream that falls silent", status=None)
    await trial.check_disconnected()
    check_what_stays(trial, stream, items, trial.setup.delivered(at))
    await trial.check_connections(was_impatient=True)


async def test_a_stream_that_takes_its_time(trial: Trial) -> None:
    """A timeout limits the wait for each event, not that for all of them."""
    text = " ".join(WORDS * 2)
    trial.box.reply(text, usage=USAGE, between_events=GAP)
    params = {**IMPATIENT, "timeout": TIMEOUT}
    if trial.setup.case.limits_async_replies and trial.is_async:
        params["timeout"] = 5.0
    stream = await trial.stream(call_params=params)
    assert stream.content == text
    assert (stream.input_tokens, stream.output_tokens) == (1234, 567)
    assert len(trial.box.requests) == 1


async def test_abandoned_between_two_events(trial: Trial) -> None:
    trial.box.stall(len(trial.setup.events()) - 2, reply=REPLY)
    stream = await trial.way.run(trial.call(stream=True))
    if trial.is_async:
        async with stream:
            async for chunk, _ in stream:
                if chunk.content:
                    break
    else:
        with stream:
            for chunk, _ in stream:
                if chunk.content:
                    break
    await trial.check_disconnected()
    assert stream.content
    assert "alpha beta gamma".startswith(stream.content)
    await trial.check_connections()
