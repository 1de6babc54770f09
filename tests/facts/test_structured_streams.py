"""Response models that fill up while the reply arrives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from mirascope import llm
from mirascope.core import anthropic, openai
from mirascope.core.base import BaseStructuredStream
from mirascope.sandbox import Sandbox, ToolCall

from ._world import BOOK, CLAUDE, GPT, Book, recommend, recommend_async

DECORATORS = {
    "openai": lambda **options: openai.call(GPT, stream=True, **options),
    "anthropic": lambda **options: anthropic.call(CLAUDE, stream=True, **options),
    "llm-openai": lambda **options: llm.call("openai", GPT, stream=True, **options),
    "llm-anthropic": lambda **options: llm.call("anthropic", CLAUDE, stream=True, **options),
}
with_each = pytest.mark.parametrize("call", DECORATORS.values(), ids=list(DECORATORS))
in_both_modes = pytest.mark.parametrize("json_mode", [False, True])


@with_each
@in_both_modes
def test_partial_instances_and_at_last_the_whole_one(
    box: Sandbox, call: Any, json_mode: bool
) -> None:
    box.reply(BOOK.model_dump_json() if json_mode else BOOK)
    stream = call(response_model=Book, json_mode=json_mode)(recommend)()
    assert isinstance(stream, BaseStructuredStream)
    assert not box.requests
    *partial, whole = stream
    assert type(whole) is Book
    assert whole == stream.constructed_response_model == BOOK
    assert whole._response.content == stream.stream.content
    assert len(partial) > 2
    assert all(isinstance(book, Book) and type(book) is not Book for book in partial)
    first = next(book for book in partial if book.title)
    assert BOOK.title.startswith(first.title)
    assert first.author is None
    assert stream.stream.output_tokens > 0


def test_the_model_is_demanded_as_without_streaming(box: Sandbox) -> None:
    box.reply(BOOK, times=2)
    list(openai.call(GPT, stream=True, response_model=Book)(recommend)())
    list(anthropic.call(CLAUDE, stream=True, response_model=Book)(recommend)())
    assert box.requests[0].body["tool_choice"] == "required"
    assert box.requests[1].body["tool_choice"] == {"type": "tool", "name": "Book"}


def test_json_mode_shows_the_schema(box: Sandbox) -> None:
    box.reply(BOOK.model_dump_json())
    list(openai.call(GPT, stream=True, response_model=Book, json_mode=True)(recommend)())
    assert '"author"' in box.requests[0].body["messages"][-1]["content"]


@with_each
def test_a_reply_that_stays_incomplete_is_an_error(box: Sandbox, call: Any) -> None:
    box.reply(ToolCall("Book", {"title": "Emma"}))
    stream = call(response_model=Book)(recommend)()
    arrived: list[Any] = []
    with pytest.raises(ValidationError, match="author") as incomplete:
        arrived.extend(stream)
    assert arrived[-1].title == "Emma"
    assert incomplete.value._response.finish_reasons  # type: ignore[attr-defined]


class Choosy(BaseModel):
    pages: int | None
    kind: Literal["paperback", "hardcover"]
    title: Annotated[str, Field(min_length=8)]
    years: list[Annotated[int, Field(ge=1900)]]


@with_each
@in_both_modes
def test_partial_instances_are_not_validated(box: Sandbox, call: Any, json_mode: bool) -> None:
    sent = {"pages": 300, "kind": "hardcover", "title": "The Hobbit", "years": [1937, 1951]}
    value = Choosy(**sent)  # type: ignore[arg-type]
    box.reply(value.model_dump_json() if json_mode else value)
    *partial, whole = call(response_model=Choosy, json_mode=json_mode)(recommend)()
    assert whole == value
    assert any(book.title and len(book.title) < 8 for book in partial)


@with_each
def test_types_that_are_no_models(box: Sandbox, call: Any) -> None:
    box.reply({"value": ["one", "two", "three"]})
    *partial, whole = call(response_model=list[str])(recommend)()
    assert whole == ["one", "two", "three"]
    assert all(isinstance(item, list) for item in partial if item is not None)


async def test_async(box: Sandbox) -> None:
    box.reply(BOOK)
    ask = llm.call("openai", GPT, stream=True, response_model=Book)(recommend_async)
    stream = await ask()
    assert [book async for book in stream][-1] == BOOK
    assert stream.constructed_response_model == BOOK
