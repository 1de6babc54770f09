"""Response models: what is asked for, and what replies become."""

from __future__ import annotations

import contextlib
from dataclasses import make_dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, RootModel, ValidationError
from typing_extensions import TypedDict

from mirascope.core.base._extract import Extraction
from mirascope.core.base._wire import ToolCall
from mirascope.core.base.from_call_args import FromCallArgs
from mirascope.core.base.response_model_config import ResponseModelConfigDict
from mirascope.core.base.tool import BaseTool


class OneTool(BaseTool):
    """A tool of some provider."""

    @classmethod
    def tool_schema(cls) -> Any:
        return cls._function_schema()


class Color(Enum):
    """A colour."""

    RED = "red"


class Author(BaseModel):
    name: str


class Book(BaseModel):
    """An extracted book."""

    title: str
    author: Author


class Film(BaseModel):
    title: str
    year: int


class StrictBook(BaseModel):
    model_config = ResponseModelConfigDict(strict=True)

    title: str
    printed: date
    pages: int = 1


class Genre(BaseModel):
    """With fields from the call."""

    genre: Annotated[Color, FromCallArgs()]
    author: Annotated[Author | None, FromCallArgs()] = Field(None, alias="theAuthor")
    title: str


class Titles(RootModel[list[str]]): ...


BOOK = '{"title": "T", "author": {"name": "A"}}'
DUNE = Book(title="T", author=Author(name="A"))

BUILT_INS = [
    (str, "str", '"a"', "a"),
    (int, "int", "3", 3),
    (float, "float", "1.5", 1.5),
    (bool, "bool", "true", True),
    (bytes, "bytes", '"ab"', b"ab"),
    (list, "list", '[1, "a"]', [1, "a"]),
    (list[str], "list", '["a"]', ["a"]),
    (list[Book], "list", f"[{BOOK}]", [DUNE]),
    (set[int], "set", "[1, 1]", {1}),
    (tuple[int, str], "tuple", '[1, "a"]', (1, "a")),
    (dict, "dict", '{"a": 1}', {"a": 1}),
    (dict[str, int], "dict", '{"a": 1}', {"a": 1}),
    (dict[str, int], "dict", '{"value": 1}', {"value": 1}),
    (Literal["a", "b"], "Literal", '"a"', "a"),
    (Union[int, str], "Union", '"q"', "q"),  # noqa: UP007
    (int | str, "Union", '"q"', "q"),
    (Optional[int], "Optional", "null", None),  # noqa: UP045
    (int | None, "Optional", "3", 3),
    (Book | Film, "Union", '{"title": "F", "year": 1}', Film(title="F", year=1)),
    (Color, "Color", '"red"', Color.RED),
    (Annotated[str, AfterValidator(str.upper)], "str", '"a"', "A"),
    (date, "date", '"2024-02-29"', date(2024, 2, 29)),
    (Titles, "Titles", '["a"]', Titles(["a"])),
]


class TestTypes:
    @pytest.mark.parametrize(("response_model", "name", "text", "value"), BUILT_INS)
    def test_built_in(self, response_model: Any, name: str, text: str, value: Any) -> None:
        extraction = Extraction(response_model)
        assert extraction.name == name
        assert extraction.is_built_in is (response_model is not Titles)
        assert list(extraction.schema()["properties"]) == ["value"]
        wrapped = f'{{"value": {text}}}'
        for given_text in (wrapped, text, f"```json\n{text}\n```", f"Sure!\n```\n{wrapped}\n```"):
            result = extraction.from_text(given_text, {})
            assert result == value
            assert type(result) is type(value)
        assert extraction.from_arguments(wrapped, {}) == value

    def test_model(self) -> None:
        extraction = Extraction(Book)
        assert (extraction.name, extraction.description) == ("Book", "An extracted book.")
        assert not extraction.is_built_in
        assert not extraction.strict
        assert extraction.from_arguments(BOOK, {}) == DUNE
        assert extraction.from_arguments({"title": "T", "author": {"name": "A"}}, {}) == DUNE
        assert type(extraction.from_arguments(BOOK, {})) is Book

    def test_generic_model(self) -> None:
        T = TypeVar("T")

        class Page(BaseModel, Generic[T]):
            item: T

        assert Extraction(Page[int]).name == "Page_int"
        assert Extraction(Page[int]).from_arguments('{"item": 1}', {}).item == 1

    def test_empty_model(self) -> None:
        class Empty(BaseModel): ...

        assert type(Extraction(Empty).from_arguments("", {})) is Empty

    def test_tool_as_response_model(self) -> None:
        class Save(BaseTool):
            """Saves."""

            __custom_name__ = "save"
            a: int

            def call(self) -> int:
                return self.a

        extraction = Extraction(Save)
        assert extraction.name == "save"
        assert extraction.from_arguments('{"a": 1}', {}).call() == 1

    @pytest.mark.parametrize(
        "response_model",
        [
            make_dataclass("Data", [("a", int)]),
            TypedDict("Typed", {"a": int}),
            NamedTuple("Named", [("a", int)]),
            object,
            "Book",
            3,
            None,
            int | make_dataclass("Data", [("a", int)]),
        ],
    )
    def test_not_a_response_model(self, response_model: Any) -> None:
        with pytest.raises(ValueError, match="must be a BaseModel or a BaseType, not"):
            Extraction(response_model)


