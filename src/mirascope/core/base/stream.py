"""A reply that arrives bit by bit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from typing_extensions import TypeVar

from ._flow import Feed, Flow, step
from ._provider import EventSource, Received
from ._request import Request
from ._wire import Delta, ReplyBuilder, Tokens, ToolCall
from .call_response import BaseCallResponse, common_message, cost_metadata, cost_of
from .call_response_chunk import BaseCallResponseChunk
from .message_param import BaseMessageParam
from .tool import BaseTool
from .types import CostMetadata, FinishReason

if TYPE_CHECKING:
    from ._provider import Provider

ChunkT = TypeVar("ChunkT", default=Any)
ToolT = TypeVar("ToolT", default=Any)


class BaseStream(Feed[tuple[ChunkT, ToolT | None]], Generic[ChunkT, ToolT]):
    """The reply to a streamed call: iterate over it for `(chunk, tool)` pairs.

    Nothing is sent before the iteration starts. There is one pass; after it, and also after one
    that was broken off, everything that had arrived can be read off the stream. Use it as a context
    manager, or call `close()` (`await aclose()`), to end it early.
    """

    _provider: ClassVar[str] = ""

    def __init__(self, request: Request, partial_tools: bool = False) -> None:
        self._request = request
        self._is_async = request.is_async
        self._partial_tools = partial_tools
        self._builder = ReplyBuilder()
        self._events: EventSource | None = None
        self._over = False
        self._started_at: float = 0
        self._ended_at: float = 0

    # --- the pass

    def open(self) -> Flow[EventSource]:
        request = self._request
        self._started_at = time.time() * 1000
        raw = yield from step(request.send)
        self._events = request.provider.source(raw, request.is_async)
        return self._events

    def feed(self, event: Any) -> Iterator[tuple[Any, Any]]:
        provider = self._request.provider
        chunk_type = provider.chunk_type
        assert self._events is not None
        for received in self._events.decode(event):
            delta = provider.decode_delta(received.data)
            if delta is None:
                continue
            complete = self._builder.add(delta)
            chunk = chunk_type._received(provider, delta, received)
            if delta.tools is None and not complete:
                yield chunk, None
            else:
                yield from self._with_tools(chunk, delta, complete)

    def finish(self) -> Iterator[tuple[Any, Any]]:
        for call in self._builder.tools.finish():
            yield self._bare_chunk(), self._tool(call)
        assert self._events is not None
        if not (self._builder.ended or self._events.done):
            raise self._events.cut(
                f"The stream of {self._request.provider.title} ended before the reply was "
                "complete. What had arrived can be read off the stream."
            )

    def fail(self, error: Exception) -> Exception:
        return self._events.failure(error) if self._events else error

    def stop(self) -> None:
        self._ended_at = time.time() * 1000
        self._over = True

    def _with_tools(
        self, chunk: BaseCallResponseChunk, delta: Delta, complete: list[ToolCall]
    ) -> Iterator[tuple[Any, Any]]:
        tools = [tool for call in complete if (tool := self._tool(call)) is not None]
        if self._partial_tools:
            tools += self._partials(delta)
        if not tools:
            yield chunk, None
        for tool in tools:
            yield chunk, tool
            # A further tool comes with a chunk of its own, so that no text is seen twice.
            chunk = self._bare_chunk()

    def _partials(self, delta: Delta) -> Iterator[BaseTool]:
        for fragment in delta.tools or ():
            if not fragment.arguments:
                continue
            call = self._builder.tools.current(fragment.key)
            if call and (tool_type := self._tool_type(call)):
                yield tool_type._from_partial_call(call, str(fragment.arguments))

    def _tool(self, call: ToolCall) -> BaseTool | None:
        tool_type = self._tool_type(call)
        return tool_type._from_call(call) if tool_type else None

    def _tool_type(self, call: ToolCall) -> type[BaseTool] | None:
        if not self.tool_types:
            return None
        for tool_type in self.tool_types:
            if tool_type._name() == call.name:
                return tool_type
        offered = ", ".join(f"`{tool_type._name()}`" for tool_type in self.tool_types)
        raise RuntimeError(f"Unknown tool type in stream: `{call.name}`. Offered were {offered}.")

    def _bare_chunk(self) -> Any:
        reply = self._builder.reply
        delta = Delta(id=reply.id, model=reply.model)
        return self._request.provider.chunk_type._received(self._request.provider, delta, None)

    @property
    def start_time(self) -> float:
        """When the request was sent, in milliseconds since the epoch; 0 before that."""
        return self._started_at

    @property
    def end_time(self) -> float:
        """When the iteration ended, in milliseconds since the epoch; 0 before that."""
        return self._ended_at

    # --- known from the start

    @property
    def metadata(self) -> Any:
        """The metadata of the call."""
        return self._request.prompt.metadata

    @property
    def tool_types(self) -> Sequence[type[BaseTool]] | None:
        """The tools that were offered to the model, or None."""
        return self._request.tool_types

    @property
    def call_response_type(self) -> type[BaseCallResponse]:
        """The class of `construct_call_response()`."""
        return self._request.provider.response_type

    @property
    def prompt_template(self) -> str | None:
        """The text of the template that made the prompt, or None."""
        return self._request.prompt.template

    @property
    def fn_args(self) -> dict[str, Any]:
        """The arguments of the prompt function, computed fields included."""
        return self._request.prompt.fn_args

    @property
    def dynamic_config(self) -> Any:
        """The dynamic configuration of the call, or None."""
        return self._request.prompt.dynamic_config

    @property
    def messages(self) -> list[Any]:
        """The messages as they are sent."""
        return self._request.messages

    @property
    def call_params(self) -> Any:
        """The call parameters of the decorator."""
        return self._request.call_params

    @property
    def call_kwargs(self) -> dict[str, Any]:
        """What the SDK is called with."""
        return self._request.kwargs

    @property
    def provider(self) -> str:
        """The name of the provider."""
        return self._request.provider.name

    @property
    def user_message_param(self) -> Any:
        """The last message of the request in the provider's form if it is the user's, else None."""
        message = self._request.user_message
        return None if message is None else self._adapter.encode_messages([message])[0]

    # --- growing with the stream

    @property
    def content(self) -> str:
        """The text that has arrived."""
        return self._builder.so_far().text

    @property
    def finish_reasons(self) -> list[Any] | None:
        """Why the reply ended, in the provider's words; None until it is known."""
        return self._builder.reply.finish_reasons

    @property
    def common_finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers; None until it is known."""
        return self._adapter.common_finish_reasons(self._builder.reply.finish_reasons)

    @property
    def model(self) -> str:
        """The model that replies, or the one that was asked until the reply says."""
        return self._builder.reply.model or self._request.model

    @property
    def id(self) -> str | None:
        """The provider's identifier of the reply; None until it is known."""
        return self._builder.reply.id

    @property
    def input_tokens(self) -> int | float | None:
        """The number of tokens of the request; None until it is known."""
        tokens = self._builder.reply.tokens
        return tokens.input if tokens else None

    @property
    def cached_tokens(self) -> int | float | None:
        """The number of tokens read from the provider's cache; None until it is known."""
        tokens = self._builder.reply.tokens
        return tokens.cached if tokens else None

    @property
    def output_tokens(self) -> int | float | None:
        """The number of tokens of the reply; None until it is known."""
        tokens = self._builder.reply.tokens
        return tokens.output if tokens else None

    @property
    def cost_metadata(self) -> CostMetadata:
        """What the cost is worked out from."""
        return cost_metadata(self._builder.reply.tokens or Tokens())

    @property
    def cost(self) -> float | None:
        """The price of the call in US dollars; None where it is not known."""
        tokens = self._builder.reply.tokens
        return cost_of(self.provider, self.model, tokens) if tokens else None

    @property
    def message_param(self) -> Any:
        """The assistant's turn, as far as it has arrived, in the provider's form."""
        return self._adapter.message_param(self._builder.so_far())

    @property
    def common_message_param(self) -> BaseMessageParam:
        """The assistant's turn, as far as it has arrived, as a common message."""
        return self._adapter.reply_message(self._builder.so_far())

    @property
    def common_user_message_param(self) -> BaseMessageParam | None:
        """The last message of the request as a common message if it is the user's, else None."""
        message = self._request.user_message
        return None if message is None else common_message(self._adapter, message)

    @property
    def common_messages(self) -> list[BaseMessageParam]:
        """The messages of the prompt as common messages."""
        return [common_message(self._adapter, m) for m in self._request.prompt.messages]

    def construct_call_response(self) -> Any:
        """The response that the same call would have given without streaming.

        After a stream that was broken off it holds what had arrived. Raises ValueError while the
        stream has not been consumed.
        """
        if not self._over:
            raise ValueError("No stream response, check if the stream has been consumed.")
        provider = self._request.provider
        data = provider.encode_reply(self._builder.so_far())
        return provider.response_type._received(
            self._request, Received(data), self.start_time, self.end_time
        )

    @classmethod
    def tool_message_params(cls, tools_and_outputs: Sequence[tuple[BaseTool, Any]]) -> list[Any]:
        """The messages that tell the model what its tools gave, in the provider's form."""
        from .._providers import provider_named

        return provider_named(cls._provider).response_type.tool_message_params(tools_and_outputs)

    @property
    def _adapter(self) -> Provider:
        return self._request.provider

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r}, content={self.content!r})"
