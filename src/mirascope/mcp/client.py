"""Clients of MCP servers: what a server has to offer, as tools, parts and messages."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.base._flow import as_coroutine_function, run_async
from ..core.base.message_param import BaseMessageParam, TextPart
from ..llm._loop_thread import loop_thread
from ._client_flows import ClientFlows, prompt_function

if TYPE_CHECKING:
    from mcp_types import BlobResourceContents, Prompt, Resource
    from pydantic import AnyUrl

    from ..core.base.tool import BaseTool

__all__ = ["MCPClient", "SyncMCPClient"]


class MCPClient(ClientFlows):
    """A client of one server, for async code: what `async with stdio_client(…)` and the like give.

    `MCPClient(session)` is one over a `mcp.Client` or a `mcp.ClientSession` of your own, which is
    connected; you end it. It belongs to the event loop in which it is made.

    Its methods raise ConnectionError where the server is gone, TimeoutError where it does not
    answer in time, RuntimeError where it answers with an error; the SDK's error is the cause.
    """

    is_async: ClassVar[bool] = True

    def list_tools(self, *, prefix: str = "") -> Coroutine[Any, Any, list[type[BaseTool]]]:
        """The server's tools, for the `tools` of a call, a chain or a conversation.

        The model sees the server's names, descriptions and schemas. `prefix` goes before each name,
        so that the tools of several servers have different ones.
        """
        return run_async(self._list_tools(prefix))

    def list_resources(self) -> Coroutine[Any, Any, list[Resource]]:
        """The server's resources, as the SDK's objects: `uri`, `name`, `mime_type`, …"""
        return run_async(self._all_of("resources"))

    def read_resource(
        self, uri: str | AnyUrl
    ) -> Coroutine[Any, Any, list[TextPart | BlobResourceContents]]:
        """The contents of a resource: texts as parts, others as the SDK's objects (`blob`)."""
        return run_async(self._read_resource(uri))

    def list_prompts(self) -> Coroutine[Any, Any, list[Prompt]]:
        """The server's prompts, as the SDK's objects: `name`, `description`, `arguments`."""
        return run_async(self._all_of("prompts"))

    def get_prompt_template(
        self, name: str
    ) -> Coroutine[Any, Any, Callable[..., Coroutine[Any, Any, list[BaseMessageParam]]]]:
        """An async function that gives the messages of a prompt; its keywords are the arguments.

        Raises ValueError for a prompt that the server does not have. The function raises TypeError
        for arguments that the prompt does not take, and where one is missing.
        """
        return run_async(self._template(name))

    def _template(self, name: str) -> Any:
        prompt = yield from self._prompt_named(name)

        def messages(**arguments: Any) -> Any:
            return run_async(self._messages(prompt, arguments))

        return prompt_function(prompt, as_coroutine_function(messages))


class SyncMCPClient(ClientFlows):
    """A client of one server, for sync code: what `with stdio_client(…)` and the like give.

    It works from any thread. The connection lives in a thread of this library, whose event loop
    also runs the async tools of sync chains.

    Its methods raise ConnectionError where the server is gone, TimeoutError where it does not
    answer in time, RuntimeError where it answers with an error; the SDK's error is the cause.
    """

    is_async: ClassVar[bool] = False

    def list_tools(self, *, prefix: str = "") -> list[type[BaseTool]]:
        """The server's tools, for the `tools` of a call, a chain or a conversation.

        The model sees the server's names, descriptions and schemas. `prefix` goes before each name,
        so that the tools of several servers have different ones.
        """
        return loop_thread.run(run_async(self._list_tools(prefix)))

    def list_resources(self) -> list[Resource]:
        """The server's resources, as the SDK's objects: `uri`, `name`, `mime_type`, …"""
        return loop_thread.run(run_async(self._all_of("resources")))

    def read_resource(self, uri: str | AnyUrl) -> list[TextPart | BlobResourceContents]:
        """The contents of a resource: texts as parts, others as the SDK's objects (`blob`)."""
        return loop_thread.run(run_async(self._read_resource(uri)))

    def list_prompts(self) -> list[Prompt]:
        """The server's prompts, as the SDK's objects: `name`, `description`, `arguments`."""
        return loop_thread.run(run_async(self._all_of("prompts")))

    def get_prompt_template(self, name: str) -> Callable[..., list[BaseMessageParam]]:
        """A function that gives the messages of a prompt; its keywords are the arguments.

        Raises ValueError for a prompt that the server does not have. The function raises TypeError
        for arguments that the prompt does not take, and where one is missing.
        """
        prompt = loop_thread.run(run_async(self._prompt_named(name)))

        def messages(**arguments: Any) -> list[BaseMessageParam]:
            return loop_thread.run(run_async(self._messages(prompt, arguments)))

        return prompt_function(prompt, messages)
