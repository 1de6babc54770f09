"""Response models: what the model is asked for, and how its reply becomes a value."""

from __future__ import annotations

import inspect
import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from types import NoneType
from typing import Any, ClassVar, Literal, cast, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict, RootModel, TypeAdapter, ValidationError, create_model
from pydantic_core import from_json, to_json

from ._arriving import Arriving
from ._json_text import json_candidates
from ._narrow import is_dict
from ._partial import Convert, Settled, converter, json_keys, plan_of
from ._schema import model_schema, strict_schema, without_properties
from ._tool_types import ArgumentsTool
from ._type_names import bare_type, is_class, is_union, type_name
from .from_call_args import FromCallArgs
from .tool import GENERIC_DESCRIPTION, BaseTool

JSON_INSTRUCTION = "Reply with one valid JSON object and nothing else: no prose, no code fence."
"""Added to the prompt in JSON mode without a response model."""

_SCHEMA_INSTRUCTION = (
    JSON_INSTRUCTION
    + " It must be an instance of this JSON schema (do not repeat the schema itself):\n\n{schema}"
)
_BASE_TYPES: tuple[Any, ...] = (
    *(str, int, float, bool, bytes, list, set, frozenset, tuple, dict, NoneType),
    *(datetime, date, time, timedelta, Decimal, UUID),
)


class ResponseTool(ArgumentsTool):
    """The tool by whose call the model answers. It validates nothing: `args` is what was sent."""

    model_config = ConfigDict(extra="allow")

    _extraction: ClassVar[Extraction]

    @classmethod
    def _parameters(cls, strict: bool = False) -> dict[str, Any]:
        return cls._extraction.schema(strict)

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The JSON schema of the arguments, which are no fields of this class."""
        return deepcopy(cls._extraction.schema())


class Extraction:
    """A response model with everything about it that is known at decoration.

    A type that is no object in JSON (`list[Book]`, `int | None`, an enum, a `RootModel`) is asked
    for as the one property, `value`, of an object.

    Raises ValueError for a type that cannot be extracted, and for a `FromCallArgs` field that is
    not among `parameters`, the prompt function's own (unless that is None).
    """

    def __init__(self, response_model: Any, *, parameters: Collection[str] | None = None) -> None:
        bare = bare_type(response_model)
        is_model = is_class(bare, BaseModel)
        if not is_model and not _is_base_type(bare):
            raise ValueError(
                f"`response_model` must be a BaseModel or a BaseType, not {response_model!r}. "
                "Use a pydantic model, a built-in type such as `str` or `list[int]`, an `Enum`, a "
                "`Literal`, or a union of those."
            )
        self.response_model = response_model
        self.is_built_in: bool = not is_model
        """Whether the answer is of a type that is no model, and may not take attributes."""
        self.is_wrapped: bool = not is_model or RootModel in bare.__mro__
        self.name: str = type_name(bare)
        if is_class(bare, BaseTool):  # type: ignore[type-abstract]
            self.name = bare._name()
        self.description: str = _description(bare)
        self.model: type[BaseModel] = bare
        if self.is_wrapped:
            self.model = create_model(self.name, value=(response_model, ...))
        self.strict: bool = is_model and self.model.model_config.get("strict") is True
        """Whether the provider is to enforce the schema: `ResponseModelConfigDict(strict=True)`."""
        self.call_args: dict[str, tuple[str, ...]] = _call_args(self.model, parameters)
        """Fields filled from the call, each with the keys under which the reply may hold it."""
        self._tools: dict[type[BaseTool], type[BaseTool]] = {}

    # --- what the model is asked for

    def tool_type(self, base: type[BaseTool]) -> type[BaseTool]:
        """The tool by whose call the model answers, in the provider's class."""
        if base not in self._tools:
            tool = create_model(self.name, __base__=(ResponseTool, base), __doc__=self.description)
            cast(type[ResponseTool], tool)._extraction = self
            tool._recipe = response_tool, (self.response_model, base)
            self._tools[base] = tool
        return self._tools[base]

    def schema(self, strict: bool = False) -> dict[str, Any]:
        """The JSON schema of the answer, without fields filled from the call. Not to be changed.

        Raises ValueError where `strict` is asked of a shape that cannot be strict.
        """
        return self._strict_schema if strict else self._schema

    @cached_property
    def json_instruction(self) -> str:
        """What to add to the prompt in JSON mode."""
        schema = {"title": self.name, **self._schema}
        if self.description != GENERIC_DESCRIPTION:
            schema["description"] = self.description
        return _SCHEMA_INSTRUCTION.format(schema=json.dumps(schema, indent=2, ensure_ascii=False))

    @cached_property
    def _schema(self) -> dict[str, Any]:
        keys = frozenset(key for keys in self.call_args.values() for key in keys)
        schema = model_schema(self.model)
        return without_properties(schema, keys) if keys else schema

    @cached_property
    def _strict_schema(self) -> dict[str, Any]:
        return strict_schema(self._schema)

    # --- what it replied

    def from_arguments(self, arguments: str | Mapping[str, Any], fn_args: Mapping[str, Any]) -> Any:
        """The answer, from a tool call's arguments.

        Raises pydantic.ValidationError where they do not fit, ValueError where they are not JSON.
        """
        if self.call_args:
            return self._with_call_args(arguments, fn_args)
        # A decoded object takes the way over JSON too, so that both mean the same in strict models.
        text = arguments if isinstance(arguments, str) else to_json(arguments)
        answer = self.model.model_validate_json(text if text.strip() else "{}")
        return cast(Any, answer).value if self.is_wrapped else answer

    def from_text(self, text: str, fn_args: Mapping[str, Any]) -> Any:
        """The answer, from text that is JSON or has JSON in it: fenced, or with prose around it.

        Raises pydantic.ValidationError where the JSON does not fit, ValueError where there is none.
        """
        failure: ValueError | None = None
        for candidate in json_candidates(text, any_value=self.is_wrapped):
            try:
                return self._from_json(candidate, fn_args)
            except ValueError as error:
                if failure is None or _is_malformed(failure):
                    failure = error
                if candidate is text and not _is_malformed(error):
                    break
        raise failure or ValueError("No tool call or JSON object found in response.")

    def arriving(self) -> Arriving:
        """A reader of the answer while its text arrives."""
        return Arriving(self._partial_answer, any_value=self.is_wrapped)

    def _partial_answer(self, data: Any, settled: Settled | None) -> Any:
        if not self.is_wrapped:
            return plan_of(self.model).build(data, settled)
        if is_dict(data) and data.keys() <= {"value"}:
            data = data.get("value")
        return None if data is None else self._convert(data, settled)

    def _from_json(self, text: str, fn_args: Mapping[str, Any]) -> Any:
        try:
            return self.from_arguments(text, fn_args)
        except ValidationError as error:
            if not self.is_wrapped:
                raise
            try:
                return self._adapter.validate_json(text)
            except ValidationError as bare_error:
                raise (error if '"value"' in text else bare_error) from None

    def _with_call_args(
        self, arguments: str | Mapping[str, Any], fn_args: Mapping[str, Any]
    ) -> Any:
        # Encoded by hand: half of a surrogate pair is a ValueError here, a TypeError there.
        text = arguments.encode() or b"{}" if isinstance(arguments, str) else None
        data: Any = arguments if text is None else from_json(text)
        if isinstance(data, Mapping):
            from_call = {keys[0]: fn_args[name] for name, keys in self.call_args.items()}
            replaced = {key for keys in self.call_args.values() for key in keys}
            reply = cast(Mapping[str, Any], data).items()
            data = {key: value for key, value in reply if key not in replaced} | from_call
        # Values from the call are Python objects, so this cannot go over JSON; and it has to be lax
        # even for a strict model, since a reply writes a date or an enum as text.
        return self.model.model_validate(data, strict=False if self.strict else None)

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.response_model)

    @cached_property
    def _convert(self) -> Convert:
        return converter(self.response_model)


