"""Tools: classes whose fields are the arguments of something the model may ask to be run."""

# Without `from __future__ import annotations`, because pydantic would evaluate the annotations of
# `BaseTool` anew for each class of tools.

import inspect
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, NoReturn, Self, SupportsIndex, TypeVar, cast, overload

from pydantic import BaseModel, ConfigDict, PrivateAttr
from pydantic.json_schema import (
    DEFAULT_REF_TEMPLATE,
    GenerateJsonSchema,
    JsonSchemaMode,
    SkipJsonSchema,
)
from pydantic_core import to_json
from typing_extensions import TypedDict

from ._partial import build_partial, partial_model
from ._pickling import Recipe, blank_tool, recipe_of
from ._schema import (
    GenerateJsonSchemaNoTitles,
    model_schema,
    public_name,
    strict_schema,
    takes_arguments,
)
from ._wire import ToolCall

__all__ = ["BaseTool", "GenerateJsonSchemaNoTitles", "ToolConfig"]

ValueT = TypeVar("ValueT")

GENERIC_DESCRIPTION = (
    "Correctly formatted and typed parameters taken from the conversation. "
    "Give every required parameter; leave out an optional one that nothing was said about."
)


class ToolConfig(TypedDict, total=False):
    """A tool's options. Each provider's class of options adds the keys it knows."""


class Member(Generic[ValueT]):
    """A read-only attribute of a tool that gives way to a field of the same name.

    A property would hide the field, so that no tool could have an argument named `id`. Nor does the
    class have the attribute: pydantic would take it for the default of such a field.
    """

    def __init__(self, read: Callable[[Any], ValueT]) -> None:
        self.read = read
        self.__doc__ = read.__doc__

    @overload
    def __get__(self, tool: None, owner: type[Any]) -> NoReturn: ...
    @overload
    def __get__(self, tool: "BaseTool", owner: type[Any]) -> ValueT: ...
    def __get__(self, tool: "BaseTool | None", owner: type[Any]) -> ValueT:
        if tool is None:
            raise AttributeError(f"`{owner.__name__}` has this attribute on its instances only.")
        return self.read(tool)


