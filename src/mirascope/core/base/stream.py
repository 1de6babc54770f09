"""A reply that arrives bit by bit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic

from pydantic_core import to_json
from typing_extensions import TypeVar

from ._controls import Permits, admitted
from ._feed import END, ClosedOnce, Feed, Source
from ._flow import Flow, step
from ._provider import EventSource, Received
from ._reply_view import ReplyView
from ._request import Request
from ._unreadable import MISREAD, STUMBLES, unreadable_event
from ._wire import Delta, Reply, ReplyBuilder, ToolCall
from .call_response import BaseCallResponse
from .call_response_chunk import BaseCallResponseChunk
from .tool import BaseTool

ChunkT = TypeVar("ChunkT", default=Any)
ToolT = TypeVar("ToolT", default=Any)


class BaseStream(ReplyView, Feed[tuple[ChunkT, ToolT | None]], Generic[ChunkT, ToolT]):
    """The reply to a streamed call: iterate over it for `(chunk, tool)` pairs.

    Nothing is sent before the iteration starts. There is one pass; after it, and also after one
    that was broken off, everything that had arrived can be read off the stream. Use it as a context
    manager, or call `close()` (`await aclose()`), to end it early.
    """

    if not TYPE_CHECKING:

        def __class_getitem__(cls, parameters):
            # v1 had eleven type parameters here, for the types of what a subclass declares itself.
            if isinstance(parameters, tuple) and len(parameters) > 2:
                return cls
            return super().__class_getitem__(parameters)

    def __init__(self, request: Request, partial_tools: bool = False) -> None:
        self._request = request
        self._is_async = request.is_async
        self._partial_tools = partial_tools
        self._builder = ReplyBuilder()
        self._events: EventSource | None = None
        self._permits: Permits | None = None
        self._error: Exception | None = None
        self._over = False
        self._common_chunk_type: type[BaseCallResponseChunk] | None = None
        self._started_at: float = 0
        self._ended_at: float = 0

    def give_common_chunks(self, chunk_type: type[BaseCallResponseChunk]) -> None:
        """Have the pass yield chunks of this type, which refer to those of the provider."""
        self._common_chunk_type = chunk_type

    # --- the pass

    def open(self) -> Flow[Source]:
        request = self._request
        if request.controls:
            return (yield from self._open_controlled(request))
        self._started_at = time.time() * 1000
        raw = yield from step(self._send)
        self._events = self._events_of(raw)
        return self._events

    def _open_controlled(self, request: Request) -> Flow[Source]:
        self._permits = permits = yield from admitted(request)
        self._started_at = time.time() * 1000
        raw = yield from step(permits.sending(self._send, request))
        permits.received(raw, request)
        self._events = self._events_of(raw)
        return permits.follow(ClosedOnce(self._events), self, request.is_async)

    def _send(self) -> Any:
        return self._request.send()

    def _events_of(self, raw: Any) -> EventSource:
        return self._request.provider.source(raw, self._is_async)

    def feed(self, event: Any) -> Iterator[tuple[Any, Any]]:
        provider, permits = self._request.provider, self._permits
        chunk_type = self._common_chunk_type or provider.chunk_type
        assert self._events is not None
        for received in self._events.decode(event):
            try:
                delta = provider.decode_delta(received.data)
                complete = self._builder.add(delta) if delta is not None else []
            except MISREAD as error:
                told = unreadable_event(provider.title, received.data, error)
                raise self._events.unreadable(received.data, told) from error
            if delta is None:
                continue
            chunk = chunk_type._received(provider, delta, received)
            if delta.tools is None and not complete:
                yield chunk, None
            else:
                yield from self._with_tools(chunk, delta, complete)
            if permits is not None:
                permits.arrived(self)

    def finish(self) -> Iterator[tuple[Any, Any]]:
        if self._permits and (failure := self._permits.failure()):
            raise failure
        assert self._events is not None
        if self._events.has_rest:
            yield from self.feed(END)
        for call in self._builder.tools.finish():
            yield self._bare_chunk(), self._tool(call)
        if not (self._builder.ended or self._events.done):
            raise self._events.cut(
                f"The stream of {self._request.provider.title} ended before the reply was "
                "complete. What had arrived can be read off the stream."
            )

    def is_complete(self) -> bool:
        return self._events is not None and self._events.complete

    def fail(self, error: Exception) -> Exception:
        failure = self._permits.failure() if self._permits else None
        if isinstance(error, STUMBLES):
            error = self._request.provider.misread(error)
        self._error = failure or (self._events.failure(error) if self._events else error)
        return self._error

    def stop(self) -> None:
        if not self._over:
            self._ended_at = time.time() * 1000
            self._over = True
            if self._permits:
                self._permits.end(self, self._error)

    def _with_tools(
        self, chunk: BaseCallResponseChunk, delta: Delta, complete: list[ToolCall]
    ) -> Iterator[tuple[Any, Any]]:
        tools = [tool for call in complete if (tool := self._tool(call)) is not None]
        if self._partial_tools:
            tools = [*self._partials_of_whole_calls(delta), *tools, *self._partials(delta)]
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

    def _partials_of_whole_calls(self, delta: Delta) -> Iterator[BaseTool]:
        for part in delta.parts or ():
            if isinstance(part, ToolCall) and (tool_type := self._tool_type(part)):
                yield tool_type._from_partial_call(part, to_json(part.decoded()).decode())

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
        provider = self._request.provider
        return (self._common_chunk_type or provider.chunk_type)._received(provider, delta, None)

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
    def user_message_param(self) -> Any:
        """The last message of the request in the provider's form if it is the user's, else None."""
        return self._native_user_message()

    # --- growing with the stream

    @property
    def _reply(self) -> Reply:
        return self._builder.so_far()

    @property
    def thinking(self) -> str:
        """The model's reasoning, as far as it has arrived."""
        return "".join(thought.text for thought in self._reply.thinking)

    @property
    def message_param(self) -> Any:
        """The assistant's turn, as far as it has arrived, in the provider's form."""
        return self._adapter.message_param(self._reply)

    def construct_call_response(self) -> Any:
        """The response that the same call would have given without streaming.

        After a stream that was broken off it holds what had arrived. Raises ValueError while the
        stream has not been consumed.
        """
        if not self._over:
            raise ValueError("No stream response, check if the stream has been consumed.")
        provider = self._request.provider
        data = provider.encode_reply(self._reply)
        return provider.response_type._received(
            self._request, Received(data), self.start_time, self.end_time
        )
