"""A call decorator for a provider that is written the way Mirascope v1 had it.

A new provider is better written as an adapter, which `llm.call` knows by name: see the page on
custom providers in the documentation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ._signatures import ProviderCall
    from ._v1_calls import SetupCall
    from .call_response import BaseCallResponse
    from .call_response_chunk import BaseCallResponseChunk
    from .stream import BaseStream
    from .tool import BaseTool

    ResponseT = TypeVar("ResponseT", bound=BaseCallResponse)
    StreamT = TypeVar("StreamT", bound=BaseStream[Any, Any])


def call_factory(
    *,
    TCallResponse: type[ResponseT],
    TCallResponseChunk: type[BaseCallResponseChunk],
    TToolType: type[BaseTool],
    TStream: type[StreamT],
    default_call_params: Mapping[str, Any],
    setup_call: SetupCall,
    get_json_output: Callable[[Any, bool], str],
    handle_stream: Callable[..., Iterable[Any]],
    handle_stream_async: Callable[..., AsyncIterator[Any]],
) -> ProviderCall[ResponseT, StreamT, Any]:
    """The `call` decorator of a provider.

    - `TCallResponse`, `TCallResponseChunk`, `TToolType`, `TStream`: the provider's classes. A
      response, a chunk and a tool read the SDK's own object by properties of their own; a stream
      implements `_construct_message_param(tool_calls, content)` and `construct_call_response()`.
    - `default_call_params`: call parameters where the caller gives no other.
    - `setup_call`: makes one call ready. It is given `model`, `client`, `fn`, `fn_args`,
      `dynamic_config` (which always holds the prompt's `messages`), `tools`, `json_mode`,
      `call_params`, `response_model` and `stream`, and returns what `SetupCall` says.
    - `get_json_output(response_or_chunk, json_mode)`: the JSON text for the response model.
    - `handle_stream(raw, tool_types, partial_tools=...)`, and the async one: yield `(chunk, tool)`.
    """
    from ._v1_calls import Parts, call_decorator

    call: ProviderCall[ResponseT, StreamT, Any] = call_decorator(
        Parts(
            TCallResponse,
            TCallResponseChunk,
            TToolType,
            TStream,
            default_call_params,
            setup_call,
            get_json_output,
            handle_stream,
            handle_stream_async,
        )
    )
    return call
