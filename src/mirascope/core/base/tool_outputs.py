"""What a tool gave, as the text that the model reads."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from ._media import media_object_part
from ._narrow import is_list_or_tuple
from .message_param import RESULT_PART_TYPES, ResultPart, TextPart

OwnerT = TypeVar("OwnerT")
ToolT = TypeVar("ToolT")
ResultT = TypeVar("ResultT")

_JSON_TYPES = (type(None), bool, int, float, list, tuple, set, frozenset, dict)


class ShownOutput(ABC):
    """A tool's output that says itself what the model is shown of it."""

    @abstractmethod
    def shown(self) -> str | list[ResultPart]:
        """What the model is shown: text, or parts where there is more than text."""


def tool_output_text(output: Any) -> str:
    """A tool's output as text: a str as it is, bytes as base64, models and plain data as JSON.

    Raises TypeError for anything else.
    """
    if isinstance(output, ShownOutput):
        output = output.shown()
    if isinstance(output, str):
        return output
    if isinstance(output, bytes):
        return base64.b64encode(output).decode()
    if isinstance(output, BaseModel):
        return output.model_dump_json()
    if not isinstance(output, _JSON_TYPES):
        raise TypeError(
            f"A tool's output of type `{type(output).__name__}` cannot be sent to the model. "
            "Return a `str`, `bytes`, a pydantic model or plain data (None, numbers, lists, dicts)."
        )
    return json.dumps(output, default=_jsonable, ensure_ascii=False)


def tool_output_content(output: Any) -> str | list[ResultPart]:
    """A tool's output as what the model is shown: text, or parts where it has any.

    A part, a PIL image, or a list or tuple that holds one of them and is otherwise read item by
    item. Raises TypeError like `tool_output_text`.
    """
    if isinstance(output, ShownOutput):
        return output.shown()
    items = output if is_list_or_tuple(output) else [output]
    parts = [_shown_part(item) for item in items]
    if all(part is None for part in parts):
        return tool_output_text(output)
    return [
        TextPart(text=tool_output_text(item)) if part is None else part
        for part, item in zip(parts, items, strict=True)
    ]


def _shown_part(value: Any) -> ResultPart | None:
    if isinstance(value, RESULT_PART_TYPES):
        return value
    part = media_object_part(value)
    return part if isinstance(part, RESULT_PART_TYPES) else None


def transform_tool_outputs(
    fn: Callable[[OwnerT, Sequence[tuple[ToolT, str]]], ResultT],
) -> Callable[[OwnerT, Sequence[tuple[ToolT, Any]]], ResultT]:
    """Give a provider's `tool_message_params` its outputs as text.

    @classmethod
    @transform_tool_outputs
    def tool_message_params(cls, tools_and_outputs): ...
    """

    @wraps(fn)
    def with_text(owner: OwnerT, tools_and_outputs: Sequence[tuple[ToolT, Any]]) -> ResultT:
        return fn(owner, [(tool, tool_output_text(output)) for tool, output in tools_and_outputs])

    return with_text


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    try:
        return to_jsonable_python(value, bytes_mode="base64")
    except PydanticSerializationError as error:
        raise TypeError(
            f"A tool's output holds a `{type(value).__name__}`, which has no JSON form. "
            "Convert it to text, a pydantic model or plain data."
        ) from error
