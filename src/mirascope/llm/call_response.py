"""Any provider's reply, in common terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.base._reply_view import tool_results
from ..core.base.call_response import BaseCallResponse, computed_once, hold
from ..core.base.message_param import BaseMessageParam
from ..core.base.tool import BaseTool
from ..core.base.types import FinishReason, Usage
from .tool import Tool

_COMMON = ("messages", "user_message_param", "response")
"""What the provider's response holds in its own terms, and this one works out when it is asked."""
_READ_THERE = ("_raw", "start_time", "end_time")
"""What is read off the provider's response."""
_NOT_SHARED = frozenset(_COMMON + _READ_THERE)


class CallResponse(BaseCallResponse):
    """Any provider's reply; `_response` is the provider's own response.

    What only the provider's response has (`audio`, `thinking`, …) can be read off this one as well.
    """

    def __init__(self, response: BaseCallResponse) -> None:
        values = {name: value for name, value in vars(response).items() if name not in _NOT_SHARED}
        values["_response"], values["_dumped"] = response, response._dumped
        if type(self) is CallResponse:
            hold(self, values)
        else:  # of which a user's subclass may have more
            super().__init__()
            vars(self).update(values)

    @computed_once
    def _reply(self) -> Any:
        return self._response._reply

    @property
    def response(self) -> Any:
        """The SDK's own response object."""
        return self._response.response

    @property
    def finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers."""
        return self.common_finish_reasons

    @property
    def usage(self) -> Usage | None:
        """The token counts, or None where the reply has none."""
        return self.common_usage

    @computed_once
    def message_param(self) -> BaseMessageParam:
        """The assistant's turn, ready to be sent back to any provider."""
        return self.common_message_param

    @computed_once
    def user_message_param(self) -> BaseMessageParam | None:
        """The last message of the request if it is the user's, else None."""
        return self.common_user_message_param

    @computed_once
    def messages(self) -> list[BaseMessageParam]:
        """The messages of the prompt."""
        return self.common_messages

    @computed_once
    def tools(self) -> list[Tool] | None:
        """The tools that the model called, as instances of their classes; None if it called none.

        Raises like the provider's response.
        """
        return self._response.tools or None

    @property
    def tool(self) -> Tool | None:
        """The first tool that the model called, or None."""
        return self.tools[0] if self.tools else None

    @classmethod
    def tool_message_params(
        cls, tools_and_outputs: Sequence[tuple[BaseTool, Any]]
    ) -> list[BaseMessageParam]:
        """The messages that tell the model what its tools gave: one for each tool."""
        return tool_results(tools_and_outputs)

    if TYPE_CHECKING:
        # mypy takes `__getattr__` for the methods of any protocol, and would have this awaited.
        __await__: ClassVar[None]

    def __getattr__(self, name: str) -> Any:
        response = self.__dict__.get("_response")
        if response is None or name.startswith("__"):
            raise AttributeError(name)
        extra = self.__pydantic_extra__
        return extra[name] if extra and name in extra else getattr(response, name)
