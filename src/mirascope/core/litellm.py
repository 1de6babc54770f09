"""Many providers through LiteLLM: https://github.com/BerriAI/litellm.

LiteLLM has functions in the place of clients, and keeps clients of its own below them. As `client=`
a call takes a `litellm.Router`, or a client of OpenAI's SDK, which LiteLLM then uses for models
that are served by OpenAI's protocol.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from ._chat_completions import ChatCompletions, Json
from ._client_options import is_native_timeout, with_max_retries
from ._providers import PROVIDERS, require_sdk
from ._raw_response import is_plain
from ._sdk_objects import ObjectEvents, plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._flow import Flow, step
from .base._narrow import inner, is_list, is_object, objects_in
from .base._provider import EventSource, Received
from .base._provider_call import provider_call
from .base._unreadable import count
from .base._wire import Delta, NativeBlock, Reply, ReplyPart, Thinking, Tokens, ToolCall
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam, ProviderPart, ThinkingPart
from .base.stream import BaseStream
from .base.tool import BaseTool
from .base.types import FinishReason
from .openai import (
    OpenAICallParams,
    OpenAICallResponse,
    OpenAICallResponseChunk,
    OpenAIMessageParam,
    OpenAIStream,
    OpenAITool,
)

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._signatures import ProviderCall
    from .base._transport import Transport

require_sdk("litellm")

# --- what you may pass


class LiteLLMCallParams(OpenAICallParams, total=False):
    """The parameters of a call; source: https://docs.litellm.ai/docs/completion/input."""

    api_base: str
    api_key: str
    api_version: str
    drop_params: bool
    fallbacks: list[Any]
    num_retries: int
    thinking: dict[str, Any]


LiteLLMMessageParam: TypeAlias = OpenAIMessageParam
LiteLLMDynamicConfig: TypeAlias = BaseDynamicConfig[LiteLLMMessageParam, LiteLLMCallParams, Any]
AsyncLiteLLMDynamicConfig: TypeAlias = BaseDynamicConfig[
    LiteLLMMessageParam, LiteLLMCallParams, Any
]

# --- tools


class LiteLLMTool(OpenAITool):
    """A tool in LiteLLM's form, which is OpenAI's."""

    _provider_title = "LiteLLM"

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)


# --- what you get back


class LiteLLMCallResponse(OpenAICallResponse):
    """A reply that came through LiteLLM; `response` is LiteLLM's `ModelResponse`."""

    _provider = "litellm"

    if TYPE_CHECKING:

        @property
        def tool(self) -> LiteLLMTool | None: ...


class LiteLLMCallResponseChunk(OpenAICallResponseChunk):
    """A chunk of a reply that comes through LiteLLM."""


class LiteLLMStream(OpenAIStream):
    """A reply that comes through LiteLLM, as it arrives."""

    _provider = "litellm"

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[tuple[LiteLLMCallResponseChunk, LiteLLMTool | None]]: ...
        def __aiter__(
            self,
        ) -> AsyncIterator[tuple[LiteLLMCallResponseChunk, LiteLLMTool | None]]: ...
        def construct_call_response(self) -> LiteLLMCallResponse: ...


# --- how it maps


@dataclass(frozen=True, slots=True)
class _Completion:
    """What stands for a client: the function that sends, and what it is always given."""

    send: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


