"""Toolkits."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope.core.base._tool_types import tool_type
from mirascope.core.base._wire import ToolCall
from mirascope.core.base.tool import BaseTool
from mirascope.core.base.toolkit import BaseToolKit, toolkit_tool


class OneTool(BaseTool):
    """A tool of some provider."""

    @classmethod
    def tool_schema(cls) -> Any:
        return cls._function_schema()


class Reader(BaseModel):
    level: str


class Books(BaseToolKit):
    __namespace__ = "books"

    level: str
    reader: Reader = Reader(level="new")

    @toolkit_tool
    def suggest(self, author: str, count: int = 1) -> str:
        """Suggest {self.level} books for a {self.reader.level} reader, as {"a": {"b": 1}} or {x}.

        Args:
            author: Who wrote a {self.level} one.
        """
        return f"{self.level} {author} {count}"

    @toolkit_tool
    async def buy(self, title: str) -> str:
        """Buy, with {{escaped}} braces."""
        return f"{self.level} {title}"

    @toolkit_tool
    class Format(BaseTool):
        """Format for {self.level}."""

        title: str

        def call(self) -> str:
            return self.title.upper()

    def helper(self) -> None: ...


class Bare(BaseToolKit):
    @toolkit_tool
    class Format(BaseTool):
        """Format."""

        title: str

        def call(self) -> str:
            return self.title

    @toolkit_tool
    def run(self) -> str:
        """Run."""
        return "ran"


def call(tool: type[BaseTool], arguments: str) -> Any:
    return tool_type(tool, OneTool)._from_call(ToolCall("n", arguments)).call()


async def test_tools() -> None:
    suggest, buy, format_book = Books(level="easy").create_tools()
    assert [tool._name() for tool in (suggest, buy, format_book)] == [
        *("books_suggest", "books_buy", "books_Format")
    ]
    assert suggest._description() == (
        'Suggest easy books for a new reader, as {"a": {"b": 1}} or {x}.'
    )
    author = suggest._parameters()["properties"]["author"]
    assert author["description"] == "Who wrote a easy one."
    assert buy._description() == "Buy, with {escaped} braces."
    assert format_book._description() == "Format for easy."
    assert issubclass(format_book, Books.Format)
    assert call(suggest, '{"author": "A"}') == "easy A 1"
    assert await call(buy, '{"title": "T"}') == "easy T"
    assert call(format_book, '{"title": "t"}') == "T"


def test_the_provider_sees_name_and_description() -> None:
    (_, _, format_book) = Books(level="easy").create_tools()
    schema = tool_type(format_book, OneTool).tool_schema()
    assert (schema["name"], schema["description"]) == ("books_Format", "Format for easy.")


def test_instances_do_not_share() -> None:
    easy, hard = (Books(level=level).create_tools()[0] for level in ("easy", "hard"))
    assert call(easy, '{"author": "A"}') == "easy A 1"
    assert call(hard, '{"author": "A"}') == "hard A 1"
    assert hard._description().startswith("Suggest hard books")


def test_without_namespace() -> None:
    format_book, run = Bare().create_tools()
    assert format_book is Bare.Format
    assert (format_book._name(), run._name()) == ("Format", "run")


def test_derived() -> None:
    class More(Books):
        @toolkit_tool
        def more(self) -> str:
            """More."""
            return "more"

        def buy(self, title: str) -> str:  # type: ignore[override]
            """No longer a tool."""
            return title

    names = [tool._name() for tool in More(level="x").create_tools()]
    assert names == ["books_suggest", "books_Format", "books_more"]


def test_abstract_toolkits_may_be_empty() -> None:
    class Stated(BaseToolKit, ABC):
        path: str

    class Abstract(BaseToolKit):
        @abstractmethod
        def later(self) -> None: ...

    class Done(Stated):
        @toolkit_tool
        def go(self) -> str:
            """Go to {self.path}."""
            return self.path

    assert issubclass(Abstract, BaseToolKit)
    assert Done(path="p").create_tools()[0]._description() == "Go to p."


def test_no_tools() -> None:
    with pytest.raises(ValueError, match="No toolkit_tool method found"):
        type("Empty", (BaseToolKit,), {})


def test_no_docstring() -> None:
    with pytest.raises(ValueError, match="`go` of toolkit `Silent` has no docstring"):

        class Silent(BaseToolKit):
            @toolkit_tool
            def go(self) -> None: ...


def test_unknown_variable() -> None:
    with pytest.raises(ValueError, match=r"`\{self.nothing\}`, but toolkit `Wrong` has no field"):

        class Wrong(BaseToolKit):
            @toolkit_tool
            def go(self) -> None:
                """Go {self.nothing}."""


def test_namespace_of_another_toolkit() -> None:
    with pytest.raises(ValueError, match="`books` is already used by toolkit `Books`"):
        type("Thief", (BaseToolKit,), {"__namespace__": "books"})


def test_defined_again() -> None:
    def define() -> type[BaseToolKit]:
        class Cell(BaseToolKit):
            __namespace__ = "cell"

            @toolkit_tool
            def go(self) -> str:
                """Go."""
                return "went"

        return Cell

    first = define()
    with pytest.warns(UserWarning, match="defined again"):
        second = define()
    for toolkit in (first, second):
        assert call(toolkit().create_tools()[0], "") == "went"


def test_a_namespace_is_free_again_with_its_toolkit() -> None:
    def go(self: Any) -> None:
        """Go."""

    body = {"__namespace__": "brief", "go": toolkit_tool(go)}
    type("First", (BaseToolKit,), dict(body))
    gc.collect()
    type("Second", (BaseToolKit,), dict(body))
