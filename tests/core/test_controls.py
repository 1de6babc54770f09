"""What controls see of calls, and what they do to them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core.base._controls import Control, Permit, enter, leave, used
from mirascope.core.base._flow import Flow, run, step
from mirascope.sandbox import Sandbox, ToolCall

from ..llm.faces import Face


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


class Noted(Permit):
    def __init__(self, control: Noting) -> None:
        self.control = control
        self.given_up: Exception | None = None

    def arrived(self, stream: Any) -> None:
        self.control.seen.append(stream.content)
        if self.control.most and len(stream.content) >= self.control.most:
            raise RuntimeError("That is enough.")

    def follow(self, events: Any, stream: Any, is_async: bool) -> None:
        if (after := self.control.abort_after) and not is_async:

            def abort() -> None:
                self.given_up = TimeoutError("too late")
                run(events.close())

            threading.Timer(after, abort).start()

    def failure(self) -> Exception | None:
        return self.given_up

    def end(self, reply: Any, error: BaseException | None) -> None:
        tokens = used(reply)
        self.control.ends.append((tokens and tokens.output, type(error).__name__ if error else ""))


class Noting(Control):
    """Takes down what it sees; refuses or cuts where it is told to."""

    def __init__(self, *, most: int = 0, abort_after: float = 0, refuses: bool = False) -> None:
        self.most = most
        self.abort_after = abort_after
        self.refuses = refuses
        self.admitted = 0
        self.seen: list[str] = []
        self.ends: list[Any] = []

    def admit(self, request: Any, until: float | None) -> Flow[Permit]:
        if self.refuses:
            raise RuntimeError("Not now.")
        yield from step(lambda: None)
        self.admitted += 1
        return Noted(self)


@contextmanager
def held_to(control: Noting) -> Iterator[Noting]:
    enter(control)
    try:
        yield control
    finally:
        leave(control)


class Book(BaseModel):
    title: str


def call(face: Face, **options: Any) -> Any:
    @llm.call(provider="openai", model="gpt-4o-mini", **options)
    @face.function
    def ask() -> Any:
        return "Hi"

    return ask


async def test_a_whole_reply_passes_once(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 7, "output": 3}, times=2)
    with held_to(Noting()) as outer, held_to(Noting()) as inner:
        response = await face.get(call(face)())
    await face.get(call(face)())
    assert response.content == "Hello"
    assert inner.admitted == outer.admitted == 1
    assert inner.ends == outer.ends == [(3, "")]


async def test_a_refusal_sends_nothing_and_ends_the_others(face: Face, box: Sandbox) -> None:
    with (
        held_to(Noting()) as outer,
        held_to(Noting(refuses=True)),
        pytest.raises(RuntimeError, match="Not now"),
    ):
        await face.get(call(face)())
    assert box.requests == []
    assert outer.ends == [(None, "RuntimeError")]


async def test_a_failure_ends_it(face: Face, box: Sandbox) -> None:
    box.fail(400)
    with held_to(Noting()) as control, pytest.raises(Exception, match="400"):
        await face.get(call(face)())
    assert control.ends == [(None, "BadRequestError")]


@pytest.mark.parametrize("options", [{}, {"response_model": Book}], ids=["text", "structured"])
async def test_a_stream_is_held_to_what_was_in_force_at_the_call(
    face: Face, box: Sandbox, options: Any
) -> None:
    box.reply({"title": "Emma"} if options else "One two three", usage={"input": 1, "output": 4})
    with held_to(Noting()) as control:
        stream = call(face, stream=True, **options)()
        if face.is_async:
            stream = await stream
    assert control.admitted == 0
    await face.items(stream)
    assert control.admitted == 1
    assert len(control.seen) > 1
    assert control.ends == [(4, "")]


async def test_a_stream_is_cut(face: Face, box: Sandbox) -> None:
    box.reply("One two three four five six seven eight")
    with held_to(Noting(most=8)) as control:
        stream = call(face, stream=True)()
        stream = await stream if face.is_async else stream
        with pytest.raises(RuntimeError, match="enough"):
            await face.items(stream)
    assert 8 <= len(stream.content) < 20
    assert stream.construct_call_response().content == stream.content
    assert [error for _, error in control.ends] == ["RuntimeError"]


def test_a_stream_is_ended_from_outside(box: Sandbox) -> None:
    box.reply("One two three four")
    box.slow(between_events=0.15)
    with held_to(Noting(abort_after=0.2)) as control:
        stream = call(Face(False), stream=True)()
        with pytest.raises(TimeoutError, match="too late"):
            list(stream)
    assert [error for _, error in control.ends] == ["TimeoutError"]


async def test_a_stream_that_is_left_ends_it(face: Face, box: Sandbox) -> None:
    with held_to(Noting()) as control:
        stream = call(face, stream=True)()
        stream = await stream if face.is_async else stream
    await face.first(stream)
    if face.is_async:
        await stream.aclose()
    else:
        stream.close()
    assert len(control.ends) == 1


async def test_a_coroutine_is_held_to_what_was_in_force_at_the_call(box: Sandbox) -> None:
    with held_to(Noting()) as control:
        coroutine = call(Face(True))()
    await coroutine
    assert control.admitted == 1


async def test_a_cancelled_call_ends_it(box: Sandbox) -> None:
    box.slow(first_byte=5)
    with held_to(Noting()) as control:
        task = asyncio.create_task(call(Face(True))())
        while not box.requests:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert control.ends == [(None, "CancelledError")]


async def test_each_turn_of_a_chain_and_what_its_tools_ask_passes(face: Face, box: Sandbox) -> None:
    def ask() -> str:
        """Ask another."""
        return llm.get_model("gpt-4o-mini").prompt("Inner").text()

    box.reply(ToolCall("ask", {}))
    with held_to(Noting()) as control:
        chain = face.model().chain("Outer", tools=[ask])
    await face.get(chain.text())
    assert control.admitted == len(box.requests) == 3
    assert len(control.ends) == 3
