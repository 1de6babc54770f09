"""Streams that are printed while they arrive."""

from __future__ import annotations

import asyncio
import io
import json
import re
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_serializer

from mirascope import llm
from mirascope.core import openai
from mirascope.core._providers import is_installed
from mirascope.sandbox import Sandbox, ToolCall

from .faces import Face
from .terminal import Terminal

needs_rich = pytest.mark.skipif(
    not is_installed("rich"), reason="the package `rich` is not installed"
)


def find_book(title: str) -> str:
    """Find a book."""
    return title


async def printed(face: Face, file: Any = None, **options: Any) -> Any:
    """The stream of a call, after it was printed."""

    settings: Any = {"stream": True, **options}

    @llm.call("openai", "gpt-4o-mini", **settings)
    @face.function
    def tell() -> str:
        return "A story"

    stream = await face.get(tell())
    show: Any = llm.print_async_stream if face.is_async else llm.print_stream
    shown = await face.get(show(stream, file=file))
    assert shown is stream
    return stream


class Written(io.StringIO):
    """What is written, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return super().write(text)


async def test_text_as_it_arrives(face: Face, box: Sandbox) -> None:
    box.reply("one *two* three")
    file = Written()
    stream = await printed(face, file)
    assert file.getvalue() == "one *two* three\n"
    assert len([piece for piece in file.pieces if piece.strip()]) >= 3
    assert stream.content == "one *two* three"
    assert stream.construct_call_response().content == stream.content
    assert len(box.requests) == 1


async def test_by_default_it_is_printed_where_print_prints(
    face: Face, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    box.reply("Hello\n")
    await printed(face)
    assert capsys.readouterr() == ("Hello\n", "")


@pytest.mark.parametrize("stream", [True, {"partial_tools": True}])
async def test_tools_have_a_line_each_when_they_are_complete(
    face: Face, box: Sandbox, stream: Any
) -> None:
    calls = [ToolCall("find_book", {"title": title}) for title in ("Émma", "B")]
    box.reply("I look.", tool_calls=calls)
    file = io.StringIO()
    await printed(face, file, tools=[find_book], stream=stream)
    expected = 'I look.\nfind_book {"title": "Émma"}\nfind_book {"title": "B"}\n'
    assert file.getvalue() == expected


async def test_stream_that_breaks_off_raises_after_what_had_arrived(
    face: Face, box: Sandbox
) -> None:
    box.cut(after_events=4, reply="Once upon a time there was a king.")
    file = io.StringIO()
    with pytest.raises(Exception, match="onnection"):
        await printed(face, file)
    assert file.getvalue() == "Once upon a \n"


async def test_what_cannot_be_printed_ends_the_stream(face: Face, box: Sandbox) -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError("No space left on device")

    box.reply("one two three")
    with pytest.raises(OSError, match="No space"):
        await printed(face, Full())
    # The connection was given back, so that the next call is sent.
    box.reply("again")
    file = io.StringIO()
    await printed(face, file)
    assert file.getvalue() == "again\n"


async def test_refusal_is_printed_where_there_is_no_text(face: Face, box: Sandbox) -> None:
    box.reply("", refusal="I would rather not.")
    file = io.StringIO()
    await printed(face, file)
    assert file.getvalue() == "I would rather not.\n"


def test_stream_of_a_provider(box: Sandbox) -> None:
    @openai.call("gpt-4o-mini", stream=True)
    def greet() -> str:
        return "Hello"

    file = io.StringIO()
    stream = llm.print_stream(greet(), file=file)
    assert isinstance(stream, openai.OpenAIStream)
    assert file.getvalue() == "Sandbox reply to: Hello\n"


def test_the_function_for_sync_streams_is_named(box: Sandbox) -> None:
    stream = llm.call("openai", "gpt-4o-mini", stream=True)(lambda: "Hi")()
    with pytest.raises(TypeError, match=r"a sync call: use `llm\.print_stream"):
        asyncio.run(llm.print_async_stream(stream))
    assert not box.requests


async def test_the_function_for_async_streams_is_named(box: Sandbox) -> None:
    @openai.call("gpt-4o-mini", stream=True)
    async def tell() -> str:
        return "A story"

    stream = await tell()
    with pytest.raises(TypeError, match=r"an async call: use `await llm\.print_async_stream"):
        llm.print_stream(stream)
    assert not box.requests


def test_what_is_no_stream_is_refused(box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o-mini")
    def tell() -> str:
        return "A story"

    with pytest.raises(TypeError, match="prints the stream of a call with `stream=True`, not a"):
        llm.print_stream(tell())  # type: ignore[type-var] # pyright: ignore[reportArgumentType]


class Author(BaseModel):
    name: str


class Book(BaseModel):
    title: str
    authors: list[Author]
    note: str | None = None

    @field_serializer("title")
    def shout(self, title: str) -> str:
        return title.upper()


EMMA = {"title": "Émma", "authors": [{"name": "Jane"}, {"name": "Anne"}]}


@pytest.mark.parametrize("options", [{}, {"json_mode": True}])
async def test_object_is_printed_when_it_is_whole(
    face: Face, box: Sandbox, options: dict[str, Any]
) -> None:
    box.reply(EMMA)
    file = Written()
    stream = await printed(face, file, response_model=Book, **options)
    expected = {**EMMA, "title": "ÉMMA", "note": None}
    assert file.getvalue() == json.dumps(expected, indent=2, ensure_ascii=False) + "\n"
    assert len([piece for piece in file.pieces if piece.strip()]) == 1
    assert stream.constructed_response_model.authors == [Author(name="Jane"), Author(name="Anne")]


async def test_plain_value_is_printed_when_it_is_whole(face: Face, box: Sandbox) -> None:
    box.reply([1, 2])
    file = io.StringIO()
    await printed(face, file, response_model=list[int])
    assert json.loads(file.getvalue()) == [1, 2]


async def test_what_there_was_of_an_object_is_printed_before_an_error(
    face: Face, box: Sandbox
) -> None:
    box.cut(after_events=6, reply={**EMMA, "note": "a note that does not arrive"})
    file = io.StringIO()
    with pytest.raises(Exception, match="onnection"):
        await printed(face, file, response_model=Book)
    shown = json.loads(file.getvalue())
    assert "ÉMMA".startswith(shown["title"])
    assert "note" not in shown


async def test_what_does_not_fit_is_printed_before_the_error(face: Face, box: Sandbox) -> None:
    box.reply({"title": "Emma"})
    file = io.StringIO()
    with pytest.raises(ValidationError, match="authors"):
        await printed(face, file, response_model=Book)
    assert json.loads(file.getvalue()) == {"title": "EMMA"}


@needs_rich
async def test_object_grows_on_a_terminal(face: Face, box: Sandbox, terminal: Terminal) -> None:
    box.reply(EMMA, between_events=0.1)
    await printed(face, terminal.file, response_model=Book)
    shown = terminal.text()
    # While it arrived, and at last.
    assert shown.count('"authors"') >= 2
    assert shown.count('"note": null') == 1
    assert shown.index("Jane") < shown.index("Anne")


@needs_rich
async def test_markdown_is_rendered_on_a_terminal(
    face: Face, box: Sandbox, terminal: Terminal
) -> None:
    box.reply("# Emma\n\n- one\n- two", tool_calls=[ToolCall("find_book", {"title": "Emma"})])
    await printed(face, terminal.file, tools=[find_book])
    shown = terminal.text()
    assert " • one" in shown
    assert "find_book" in shown
    assert '"title"' in shown
    assert "- one" not in shown


@needs_rich
def test_newest_lines_are_seen_of_what_is_higher_than_the_terminal(
    box: Sandbox, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "10")
    box.reply("\n".join(f"- item{n}" for n in range(60)), between_events=0.02)
    llm.print_stream(
        llm.call("openai", "gpt-4o-mini", stream=True)(lambda: "Hi")(), file=terminal.file
    )
    items = re.findall(r"item(\d+) *$", terminal.text().replace("\r", ""), re.MULTILINE)
    # At last there are all of them, after those that were seen while they arrived.
    assert items[-60:] == [str(n) for n in range(60)]
    assert "30" in items[:-60]


async def test_terminal_without_rich(
    face: Face, box: Sandbox, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.hide_rich(monkeypatch)
    box.reply("- one\n- two")
    await printed(face, terminal.file)
    assert terminal.text() == "- one\r\n- two\r\n"
