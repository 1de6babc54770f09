"""Calls that `tenacity` tries again."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

import pytest
import tenacity
from pydantic import BaseModel, ValidationError

from mirascope import llm
from mirascope.core import anthropic, openai
from mirascope.retries.tenacity import collect_errors, is_transient, wait_retry_after
from mirascope.sandbox import Sandbox, ToolCall

from ..llm.faces import Face


class Book(BaseModel):
    title: str


CALLS = {
    "llm": llm.call("openai", "gpt-4o-mini", response_model=Book),
    "openai": openai.call("gpt-4o-mini", response_model=Book),
    "anthropic": anthropic.call("claude-sonnet-4-6", response_model=Book),
}


@pytest.mark.parametrize("call", CALLS)
async def test_errors_are_collected_for_the_next_attempt(
    face: Face, box: Sandbox, call: str
) -> None:
    box.reply(ToolCall("Book", {"name": "Emma"}), times=2)
    box.reply({"title": "Emma"})
    seen: list[Any] = []

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), after=collect_errors(ValidationError))
    @CALLS[call]
    @face.function
    def extract(text: str, *, errors: list[ValidationError] | None = None) -> Any:
        seen.append(errors)
        return f"Extract {text}. Before: {len(errors or [])}"

    assert await face.get(extract("it")) == Book(title="Emma")
    assert seen[0] is None
    assert [len(errors) for errors in seen[1:]] == [1, 2]
    assert len(box.requests) == 3
    assert "Before: 2" in str(box.requests[-1].body["messages"])


async def test_only_errors_of_these_classes_are_collected(face: Face) -> None:
    class Special(ValueError):
        pass

    raised = [ValueError("1"), Special("2"), KeyError("3"), ValueError("4")]
    left = list(raised)
    seen: list[Any] = []

    @tenacity.retry(stop=tenacity.stop_after_attempt(5), after=collect_errors(ValueError, KeyError))
    @face.function
    def work(*, errors: list[Exception] | None = None) -> Any:
        seen.append(errors)
        if left:
            raise left.pop(0)

    result = work()
    if face.is_async:
        await result
    assert seen == [None, raised[:1], raised[:1], [raised[0], raised[2]], [*raised[::2], raised[3]]]


async def test_waiting_as_the_provider_asks(face: Face, box: Sandbox) -> None:
    waits: list[float] = []

    async def sleep_async(seconds: float) -> None:
        waits.append(seconds)

    sleep: Any = sleep_async if face.is_async else waits.append

    @tenacity.retry(
        stop=tenacity.stop_after_attempt(4),
        retry=tenacity.retry_if_exception(is_transient),
        wait=wait_retry_after(tenacity.wait_fixed(3), longest=10),
        sleep=sleep,
        reraise=True,
    )
    @llm.call("mistral", "mistral-large-latest")
    @face.function
    def ask() -> Any:
        return "Where?"

    box.fail(429, retry_after=7)
    box.fail(429, retry_after=70)
    box.fail(503)
    assert (await face.get(ask())).content == "Sandbox reply to: Where?"
    assert waits == [7, 10, 3]
    box.fail(401)
    with pytest.raises(Exception, match="401"):
        await face.get(ask())
    assert len(waits) == 3


def test_the_older_place_warns() -> None:
    sys.modules.pop("mirascope.integrations.tenacity", None)
    with pytest.warns(DeprecationWarning, match=r"mirascope\.retries\.tenacity"):
        module = import_module("mirascope.integrations.tenacity")
    assert module.collect_errors is collect_errors


def test_it_needs_no_tenacity() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "tenacity" not in vars(import_module("mirascope.retries.tenacity"))