class LiteLLMProvider(ChatCompletions):
    """The facts of LiteLLM."""

    name = "litellm"
    speaks = True
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sync_clients: ClassVar[frozenset[str]] = frozenset({"OpenAI", "AzureOpenAI"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"AsyncOpenAI", "AsyncAzureOpenAI"})
    response_type: ClassVar[type[BaseCallResponse]] = LiteLLMCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = LiteLLMCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = LiteLLMStream
    tool_type: ClassVar[type[BaseTool]] = LiteLLMTool  # type: ignore[type-abstract]
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        **ChatCompletions.finish_reasons,
        "guardrail_intervened": "content_filter",
    }

    # --- sending

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> _Completion:
        options: Json = {}
        if endpoint is not None:
            # Whatever the model is: what is there speaks OpenAI's protocol.
            options = {
                "api_base": endpoint.base_url,
                "api_key": endpoint.api_key,
                "custom_llm_provider": "openai",
            }
        return _Completion(_sdk().acompletion if is_async else _sdk().completion, options)

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        if transport.timeout is not None:
            kwargs["timeout"] = transport.timeout
        if transport.max_retries is None:
            return client
        if hasattr(client, "with_options"):
            # Told by an argument, LiteLLM would change the client itself, for all its calls.
            return with_max_retries(self.title, client, transport.max_retries, _is_bare)
        # A router keeps the clients below it from trying again, and has a loop of its own for it.
        is_router = not isinstance(client, _Completion)
        kwargs["num_retries" if is_router else "max_retries"] = transport.max_retries
        return client

    def takes_timeout(self, timeout: Any) -> bool:
        return is_native_timeout(timeout, "openai")

    def open_client(self, client: Any, is_async: bool) -> Flow[Any]:
        if isinstance(client, _Completion):
            return client
        name = "acompletion" if is_async else "completion"
        if send := getattr(client, name, None):
            return _Completion(send)
        # LiteLLM would put its own defaults in the place of the client's settings.
        settings = {key: getattr(client, key, None) for key in ("max_retries", "timeout")}
        given = {key: value for key, value in settings.items() if value is not None}
        return _Completion(getattr(_sdk(), name), {"client": client, **given})
        yield

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        if not is_async:
            return
        # LiteLLM keeps a client for each event loop, and closes none of them with it.
        cache = _sdk().in_memory_llm_clients_cache
        clients: dict[str, Any] = cache.cache_dict
        mine: str = cache.update_cache_key_with_event_loop("")
        for key in [key for key in clients if key.endswith(mine)]:
            close = getattr(clients.pop(key), "close", None)
            with contextlib.suppress(Exception):
                yield from step(close or (lambda: None))

    def send(self, client: Any, kwargs: dict[str, Any], stream: bool) -> Any:
        return client.send(**{**client.options, **kwargs})

    def receive(self, raw: Any) -> Received:
        received = plain(raw)
        _restore(received.data, getattr(raw, "_hidden_params", None) or {})
        return received

    def source(self, raw: Any, is_async: bool) -> EventSource:
        return _Events(raw, is_async)

    def native_response(self, received: Received) -> Any:
        return _sdk().ModelResponse(**received.data)

    def native_chunk(self, received: Received) -> Any:
        return _types().ModelResponseStream(**received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        """LiteLLM's own object for a tool call."""
        native: Json = call.native or {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        known = {key: native.get(key) for key in ("id", "type", "function")}
        return _types().ChatCompletionMessageToolCall(**known)

    # --- encode

    def encode_message(self, message: BaseMessageParam) -> list[Json]:
        encoded = super().encode_message(message)
        if not isinstance(message.content, str):
            parts = [_block_of_part(self.name, part) for part in message.content]
            _give_back_blocks(encoded[0], [block for block in parts if block])
        return encoded

    def message_param(self, reply: Reply) -> Json:
        message = super().message_param(reply)
        blocks = [_block_of_reply(part) for part in reply.parts]
        _give_back_blocks(message, [block for block in blocks if block])
        return message

    # --- decode

    def decode_reply(self, data: Json) -> Reply:
        reply = super().decode_reply(data)
        choices = objects_in(data.get("choices")) or [{}]
        if blocks := _thinking_blocks(choices[0].get("message") or {}):
            others = [part for part in reply.parts if not isinstance(part, Thinking)]
            reply.parts = [*map(_decode_block, blocks), *others]
        return reply

    def decode_usage(self, usage: Any) -> Tokens | None:
        tokens = super().decode_usage(usage)
        if tokens and is_object(usage):
            tokens.cost = count(usage.get("cost"))
            details = inner(usage, "prompt_tokens_details")
            tokens.cache_write = count(details.get("cache_creation_tokens"))
        return tokens

    def _decode_choice(self, choice: Json, delta: Delta) -> None:
        super()._decode_choice(choice, delta)
        for block in _thinking_blocks(choice.get("delta") or {}):
            delta.signature += block.get("signature") or ""


class _Events(ObjectEvents):
    """The events of LiteLLM's stream."""

    def decode(self, event: Any) -> Iterable[Received]:
        received = plain(event)
        if _is_last(received.data.get("choices")) and self._ends_too_early():
            raise self.cut("The stream ended before the reply was complete.")
        usage = received.data.get("usage")
        if is_object(usage) and usage.get("cost") is None:
            usage["cost"] = self._price(event)
        return (received,)

    def _price(self, event: Any) -> float | None:
        """LiteLLM's price of the stream, which older versions do not put into the event."""
        price: float | None = None
        with contextlib.suppress(Exception):
            price = _sdk().completion_cost(
                completion_response=event,
                model=self._stream.model,
                custom_llm_provider=self._stream.custom_llm_provider,
            )
        return price

    def _ends_too_early(self) -> bool:
        # LiteLLM then makes a last event up for some providers, with the reason `stop`. What a
        # router wraps around the stream does not know of it.
        stream = self._stream
        is_bare = type(stream) is _sdk().CustomStreamWrapper
        return is_bare and getattr(stream, "received_finish_reason", "") is None

    def close(self) -> Flow[None]:
        # The sync stream has no `close` of its own.
        stream = self._stream
        if self._is_async:
            yield from step(stream.aclose)
        elif close := getattr(getattr(stream, "completion_stream", None), "close", None):
            yield from step(close)

    def cut(self, message: str) -> Exception:
        return cast(
            Exception,
            _sdk().APIConnectionError(
                message=message,
                llm_provider=getattr(self._stream, "custom_llm_provider", None) or "",
                model=getattr(self._stream, "model", None) or "",
            ),
        )


def _is_last(choices: Any) -> bool:
    """Whether an event with these choices says why the reply ended."""
    first = choices[0] if is_list(choices) and choices else None
    return is_object(first) and bool(first.get("finish_reason"))


def _restore(data: Json, hidden: Mapping[str, Any]) -> None:
    """Put what LiteLLM keeps beside its reply where the protocol has it: cost, and refusals."""
    cost = hidden.get("response_cost")
    if cost is not None and is_object(data.get("usage")):
        data["usage"].setdefault("cost", cost)
    choices = data.get("choices")
    for choice in choices if is_list(choices) else ():
        message = inner(choice, "message") if is_object(choice) else {}
        if refusal := inner(message, "provider_specific_fields").get("refusal"):
            message["refusal"] = refusal


# Reasoning that its provider wants back as it was: https://docs.litellm.ai/docs/reasoning_content.


def _thinking_blocks(message: Mapping[str, Any]) -> list[Json]:
    blocks = message.get("thinking_blocks")
    return [block for block in blocks if is_object(block)] if is_list(blocks) else []


def _decode_block(block: Json) -> ReplyPart:
    if block.get("type") == "thinking":
        return Thinking(block.get("thinking") or "", block.get("signature"))
    return NativeBlock(block)


def _block_of_part(provider: str, part: Any) -> Json | None:
    if isinstance(part, ThinkingPart) and part.signature and part.provider == provider:
        return {"type": "thinking", "thinking": part.thinking, "signature": part.signature}
    if isinstance(part, ProviderPart) and part.provider == provider:
        return part.data
    return None


def _block_of_reply(part: ReplyPart) -> Json | None:
    if isinstance(part, Thinking) and part.signature:
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    return part.data if isinstance(part, NativeBlock) else None


def _give_back_blocks(message: Json, blocks: list[Json]) -> None:
    if blocks and message.get("tool_calls"):
        message["thinking_blocks"] = blocks


def _is_bare(client: Any) -> bool:
    return is_plain(client.chat.completions, "create", "openai")


@cache
def _sdk() -> Any:
    require_sdk("litellm")
    is_first = "litellm" not in sys.modules
    # Else it would fetch its prices, and the like, from the network; what comes with it is used.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True")
    sdk: Any = import_module("litellm")
    if is_first:
        # Else it would print advice for each error.
        sdk.suppress_debug_info = True
    return sdk


def _types() -> Any:
    _sdk()
    return import_module("litellm.types.utils")


PROVIDER = LiteLLMProvider()

# --- the decorator

call: ProviderCall[LiteLLMCallResponse, LiteLLMStream, LiteLLMCallParams] = provider_call(PROVIDER)
litellm_call = call

__all__ = [
    "AsyncLiteLLMDynamicConfig",
    "LiteLLMCallParams",
    "LiteLLMCallResponse",
    "LiteLLMCallResponseChunk",
    "LiteLLMDynamicConfig",
    "LiteLLMMessageParam",
    "LiteLLMStream",
    "LiteLLMTool",
    "call",
    "litellm_call",
]
