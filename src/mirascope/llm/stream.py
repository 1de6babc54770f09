"""Any provider's reply as it arrives, in common terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..core.base._feed import Source
from ..core.base._flow import Flow
from ..core.base._reply_view import tool_results
from ..core.base.message_param import BaseMessageParam
from ..core.base.stream import BaseStream
from ..core.base.tool import BaseTool
from ..core.base.types import FinishReason, Usage
from .call_response import CallResponse
from .call_response_chunk import CallResponseChunk
from .tool import Tool

Item = tuple[CallResponseChunk, Tool | None]


class Stream(BaseStream[CallResponseChunk, Tool]):
    """Any provider's reply as it arrives; `_stream` is the provider's own stream.

    What only the provider's stream has (`thinking`, …) can be read off this one as well.
    """

    def __init__(self, stream: BaseStream) -> None:
        stream.give_common_chunks(CallResponseChunk)
        self._stream = stream
        self._request = stream._request
        self._builder = stream._builder
        self._is_async = stream._is_async

    # --- the pass is the provider's

    def open(self) -> Flow[Source]:
        return self._stream.open()

    def feed(self, event: Any) -> Iterator[Item]:
        return self._stream.feed(event)

    def finish(self) -> Iterator[Item]:
        return self._stream.finish()

    def is_complete(self) -> bool:
        return self._stream.is_complete()

    def fail(self, error: Exception) -> Exception:
        return self._stream.fail(error)

    def stop(self) -> None:
        self._stream.stop()

    @property
    def start_time(self) -> float:
        """When the request was sent, in milliseconds since the epoch; 0 before that."""
        return self._stream.start_time

    @property
    def end_time(self) -> float:
        """When the iteration ended, in milliseconds since the epoch; 0 before that."""
        return self._stream.end_time

    # --- in common terms

    @property
    def finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in common terms; None until it is known."""
        return self.common_finish_reasons

    @property
    def usage(self) -> Usage | None:
        """The token counts; None until they are known."""
        return self.common_usage

    @property
    def message_param(self) -> BaseMessageParam:
        """The assistant's turn, as far as it has arrived."""
        return self.common_message_param

    @property
    def user_message_param(self) -> BaseMessageParam | None:
        """The last message of the request if it is the user's, else None."""
        return self.common_user_message_param

    @property
    def messages(self) -> list[BaseMessageParam]:
        """The messages of the prompt."""
        return self.common_messages

    def construct_call_response(self) -> CallResponse:
        """The response that the same call would have given without streaming; see `BaseStream`."""
        return CallResponse(self._stream.construct_call_response())

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
        if name.startswith("__") or name == "_stream":
            raise AttributeError(name)
        return getattr(self._stream, name)
