"""Tool classes: what the model is told of them, and the instances its calls become."""

from __future__ import annotations

import inspect
from datetime import date
from enum import Enum
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mirascope import llm
from mirascope.core.base._tool_types import tool_type
from mirascope.core.base._wire import ToolCall
from mirascope.core.base.tool import BaseTool, GenerateJsonSchemaNoTitles, ToolConfig


class StrictConfig(ToolConfig, total=False):
    strict: bool


class OneTool(BaseTool):
    """A tool of a provider whose tool options have `strict`."""

    _provider_title = "One"
    _config_type = StrictConfig

    @classmethod
    def tool_schema(cls) -> Any:
        return {"type": "function", "function": cls._function_schema()}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return ToolCall(tool_call["name"], tool_call["arguments"], tool_call["id"], tool_call)


class OtherTool(BaseTool):
    """A tool of a provider without options."""

    _provider_title = "Other"

    @classmethod
    def tool_schema(cls) -> Any:
        return {"name": cls._name(), "config": cls._config()}


class FormatBook(BaseTool):
    """Formats a book.

    In capitals.
    """

    title: str = Field(description="The title")
    copies: int = 1

    def call(self) -> str:
        return self.title.upper()


class Async(BaseTool):
    async def call(self) -> str:
        return "done"


class Plain(BaseModel):
    """A plain model."""

    title: str

    def call(self) -> str:
        return self.title


class Strict(BaseTool):
    """Strict."""

    tool_config: ClassVar[StrictConfig] = StrictConfig(strict=True)

    a: int
    b: str = "b"

    def call(self) -> None: ...


def called(tool: Any, arguments: str | dict[str, Any], base: type[BaseTool] = OneTool) -> Any:
    return tool_type(tool, base)._from_call(ToolCall("name", arguments, "id-1", {"raw": 1}))


class TestSchema:
    def test_function_schema(self) -> None:
        assert tool_type(FormatBook, OneTool).tool_schema() == {
            "type": "function",
            "function": {
                "name": "FormatBook",
                "description": "Formats a book.\n\nIn capitals.",
                "parameters": {
                    "properties": {
                        "title": {"description": "The title", "type": "string"},
                        "copies": {"default": 1, "type": "integer"},
                    },
                    "required": ["title"],
                    "type": "object",
                },
            },
        }

    def test_no_parameters_no_docstring(self) -> None:
        function = tool_type(Async, OneTool).tool_schema()["function"]
        assert "parameters" not in function
        assert function["description"].startswith("Correctly formatted and typed parameters")

    def test_the_docstring_of_the_base_is_not_the_tools(self) -> None:
        class Undocumented(FormatBook): ...

        assert Undocumented._description().startswith("Correctly formatted")

    def test_custom_name_and_overridden_description(self) -> None:
        class Renamed(FormatBook):
            __custom_name__ = "format_book"

            @classmethod
            def _description(cls) -> str:
                return "Mine."

        function = tool_type(Renamed, OneTool).tool_schema()["function"]
        assert (function["name"], function["description"]) == ("format_book", "Mine.")

    def test_examples_are_kept(self) -> None:
        class Exemplary(BaseTool):
            """E."""

            model_config = ConfigDict(json_schema_extra={"examples": [{"a": "x"}]})
            a: str = Field(examples=["x", "y"])

            def call(self) -> None: ...

        parameters = tool_type(Exemplary, OneTool)._parameters()
        assert parameters["examples"] == [{"a": "x"}]
        assert parameters["properties"]["a"]["examples"] == ["x", "y"]

    def test_strict(self) -> None:
        assert tool_type(Strict, OneTool).tool_schema()["function"] == {
            "name": "Strict",
            "description": "Strict.",
            "parameters": {
                "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
                "required": ["a", "b"],
                "type": "object",
                "additionalProperties": False,
            },
            "strict": True,
        }

    def test_unknown_options_are_named_and_ignored(self) -> None:
        with pytest.warns(UserWarning, match=r"Other does not support .*`strict`"):
            assert tool_type(Strict, OtherTool).tool_schema() == {"name": "Strict", "config": {}}

    def test_without_a_provider(self) -> None:
        with pytest.raises(RuntimeError, match=r"`FormatBook.tool_schema` depends on the provider"):
            FormatBook.tool_schema()
        with pytest.raises(RuntimeError, match="from_tool_call"):
            FormatBook.from_tool_call({})

    def test_model_json_schema_is_without_noise(self) -> None:
        schema = FormatBook.model_json_schema()
        assert schema == FormatBook._parameters()
        assert schema == FormatBook.model_json_schema(True)
        with_titles = FormatBook.model_json_schema(schema_generator=GenerateJsonSchemaNoTitles)
        assert with_titles == schema

    def test_schema_is_made_once(self) -> None:
        converted = tool_type(FormatBook, OneTool)
        assert converted._parameters() is converted._parameters()


