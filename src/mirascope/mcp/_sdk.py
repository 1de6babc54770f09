"""What is imported of the `mcp` package, when it is first needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.client.stdio import StdioServerParameters as StdioServerParameters

_MISSING = (
    "MCP needs the `mcp` package, version 2, {problem}. "
    'Install it with `pip install "everscope[mcp]"`.'
)


def sdk(module: str) -> Any:
    """A module of the `mcp` package. Raises ImportError where version 2 of it is not installed."""
    try:
        import_module("mcp.client.client")
    except ModuleNotFoundError as error:
        missing = error.name == "mcp"
        problem = "which is not installed" if missing else "and an older one is installed"
        raise ImportError(_MISSING.format(problem=problem), name="mcp") from error
    return import_module(module)


def __getattr__(name: str) -> Any:
    if name == "StdioServerParameters":
        return sdk("mcp.client.stdio").StdioServerParameters
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def field(thing: Any, name: str) -> Any:
    """A field of one of the SDK's objects; version 1 writes `input_schema` as `inputSchema`."""
    if hasattr(thing, name):
        return getattr(thing, name)
    first, *others = name.split("_")
    return getattr(thing, first + "".join(map(str.capitalize, others)), None)