def _is_base_type(bare: Any) -> bool:
    if is_union(bare):
        members = [bare_type(member) for member in get_args(bare)]
        return all(_is_base_type(m) or is_class(m, BaseModel) for m in members)
    origin = get_origin(bare)
    return origin is Literal or (origin or bare) in _BASE_TYPES or is_class(bare, Enum)


def _description(bare: Any) -> str:
    documented = is_class(bare, BaseModel) or is_class(bare, Enum)
    text: str | None = bare.__dict__.get("__doc__") if documented else None
    return inspect.cleandoc(text) if text else GENERIC_DESCRIPTION


def _call_args(
    model: type[BaseModel], parameters: Collection[str] | None
) -> dict[str, tuple[str, ...]]:
    marked = {
        name: tuple(json_keys(name, info))
        for name, info in model.__pydantic_fields__.items()
        if any(isinstance(mark, FromCallArgs) for mark in info.metadata)
    }
    for name in marked:
        if parameters is not None and name not in parameters:
            raise ValueError(
                f"Field `{name}` of `{model.__name__}` is marked `FromCallArgs`, but the prompt "
                f"function has no parameter `{name}`. Add the parameter or remove the mark."
            )
    return marked


def _is_malformed(error: ValueError) -> bool:
    if not isinstance(error, ValidationError):
        return True
    return error.error_count() == 1 and error.errors()[0]["type"] == "json_invalid"


def response_tool(response_model: Any, base: type[BaseTool]) -> type[BaseTool]:
    """The tool by whose call a model answers with a `response_model`."""
    return Extraction(response_model).tool_type(base)