class TestInstances:
    def test_is_both_the_users_and_the_providers(self) -> None:
        tool = called(FormatBook, '{"title": "Dune"}')
        assert isinstance(tool, FormatBook)
        assert isinstance(tool, OneTool)
        assert tool.call() == "DUNE"
        assert tool.args == {"title": "Dune", "copies": 1}
        assert (tool.id, tool.delta, tool.tool_call) == ("id-1", None, {"raw": 1})
        assert tool.model_dump() == {"title": "Dune", "copies": 1}
        assert repr(tool) == "FormatBook(title='Dune', copies=1)"

    async def test_async_call(self) -> None:
        assert await called(Async, "").call() == "done"

    def test_made_by_hand(self) -> None:
        tool = FormatBook(title="Dune")
        assert tool.args == {"title": "Dune", "copies": 1}
        assert (tool.id, tool.delta, tool.tool_call) == (None, None, None)

    def test_abstract_without_call(self) -> None:
        class NoCall(BaseTool):
            a: int

        with pytest.raises(TypeError, match="abstract"):
            NoCall(a=1)  # type: ignore[abstract]

    def test_from_tool_call(self) -> None:
        native = {"id": "id-2", "name": "FormatBook", "arguments": '{"title": "Dune"}'}
        tool = tool_type(FormatBook, OneTool).from_tool_call(native)
        assert (tool.id, tool.tool_call) == ("id-2", native)
        partial = tool_type(FormatBook, OneTool).from_tool_call(
            {**native, "arguments": '{"tit'}, allow_partial=True
        )
        assert partial.args == {"title": None, "copies": None}

    @pytest.mark.parametrize("arguments", ["{}", '{"title": 1}', '{"title": ', "[]", "null", {}])
    def test_bad_arguments(self, arguments: Any) -> None:
        with pytest.raises(ValidationError):
            called(FormatBook, arguments)

    @pytest.mark.parametrize("arguments", ["", "  ", "{}", {}])
    def test_no_arguments(self, arguments: Any) -> None:
        assert called(Async, arguments).args == {}

    def test_decoded_arguments_mean_what_text_means(self) -> None:
        class Color(Enum):
            RED = "red"

        class Typed(BaseTool):
            model_config = ConfigDict(strict=True)
            day: date
            color: Color
            pair: tuple[int, str]

            def call(self) -> None: ...

        arguments = {"day": "2024-02-29", "color": "red", "pair": [1, "a"]}
        assert called(Typed, arguments).args == {
            "day": date(2024, 2, 29),
            "color": Color.RED,
            "pair": (1, "a"),
        }

    def test_fields_named_like_members(self) -> None:
        class Colliding(BaseTool):
            id: int
            args: list[str]
            delta: str
            tool_call: str

            def call(self) -> str:
                return f"{self.id} {self.args} {self.delta} {self.tool_call}"  # type: ignore[str-format]

        tool = called(Colliding, '{"id": 1, "args": ["a"], "delta": "d", "tool_call": "t"}')
        assert tool.call() == "1 ['a'] d t"
        assert tool_type(Colliding, OneTool)._parameters()["required"] == [
            "id",
            "args",
            "delta",
            "tool_call",
        ]

    def test_extra_arguments_that_a_tool_allows(self) -> None:
        class Open(BaseTool):
            model_config = ConfigDict(extra="allow")
            a: int

            def call(self) -> None: ...

        assert called(Open, '{"a": 1, "b": 2}').args == {"a": 1, "b": 2}

    def test_frozen_and_private_state(self) -> None:
        class Frozen(BaseTool):
            model_config = ConfigDict(frozen=True)
            _seen: list[int] = []
            a: int

            def call(self) -> list[int]:
                self._seen.append(self.a)
                return self._seen

        assert called(Frozen, '{"a": 1}').call() == [1]
        assert called(Frozen, '{"a": 2}').call() == [2]


