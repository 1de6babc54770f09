"""What is passed to a provider's SDK in the end."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from typing_extensions import TypedDict

_ToolSchemaT = TypeVar("_ToolSchemaT")


class BaseCallKwargs(TypedDict, Generic[_ToolSchemaT], total=False):
    """The keyword arguments of a provider's SDK call that this library sets itself."""

    model: str
    messages: list[Any]
    tools: list[_ToolSchemaT]
