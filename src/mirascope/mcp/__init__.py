"""The tools, resources and prompts of MCP servers (Model Context Protocol)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.client.stdio import StdioServerParameters as StdioServerParameters

    from ._connection import Connection as Connection
    from ._results import MCPToolResult as MCPToolResult
    from ._servers import in_process_client as in_process_client
    from ._servers import sse_client as sse_client
    from ._servers import stdio_client as stdio_client
    from ._servers import streamable_http_client as streamable_http_client
    from .client import MCPClient as MCPClient
    from .client import SyncMCPClient as SyncMCPClient

_NAMES = {
    "Connection": "._connection",
    "MCPClient": ".client",
    "MCPToolResult": "._results",
    "StdioServerParameters": "._sdk",
    "SyncMCPClient": ".client",
    "in_process_client": "._servers",
    "sse_client": "._servers",
    "stdio_client": "._servers",
    "streamable_http_client": "._servers",
}
_GONE = ("MCPServer", "MCPTool")

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    _load, __dir__ = lazy(__name__, _NAMES, ("client",))

    def __getattr__(name):
        if name in _GONE:
            # No AttributeError: `from mirascope.mcp import …` would not show its text.
            raise ImportError(
                f"`mirascope.mcp.{name}` is gone, as Mirascope had announced. Write servers with "
                "the `mcp` package's own class: `from mcp.server import MCPServer`, whose method "
                "`tool()` makes a tool of a function.",
                name=__name__,
            )
        return _load(name)


__all__ = [*_NAMES]  # pyright: ignore[reportUnsupportedDunderAll]
