"""What tools give, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope.core.base.message_param import DocumentURLPart, ImagePart, TextPart
from mirascope.core.base.tool_outputs import (
    tool_output_content,
    tool_output_text,
    transform_tool_outputs,
)


class Book(BaseModel):
    title: str


@dataclass
class Point:
    x: int


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("text", "text"),
        (b"bytes", "Ynl0ZXM="),
        (None, "null"),
        (1.5, "1.5"),
        (True, "true"),
        ((1, 2), "[1, 2]"),
        ([1, "a"], '[1, "a"]'),
        ({3}, "[3]"),
        ({"a": b"x"}, '{"a": "eA=="}'),
        (Book(title="Dune"), '{"title":"Dune"}'),
        ([Book(title="Dune")], '[{"title": "Dune"}]'),
        ({"day": date(2024, 1, 2), "point": Point(1)}, '{"day": "2024-01-02", "point": {"x": 1}}'),
        (["é"], '["é"]'),
    ],
)
def test_text(output: Any, text: str) -> None:
    assert tool_output_text(output) == text


PHOTO = ImagePart(media_type="image/png", image=b"\x89PNG")
PAPER = DocumentURLPart(url="https://a.b/c.pdf")


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ("x", "x"),
        (["x", 1], '["x", 1]'),
        (PHOTO, [PHOTO]),
        ([PHOTO, PAPER], [PHOTO, PAPER]),
        (
            ("a cat", PHOTO, {"age": 3}),
            [TextPart(text="a cat"), PHOTO, TextPart(text='{"age": 3}')],
        ),
        (TextPart(text="x"), [TextPart(text="x")]),
        ([], "[]"),
    ],
)
def test_content(output: Any, content: Any) -> None:
    assert tool_output_content(output) == content


def test_a_picture_is_content() -> None:
    image = pytest.importorskip("PIL.Image")
    [part] = tool_output_content(image.new("RGB", (1, 1)))
    assert isinstance(part, ImagePart)


def test_what_has_no_text_is_no_content_either() -> None:
    with pytest.raises(TypeError, match="pydantic model"):
        tool_output_content([PHOTO, object()])


@pytest.mark.parametrize("output", [object(), [object()], {"a": object()}, len])
def test_what_has_no_text(output: Any) -> None:
    with pytest.raises(TypeError, match="pydantic model"):
        tool_output_text(output)


def test_transform_tool_outputs() -> None:
    class Response:
        @classmethod
        @transform_tool_outputs
        def tool_message_params(cls, tools_and_outputs: Sequence[tuple[str, str]]) -> list[Any]:
            """Messages."""
            return [*tools_and_outputs, cls.__name__]

    assert Response.tool_message_params([("t", 1), ("u", "x")]) == [
        ("t", "1"),
        ("u", "x"),
        "Response",
    ]
    assert Response.tool_message_params.__doc__ == "Messages."
