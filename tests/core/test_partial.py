"""Models that are still arriving."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    RootModel,
    field_validator,
    model_validator,
)
from typing_extensions import TypedDict

from mirascope.core.base._partial import build_partial, partial_model


class Color(Enum):
    RED = "red"


class Size(TypedDict):
    width: int
    unit: str


@dataclass
class Point:
    x: int


class Names(RootModel[list[str]]): ...


class Author(BaseModel):
    name: str = Field(min_length=3)
    born: int | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


def fail(value: Any) -> Any:
    raise ValueError("validators do not run")


class Book(BaseModel):
    """A book."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    title: str = Field(alias="theTitle", min_length=50)
    copies: int = Field(3, ge=10)
    price: Decimal | None = None
    author: Author
    others: list[Author] = []
    by_role: dict[str, Author] = {}
    kind: Literal["novel", "essay"] = "novel"
    color: Color | None = None
    printed: datetime | None = None
    pets: list[Cat | Dog] = []
    size: Size | None = None
    tags: set[str] = set()
    pair: tuple[int, str] = (1, "a")
    shout: Annotated[str, AfterValidator(fail)] = ""
    either: int | str | None = None
    point: Point | None = None
    names: Names | None = None
    anything: Any = None

    @field_validator("copies")
    @classmethod
    def check_copies(cls, value: int) -> int:
        return fail(value)  # type: ignore[no-any-return]

    @model_validator(mode="after")
    def check(self) -> Book:
        return fail(self)  # type: ignore[no-any-return]


class Node(BaseModel):
    value: int
    children: list[Node] = []
    parent: Node | None = None


WHOLE: dict[str, Any] = {
    "theTitle": "Du",
    "copies": 1,
    "price": "1.50",
    "author": {"name": "F"},
    "others": [{"name": "A", "born": 1}, {}],
    "by_role": {"editor": {"name": "E"}},
    "kind": "novel",
    "color": "red",
    "printed": "2024-02-29T12:00:00",
    "pets": [{"kind": "dog", "name": "Rex"}, {"kind": "cat"}],
    "size": {"width": 3, "unit": "cm"},
    "tags": ["a", "b", "a"],
    "pair": [1, "x"],
    "shout": "hey",
    "either": "text",
    "point": {"x": 1},
    "names": ["n"],
    "anything": [1, {"a": None}],
}


def book(text: str) -> Any:
    return build_partial(Book, text)


def test_whole() -> None:
    partial = book(json.dumps(WHOLE))
    assert type(partial).__name__ == "PartialBook"
    assert isinstance(partial, Book)
    assert partial.title == "Du"
    assert partial.copies == 1
    assert partial.price == Decimal("1.50")
    assert (partial.author.name, partial.author.born) == ("F", None)
    assert type(partial.author).__name__ == "PartialAuthor"
    assert isinstance(partial.author, Author)
    assert [author.name for author in partial.others] == ["A", None]
    assert partial.by_role["editor"].name == "E"
    assert (partial.kind, partial.color) == ("novel", Color.RED)
    assert partial.printed == datetime(2024, 2, 29, 12)
    assert [type(pet).__name__ for pet in partial.pets] == ["PartialDog", "PartialCat"]
    assert partial.size == {"width": 3, "unit": "cm"}
    assert partial.tags == {"a", "b"}
    assert partial.pair == (1, "x")
    assert partial.shout == "hey"
    assert partial.either == "text"
    assert partial.point == Point(1)
    assert partial.names == Names(["n"])
    assert partial.anything == [1, {"a": None}]


