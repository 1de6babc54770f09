"""What is read off a reply, whether it came whole or is still arriving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ._unreadable import UnreadableReply
from ._wire import Tokens
from .message_param import BaseMessageParam, ToolResultPart
from .tool_outputs import tool_output_content
from .types import CostMetadata, FinishReason, Usage

if TYPE_CHECKING:
    from ._provider import Provider
    from ._request import Request
    from ._wire import Reply, ToolCall
    from .tool import BaseTool


class TokenCounts:
    """What is read off token counts: of a reply, or of one chunk."""

    if TYPE_CHECKING:
        _adapter: Provider

        @property
        def model(self) -> str | None: ...
        @property
        def _tokens(self) -> Tokens | None: ...

    @property
    def provider(self) -> str:
        """The name of the provider that replies."""
        return self._adapter.name

    @property
    def input_tokens(self) -> int | float | None:
        """The number of tokens of the request; None where it is not known."""
        return self._tokens.input if self._tokens else None

    @property
    def cached_tokens(self) -> int | float | None:
        """The number of tokens of the request that the provider read from its cache, if known."""
        return self._tokens.cached if self._tokens else None

    @property
    def output_tokens(self) -> int | float | None:
        """The number of tokens of the reply; None where it is not known."""
        return self._tokens.output if self._tokens else None

    @property
    def common_usage(self) -> Usage | None:
        """The token counts, or None where there are none."""
        tokens = self._tokens
        if tokens is None or tokens.input is tokens.cached is tokens.output is None:
            return None
        return Usage(
            input_tokens=int(tokens.input or 0),
            cached_tokens=int(tokens.cached or 0),
            output_tokens=int(tokens.output or 0),
            total_tokens=int(tokens.input or 0) + int(tokens.output or 0),
        )

    @property
    def cost_metadata(self) -> CostMetadata:
        """What the cost is worked out from."""
        tokens = self._tokens or Tokens()
        return CostMetadata(
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cached_tokens=tokens.cached,
            cache_write=tokens.cache_write,
            reasoning_tokens=tokens.reasoning,
            cost=tokens.cost,
        )

    @property
    def cost(self) -> float | None:
        """The price in US dollars; None where the model or the counts are not known."""
        if self.model is None or self._tokens is None:
            return None
        from ..costs import calculate_cost

        return calculate_cost(self.provider, self.model, self.cost_metadata)


class ReplyView(TokenCounts):
    """What is read off a reply (as far as it has arrived) and the request that it answers."""

    _provider: ClassVar[str] = ""
    """The name of the provider whose class this is."""

    if TYPE_CHECKING:
        _request: Request

        @property
        def _reply(self) -> Reply: ...

    @property
    def _adapter(self) -> Provider:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        return self._request.provider

    @property
    def _tokens(self) -> Tokens | None:
        return self._reply.tokens

    @property
    def content(self) -> str:
        """The text of the reply; empty where there is none."""
        return self._reply.text

    @property
    def finish_reasons(self) -> list[Any] | None:
        """Why the reply ended, in the provider's words; None where it is not known."""
        return self._reply.finish_reasons

    @property
    def common_finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers; None where it is not known."""
        reply = self._reply
        return self._adapter.common_finish_reasons(reply.finish_reasons, bool(reply.tool_calls))

    @property
    def model(self) -> str | None:
        """The model that replies, or the one that was asked where the reply does not say."""
        return self._reply.model or self._request.model

    @property
    def id(self) -> str | None:
        """The provider's identifier of the reply; None where it is not known."""
        return self._reply.id

    @property
    def common_message_param(self) -> BaseMessageParam:
        """The assistant's turn as a common message."""
        return self._adapter.reply_message(self._reply)

    @property
    def common_user_message_param(self) -> BaseMessageParam | None:
        """The last message of the request as a common message if it is the user's, else None."""
        message = self._request.user_message
        return None if message is None else _common_message(self._adapter, message)

    @property
    def common_messages(self) -> list[BaseMessageParam]:
        """The messages of the prompt as common messages."""
        return [_common_message(self._adapter, m) for m in self._request.prompt.messages]

    def _native_user_message(self) -> Any:
        message = self._request.user_message
        return None if message is None else self._adapter.encode_messages([message])[0]

    @classmethod
    def tool_message_params(cls, tools_and_outputs: Sequence[tuple[BaseTool, Any]]) -> list[Any]:
        """The messages that tell the model what its tools gave, in the provider's form."""
        from .._providers import provider_named

        return provider_named(cls._provider).encode_messages(tool_results(tools_and_outputs))

    # --- to be looked at

    def _repr_markdown_(self) -> str:
        from ._looks import reply_markdown

        return reply_markdown(self)

    def __rich__(self) -> Any:
        from ._looks import as_rich

        return as_rich(self._repr_markdown_())

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        try:
            return f"{type(self).__name__}(model={self.model!r}, content={self.content!r})"
        except UnreadableReply:
            return f"{type(self).__name__}(unreadable)"


def tool_results(tools_and_outputs: Sequence[tuple[BaseTool, Any]]) -> list[BaseMessageParam]:
    """One common message for each tool's output."""
    return [
        BaseMessageParam(
            role="tool",
            content=[
                ToolResultPart(
                    name=tool._name(), content=tool_output_content(output), id=_tool_call_id(tool)
                )
            ],
        )
        for tool, output in tools_and_outputs
    ]


def _tool_call_id(tool: BaseTool) -> str | None:
    # Not `tool.id`, which is the argument where the tool has one of that name.
    call: ToolCall | None = getattr(tool, "_call", None)
    return call.id if call else None


def _common_message(provider: Provider, message: Any) -> BaseMessageParam:
    if isinstance(message, BaseMessageParam):
        return message
    return provider.decode_message(message)