class TestAsking:
    def test_tool(self) -> None:
        extraction = Extraction(Book)
        tool_class = extraction.tool_type(OneTool)
        assert tool_class is extraction.tool_type(OneTool)
        assert issubclass(tool_class, OneTool)
        assert tool_class.tool_schema() == {
            "name": "Book",
            "description": "An extracted book.",
            "parameters": extraction.schema(),
        }
        assert list(extraction.schema()["properties"]) == ["title", "author"]

    def test_the_tool_shows_what_was_sent(self) -> None:
        tool = Extraction(Book).tool_type(OneTool)._from_call(ToolCall("Book", '{"titel": 1}', "i"))
        assert tool.args == tool.call() == {"titel": 1}
        assert tool.id == "i"

    def test_generic_description(self) -> None:
        assert Extraction(list[str]).description.startswith("Correctly formatted and typed")
        assert Extraction(Author).description.startswith("Correctly formatted and typed")
        assert Extraction(Color).description == "A colour."

    def test_json_instruction(self) -> None:
        text = Extraction(Book).json_instruction
        assert "JSON" in text
        assert '"title": "Book"' in text
        assert '"description": "An extracted book."' in text
        assert '\n  "properties": {' in text

    def test_strict(self) -> None:
        extraction = Extraction(StrictBook)
        assert extraction.strict
        assert extraction.schema(strict=True) == {
            "properties": {
                "title": {"type": "string"},
                "printed": {"format": "date", "type": "string"},
                "pages": {"type": "integer"},
            },
            "required": ["title", "printed", "pages"],
            "type": "object",
            "additionalProperties": False,
        }
        with pytest.raises(ValueError, match="`value` cannot be part of a strict schema"):
            Extraction(dict[str, int]).schema(strict=True)

    def test_strict_models_read_json(self) -> None:
        extraction = Extraction(StrictBook)
        expected = StrictBook(title="T", printed=date(2024, 2, 29))
        data = {"title": "T", "printed": "2024-02-29"}
        assert extraction.from_arguments(data, {}) == expected
        with pytest.raises(ValidationError):
            extraction.from_arguments({**data, "pages": "3"}, {})


