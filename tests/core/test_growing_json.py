"""JSON that arrives in pieces: at every point what reading the whole text again would give."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from mirascope.core.base._growing_json import NOTHING, GrowingJson

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def whole(text: str) -> Any:
    try:
        return from_json(text, allow_partial="trailing-strings")
    except ValueError:
        return None


def check_every_point(text: str, cuts: list[int]) -> None:
    growing, before = GrowingJson(), 0
    for cut in [*sorted({cut % (len(text) + 1) for cut in cuts}), len(text)]:
        value = growing.feed(text[before:cut])
        assert repr(None if value is NOTHING else value) == repr(whole(text[:cut]))
        before = cut


@given(JSON, st.lists(st.integers(0, 10_000)), st.booleans(), st.none() | st.integers(0, 2))
def test_any_json_in_any_pieces(
    data: Any, cuts: list[int], ensure_ascii: bool, indent: int | None
) -> None:
    text = json.dumps(data, ensure_ascii=ensure_ascii, indent=indent)
    check_every_point(text, cuts)
    check_every_point(text, list(range(len(text))))


ODD = [
    '{"a": 12.5e+3, "b": -0}',
    '{"a": 1.5.', '{"a": 1-', '{"a": 1 2, "b": 3}', '{"a": 12.x}', '{"a": 01}', '{"a": .5}',
    '{"a": 1}x', '{"a": 1} ', '{"a": 1,}', "[1,]", "[1 2]", "{,", '{"a" 1}', "[,", "tru", "trux",
    '{"a": NaN, "b": -Infinity, "c": Infinity}', '{"a": nul', '{"a": "x\ny"}', '{"a": "\\x41"}',
    '{"a": "\\ud83d\\ude00 \\u00e9 \\\\ \\" \\/"}', '{"a": "\\ud83dx and more of it"}',
    '{"a": 1, "a": [2, {"b": 3}], "a": "x"}', '{"a": 123456789012345678901234567890}',
    '{"a": [[], {}, [[1], "b"]], "c": {"d": {"e": null}}}', "12", '"ab', "", "   ", '[" \\\\"]',
    "[" * 150 + "]" * 150,
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_odd_texts(text: str) -> None:
    check_every_point(text, [])
    check_every_point(text, list(range(len(text))))


def test_too_deep_is_no_json() -> None:
    assert GrowingJson().feed("[" * 300) is None
    assert whole("[" * 300) is None


def test_what_is_complete_is_known() -> None:
    growing = GrowingJson()
    value = growing.feed('{"a": [1, 2], "b": [{"c": 3}, {"c": 4')
    first, second = value["b"]
    assert {id(value["a"]), id(first)} == set(growing.closed)
    assert growing.feed("5}") is value
    assert value["b"] == [{"c": 3}, {"c": 45}]
    assert value["b"][1] is second
    assert id(second) in growing.closed


def test_half_a_character_is_no_json() -> None:
    assert GrowingJson().feed('{"a": "\ud83d') is None
