"""Answers that arrive in pieces: the same as from the whole text, each part built once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict
from typing_extensions import TypedDict

from mirascope import llm
from mirascope.core.base._extract import Extraction
from mirascope.core.base._partial import Plan, plan_of
from mirascope.sandbox import Sandbox


class Chapter(BaseModel):
    title: str
    pages: int


class Prose(BaseModel):
    kind: Literal["prose"]
    text: str


class Verse(BaseModel):
    kind: Literal["verse"]
    lines: list[str]


class Place(TypedDict):
    name: str
    at: tuple[float, float]


@dataclass
class Maker:
    name: str


class Book(BaseModel):
    model_config = ConfigDict(extra="ignore")

    title: str
    chapters: list[Chapter]
    parts: list[Prose | Verse]
    index: dict[str, list[int]]
    places: list[Place]
    maker: Maker
    notes: Any
    tags: set[str]
    inner: Book | None = None


BOOK: dict[str, Any] = {
    "title": 'The "Wind" \u00e9\U0001f600',
    "chapters": [{"title": f"Chapter {number}", "pages": number * 7} for number in range(5)],
    "parts": [{"kind": "prose", "text": "It was."}, {"kind": "verse", "lines": ["a", "b"]}],
    "index": {"wind": [1, 22], "name": []},
    "places": [{"name": "Imre", "at": [1.5, -2]}],
    "maker": {"name": "P."},
    "notes": {"of": ["any", {"kind": [1, None]}], "more": True},
    "tags": ["x", "y"],
    "unknown": {"left": "out"},
}
BOOK["inner"] = {**BOOK, "inner": None}


def whole(extraction: Extraction, text: str) -> Any:
    return extraction.arriving().read(text)


@pytest.mark.parametrize("size", [3, 17])
@pytest.mark.parametrize("before", ["", "Here it is {soon}:\n```json\n"])
@pytest.mark.parametrize(
    ("response_model", "data"),
    [
        (Book, BOOK),
        (list[Verse | Prose], {"value": BOOK["parts"] * 3}),
        (list[Chapter], BOOK["chapters"]),
    ],
    ids=["model", "list", "bare list"],
)
def test_each_answer_is_that_of_the_whole_text(
    response_model: Any, data: Any, before: str, size: int
) -> None:
    extraction = Extraction(response_model)
    text = before + json.dumps(data) + ("\n```\nThat was it." if before else "")
    arriving, answers = extraction.arriving(), []
    for end in range(size, len(text) + size, size):
        answer = arriving.read(text[:end])
        assert repr(answer) == repr(whole(extraction, text[:end]))
        answers.append((answer, repr(answer)))
    assert all(repr(answer) == shown for answer, shown in answers)


def test_a_text_that_is_not_the_beginning_of_the_next() -> None:
    arriving = Extraction(Chapter).arriving()
    assert arriving.read('{"title": "A').title == "A"
    assert arriving.read('{"pages": 12').pages == 12
    assert arriving.read('{"pages": 123').pages == 123


def test_what_is_complete_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Item(BaseModel):
        name: str

    class Items(BaseModel):
        items: list[Item]

    built = 0
    build = Plan.build

    def counted(self: Plan, *args: Any) -> Any:
        nonlocal built
        built += self is plan_of(Item)
        return build(self, *args)

    monkeypatch.setattr(Plan, "build", counted)
    extraction = Extraction(Items)
    for count in (50, 500):
        text = json.dumps({"items": [{"name": "n"}] * count})
        arriving, built = extraction.arriving(), 0
        for end in range(1, len(text) + 1):
            arriving.read(text[:end])
        # Once for each character of it, and not again for those of the items that follow.
        assert built <= 25 * count
    first, second = (arriving.read(text) for _ in range(2))
    assert first.items[0] is second.items[0]


def test_a_stream_of_a_long_list(box: Sandbox) -> None:
    chapters = [{"title": f"Chapter {number}", "pages": number} for number in range(40)]

    @llm.call("openai", "gpt-4o-mini", response_model=list[Chapter], stream=True)
    def write() -> str:
        return "Write a book."

    box.reply({"value": chapters})
    seen = list(write())
    counts = [len(each) for each in seen]
    assert counts == sorted(counts)
    assert seen[-1] == [Chapter(**chapter) for chapter in chapters]
    assert len({id(each[0]) for each in seen[20:-1]}) == 1
