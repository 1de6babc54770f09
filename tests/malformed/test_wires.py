"""Replies spoilt on their way, through the real SDKs: only documented exceptions come of it.

What `test_decoders.py` leaves out: what the SDKs make of broken bodies, events and frames. It says
how to have more of them.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from mirascope import llm
from mirascope.sandbox import Sandbox
from mirascope.sandbox._event_stream import _sealed

from ..providers.cases import CASES, Case
from .corpus import corpus_of, decoded
from .mutations import BYTE_EDITS, EVENT_EDITS, JSON_EDITS, Edit, edited, edits, spoilt
from .reading import is_documented, read_chunk, read_response, read_stream
from .test_decoders import HOW_MANY, Collect, FormatBook, fuzzed

OPTIONS: list[dict[str, Any]] = [{"tools": [FormatBook, Collect]}, {}, {"json_mode": True}]
TIMEOUT = 10


class Book(BaseModel):
    """A book."""

    title: str
    author: str | None = None


def function_of(case: Case, client: Any, is_async: bool, **options: Any) -> Callable[[], Any]:
    """The call that asks for a reply; in a model of ours where that is among the options."""

    def ask() -> str:
        return "Hello"

    async def ask_async() -> str:
        return "Hello"

    call = llm.call(case.name, case.model, client=client, **options)
    made: Callable[[], Any] = call(ask_async if is_async else ask)
    return made


async def read_async(call: Callable[[], Any]) -> None:
    result = await call()
    if not hasattr(result, "__aiter__"):
        read_whole(result)
        return
    try:
        async for item in result:
            read_item(item)
    finally:
        read_after(result)


def read(call: Callable[[], Any]) -> None:
    result = call()
    if not hasattr(result, "__iter__") or isinstance(result, (BaseModel, str)):
        read_whole(result)
        return
    try:
        for item in result:
            read_item(item)
    finally:
        read_after(result)


def read_whole(result: Any) -> None:
    read_response(getattr(result, "_response", result))


def read_item(item: Any) -> None:
    if isinstance(item, tuple):
        read_chunk(*item)


def read_after(stream: Any) -> None:
    read_stream(getattr(stream, "stream", stream))


@contextmanager
def reading(case: Case, is_async: bool, box: Sandbox) -> Iterator[Callable[[bool, int], None]]:
    """Makes one call, streamed or not, with the options of that number, and reads all of it."""
    with asyncio.Runner() as runner:
        client = made = case.new_client(box, is_async, timeout=TIMEOUT)
        if inspect.isawaitable(made):
            client = runner.run(_awaited(made))
        calls = {
            (stream, number): function_of(case, client, is_async, stream=stream, **options)
            for number, options in enumerate([*OPTIONS, {"response_model": Book}])
            for stream in (False, True)
        }

        def read_one(stream: bool, number: int) -> None:
            call = calls[stream, number % (len(OPTIONS) + 1)]
            try:
                if is_async:
                    runner.run(asyncio.wait_for(read_async(call), TIMEOUT * 2))
                else:
                    read(call)
            except Exception as error:
                if isinstance(error, AssertionError) or not is_documented(error):
                    raise

        yield read_one
        closing = case.close(client, is_async)
        if is_async:
            runner.run(_awaited(closing))


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


def as_json(data: Any) -> bytes:
    """JSON of anything, as a careless server writes it."""
    return json.dumps(data, default=lambda value: base64.b64encode(value).decode()).encode()


def framed(event: bytes, edits: list[Edit]) -> bytes:
    """The event with its JSON edited, in the same frame."""
    if b"{" not in event:
        return event
    if event[:1] == b"\0":
        ((_, data),) = next(iter(decoded([event]))).items()
        (length,) = struct.unpack_from(">I", event, 4)
        return _sealed(event[12 : 12 + length], as_json(edited(data, edits)))
    start = event.index(b"{")
    return event[:start] + as_json(edited(json.loads(event[start:]), edits)) + b"\n\n"


def edited_wire(events: list[bytes], edits: list[Edit], others: list[bytes]) -> list[bytes]:
    events = list(events)
    for edit in edits:
        at = edit.place % (len(events) or 1)
        match edit.what:
            case "lose":
                del events[at : at + 1 + edit.number % 3]
            case "double":
                events[at:at] = events[at : at + 1]
            case "exchange":
                events[at : at + 2] = events[at : at + 2][::-1]
            case "late":
                events += [events.pop(at)] if events else []
            case "foreign":
                events.insert(at, others[edit.number % len(others)])
            case _ if events:
                inside = edit._replace(place=edit.place // len(events))
                events[at] = framed(events[at], [inside])
            case _:
                pass
    return events


fuzzed_less = settings(fuzzed, max_examples=max(15, HOW_MANY // 40))
WAYS = pytest.mark.parametrize(
    ("case", "is_async"),
    [pytest.param(c, a, id=f"{c.name}-{'async' if a else 'sync'}") for c in CASES for a in (0, 1)],
)


@WAYS
def test_spoilt_bodies(case: Case, is_async: bool, box: Sandbox) -> None:
    bodies = corpus_of(case.name).bodies
    headers = {"content-type": "application/json"}
    with reading(case, is_async, box) as read_one:

        @fuzzed_less
        @given(
            st.integers(0, len(bodies) - 1),
            edits(JSON_EDITS) | st.just([]),
            edits(BYTE_EDITS) | st.just([]),
            st.integers(0, 3),
            st.booleans(),
        )
        def test(
            number: int, of_json: list[Edit], of_bytes: list[Edit], option: int, stream: bool
        ) -> None:
            body = spoilt(as_json(edited(bodies[number], of_json)), of_bytes)
            box.native(None, body, headers=headers)
            read_one(stream, option)
            box.reset()

        test()


@WAYS
def test_spoilt_streams(case: Case, is_async: bool, box: Sandbox) -> None:
    wires = corpus_of(case.name).wires
    others = [event for wire in wires for event in wire]
    with reading(case, is_async, box) as read_one:

        @fuzzed_less
        @given(
            st.integers(0, len(wires) - 1),
            edits((*JSON_EDITS, *EVENT_EDITS)) | st.just([]),
            edits(BYTE_EDITS) | st.just([]),
            st.integers(0, 3),
        )
        def test(number: int, of_json: list[Edit], of_bytes: list[Edit], option: int) -> None:
            wire = edited_wire(wires[number], of_json, others)
            box.native(None, [spoilt(b"".join(wire), of_bytes)] if of_bytes else wire)
            read_one(True, option)
            box.reset()

        test()
