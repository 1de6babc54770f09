"""Calls that work the same with every provider, named by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from ..core.base._media_policy import MediaPolicy as MediaPolicy
    from ..core.base.types import CostMetadata as CostMetadata
    from ..core.base.types import LocalProvider as LocalProvider
    from ..core.base.types import Provider as Provider
    from ..core.costs import calculate_cost as calculate_cost
    from ._call import call as call
    from ._context import context as context
    from ._override import override as override
    from .call_response import CallResponse as CallResponse
    from .call_response_chunk import CallResponseChunk as CallResponseChunk
    from .stream import Stream as Stream
    from .tool import Tool as Tool

_NAMES = {
    "CallResponse": ".call_response",
    "CallResponseChunk": ".call_response_chunk",
    "CostMetadata": "..core.base.types",
    "LocalProvider": "..core.base.types",
    "MediaPolicy": "..core.base._media_policy",
    "Provider": "..core.base.types",
    "Stream": ".stream",
    "Tool": ".tool",
    "calculate_cost": "..core.costs",
    "call": "._call",
    "context": "._context",
    "override": "._override",
}

__getattr__, __dir__ = lazy(__name__, _NAMES)

__all__ = [
    "CallResponse",
    "CallResponseChunk",
    "CostMetadata",
    "LocalProvider",
    "MediaPolicy",
    "Provider",
    "Stream",
    "Tool",
    "calculate_cost",
    "call",
    "context",
    "override",
]
