"""What every tool that a model calls is an instance of."""

from __future__ import annotations

from typing import Any

from ..core.base.tool import BaseTool


class _AnyTool(type(BaseTool)):  # type: ignore[misc]
    def __instancecheck__(cls, instance: Any) -> bool:
        return (
            isinstance(instance, BaseTool) if cls is Tool else super().__instancecheck__(instance)
        )

    def __subclasscheck__(cls, subclass: type) -> bool:
        return (
            issubclass(subclass, BaseTool) if cls is Tool else super().__subclasscheck__(subclass)
        )


class Tool(BaseTool, metaclass=_AnyTool):
    """Any provider's tool: `isinstance(response.tool, llm.Tool)` is true whoever the provider is.

    The tools of a response are instances of the classes that were offered to the model, too.
    """
