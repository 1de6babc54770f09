"""Functions and methods as tools."""

from __future__ import annotations

import functools
import gc
import json
import weakref
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from mirascope.core.base._tool_types import tool_type
from mirascope.core.base._wire import ToolCall
from mirascope.core.base.tool import BaseTool


class OneTool(BaseTool):
    """A tool of some provider."""

    _provider_title = "One"

    @classmethod
    def tool_schema(cls) -> Any:
        return cls._function_schema()


def called(fn: Any, arguments: str) -> Any:
    return tool_type(fn, OneTool)._from_call(ToolCall("name", arguments, "id-1"))


def parameters(fn: Any) -> dict[str, Any]:
    return tool_type(fn, OneTool)._parameters()


def search(query: str, limit: int = 3, kind: Literal["book", "film"] = "book") -> str:
    """Search the library.

    It is large.

    Args:
        limit: At most so many.
        query: What to look for,
            in words.

    Returns:
        str: What was found.

    Raises:
        ValueError: If there is nothing.
    """
    return f"{query} {limit} {kind}"


async def search_later(query: str) -> str:
    """Search later."""
    return query


class TestSchema:
    def test_google_docstring(self) -> None:
        assert tool_type(search, OneTool).tool_schema() == {
            "name": "search",
            "description": "Search the library.\n\nIt is large."
            "\n\nReturns:\n    str: What was found."
            "\n\nRaises:\n    ValueError: If there is nothing.",
            "parameters": {
                "properties": {
                    "query": {"description": "What to look for,\nin words.", "type": "string"},
                    "limit": {"default": 3, "description": "At most so many.", "type": "integer"},
                    "kind": {"default": "book", "enum": ["book", "film"], "type": "string"},
                },
                "required": ["query"],
                "type": "object",
            },
        }

    def test_other_docstring_styles(self) -> None:
        def numpy(x: int) -> str:
            """Do it.

            Parameters
            ----------
            x : int
                The x.

            Notes
            -----
            Slow.
            """
            return str(x)

        def rest(x: int) -> str:
            """Do it.

            :param x: The x.
            :returns: Text.
            """
            return str(x)

        for fn, description in (
            (numpy, "Do it.\n\nNotes:\n    Slow."),
            (rest, "Do it.\n\nReturns:\n    Text."),
        ):
            assert tool_type(fn, OneTool)._description() == description
            assert parameters(fn)["properties"]["x"]["description"] == "The x."

    def test_nothing_documented(self) -> None:
        def bare() -> None: ...

        schema = tool_type(bare, OneTool).tool_schema()
        assert schema.keys() == {"name", "description"}
        assert schema["description"].startswith("Correctly formatted and typed parameters")

    def test_examples(self) -> None:
        def exemplary(x: int) -> None:
            """Do it.

            Example:
                {"x": 1}

            Examples:
                >>> exemplary(3)
            """

        assert parameters(exemplary)["examples"] == [{"x": 1}]
        assert tool_type(exemplary, OneTool)._description().endswith(">>> exemplary(3)")

    def test_annotated_description_and_constraints(self) -> None:
        def limited(x: Annotated[int, Field(ge=1, description="Annotated.")], y: int = 2) -> int:
            """Do it.

            Args:
                y: Documented.
            """
            return x * y

        assert parameters(limited)["properties"] == {
            "x": {"description": "Annotated.", "minimum": 1, "type": "integer"},
            "y": {"default": 2, "description": "Documented.", "type": "integer"},
        }
        with pytest.raises(ValidationError):
            called(limited, '{"x": 0}')

    def test_field_as_default(self) -> None:
        def fielded(x: int = Field(7, le=9)) -> int:
            """Do it.

            Args:
                x: The x.
            """
            return x

        assert parameters(fielded)["properties"]["x"] == {
            "default": 7,
            "description": "The x.",
            "maximum": 9,
            "type": "integer",
        }
        assert called(fielded, "").call() == 7

    def test_missing_annotation(self) -> None:
        def untyped(x): ...  # type: ignore[no-untyped-def]

        with pytest.raises(ValueError, match=r"`x` of tool `untyped` has no type annotation"):
            tool_type(untyped, OneTool)

    def test_lambda(self) -> None:
        with pytest.raises(ValueError, match="lambda has no name"):
            tool_type(lambda: 1, OneTool)

    def test_documented_parameter_that_is_not_there(self) -> None:
        def changed(x: int) -> None:
            """Do it.

            Args:
                y: The y.
            """

        with pytest.raises(ValueError, match=r"does not match docstring parameter `y`"):
            tool_type(changed, OneTool)

    def test_type_that_cannot_be_resolved(self) -> None:
        def lost(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

        with pytest.raises(ValueError, match="cannot be resolved: name 'Nowhere'"):
            tool_type(lost, OneTool)

    def test_type_from_the_closure(self) -> None:
        class Local: ...

        size = Literal["s", "l"]

        def local(x: size) -> Any:
            return x, Local, size

        assert parameters(local)["properties"]["x"]["enum"] == ["s", "l"]

    def test_return_type_is_not_needed(self) -> None:
        def unknown() -> Nowhere: ...  # type: ignore[name-defined]  # noqa: F821

        assert tool_type(unknown, OneTool)._name() == "unknown"

    @pytest.mark.parametrize("tool", [functools.partial(search, "x"), type("C", (), {})()])
    def test_callables_that_are_no_functions(self, tool: Any) -> None:
        with pytest.raises(TypeError, match="cannot be a tool"):
            tool_type(tool, OneTool)


class TestCall:
    def test_runs_with_defaults(self) -> None:
        tool = called(search, '{"query": "ants"}')
        assert tool.call() == "ants 3 book"
        assert tool.args == {"query": "ants", "limit": 3, "kind": "book"}
        assert tool.id == "id-1"

    async def test_async(self) -> None:
        assert await called(search_later, '{"query": "ants"}').call() == "ants"

    def test_parameters_named_like_members(self) -> None:
        def odd(
            call: str, args: int, id: int, delta: int, tool_call: int, json: int, id_: int = 0
        ) -> Any:
            """Odd.

            Args:
                id: The id.
            """
            return call, args, id, delta, tool_call, json, id_

        assert list(parameters(odd)["properties"]) == [
            *("call", "args", "id", "delta", "tool_call", "json", "id_")
        ]
        assert parameters(odd)["properties"]["id"]["description"] == "The id."
        arguments = {"call": "c", "args": 1, "id": 2, "delta": 3, "tool_call": 4, "json": 5}
        tool = called(odd, json.dumps(arguments))
        assert tool.call() == ("c", 1, 2, 3, 4, 5, 0)
        assert tool.id == "id-1"
        assert tool.args == {**arguments, "id_": 0}
        assert tool.model_dump() == tool.args

    def test_parameters_that_pydantic_would_not_take(self) -> None:
        def names(model_name: str, _private: int, model_config: str, model_dump: int = 1) -> Any:
            return model_name, _private, model_config, model_dump

        tool = called(names, '{"model_name": "m", "_private": 1, "model_config": "c"}')
        assert tool.model_name == "m"
        assert tool.call() == ("m", 1, "c", 1)

    def test_every_kind_of_parameter(self) -> None:
        def kinds(a: int, /, b: int, *rest: int, c: int = 3, **named: str) -> Any:
            return a, b, rest, c, named

        assert called(kinds, '{"a": 1, "b": 2}').call() == (1, 2, (), 3, {})
        arguments = '{"a": 1, "b": 2, "rest": [8, 9], "c": 4, "named": {"x": "y"}}'
        assert called(kinds, arguments).call() == (1, 2, (8, 9), 4, {"x": "y"})

    def test_mutable_default_is_not_shared(self) -> None:
        def collect(items: list[int] = []) -> list[int]:  # noqa: B006
            items.append(1)
            return items

        assert called(collect, "").call() == [1]
        assert called(collect, "").call() == [1]

    def test_bound_method(self) -> None:
        class Library:
            def __init__(self, name: str) -> None:
                self.name = name

            def find(self, title: str) -> str:
                """Find a book."""
                return f"{title} in {self.name}"

            @classmethod
            def kind(cls, a: int) -> str:
                return f"{cls.__name__} {a}"

        first, second = Library("A"), Library("B")
        assert called(first.find, '{"title": "x"}').call() == "x in A"
        assert called(second.find, '{"title": "x"}').call() == "x in B"
        assert tool_type(first.find, OneTool) is tool_type(first.find, OneTool)
        assert called(Library.kind, '{"a": 1}').call() == "Library 1"
        assert list(parameters(first.find)["properties"]) == ["title"]

    def test_wrapped_function(self) -> None:
        @functools.wraps(search)
        def logged(*args: Any, **kwargs: Any) -> str:
            return "logged " + search(*args, **kwargs)

        assert called(logged, '{"query": "ants"}').call() == "logged ants 3 book"

    def test_type_from_fn(self) -> None:
        assert OneTool.type_from_fn(search) is tool_type(search, OneTool)
        assert issubclass(BaseTool.type_from_fn(search), BaseTool)

    def test_converted_again(self) -> None:
        assert called(BaseTool.type_from_fn(search), '{"query": "a"}').call() == "a 3 book"

    def test_partial(self) -> None:
        tool = tool_type(search, OneTool)._from_partial_call(ToolCall("search", '{"query": "an'))
        assert tool.args == {"query": "an", "limit": None, "kind": None}

    def test_a_tool_does_not_outlive_its_function(self) -> None:
        def short_lived(x: int) -> None: ...

        gone = weakref.ref(short_lived)
        called(short_lived, '{"x": 1}')
        del short_lived
        gc.collect()
        assert gone() is None