def test_nothing_yet() -> None:
    partial = book("{")
    assert set(partial.model_dump().values()) == {None}
    assert partial.model_fields_set == set()


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ('{"theTitle": "Du', "title", "Du"),
        ('{"title": "by name', "title", "by name"),
        ('{"kind": "nov', "kind", None),
        ('{"printed": "2024-02-2', "printed", None),
        ('{"color": "re', "color", None),
        ('{"copies": "many', "copies", None),
        ('{"copies": 1.5', "copies", None),
        ('{"price": "1.', "price", Decimal(1)),
        ('{"either": 1', "either", 1),
        ('{"tags": ["a", "b', "tags", {"a", "b"}),
        ('{"tags": "a', "tags", None),
        ('{"others": 3', "others", None),
        ('{"by_role": [', "by_role", None),
        ('{"author": "', "author", None),
        ('{"author": null', "author", None),
        ('{"pair": [1', "pair", (1,)),
        ('{"size": {"width": 1, "un', "size", {"width": 1}),
        ('{"point": {', "point", None),
        ('{"names": ["a', "names", Names(["a"])),
        ('{"unknown": 1', "title", None),
    ],
)
def test_one_field(text: str, field: str, value: Any) -> None:
    assert getattr(book(text), field) == value


@pytest.mark.parametrize("text", ["", "  ", "nonsense", "[", "3", '"x', "null", "}"])
def test_no_object(text: str) -> None:
    assert book(text) is None


def test_decoded() -> None:
    assert build_partial(Author, {"name": "F"}).name == "F"  # type: ignore[union-attr]


def test_every_prefix() -> None:
    text = json.dumps(WHOLE)
    for end in range(1, len(text) + 1):
        assert isinstance(book(text[:end]), Book)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*WHOLE, "name", "kind", "x", "y"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    data=st.dictionaries(st.sampled_from(list(WHOLE)), json_values, max_size=6),
    cut=st.integers(min_value=0, max_value=60),
)
def test_never_raises(data: dict[str, Any], cut: int) -> None:
    text = json.dumps(data)
    partial = book(text[: max(1, len(text) - cut)])
    assert isinstance(partial, Book)
    repr(partial)


@given(st.text())
def test_never_raises_on_any_text(text: str) -> None:
    book(text)
    book("{" + text)


def test_class_is_made_once() -> None:
    assert partial_model(Book) is partial_model(Book)
    assert partial_model(Book).__doc__ == "A book."


def test_a_subclass_has_its_own() -> None:
    class Sequel(Author):
        part: int

    partial_model(Author)
    assert build_partial(Sequel, '{"part": 2').part == 2  # type: ignore[union-attr]


def test_recursive() -> None:
    partial: Any = build_partial(Node, '{"value": 1, "children": [{"value": 2, "parent": {"val')
    assert partial.children[0].value == 2
    assert partial.children[0].parent.value is None
    assert build_partial(Node, '{"children": [{"children": [{"value": 9').model_dump() == {  # type: ignore[union-attr]
        "value": None,
        "parent": None,
        "children": [
            {
                "value": None,
                "parent": None,
                "children": [{"value": 9, "parent": None, "children": None}],
            }
        ],
    }


def test_dumps_without_warnings() -> None:
    partial = book(json.dumps(WHOLE)[:120])
    assert json.loads(partial.model_dump_json(by_alias=True))["theTitle"] == "Du"


def test_private_attributes_and_extra() -> None:
    class Noted(BaseModel):
        model_config = ConfigDict(extra="allow")
        _notes: list[str] = PrivateAttr(default_factory=list)
        _response: Any = None
        title: str

        def note(self, text: str) -> list[str]:
            self._notes.append(text)
            return self._notes

    first, second = (
        build_partial(
            Noted,
            '{"title": "x',
        )
        for _ in range(2)
    )
    assert first is not None
    assert second is not None
    assert first.note("a") == ["a"]
    assert second.note("b") == ["b"]
    assert first.model_extra == {}


def test_generic() -> None:
    T = TypeVar("T")

    class Page(BaseModel, Generic[T]):
        items: list[T]

    page: Any = build_partial(Page[Author], '{"items": [{"name": "F')
    assert page.items[0].name == "F"


def test_field_named_like_a_method() -> None:
    with pytest.warns(UserWarning, match="shadows"):

        class Odd(BaseModel):
            json: str  # type: ignore[assignment]

    assert build_partial(Odd, '{"json": "x').json == "x"  # type: ignore[union-attr, comparison-overlap]
