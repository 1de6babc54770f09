"""A tool of a server as a tool class: the server's name, description and schema, as they are."""

# Without `from __future__ import annotations`, because pydantic would evaluate the annotations of
# the base classes anew for each class of tools.

import re
from collections.abc import Callable, Coroutine
from copy import deepcopy
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, ValidationError, create_model, model_validator

from ..core.base import _wire
from ..core.base._flow import Flow, as_coroutine_function, run_async
from ..core.base._narrow import is_dict
from ..core.base._partial import parse_partial
from ..core.base._schema import strict_schema
from ..core.base.tool import GENERIC_DESCRIPTION, BaseTool, arguments_of
from ..llm._loop_thread import loop_thread
from ._arguments import ArgumentsCheck
from ._results import MCPToolResult
from ._sdk import field

_NOT_IN_A_NAME = re.compile(r"[^a-zA-Z0-9_-]")

CallTool = Callable[[str, dict[str, Any], frozenset[str]], Flow[MCPToolResult]]
"""Calls a tool by the server's name for it."""


class ServerTool(BaseTool):
    """The base of the tools of servers. The arguments are what the model gave, no more: those that
    it left out are left out."""

    model_config = ConfigDict(extra="allow")

    mcp_tool: ClassVar[Any]
    """What the server says of the tool: the SDK's object, with its annotations."""
    _schema: ClassVar[dict[str, Any]]
    _check: ClassVar[ArgumentsCheck]
    _call_tool: ClassVar[CallTool]

    def _running(self) -> Flow[MCPToolResult]:
        cls = type(self)
        return cls._call_tool(cls.mcp_tool.name, arguments_of(self), cls._result_part_types)

    @classmethod
    def _parameters(cls, strict: bool = False) -> dict[str, Any]:
        return strict_schema(cls._schema) if strict else cls._schema

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The JSON schema of the arguments, as the server gives it."""
        return deepcopy(cls._schema)

    @model_validator(mode="before")
    @classmethod
    def _fit(cls, arguments: Any) -> Any:
        if is_dict(arguments) and (faults := cls._check.faults(arguments)):
            raise ValidationError.from_exception_data(cls._name(), faults)
        return arguments

    @classmethod
    def _from_partial_call(cls, call: _wire.ToolCall, delta: str | None = None) -> Self:
        arguments = call.arguments
        data = parse_partial(arguments) if isinstance(arguments, str) else arguments
        tool = cls.model_construct()
        extra = tool.__pydantic_extra__
        assert extra is not None  # these classes allow it
        extra.update(data if is_dict(data) else {})
        private = tool.__pydantic_private__
        assert private is not None  # `BaseTool` has private attributes
        private["_call"], private["_delta"] = call, delta
        return tool


class AsyncServerTool(ServerTool):
    """A tool of an async client."""

    @as_coroutine_function
    def call(self) -> Coroutine[Any, Any, MCPToolResult]:
        """Have the server run the tool. Await it.

        Raises RuntimeError where the tool fails, ConnectionError where the server is gone,
        TimeoutError where it does not answer in time.
        """
        return run_async(self._running())


class SyncServerTool(ServerTool):
    """A tool of a sync client."""

    def call(self) -> MCPToolResult:
        """Have the server run the tool.

        Raises RuntimeError where the tool fails, ConnectionError where the server is gone,
        TimeoutError where it does not answer in time.
        """
        return loop_thread.run(run_async(self._running()))


def server_tool(
    definition: Any, call_tool: CallTool, *, is_async: bool, prefix: str = "", server: str
) -> type[BaseTool]:
    """The tool class for a tool as the server defines it.

    It has the server's name for it: with `prefix` before it, and with `_` for the characters that
    no provider allows.
    """
    name = prefix + _NOT_IN_A_NAME.sub("_", definition.name)
    tool = create_model(
        name,
        __base__=AsyncServerTool if is_async else SyncServerTool,
        __doc__=definition.description or field(definition, "title") or GENERIC_DESCRIPTION,
    )
    tool.__custom_name__ = name
    tool.mcp_tool = definition
    tool._schema = schema = field(definition, "input_schema")
    tool._check = ArgumentsCheck(schema)
    tool._call_tool = staticmethod(call_tool)
    tool._recipe = unplugged_tool, (definition, is_async, prefix, server)
    return tool


def unplugged_tool(definition: Any, is_async: bool, prefix: str, server: str) -> type[BaseTool]:
    """The class of a tool that has left its process, and its server: it cannot be called."""

    def call_tool(name: str, *_: Any) -> Flow[MCPToolResult]:
        raise ConnectionError(
            f"Tool `{name}` of {server} comes from another process, which the connection to the "
            "server did not leave. Use a tool of `list_tools()` of a connection of this process."
        )
        yield

    return server_tool(definition, call_tool, is_async=is_async, prefix=prefix, server=server)
