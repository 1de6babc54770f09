"""JSON schemas without noise, and strict ones."""

from __future__ import annotations

from copy import deepcopy
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from mirascope.core.base._schema import model_schema, strict_schema


class Kind(Enum):
    """What it is."""

    BOOK = "book"
    FILM = "film"


class Author(BaseModel):
    """Who wrote it."""

    first_name: str
    born: int | None = None


class Book(BaseModel):
    """A book."""

    title: str = Field(title="The Title", description="As printed")
    author: Author = Field(description="The first one")
    kinds: list[Kind] = []
    other: Author | None = None


class Node(BaseModel):
    value: int
    next: Node | None = Field(None, description="What follows")


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Pets(BaseModel):
    pet: Cat | Dog = Field(discriminator="kind")


def test_only_titles_given_by_hand() -> None:
    assert model_schema(Book) == {
        "$defs": {
            "Author": {
                "description": "Who wrote it.",
                "properties": {
                    "first_name": {"type": "string"},
                    "born": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                },
                "required": ["first_name"],
                "type": "object",
            },
            "Kind": {"description": "What it is.", "enum": ["book", "film"], "type": "string"},
        },
        "properties": {
            "title": {"description": "As printed", "title": "The Title", "type": "string"},
            "author": {"$ref": "#/$defs/Author", "description": "The first one"},
            "kinds": {"default": [], "items": {"$ref": "#/$defs/Kind"}, "type": "array"},
            "other": {"anyOf": [{"$ref": "#/$defs/Author"}, {"type": "null"}], "default": None},
        },
        "required": ["title", "author"],
        "type": "object",
    }


def test_property_named_title() -> None:
    class Titled(BaseModel):
        title: str
        description: str

    assert list(model_schema(Titled)["properties"]) == ["title", "description"]


def test_the_root_of_a_recursive_model_is_an_object() -> None:
    schema = model_schema(Node)
    assert schema["type"] == "object"
    assert "$ref" not in schema
    assert schema["properties"].keys() == schema["$defs"]["Node"]["properties"].keys()


def objects(node: Any) -> Any:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for item in node:
            yield from objects(item)


@pytest.mark.parametrize("model", [Book, Node, Pets])
def test_strict(model: type[BaseModel]) -> None:
    schema = model_schema(model)
    before = deepcopy(schema)
    strict = strict_schema(schema)
    assert schema == before
    assert list(objects(strict))
    for node in objects(strict):
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
    text = repr(strict)
    assert "'default'" not in text
    assert "oneOf" not in text
    assert "discriminator" not in text


def test_a_strict_reference_stands_alone() -> None:
    author = strict_schema(model_schema(Book))["properties"]["author"]
    assert author == {"anyOf": [{"$ref": "#/$defs/Author"}], "description": "The first one"}


class FreeForm(BaseModel):
    counts: dict[str, int]


class Untyped(BaseModel):
    anything: Any


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Outer(BaseModel):
    inner: list[FreeForm]
    flat: list[dict[str, str]] = []


@pytest.mark.parametrize(
    ("model", "path"),
    [(FreeForm, "counts"), (Untyped, "anything"), (Open, "the model"), (Outer, r"flat\[\]")],
)
def test_what_cannot_be_strict(model: type[BaseModel], path: str) -> None:
    with pytest.raises(ValueError, match=f"`{path}` cannot be part of a strict schema"):
        strict_schema(model_schema(model))


def test_named_inside_a_definition() -> None:
    class Wrapper(BaseModel):
        inner: FreeForm

    with pytest.raises(ValueError, match=r"`FreeForm\.counts`"):
        strict_schema(model_schema(Wrapper))