class TestFromCallArgs:
    ARGUMENTS = {"genre": Color.RED, "author": Author(name="A"), "unused": 1}

    def test_not_asked_for(self) -> None:
        schema = Extraction(Genre, parameters=["genre", "author"]).schema()
        assert schema == {
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
            "type": "object",
        }
        assert "genre" not in Extraction(Genre).json_instruction.replace("With fields", "")

    @pytest.mark.parametrize("text", ['{"title": "T"}', '{"title": "T", "genre": "blue"}'])
    def test_filled(self, text: str) -> None:
        extraction = Extraction(Genre)
        expected = Genre(genre=Color.RED, theAuthor=Author(name="A"), title="T")
        assert extraction.from_arguments(text, self.ARGUMENTS) == expected
        assert extraction.from_text(f"Here: {text}", self.ARGUMENTS) == expected

    def test_missing_parameter(self) -> None:
        with pytest.raises(ValueError, match=r"`author` of `Genre` is marked `FromCallArgs`"):
            Extraction(Genre, parameters={"genre"})

    def test_errors(self) -> None:
        extraction = Extraction(Genre)
        with pytest.raises(ValidationError):
            extraction.from_arguments("{}", self.ARGUMENTS)
        with pytest.raises(ValidationError):
            extraction.from_arguments("[]", self.ARGUMENTS)
        with pytest.raises(ValueError):
            extraction.from_arguments('{"title"', self.ARGUMENTS)

    def test_partial(self) -> None:
        partial = Extraction(Genre).arriving().read('{"title": "T')
        assert (partial.title, partial.genre, partial.author) == ("T", None, None)


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            BOOK,
            f"  {BOOK}\n",
            f"```json\n{BOOK}\n```",
            f"```\n{BOOK}```",
            f"Sure, here is the book:\n\n{BOOK}\n\nAnything else?",
            f"In {{braces}} and {{ more }}: {BOOK} (see {{x}})",
            f'Given {{"genre": "x"}}, I found ```json\n{BOOK}\n```',
            f'First {{"a": 1}}, then {BOOK}',
        ],
    )
    def test_tolerant(self, text: str) -> None:
        assert Extraction(Book).from_text(text, {}) == DUNE

    @pytest.mark.parametrize("text", ["", "sorry", "I cannot {do} that", "[1]"])
    def test_no_json(self, text: str) -> None:
        with pytest.raises(ValueError, match="No tool call or JSON object found in response"):
            Extraction(Book).from_text(text, {})

    def test_a_list_where_a_book_was_asked_for(self) -> None:
        with pytest.raises(ValidationError):
            Extraction(Book).from_text(f"[{BOOK}]", {})

    def test_misfit_is_reported_as_it_is(self) -> None:
        for text in ('{"title": "T"}', 'Here: {"title": "T"} {x}', '```\n{"title": "T"}\n```'):
            with pytest.raises(ValidationError) as caught:
                Extraction(Book).from_text(text, {})
            assert [error["loc"] for error in caught.value.errors()] == [("author",)]

    def test_malformed(self) -> None:
        with pytest.raises(ValueError, match="EOF"):
            Extraction(Book).from_text('Here: {"title": "T", "author": {"name": "A"}', {})

    def test_an_object_inside_a_cut_reply_is_not_the_answer(self) -> None:
        with pytest.raises(ValueError, match="EOF"):
            Extraction(Author).from_text('{"editor": {"name": "wrong"}, "na', {})

    def test_built_in_misfit(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Extraction(list[int]).from_text('{"value": ["x"]}', {})
        assert caught.value.errors()[0]["loc"] == ("value", 0)
        with pytest.raises(ValidationError) as caught:
            Extraction(list[int]).from_text('["x"]', {})
        assert caught.value.errors()[0]["loc"] == (0,)
        with pytest.raises(ValueError, match="No tool call or JSON"):
            Extraction(int).from_text("sorry", {})

    @given(st.text())
    def test_raises_nothing_but_value_error(self, text: str) -> None:
        for response_model in (Book, list[int], str):
            with contextlib.suppress(ValueError):
                Extraction(response_model).from_text(text, {})


class TestPartial:
    @pytest.mark.parametrize("before", ["", "Sure:\n```json\n", "The {book}: "])
    def test_model(self, before: str) -> None:
        extraction = Extraction(Book)
        assert extraction.arriving().read(before) is None
        assert extraction.arriving().read(f"{before}{{").title is None
        partial = extraction.arriving().read(before + BOOK[:-3])
        assert isinstance(partial, Book)
        assert (partial.title, partial.author.name) == ("T", "A")
        assert extraction.arriving().read(f"{before}{BOOK}\n```\nDone {{x}}").title == "T"

    @pytest.mark.parametrize(
        ("response_model", "text", "value"),
        [
            (list[str], "", None),
            (list[str], "{", None),
            (list[str], '{"value": ["a", "b', ["a", "b"]),
            (list[str], '["a", "b', ["a", "b"]),
            (str, '{"value": "ab', "ab"),
            (str, '"ab', "ab"),
            (int, "12", 12),
            (int, '{"val', None),
            (dict[str, int], '{"a": 1, "b', {"a": 1}),
            (Color, '{"value": "re', None),
            (Color, '{"value": "red"}', Color.RED),
            (Titles, '{"value": ["a', Titles(["a"])),
            (str, "sorry", None),
        ],
    )
    def test_built_in(self, response_model: Any, text: str, value: Any) -> None:
        assert Extraction(response_model).arriving().read(text) == value

    def test_models_in_a_list(self) -> None:
        (partial,) = Extraction(list[Book]).arriving().read('{"value": [{"title": "T')
        assert type(partial).__name__ == "PartialBook"

    @given(st.text())
    def test_never_raises(self, text: str) -> None:
        for response_model in (Book, list[int], str):
            Extraction(response_model).arriving().read(text)
