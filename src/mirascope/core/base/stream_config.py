"""How a call is streamed."""

from __future__ import annotations

from typing_extensions import TypedDict


class StreamConfig(TypedDict, total=False):
    """Options of `stream`."""

    partial_tools: bool
    """Yield each tool while its arguments are still arriving."""
