"""Made-up values fit the schemas they are made for: pydantic is the judge."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from mirascope.sandbox._samples import sample


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Author(BaseModel):
    name: str
    email: str | None = None
    born: datetime.date


class Node(BaseModel):
    value: int
    left: Node | None = None
    children: list[Node] = []


class Strange(BaseModel):
    low: Annotated[int, Field(ge=10, le=10)]
    above: Annotated[int, Field(gt=10)]
    below: Annotated[float, Field(lt=0.5, gt=0.25)]
    even: Annotated[int, Field(multiple_of=4, ge=5)]
    long: Annotated[str, Field(min_length=80)]
    short: Annotated[str, Field(max_length=2)]
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    three: Annotated[list[int], Field(min_length=3)]
    one: Annotated[list[int], Field(max_length=1)]
    aliased: Annotated[str, Field(alias="otherName")]
    anything: Any
    nothing: None


class Everything(BaseModel):
    color: Color
    kind: Literal["novel", "poem"]
    constant: Literal[3]
    when: datetime.datetime
    at: datetime.time
    lasts: datetime.timedelta
    key: uuid.UUID
    price: decimal.Decimal
    authors: list[Author]
    scores: dict[str, float]
    point: tuple[int, str]
    tags: set[str]
    colors: frozenset[Color]
    either: int | str
    maybe: bool | None
    strange: Strange
    pet: Author | Node


KINDS: list[Any] = [
    Everything, Strange, Node, Author, Color, int, str, list[Author], dict[str, list[int]],
    tuple[int, str, bool], bool | None, Literal["b", "a"], list[Node], datetime.date, float,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_fits(kind: Any) -> None:
    adapter = TypeAdapter(kind)
    value = sample(adapter.json_schema())
    adapter.validate_json(json.dumps(value))
    assert value == sample(adapter.json_schema())


def test_fills_optional_fields_with_plausible_words() -> None:
    class Book(BaseModel):
        title: str
        author: str | None = None
        genre: str = "?"
        year: int = 0

    assert sample(Book.model_json_schema()) == {
        "title": "The Name of the Wind",
        "author": "Patrick Rothfuss",
        "genre": "fantasy",
        "year": 2007,
    }


def test_items_differ() -> None:
    first, second = sample({"type": "array", "items": Author.model_json_schema()})
    assert first != second


def test_takes_examples_and_enums_first() -> None:
    assert sample({"type": "string", "examples": ["x"]}) == "x"
    assert sample({"type": "integer", "enum": [7, 8]}) == 7


def test_merges_all_of() -> None:
    parts = [
        {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
    ]
    assert sample({"type": "object", "allOf": parts}) == {"a": 1, "b": True}


def test_type_lists() -> None:
    assert sample({"type": ["null", "integer"]}) == 1
    assert sample({"type": ["null"]}) is None
