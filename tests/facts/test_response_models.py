"""Replies that are extracted as an instance of a response model."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from mirascope import llm
from mirascope.core import FromCallArgs, ResponseModelConfigDict, anthropic, openai
from mirascope.sandbox import Sandbox, ToolCall

from ._world import BOOK, CLAUDE, GPT, Book, FormatBook, recommend

DECORATORS = {
    "openai": lambda **options: openai.call(GPT, **options),
    "anthropic": lambda **options: anthropic.call(CLAUDE, **options),
    "llm-openai": lambda **options: llm.call("openai", GPT, **options),
    "llm-anthropic": lambda **options: llm.call("anthropic", CLAUDE, **options),
}
with_each = pytest.mark.parametrize("call", DECORATORS.values(), ids=list(DECORATORS))


@with_each
def test_the_model_with_the_response_it_came_in(box: Sandbox, call: Any) -> None:
    box.reply(BOOK)
    book = call(response_model=Book)(recommend)()
    assert type(book) is Book
    assert book == BOOK
    own = openai.OpenAICallResponse, anthropic.AnthropicCallResponse
    assert isinstance(book._response, own)
    assert book._response.input_tokens > 0
    assert "_response" not in book.model_dump()


def test_the_model_is_asked_for_as_a_tool(box: Sandbox) -> None:
    box.reply(BOOK, times=2)
    openai.call(GPT, response_model=Book)(recommend)()
    anthropic.call(CLAUDE, response_model=Book)(recommend)()
    first, second = (request.body for request in box.requests)
    assert first["tools"][0]["function"]["name"] == second["tools"][0]["name"] == "Book"
    assert first["tool_choice"] == "required"
    assert second["tool_choice"] == {"type": "tool", "name": "Book"}


def test_the_first_tool_call_counts_whatever_its_name(box: Sandbox) -> None:
    other = {"title": "Emma", "author": "Jane Austen"}
    box.reply([ToolCall("Wrong", BOOK.model_dump()), ToolCall("Book", other)])
    assert openai.call(GPT, response_model=Book)(recommend)() == BOOK


@with_each
def test_a_reply_that_does_not_fit_is_kept_in_the_error(box: Sandbox, call: Any) -> None:
    ask = call(response_model=Book)(recommend)
    box.reply(ToolCall("Book", {"title": "Emma"}))
    with pytest.raises(ValidationError, match="author") as misfit:
        ask()
    assert misfit.value._response.finish_reasons  # type: ignore[attr-defined]
    box.reply(None, text=None, tool_calls=())
    with pytest.raises(ValueError, match="No tool call or JSON object found") as nothing:
        ask()
    assert nothing.value._response.id  # type: ignore[attr-defined]


def test_a_refusal_is_the_models_own_words(box: Sandbox) -> None:
    box.reply(None, text=None, tool_calls=(), refusal="I won't.")
    with pytest.raises(ValueError, match=r"^I won't\.$") as refused:
        openai.call(GPT, response_model=Book)(recommend)()
    assert refused.value._response.id  # type: ignore[attr-defined]


class Genre(Enum):
    FANTASY = "fantasy"
    CRIME = "crime"


@pytest.mark.parametrize("json_mode", [False, True])
@pytest.mark.parametrize(
    ("response_model", "sent", "value"),
    [
        (str, "x", "x"),
        (int, 3, 3),
        (float, 0.5, 0.5),
        (bool, True, True),
        (list, [1, "x"], [1, "x"]),
        (list[Book], [BOOK.model_dump()], [BOOK]),
        (set[int], [1, 2], {1, 2}),
        (tuple[int, str], [1, "x"], (1, "x")),
        (dict[str, int], {"value": {"a": 1}}, {"a": 1}),
        (Literal["a", "b"], "b", "b"),
        (Genre, "crime", Genre.CRIME),
        (int | None, None, None),
        (Annotated[int, "a mark"], 3, 3),
    ],
    ids=str,
)
def test_types_that_are_no_models(
    box: Sandbox, response_model: Any, sent: Any, value: Any, json_mode: bool
) -> None:
    content = sent if isinstance(sent, dict) else {"value": sent}
    box.reply(content)
    ask = llm.call("openai", GPT, response_model=response_model, json_mode=json_mode)(recommend)
    assert ask() == value
    assert ("tools" in box.requests[0].body) is not json_mode


@with_each
@pytest.mark.parametrize(
    "text", ["{}", "```json\n{}\n```", "Here you are:\n\n{}\n\nAnything else?"], ids=repr
)
def test_json_mode_finds_the_json(box: Sandbox, call: Any, text: str) -> None:
    box.reply(text.replace("{}", BOOK.model_dump_json()))
    assert call(response_model=Book, json_mode=True)(recommend)() == BOOK
    asked = str(box.requests[0].body["messages"][-1]["content"])
    assert "author" in asked
    assert "tools" not in box.requests[0].body


class StrictBook(Book):
    model_config = ResponseModelConfigDict(strict=True)

    subtitle: str | None = None


def test_a_strict_model_in_json_mode_is_enforced_by_openai(box: Sandbox) -> None:
    book = openai.call(GPT, response_model=StrictBook, json_mode=True)(recommend)()
    assert isinstance(book, StrictBook)
    body = box.requests[0].body
    schema = body["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["additionalProperties"] is False
    # What OpenAI demands of a strict schema.
    assert set(schema["schema"]["required"]) == {"title", "author", "subtitle"}
    assert len(body["messages"]) == 1


def test_a_strict_model_without_json_mode_warns(box: Sandbox) -> None:
    with pytest.warns(UserWarning, match="json_mode=True"):
        ask = openai.call(GPT, response_model=StrictBook)(recommend)
    box.reply({**BOOK.model_dump(), "subtitle": None})
    assert ask().title == BOOK.title


@with_each
def test_beside_a_response_model_the_model_may_call_a_tool(box: Sandbox, call: Any) -> None:
    ask = call(response_model=Book, tools=[FormatBook], output_parser=lambda b: b.title)(recommend)
    box.reply(ToolCall("FormatBook", {"title": "Emma"}))
    response = ask()
    assert isinstance(response.tool, FormatBook)
    box.reply(BOOK.model_dump_json())
    assert ask() == BOOK.title


class Shelved(Book):
    shelf: Annotated[int, FromCallArgs()]


@with_each
@pytest.mark.parametrize("json_mode", [False, True])
def test_a_field_from_the_call(box: Sandbox, call: Any, json_mode: bool) -> None:
    def recommend_for(shelf: int) -> str:
        return f"A book for shelf {shelf}"

    box.reply({**BOOK.model_dump(), "shelf": 99})
    shelved = call(response_model=Shelved, json_mode=json_mode)(recommend_for)(3)
    assert shelved == Shelved(**BOOK.model_dump(), shelf=3)
    # Only the prompt itself speaks of the shelf.
    assert str(box.requests[0].body).count("shelf") == 1


def test_a_field_from_the_call_needs_the_argument(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="shelf"):
        openai.call(GPT, response_model=Shelved)(recommend)()
    assert not box.requests


def test_dynamic_tools_do_not_take_the_response_models_place(box: Sandbox) -> None:
    @openai.call(GPT, response_model=Book)
    def ask() -> Any:
        return {"messages": [{"role": "user", "content": "Hi"}], "tools": []}

    box.reply(BOOK)
    assert ask() == BOOK


def test_a_thinking_model_is_asked_for_json(box: Sandbox) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    params: Any = {"max_tokens": 4096, "thinking": thinking}
    box.reply(BOOK.model_dump_json(), thinking="Hm.")
    ask = anthropic.call(CLAUDE, response_model=Book, call_params=params)(recommend)
    assert ask() == BOOK
    assert "tools" not in box.requests[0].body


class Rating(BaseModel):
    """A rating."""

    stars: int


def test_a_nested_model(box: Sandbox) -> None:
    class Review(BaseModel):
        book: Book
        ratings: list[Rating]

    sent = {"book": BOOK.model_dump(), "ratings": [{"stars": 5}]}
    box.reply(sent)
    assert openai.call(GPT, response_model=Review)(recommend)().model_dump() == sent
