"""What every tool that a model calls is an instance of."""

from __future__ import annotations

from typing import Any

from ..core.base.tool import BaseTool


class _AnyTool(type(BaseTool)):  # type: ignore[misc]
    # By the order of resolution: `isinstance` would come back here in older versions of pydantic.

    def __instancecheck__(cls, instance: Any) -> bool:
        if cls is Tool:
            return BaseTool in type(instance).__mro__
        return bool(super().__instancecheck__(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is Tool:
            return BaseTool in subclass.__mro__
        return bool(super().__subclasscheck__(subclass))


class Tool(BaseTool, metaclass=_AnyTool):
    """Any provider's tool: `isinstance(response.tool, llm.Tool)` is true whoever the provider is.

    The tools of a response are instances of the classes that were offered to the model, too.
    """
