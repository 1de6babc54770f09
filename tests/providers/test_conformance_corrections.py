"""Answers that do not fit: the model is told what was wrong, and asked again."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from mirascope import llm
from mirascope.sandbox import Reply, Sandbox, ToolCall

from .cases import Way


class Book(BaseModel):
    title: str
    pages: int = Field(ge=1)


GOOD = {"title": "Emma", "pages": 474}
BAD = ToolCall("Book", {"title": "Emma", "pages": 0}, id="call_1")
FAULT = "pages: Input should be greater than or equal to 1"


async def test_a_call_that_does_not_fit(way: Way) -> None:
    way.box.reply(BAD)
    way.box.reply(GOOD)
    book = await way.ask("Hi", response_model=Book, validation_retries=2)
    assert book == Book(title="Emma", pages=474)
    assert len(way.box.requests) == 2
    assert [call.arguments for call in way.wire.tool_calls(way.body)] == [
        {"title": "Emma", "pages": 0}
    ]
    ((call_id, told),) = way.wire.tool_results(way.body)
    assert call_id == "call_1"
    assert FAULT in told
    assert "again" in told
    assert way.wire.demanded_tool(way.body) == "Book"
    assert [type(error) for error in book._caught] == [ValidationError]
    assert book._attempts[0].provider == way.case.name
    assert book._response.input_tokens > 0


async def test_every_call_of_the_reply_has_a_result(way: Way) -> None:
    way.box.reply([BAD, ToolCall("Book", GOOD, id="call_2")])
    way.box.reply(GOOD)
    await way.ask("Hi", response_model=Book, validation_retries=1)
    results = dict(way.wire.tool_results(way.body))
    assert FAULT in results["call_1"]
    assert results["call_2"].startswith("Not read")


async def test_json_that_does_not_fit(way: Way) -> None:
    way.box.reply('{"title": "Emma", "pages": 0}')
    way.box.reply(GOOD)
    options: Any = {"response_model": Book, "json_mode": True, "validation_retries": 1}
    assert (await way.ask("Hi", **options)).pages == 474
    turns = way.wire.turns(way.body)
    assert turns[:2] == [("user", "Hi"), ("assistant", '{"title": "Emma", "pages": 0}')]
    assert FAULT in " ".join(text for _, text in turns[2:])
    assert "JSON schema" in turns[-1][1]


async def test_no_answer_at_all(way: Way) -> None:
    way.box.reply("I would rather talk.")
    way.box.reply(GOOD)
    assert (await way.ask("Hi", response_model=Book, validation_retries=1)).pages == 474
    assert ("assistant", "I would rather talk.") in way.wire.turns(way.body)


async def test_the_last_error_is_raised(way: Way) -> None:
    way.box.reply(BAD, times=3)
    with pytest.raises(ValidationError) as raised:
        await way.ask("Hi", response_model=Book, validation_retries=2)
    error: Any = raised.value
    assert len(way.box.requests) == 3
    assert len(error._caught) == 2
    assert error._response.provider == way.case.name
    # Everything that was said is still there.
    assert len(way.wire.tool_calls(way.body)) == 2


async def test_a_chain_ends_with_an_answer_that_fits(llm_way: Way) -> None:
    def find(title: str) -> str:
        """Find a book."""
        return "474 pages"

    way = llm_way
    way.box.reply(ToolCall("find", {"title": "Emma"}, id="call_1"))
    way.box.reply('{"title": "Emma", "pages": 0}')
    way.box.reply('{"title": "Emma", "pages": 474}')
    ask = way.decorate("Hi", response_model=Book, tools=[find], validation_retries=1)
    chain = ask.chain()
    parsed = await chain.parsed() if way.is_async else chain.parsed()
    assert parsed == Book(title="Emma", pages=474)
    assert len(way.box.requests) == 3
    assert FAULT in str(way.wire.turns(way.body))
    way.box.reply('{"title": "Emma", "pages": 0}', times=2)
    chain = ask.chain()
    with pytest.raises(ValidationError):
        await chain.parsed() if way.is_async else chain.parsed()
    assert len(way.box.requests) == 5


def test_a_refusal_is_not_argued_with(box: Sandbox) -> None:
    box.reply(Reply(refusal="No."))
    ask = llm.call("openai", "gpt-4o-mini", response_model=Book, validation_retries=2)
    with pytest.raises(ValueError, match=r"No\."):
        ask(lambda: "Hi")()
    assert len(box.requests) == 1


@pytest.mark.parametrize("retries", [-1, 1.5, True, "2"])
def test_numbers_that_are_none(retries: Any) -> None:
    with pytest.raises(ValueError, match="`validation_retries` is a number"):
        llm.call("openai", "gpt-4o-mini", response_model=Book, validation_retries=retries)


def test_not_with_a_stream() -> None:
    options: Any = {"stream": True, "validation_retries": 1}
    with pytest.raises(ValueError, match="`validation_retries` with `stream`"):
        llm.call("openai", "gpt-4o-mini", response_model=Book, **options)
