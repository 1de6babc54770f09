"""Deadlines: calls that end in time, whatever they are and whoever makes them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import errors, llm
from mirascope.core.base import _controls
from mirascope.core.base._controls import Control, Permit
from mirascope.core.base._flow import Flow, step
from mirascope.sandbox import Sandbox, ToolCall

from ..core.parrot import Answer, parrot_call
from ..core.parrot import Client as Parrot
from ..providers.cases import CASES, Case
from .faces import Face

SOON = 0.3
IN_TIME = 1.5
"""By when a call is over whose deadline is `SOON`, on a machine that has other things to do."""


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


@contextmanager
def over_in_time(seconds: float = SOON) -> Iterator[None]:
    """A deadline that is exceeded, and not by much."""
    started = time.monotonic()
    with pytest.raises(llm.DeadlineExceeded, match=f"{seconds:g} seconds"), llm.deadline(seconds):
        yield
    assert time.monotonic() - started < IN_TIME


def call(face: Face, case: Case | None = None, **options: Any) -> Any:
    name, model = (case.name, case.model) if case else ("openai", "gpt-4o-mini")

    @llm.call(provider=name, model=model, **options)
    @face.function
    def ask() -> Any:
        return "Hi"

    return ask


async def opened(face: Face, function: Any) -> Any:
    return await function() if face.is_async else function()


async def no_thread_is_left() -> bool:
    for _ in range(300):
        names = [each.name for each in threading.enumerate()]
        if "mirascope-deadline" not in names:
            return True
        await asyncio.sleep(0.01)
    return False


def is_given_back(box: Sandbox) -> bool:
    return box.wait_until(lambda: bool(box.requests[-1].disconnected or box.requests[-1].finished))


every_provider = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


# --- every provider


@every_provider
async def test_a_whole_reply_that_takes_too_long(case: Case, face: Face, box: Sandbox) -> None:
    ask = call(face, case)
    await face.get(ask())
    box.slow(first_byte=1.6)
    with over_in_time():
        await face.get(ask())
    assert len(box.requests) == 2
    box.slow()
    assert (await face.get(ask())).content
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_does_not_begin(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    box.slow(first_byte=1.6)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert stream.content == ""
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_goes_on_too_long(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    text = " ".join(["word"] * 60)
    box.reply(text)
    box.slow(between_events=0.06)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert text.startswith(stream.content)
    assert 0 < len(stream.content) < len(text)
    assert stream.construct_call_response().content == stream.content
    assert await asyncio.to_thread(is_given_back, box)
    assert await no_thread_is_left()


@every_provider
async def test_a_stream_that_falls_silent(case: Case, face: Face, box: Sandbox) -> None:
    await face.items(await opened(face, call(face, case, stream=True)))
    box.reply("One two three four")
    box.slow(between_events=1.6)
    with over_in_time():
        stream = await opened(face, call(face, case, stream=True))
        await face.items(stream)
    assert await asyncio.to_thread(is_given_back, box)
    assert await no_thread_is_left()
