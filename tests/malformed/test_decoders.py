"""Replies spoilt in every way, read in this process: nothing but documented exceptions comes of it.

FUZZ_CASES=20000 tries more of them (`make fuzz`), `--hypothesis-seed` others. Hypothesis prints a
failing case, with the edits that make it, and tries it again first next time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirascope import BaseTool, llm
from mirascope.core.base._call import CallOptions, CallSpec, prepare
from mirascope.core.base._prompt_function import PromptFunction
from mirascope.core.base._provider import Provider, Received
from mirascope.core.base._request import Request

from ..providers.cases import CASES, Case
from .corpus import ABSENT, Json, corpus_of, recorded
from .mutations import (
    EVENT_EDITS,
    JSON_EDITS,
    TOO_DEEP,
    Edit,
    edited,
    edited_events,
    edits,
)
from .reading import drain, read_response, read_stream

HOW_MANY = int(os.environ.get("FUZZ_CASES", "200"))
"""For each provider, half of them whole replies, half of them streams."""
PROVIDERS = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
fuzzed = settings(max_examples=HOW_MANY // 2, suppress_health_check=list(HealthCheck))


class FormatBook(BaseTool):
    """Format a book."""

    title: str
    author: str | None = None
    pages: int = 1

    def call(self) -> str:
        return self.title


class Collect(BaseTool):
    """Collect anything."""

    items: list[Any]

    def call(self) -> list[Any]:
        return self.items


class Answered(Request):
    """A request whose answer is there already, as a test double of a client would give it."""

    answer: Any = None

    def send(self) -> Any:
        return self.answer


@cache
def prepared(provider: Provider, model: str, stream: bool) -> Answered:
    function = PromptFunction(lambda: "Hello")
    options = CallOptions(provider, model, stream, [FormatBook, Collect], client=object())
    request = prepare(CallSpec(options, function), function.interpret("Hello", {}))
    answered = Answered.__new__(Answered)
    for field in fields(request):
        setattr(answered, field.name, getattr(request, field.name))
    return answered


def response_to(case: Case, reply: Any) -> Any:
    """The response that a reply makes, in this provider's terms."""
    request = prepared(case.module.PROVIDER, case.model, stream=False)
    return request.provider.response_type._received(request, Received(reply), 1.0, 2.0)


def stream_of(case: Case, events: list[Any], partial_tools: bool = False) -> Any:
    """The stream that events make, in this provider's terms."""
    request = prepared(case.module.PROVIDER, case.model, stream=True)
    request.answer = {"stream": iter(events)} if case.name == "bedrock" else iter(events)
    return request.provider.stream_type(request, partial_tools)


def check_reply(case: Case, reply: Json, agnostic: bool) -> None:
    response = response_to(case, reply)
    read_response(llm.CallResponse(response) if agnostic else response)


def check_stream(case: Case, events: list[Any], partial_tools: bool, agnostic: bool) -> None:
    stream = stream_of(case, events, partial_tools)
    stream = llm.Stream(stream) if agnostic else stream
    drain(stream)
    read_stream(stream)


@PROVIDERS
def test_sound_replies_are_read(case: Case) -> None:
    corpus = corpus_of(case.name)
    for reply in corpus.replies:
        assert response_to(case, reply)._reply is not None
        for agnostic in (False, True):
            check_reply(case, reply, agnostic)
    for events in corpus.streams:
        assert drain(stream_of(case, deepcopy(events)))
        for agnostic in (False, True):
            check_stream(case, deepcopy(events), True, agnostic)


@PROVIDERS
def test_spoilt_replies(case: Case) -> None:
    replies = corpus_of(case.name).replies

    @fuzzed
    @given(st.integers(0, len(replies) - 1), edits(JSON_EDITS), st.booleans())
    def test(number: int, spoilt_by: list[Edit], agnostic: bool) -> None:
        check_reply(case, edited(replies[number], spoilt_by), agnostic)

    test()


@PROVIDERS
def test_spoilt_streams(case: Case) -> None:
    streams = corpus_of(case.name).streams
    others = [event for events in streams for event in events]
    kinds = (*JSON_EDITS, *JSON_EDITS, *EVENT_EDITS)

    @fuzzed
    @given(st.integers(0, len(streams) - 1), edits(kinds), st.booleans(), st.booleans())
    def test(number: int, spoilt_by: list[Edit], partial_tools: bool, agnostic: bool) -> None:
        events = edited_events(streams[number], spoilt_by, others)
        check_stream(case, events, partial_tools, agnostic)

    test()


@PROVIDERS
def test_spoilt_recordings(case: Case) -> None:
    replies, streams = recorded(case.name)
    if not replies or not streams:
        pytest.skip(ABSENT)
    others = [event for events in streams for event in events]
    kinds = (*JSON_EDITS, *EVENT_EDITS)

    @fuzzed
    @given(st.integers(0, 1000), edits(JSON_EDITS), edits(kinds), st.booleans())
    def test(number: int, whole: list[Edit], streamed: list[Edit], agnostic: bool) -> None:
        check_reply(case, edited(replies[number % len(replies)], whole), agnostic)
        events = edited_events(streams[number % len(streams)], streamed, others)
        check_stream(case, events, agnostic, agnostic)

    test()


def too_deep(data: Any) -> Iterator[Any]:
    """The data with something too deep in the place of each thing in it."""
    yield from TOO_DEEP
    items: Any = data.items() if isinstance(data, dict) else enumerate(data)
    for name, value in items:
        for inside in too_deep(value) if isinstance(value, (dict, list)) else TOO_DEEP:
            changed = dict(data) if isinstance(data, dict) else list(data)
            changed[name] = inside
            yield changed


@PROVIDERS
def test_what_is_nested_too_deeply(case: Case) -> None:
    # By Python's own parser, which has no limit of its own: it is read, or refused clearly.
    for deep in too_deep(corpus_of(case.name).replies[-1]):
        if isinstance(deep, dict):
            check_reply(case, deep, agnostic=False)