class TestPartial:
    def test_fields_are_none_until_they_arrive(self) -> None:
        converted = tool_type(FormatBook, OneTool)
        tool = converted._from_partial_call(ToolCall("FormatBook", '{"title": "Du', "id-1"), "Du")
        assert type(tool).__name__ == "PartialFormatBook"
        assert isinstance(tool, FormatBook)
        assert isinstance(tool, OneTool)
        assert (tool.title, tool.copies, tool.delta, tool.id) == ("Du", None, "Du", "id-1")
        assert tool._name() == "FormatBook"

    @pytest.mark.parametrize("arguments", ["", "{", '{"x', "[", "nonsense", {}, {"title": 3}])
    def test_never_raises(self, arguments: Any) -> None:
        tool = tool_type(FormatBook, OneTool)._from_partial_call(ToolCall("n", arguments))
        assert tool.args == {"title": None, "copies": None}


class TestConversion:
    def test_same_class_each_time(self) -> None:
        assert tool_type(FormatBook, OneTool) is tool_type(FormatBook, OneTool)
        assert tool_type(FormatBook, OneTool) is not tool_type(FormatBook, OtherTool)

    def test_a_subclass_is_a_tool_of_its_own(self) -> None:
        class Sub(FormatBook):
            """Sub."""

            def call(self) -> str:
                return "sub"

        tool_type(FormatBook, OneTool)
        assert called(Sub, '{"title": "x"}').call() == "sub"

    def test_tool_of_this_provider_stays(self) -> None:
        class Own(OneTool):
            def call(self) -> None: ...

        assert tool_type(Own, OneTool) is Own

    def test_tool_of_another_provider(self) -> None:
        class Foreign(OtherTool):
            """Foreign."""

            a: int

            def call(self) -> int:
                return self.a

        converted = tool_type(Foreign, OneTool)
        assert converted.tool_schema()["function"]["name"] == "Foreign"
        assert called(Foreign, '{"a": 1}').call() == 1

    def test_plain_model(self) -> None:
        tool = called(Plain, '{"title": "Dune"}')
        assert isinstance(tool, Plain)
        assert isinstance(tool, OneTool)
        assert tool.call() == "Dune"
        assert tool._description() == "A plain model."

    @pytest.mark.parametrize("tool", ["x", {}, Plain(title="x"), 3, int, None, print])
    def test_not_a_tool(self, tool: Any) -> None:
        with pytest.raises(TypeError, match="cannot be a tool"):
            tool_type(tool, OneTool)

    def test_without_call(self) -> None:
        class NoCall(BaseTool):
            a: int

        class NoCallModel(BaseModel):
            a: int

        for tool in (NoCall, NoCallModel):
            with pytest.raises(TypeError, match=f"`{tool.__name__}` has no `call` method"):
                tool_type(tool, OneTool)

    def test_type_from_base_model_type(self) -> None:
        class Book(BaseModel):
            """A book."""

            title: str

        converted = OneTool.type_from_base_model_type(Book)
        tool = converted._from_call(ToolCall("Book", '{"title": "Dune"}'))
        assert isinstance(tool, Book)
        assert tool.call() == {"title": "Dune"}
        assert converted._description() == "A book."

    def test_type_from_base_type(self) -> None:
        converted = OneTool.type_from_base_type(list[str])
        assert converted._name() == "list"
        assert converted._parameters()["properties"] == {
            "value": {"items": {"type": "string"}, "type": "array"}
        }
        assert converted._from_call(ToolCall("list", '{"value": ["a"]}')).args == {"value": ["a"]}

    def test_generic_tool(self) -> None:
        from typing import Generic, TypeVar

        T = TypeVar("T")

        class Save(BaseTool, Generic[T]):
            """Saves."""

            item: T

            def call(self) -> T:
                return self.item

        converted = tool_type(Save[int], OneTool)
        assert converted._name() == "Save_int"
        assert called(Save[int], '{"item": "3"}').call() == 3

    def test_recursive_tool(self) -> None:
        class Node(BaseTool):
            """A node."""

            value: int
            children: list[Node] = []

            def call(self) -> int:
                return self.value + sum(child.value for child in self.children)

        Node.model_rebuild(_types_namespace={"Node": Node})
        assert tool_type(Node, OneTool)._parameters()["properties"]["value"] == {"type": "integer"}
        assert called(Node, '{"value": 1, "children": [{"value": 2}]}').call() == 3

    def test_call_is_seen_as_async(self) -> None:
        assert inspect.iscoroutinefunction(called(Async, "").call)


def test_two_tools_of_one_name_are_refused() -> None:
    def make(answer: str) -> Any:
        def look_up(word: str) -> str:
            """Look a word up."""
            return answer

        return look_up

    one, other = make("one"), make("other")
    with pytest.raises(ValueError, match="Two tools are named `look_up`"):
        llm.call("openai", "gpt-4o-mini", tools=[one, other])(lambda: "Hi")
    llm.call("openai", "gpt-4o-mini", tools=[one, one])(lambda: "Hi")
