"""What a client asks of its server, written once for its sync and its async face."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic_core import to_json

from ..core.base._flow import Flow, step
from ..core.base.message_param import BaseMessageParam
from ._failures import failure, server_label
from ._results import MCPToolResult, prompt_message, resource_contents, result_text
from ._sdk import field, sdk
from ._tool import server_tool

if TYPE_CHECKING:
    from ..core.base.tool import BaseTool
    from ._connection import Connection

Start = Callable[[Mapping[str, Any]], Flow[list[BaseMessageParam]]]


class ClientFlows:
    """A client over a session, or a client, of the SDK that is connected to its server."""

    is_async: ClassVar[bool]

    def __init__(
        self, session: Any, *, name: str | None = None, connection: Connection | None = None
    ) -> None:
        self.session = session
        """The SDK's own client or session, for whatever is not here. Async."""
        info = getattr(session, "server_info", None)
        self.name: str | None = name or getattr(info, "name", None)
        """The name of the server; None where it does not say."""
        self._connection = connection
        self._loop = _running_loop()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({server_label(self.name)})"

    # --- tools

    def _list_tools(self, prefix: str) -> Flow[list[type[BaseTool]]]:
        definitions = yield from self._all_of("tools")
        return [
            server_tool(
                each,
                self._call_tool,
                is_async=self.is_async,
                prefix=prefix,
                server=server_label(self.name),
            )
            for each in definitions
        ]

    def _call_tool(
        self, name: str, arguments: dict[str, Any], part_types: frozenset[str]
    ) -> Flow[MCPToolResult]:
        what = f"Tool `{name}`"
        result = yield from self._asked(what, "call_tool", name, arguments)
        if field(result, "is_error"):
            text = result_text(result.content)
            raise RuntimeError(f"{what} of {server_label(self.name)} failed: {text}")
        return MCPToolResult(result.content, field(result, "structured_content"), part_types)

    # --- resources

    def _read_resource(self, uri: Any) -> Flow[list[Any]]:
        result = yield from self._asked(f"Resource `{uri}`", "read_resource", str(uri))
        return resource_contents(result.contents)

    # --- prompts

    def _prompt_named(self, name: str) -> Flow[Any]:
        prompts = yield from self._all_of("prompts")
        for prompt in prompts:
            if prompt.name == name:
                return prompt
        known = ", ".join(f"`{prompt.name}`" for prompt in prompts) or "none"
        raise ValueError(
            f"There is no prompt `{name}` in {server_label(self.name)}. It has: {known}."
        )

    def _messages(self, prompt: Any, arguments: Mapping[str, Any]) -> Flow[list[BaseMessageParam]]:
        texts = _prompt_arguments(prompt, arguments)
        result = yield from self._asked(
            f"Prompt `{prompt.name}`", "get_prompt", prompt.name, texts or None
        )
        return [prompt_message(message) for message in result.messages]

    # --- asking

    def _all_of(self, kind: str) -> Flow[list[Any]]:
        """Everything that the server lists, page after page."""
        what, method = f"The list of {kind}", f"list_{kind}"
        # A client of the SDK takes a cursor, a session the parameters of the request.
        takes_cursor = "cursor" in inspect.signature(getattr(self.session, method)).parameters
        listed: list[Any] = []
        cursors: set[str] = set()
        options: dict[str, Any] = {}
        while True:
            page = yield from self._asked(what, method, **options)
            listed += getattr(page, kind)
            cursor = field(page, "next_cursor")
            if cursor is None:
                return listed
            if cursor in cursors:
                raise RuntimeError(
                    f"{what} of {server_label(self.name)} has no end: its pages lead back to one "
                    "another."
                )
            cursors.add(cursor)
            params = sdk("mcp.types").PaginatedRequestParams
            options = {"cursor": cursor} if takes_cursor else {"params": params(cursor=cursor)}

    def _asked(self, what: str, method: str, *args: Any, **kwargs: Any) -> Flow[Any]:
        """The answer to one request."""
        server = server_label(self.name)
        if self._connection:
            self._connection.check_open(what, server)
        if self._loop is not None and _running_loop() is not self._loop:
            raise RuntimeError(
                f"{what} of {server} was asked for in another event loop than the one that its "
                "connection belongs to. Sync code, and code of another loop, needs a client of "
                "its own: open it with `with` in the place of `async with`."
            )
        try:
            return (yield from step(getattr(self.session, method), *args, **kwargs))
        except Exception as error:
            raise failure(error, what, server) from error


def prompt_function(prompt: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """`call`, with the name, the description and the parameters of a server's prompt."""
    call.__name__ = call.__qualname__ = prompt.name
    call.__doc__ = prompt.description
    parameters = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.required else None,
            annotation=str,
        )
        for each in prompt.arguments or ()
        if each.name.isidentifier()
    ]
    parameters.sort(key=lambda parameter: parameter.default is None)
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=list[BaseMessageParam]
    )
    return call


def _prompt_arguments(prompt: Any, arguments: Mapping[str, Any]) -> dict[str, str]:
    """The arguments as the protocol wants them: as text. None is one that is left out."""
    given = {name: value for name, value in arguments.items() if value is not None}
    takes = {each.name: each.required for each in prompt.arguments or ()}
    if unknown := [name for name in given if name not in takes]:
        raise TypeError(
            f"Prompt `{prompt.name}` has no argument {_listed(unknown)}. It takes "
            f"{_listed(takes) or 'none'}."
        )
    if missing := [name for name, required in takes.items() if required and name not in given]:
        raise TypeError(f"Prompt `{prompt.name}` needs a value for {_listed(missing)}.")
    return {
        name: value if isinstance(value, str) else to_json(value).decode()
        for name, value in given.items()
    }


def _listed(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