class BaseTool(BaseModel, ABC):
    """A tool: its fields are the arguments, its docstring tells the model what it is for.

        class FormatBook(BaseTool):
            \"\"\"Formats a book's title and author.\"\"\"

            title: str
            author: str

            def call(self) -> str:
                return f"{self.title} by {self.author}"

    `call` may be `async def`; the caller then awaits it.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        ignored_types=(Member,), protected_namespaces=()
    )

    __custom_name__: ClassVar[str] = ""
    """The name shown to the model, where it is not the class's."""

    tool_config: ClassVar[Any] = ToolConfig()
    """Options for the provider, such as `OpenAIToolConfig(strict=True)`."""

    _provider_title: ClassVar[str] = ""
    _config_type: ClassVar[type[Any]] = ToolConfig
    _result_part_types: ClassVar[frozenset[str]] = frozenset()
    """The `type` of each part beside text that the provider takes in the tool's result."""
    _parameter_names: ClassVar[Mapping[str, str]] = {}
    """Attribute to parameter, where an attribute could not have the parameter's name."""
    _recipe: ClassVar[Recipe | None] = None
    """How this very class was made, where it was: by it a tool is pickled."""

    _call: ToolCall | None = PrivateAttr(default=None)
    _delta: str | None = PrivateAttr(default=None)

    @abstractmethod
    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Run the tool on its arguments."""

    @Member
    def args(self) -> dict[str, Any]:
        """The arguments by name."""
        return arguments_of(self)

    @Member
    def id(self) -> str | None:
        """The id of the model's tool call; None where there is none."""
        call: ToolCall | None = self._call
        return call.id if call else None

    @Member
    def delta(self) -> str | None:
        """The fragment of the arguments that came last, on a partial tool; None on a whole one."""
        return self._delta

    @Member
    def tool_call(self) -> Any:
        """The provider's own tool call; None on a tool that no provider asked for."""
        call: ToolCall | None = self._call
        return self._native_call(call) if call else None

    def _repr_markdown_(self) -> str:
        from ._looks import tool_markdown

        return tool_markdown(self._name(), arguments_of(self))

    def __rich__(self) -> Any:
        from ._looks import as_rich

        return as_rich(self._repr_markdown_())

    # --- what the model is told

    @classmethod
    def _name(cls) -> str:
        """The tool's name, as the model sees it."""
        return cls.__custom_name__ or public_name(cls.__name__)

    @classmethod
    def _description(cls) -> str:
        """What the tool is for, as the model reads it."""
        return inspect.cleandoc(cls.__doc__) if cls.__doc__ else GENERIC_DESCRIPTION

    @classmethod
    def _parameters(cls, strict: bool = False) -> dict[str, Any]:
        """The JSON schema of the arguments. Made once and shared: not to be changed.

        Raises ValueError where `strict` is asked of a shape that cannot be strict.
        """
        cached = "_strict_parameters" if strict else "_plain_parameters"
        schema: dict[str, Any] | None = cls.__dict__.get(cached)
        if schema is None:
            schema = strict_schema(cls._parameters()) if strict else model_schema(cls)
            setattr(cls, cached, schema)
        return schema

    @classmethod
    def _config(cls) -> dict[str, Any]:
        """The options that the provider knows; a UserWarning names those that it does not."""
        known = cls._config_type.__optional_keys__ | cls._config_type.__required_keys__
        unknown = sorted(cls.tool_config.keys() - known)
        if unknown:
            warnings.warn(
                f"{cls._provider_title or cls.__name__} does not support the following tool "
                f"configurations, so they are ignored: {', '.join(f'`{key}`' for key in unknown)} "
                f"(tool `{cls._name()}`).",
                UserWarning,
                stacklevel=3,
            )
        return {key: value for key, value in cls.tool_config.items() if key in known}

    @classmethod
    def _function_schema(cls) -> dict[str, Any]:
        """Name, description and parameters in the form that OpenAI and its kin share."""
        config = cls._config()
        schema: dict[str, Any] = {"name": cls._name(), "description": cls._description()}
        parameters = cls._parameters(strict=bool(config.get("strict")))
        if takes_arguments(parameters):
            schema["parameters"] = parameters
        if "strict" in config:
            schema["strict"] = config["strict"]
        return schema

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool in the provider's form. Raises RuntimeError on a tool of no provider."""
        raise cls._needs_provider("tool_schema")

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = None,
        ref_template: str = DEFAULT_REF_TEMPLATE,
        schema_generator: type[GenerateJsonSchema] = GenerateJsonSchemaNoTitles,
        mode: JsonSchemaMode = "validation",
        **options: Any,
    ) -> dict[str, Any]:
        """The JSON schema of the arguments, without noise."""
        if by_alias is not None:
            options["by_alias"] = by_alias
        return super().model_json_schema(
            ref_template=ref_template, schema_generator=schema_generator, mode=mode, **options
        )

    # --- from the model's call

    @classmethod
    def from_tool_call(cls, tool_call: Any, allow_partial: bool = False) -> Self:
        """The tool for a provider's tool call (the SDK's object, or its JSON form as a dict).

        With `allow_partial` the arguments may be incomplete: what is missing is None.
        Raises pydantic.ValidationError for arguments that do not fit.
        """
        call = cls._decode(tool_call)
        return cls._from_partial_call(call) if allow_partial else cls._from_call(call)

    @classmethod
    def _from_call(cls, call: ToolCall, delta: str | None = None) -> Self:
        """The tool with the arguments of `call`, validated."""
        arguments = call.arguments
        # A decoded object takes the way over JSON too, so that both mean the same in strict models.
        text = arguments if isinstance(arguments, str) else to_json(arguments)
        tool = cls.model_validate_json(text if text.strip() else "{}")
        return _with_call(tool, call, delta)

    @classmethod
    def _from_partial_call(cls, call: ToolCall, delta: str | None = None) -> Self:
        """The tool as far as its arguments have arrived, unvalidated; other fields are None."""
        partial = partial_model(cls)
        if "__custom_name__" not in partial.__dict__:
            partial.__custom_name__ = cls._name()
        tool = build_partial(cls, call.arguments) or build_partial(cls, {})
        return _with_call(cast(Self, tool), call, delta)

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        """A provider's tool call in the common form."""
        raise cls._needs_provider("from_tool_call")

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        """The provider's own object for `call`."""
        return call.native

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        if recipe := recipe_of(type(self)):
            return blank_tool, recipe, self.__getstate__()
        return super().__reduce_ex__(protocol)

    # --- from other things

    @classmethod
    def type_from_fn(cls, fn: Callable[..., Any]) -> "type[BaseTool]":
        """The tool class for a function: its parameters are the fields, `call` runs it.

        Raises ValueError for a parameter without a type, or a docstring for another signature.
        """
        from ._tool_types import tool_type

        return tool_type(fn, cls)

    @classmethod
    def type_from_base_model_type(cls, tool_type: type[BaseModel]) -> "type[BaseTool]":
        """The tool class that is a subclass both of `tool_type` and of this one.

        Where the model has no `call`, calling the tool gives its arguments.
        """
        from ._tool_types import model_tool

        return model_tool(tool_type, cls)

    @classmethod
    def type_from_base_type(cls, base_type: Any) -> "type[BaseTool]":
        """The tool class for a type that is no model (`list[str]`, an enum): one field, `value`."""
        from ._tool_types import value_tool

        return value_tool(base_type, cls)

    @classmethod
    def _needs_provider(cls, method: str) -> RuntimeError:
        return RuntimeError(
            f"`{cls.__name__}.{method}` depends on the provider. Convert the tool first, "
            f"for example with `OpenAITool.type_from_base_model_type({cls.__name__})`."
        )


_SKIPPED: Any = SkipJsonSchema


def arguments_of(tool: BaseTool) -> dict[str, Any]:
    """The arguments by name, also of a tool whose own fields hide `args`."""
    values, names = tool.__dict__, tool._parameter_names
    fields = type(tool).__pydantic_fields__
    arguments = {
        names.get(field, field): values[field]
        for field, info in fields.items()
        # The model is not told of a field that its schema skips: v1's classes had `tool_call` so.
        if not (info.metadata and any(isinstance(mark, _SKIPPED) for mark in info.metadata))
    }
    return arguments | tool.__pydantic_extra__ if tool.__pydantic_extra__ else arguments


ToolT = TypeVar("ToolT", bound=BaseTool)


def _with_call(tool: ToolT, call: ToolCall, delta: str | None) -> ToolT:
    private = tool.__pydantic_private__
    assert private is not None  # `BaseTool` has private attributes
    private["_call"], private["_delta"] = call, delta
    return tool
