"""Response models: what is asked for, how the reply becomes a value, and what goes wrong."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import BaseModel, Field, ValidationError

from mirascope import BaseTool, Messages, llm
from mirascope.core import FromCallArgs, ResponseModelConfigDict
from mirascope.sandbox import Reply, ToolCall

from .cases import Way


class Author(BaseModel):
    name: str
    born: int | None = None


class Book(BaseModel):
    """A book in a library."""

    title: str
    pages: int = Field(ge=1, description="How thick it is.")
    kind: Literal["fantasy", "crime"] = "fantasy"
    author: Author | None = None


BOOK = Book(title="Mistborn", pages=541, author=Author(name="Brandon Sanderson", born=1975))
BOOK_DATA = BOOK.model_dump()


class StrictBook(BaseModel):
    title: str
    author: str | None = None

    model_config = ResponseModelConfigDict(strict=True)


class Genre(Enum):
    FANTASY = "fantasy"
    CRIME = "crime"


class FormatBook(BaseTool):
    """Format a book."""

    title: str

    def call(self) -> str:
        return self.title.upper()


def own_response(way: Way, response: Any) -> bool:
    """Whether this is the reply that a response model came from."""
    return isinstance(response, way.case.of_module("CallResponse"))


async def test_by_a_tool(way: Way) -> None:
    way.box.reply(BOOK)
    book = await way.ask("Recommend a book", response_model=Book)
    assert book == BOOK
    assert type(book) is Book
    (tool,) = way.wire.tools(way.body)
    assert (tool.name, tool.description) == ("Book", "A book in a library.")
    assert tool.parameters["required"] == ["title", "pages"]
    assert tool.parameters["properties"]["pages"] == {
        "type": "integer",
        "minimum": 1,
        "description": "How thick it is.",
    }
    assert way.wire.demanded_tool(way.body) == "Book"
    assert way.wire.turns(way.body) == [("user", "Recommend a book")]
    assert not way.wire.json_flag.keys() & way.body.keys()
    assert own_response(way, book._response)
    assert book._response.input_tokens > 0
    assert "_response" not in book.model_dump()


async def test_by_json(way: Way) -> None:
    way.box.reply(BOOK)
    book = await way.ask("Recommend a book", response_model=Book, json_mode=True)
    assert book == BOOK
    assert way.wire.tools(way.body) == []
    for key, value in way.wire.json_flag.items():
        assert way.body[key] == value
    instruction = way.wire.turns(way.body)[-1][1]
    for word in ("JSON schema", '"pages"', '"How thick it is."', "A book in a library."):
        assert word in instruction
    assert own_response(way, book._response)
    assert book._response.common_user_message_param.content == "Recommend a book"


@pytest.mark.parametrize(
    "text",
    ["```json\n{}\n```", "Here it is:\n\n{}\n\nEnjoy {{it}}!", "{}", "Sure! ```\n{}\n``` Bye."],
)
async def test_json_in_other_text(way: Way, text: str) -> None:
    way.box.reply(text.replace("{}", BOOK.model_dump_json(indent=1)).replace("{{it}}", "{it}"))
    assert await way.ask("Hi", response_model=Book, json_mode=True) == BOOK


async def test_by_json_that_the_provider_enforces(way: Way) -> None:
    way.box.reply({"title": "Mistborn", "author": None})
    book = await way.ask("Hi", response_model=StrictBook, json_mode=True)
    assert book == StrictBook(title="Mistborn")
    schema = way.wire.json_schema(way.body)
    if way.case.has_strict_json:
        assert schema["additionalProperties"] is False
        assert schema["required"] == ["title", "author"]
        assert way.wire.turns(way.body) == [("user", "Hi")]
    else:
        assert schema is None
        assert '"author"' in way.wire.turns(way.body)[-1][1]


async def test_strictness_takes_json_mode(way: Way) -> None:
    with pytest.warns(UserWarning, match="`json_mode=True`"):
        call = way.decorate("Hi", response_model=StrictBook)
    assert isinstance(await way.run(call), StrictBook)
    assert way.wire.demanded_tool(way.body) == "StrictBook"


BUILT_IN: dict[str, tuple[Any, Any, Any]] = {
    "str": (str, "a", "a"),
    "int": (int, 3, 3),
    "float": (float, 2.5, 2.5),
    "bool": (bool, True, True),
    "list": (list[str], ["a", "b"], ["a", "b"]),
    "list of models": (list[Book], [BOOK_DATA], [BOOK]),
    "dict": (dict[str, int], {"value": {"a": 1}}, {"a": 1}),
    "tuple": (tuple[int, str], [1, "a"], (1, "a")),
    "set": (set[int], [1, 2], {1, 2}),
    "literal": (Literal["a", "b"], "b", "b"),
    "enum": (Genre, "crime", Genre.CRIME),
    "union": (Union[int, str], "a", "a"),  # noqa: UP007
    "new union": (int | list[str], ["a"], ["a"]),
    "optional": (Optional[int], None, None),  # noqa: UP045
    "or none": (int | None, 4, 4),
    "annotated": (Annotated[int, Field(ge=0)], 5, 5),
}


@pytest.mark.parametrize("json_mode", [False, True])
@pytest.mark.parametrize("kind", BUILT_IN)
async def test_built_in_types(way: Way, kind: str, json_mode: bool) -> None:
    response_model, sent, expected = BUILT_IN[kind]
    # As the model would say it: the one field of an object.
    data = sent if isinstance(sent, dict) else {"value": sent}
    way.box.reply(lambda request: data)
    value = await way.ask("Hi", response_model=response_model, json_mode=json_mode)
    assert value == expected
    assert type(value) is type(expected)
    if json_mode:
        assert '"value"' in way.wire.turns(way.body)[-1][1]
    else:
        (tool,) = way.wire.tools(way.body)
        assert way.wire.demanded_tool(way.body) == tool.name
        assert list(tool.parameters["properties"]) == ["value"]


@pytest.mark.parametrize("wrong", [object, lambda: 1, 5])
async def test_what_is_no_response_model(way: Way, wrong: Any) -> None:
    with pytest.raises(ValueError, match="`response_model` must be a BaseModel or a BaseType"):
        way.decorate("Hi", response_model=wrong)


# With a parser, with tools, with arguments of the call


async def test_an_output_parser(way: Way) -> None:
    way.box.reply(BOOK)
    title = await way.ask("Hi", response_model=Book, output_parser=lambda book: book.title)
    assert title == "Mistborn"


OFFERED: dict[str, Any] = {"response_model": Book, "tools": [FormatBook]}


async def test_tools_that_the_model_does_not_use(way: Way) -> None:
    way.box.reply(BOOK.model_dump_json())
    book = await way.ask("Hi", **OFFERED, output_parser=lambda book: book.title)
    assert book == "Mistborn"
    assert [tool.name for tool in way.wire.tools(way.body)] == ["FormatBook"]
    assert way.wire.demanded_tool(way.body) is None
    assert '"pages"' in way.wire.turns(way.body)[-1][1]


async def test_tools_that_the_model_uses(way: Way) -> None:
    way.box.reply(ToolCall("FormatBook", {"title": "Mistborn"}))
    response = await way.ask("Hi", **OFFERED, output_parser=lambda book: book.title)
    assert isinstance(
        response, llm.CallResponse if way.agnostic else way.case.of_module("CallResponse")
    )
    assert isinstance(response.tool, FormatBook)


async def test_dynamic_tools_leave_the_extraction_alone(way: Way) -> None:
    def prompt(tools: Any) -> Any:
        return {"messages": [Messages.User("Hi")], "tools": tools}

    call = way.decorate(prompt, **OFFERED)
    way.box.reply(BOOK)
    assert await way.run(call, []) == BOOK
    assert way.wire.demanded_tool(way.body) == "Book"
    assert [tool.name for tool in way.wire.tools(way.body)] == ["Book"]


class Answer(BaseModel):
    question: Annotated[str, FromCallArgs()]
    answer: str


@pytest.mark.parametrize("json_mode", [False, True])
async def test_fields_from_the_call(way: Way, json_mode: bool) -> None:
    way.box.reply({"answer": "Mistborn"})
    way.box.reply({"answer": "Mistborn", "question": "Another?"})
    call = way.decorate(
        lambda question: f"Q: {question}", response_model=Answer, json_mode=json_mode
    )
    for _ in range(2):
        answer = await way.run(call, "Which book?")
        assert answer == Answer(question="Which book?", answer="Mistborn")
        assert '"question"' not in str(way.body)
        assert "'question'" not in str(way.body)
    missing = way.decorate("Hi", response_model=Answer)
    with pytest.raises(ValueError, match="`FromCallArgs`"):
        await way.run(missing)
    assert len(way.box.requests) == 2


# What goes wrong


MISTAKES: dict[str, tuple[Any, str]] = {
    "a missing field": ({"title": "Mistborn"}, "pages"),
    "a broken rule": ({"title": "Mistborn", "pages": 0}, "greater than or equal to 1"),
    "a wrong type": ({"title": "Mistborn", "pages": "many"}, "valid integer"),
}


@pytest.mark.parametrize("json_mode", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
async def test_a_reply_that_does_not_fit(way: Way, mistake: str, json_mode: bool) -> None:
    data, message = MISTAKES[mistake]
    way.box.reply(data)
    with pytest.raises(ValidationError, match=message) as caught:
        await way.ask("Hi", response_model=Book, json_mode=json_mode)
    assert own_response(way, caught.value._response)
    assert caught.value._response.input_tokens > 0


@pytest.mark.parametrize("json_mode", [False, True])
async def test_a_reply_without_an_object(way: Way, json_mode: bool) -> None:
    way.box.reply("I do not know.")
    with pytest.raises(ValueError, match="No tool call or JSON object found") as caught:
        await way.ask("Hi", response_model=Book, json_mode=json_mode)
    assert caught.value._response.content == "I do not know."


@pytest.mark.parametrize("json_mode", [False, True])
async def test_a_refusal(way: Way, json_mode: bool) -> None:
    way.box.reply(Reply(refusal="I would rather not."))
    message = "rather not" if way.case.has_refusals else "No tool call or JSON object found"
    with pytest.raises(ValueError, match=message) as caught:
        await way.ask("Hi", response_model=Book, json_mode=json_mode)
    assert own_response(way, caught.value._response)


async def test_a_reply_that_was_cut_short(way: Way) -> None:
    way.box.reply('{"title": "Mistborn", "pages": 5', finish_reason="length")
    with pytest.raises(ValueError, match=r"JSON|EOF") as caught:
        await way.ask("Hi", response_model=Book, json_mode=True)
    assert caught.value._response.common_finish_reasons == ["length"]


async def test_an_object_in_text_where_a_tool_call_was_asked_for(way: Way) -> None:
    way.box.reply(Reply(text=BOOK.model_dump_json()))
    assert await way.ask("Hi", response_model=Book) == BOOK


# Streams


def order(way: Way, data: dict[str, Any], json_mode: bool) -> None:
    """Have `data` arrive in many pieces: as arguments, or as a text of many words."""
    way.box.reply(json.dumps(data, indent=1) if json_mode else lambda request: data)


@pytest.mark.parametrize("json_mode", [False, True])
async def test_a_stream(way: Way, json_mode: bool) -> None:
    by_json = json_mode or way.case.has_structured_streams_by_json_only
    order(way, BOOK_DATA, by_json)
    stream = await way.ask("Hi", response_model=Book, json_mode=json_mode, stream=True)
    assert way.box.requests == []
    books = await way.items(stream)
    *partial, last = books
    assert last == stream.constructed_response_model == BOOK
    assert type(last) is Book
    assert all(isinstance(book, Book) for book in partial)
    assert {type(book).__name__ for book in partial} == {"PartialBook"}
    in_one_piece = way.case.has_whole_tool_calls and not by_json
    if not in_one_piece:
        assert len(partial) > 4
        assert partial[0].pages is partial[0].author is None
    # Nothing is given that did not arrive, not even a default.
    titles = [book.title for book in partial if book.title is not None]
    assert all(BOOK.title.startswith(title) for title in titles)
    assert {book.kind for book in partial} - {None} == {"fantasy"}
    assert any(book.author is not None for book in partial)
    assert own_response(way, last._response)
    assert last._response.output_tokens > 0
    assert stream.stream.common_finish_reasons == ["stop" if by_json else "tool_calls"]
    assert way.body["stream"] is True
    if by_json:
        assert '"pages"' in way.wire.turns(way.body)[-1][1]
        assert way.wire.tools(way.body) == []
    else:
        assert way.wire.demanded_tool(way.body) == "Book"


@pytest.mark.parametrize("json_mode", [False, True])
@pytest.mark.parametrize("kind", ["list", "list of models", "int", "str", "or none", "set", "enum"])
async def test_a_stream_of_a_built_in_type(way: Way, kind: str, json_mode: bool) -> None:
    by_json = json_mode or way.case.has_structured_streams_by_json_only
    response_model, sent, expected = BUILT_IN[kind]
    order(way, {"value": sent}, by_json)
    stream = await way.ask("Hi", response_model=response_model, json_mode=json_mode, stream=True)
    values = await way.items(stream)
    assert values[-1] == stream.constructed_response_model == expected
    if kind == "list of models":
        assert [book.title for book in values[-2]] == ["Mistborn"]
        assert len(values) > 4 or (way.case.has_whole_tool_calls and not by_json)


@pytest.mark.parametrize("json_mode", [False, True])
async def test_a_stream_that_does_not_fit(way: Way, json_mode: bool) -> None:
    order(way, {"title": "Mistborn", "pages": 0, "kind": "romance"}, json_mode)
    stream = await way.ask("Hi", response_model=Book, json_mode=json_mode, stream=True)
    books: list[Any] = []
    with pytest.raises(ValidationError) as caught:
        await way.gather(stream, books)
    # What has arrived is not validated before the end.
    assert (books[-1].title, books[-1].pages) == ("Mistborn", 0)
    assert {error["loc"] for error in caught.value.errors()} == {("pages",), ("kind",)}
    assert own_response(way, caught.value._response)
    assert not hasattr(stream, "constructed_response_model")


async def test_a_stream_without_an_object(way: Way) -> None:
    way.box.reply("I do not know.")
    stream = await way.ask("Hi", response_model=Book, stream=True)
    with pytest.raises(ValueError, match="No tool call or JSON object found"):
        await way.items(stream)
    assert stream.stream.content == "I do not know."


async def test_fields_from_the_call_in_a_stream(way: Way) -> None:
    way.box.reply({"answer": "Mistborn"})
    stream = await way.ask(lambda question: "Hi", "Which?", response_model=Answer, stream=True)
    assert (await way.items(stream))[-1] == Answer(question="Which?", answer="Mistborn")
    assert stream.fields_from_call_args == {"question": "Which?"}


async def test_tools_are_not_offered_in_a_structured_stream(way: Way) -> None:
    way.box.reply(BOOK)
    stream = await way.ask("Hi", **OFFERED, stream=True)
    assert (await way.items(stream))[-1] == BOOK
    by_json = way.case.has_structured_streams_by_json_only
    offered = [tool.name for tool in way.wire.tools(way.body)]
    assert offered == ([] if by_json else ["Book"])
