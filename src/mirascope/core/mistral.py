"""Mistral, through its SDK: https://github.com/mistralai/client-python."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, cast
from weakref import WeakKeyDictionary

from pydantic_core import to_json

from . import _content_chunks as wire
from ._bare_connection import BareConnection
from ._chat_completions import ChatCompletions, Json
from ._mistral_replies import Answer, complete
from ._mistral_retries import retry_config
from ._providers import PROVIDERS, require_sdk
from ._raw_response import WireEvents
from ._sdk_objects import ObjectEvents, plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._clients import async_client_options, sync_client_options
from .base._flow import Flow, step
from .base._narrow import is_list, is_object
from .base._provider import Draft, EventSource, Received
from .base._provider_call import provider_call
from .base._unreadable import count
from .base._wire import Delta, Reply, ReplyPart, Tokens, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam, Part
from .base.stream import BaseStream
from .base.tool import BaseTool, Member
from .base.types import FinishReason

if TYPE_CHECKING:
    from mistralai.client import Mistral
    from mistralai.client.models import (
        AssistantMessage,
        ChatCompletionResponse,
        CompletionChunk,
        SystemMessage,
        ToolMessage,
        UsageInfo,
        UserMessage,
    )
    from mistralai.client.models import ToolCall as NativeToolCall

    from .base._clients import Endpoint
    from .base._signatures import ProviderCall
    from .base._transport import Transport

    NativeMessage: TypeAlias = AssistantMessage | SystemMessage | ToolMessage | UserMessage
else:
    NativeMessage = dict[str, Any]
    Mistral = Any

require_sdk("mistral")

# --- what you may pass


class MistralCallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://docs.mistral.ai/api/#tag/chat."""

    guardrails: list[dict[str, Any]] | None
    http_headers: dict[str, str] | None
    metadata: dict[str, Any] | None
    n: int | None
    parallel_tool_calls: bool
    prediction: dict[str, Any]
    prompt_cache_key: str | None
    prompt_mode: str | None
    random_seed: int | None
    reasoning_effort: str | None
    response_format: dict[str, Any]
    retries: Any
    safe_prompt: bool
    server_url: str
    timeout_ms: int
    tool_choice: str | dict[str, Any]


MistralMessageParam: TypeAlias = NativeMessage | BaseMessageParam | dict[str, Any]
MistralDynamicConfig: TypeAlias = BaseDynamicConfig[MistralMessageParam, MistralCallParams, Mistral]

# --- tools


class MistralTool(BaseTool):
    """A tool in Mistral's form."""

    _provider_title = "Mistral"

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        # A tool without arguments must say so: parameters may not be left out here.
        nothing = {"type": "object", "properties": dict[str, Any]()}
        return {"type": "function", "function": {"parameters": nothing, **cls._function_schema()}}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return PROVIDER.decode_calls({"tool_calls": [plain(tool_call, defaults=True).data]})[0]

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[NativeToolCall | None]


# --- what you get back


class MistralCallResponse(BaseCallResponse):
    """Mistral's reply to a call."""

    _provider = "mistral"

    if TYPE_CHECKING:

        @property
        def response(self) -> ChatCompletionResponse: ...
        @property
        def usage(self) -> UsageInfo: ...
        @property
        def tools(self) -> list[MistralTool] | None: ...
        @property
        def tool(self) -> MistralTool | None: ...
        @property
        def message_param(self) -> AssistantMessage: ...
        @property
        def user_message_param(self) -> UserMessage | None: ...
        @classmethod
        def tool_message_params(cls, tools_and_outputs: Any) -> list[ToolMessage]: ...


class MistralCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Mistral's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> CompletionChunk: ...
        @property
        def usage(self) -> UsageInfo | None: ...


class MistralStream(BaseStream[MistralCallResponseChunk, MistralTool]):
    """Mistral's reply as it arrives."""

    _provider = "mistral"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> AssistantMessage: ...
        @property
        def user_message_param(self) -> UserMessage | None: ...
        def construct_call_response(self) -> MistralCallResponse: ...


# --- how it maps


class Chat(NamedTuple):
    """The part of a client that sends requests, which it can do in a sync and an async form."""

    resource: Any
    is_async: bool
    takes_objects: bool
    """The SDK's Azure and Google clients have message classes of their own: they take dicts."""


class MistralProvider(ChatCompletions, BareConnection):
    """The facts of Mistral."""

    name = "mistral"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sync_clients: ClassVar[frozenset[str]] = frozenset({"Mistral", "MistralAzure", "MistralGCP"})
    async_clients: ClassVar[frozenset[str]] = sync_clients
    response_type: ClassVar[type[BaseCallResponse]] = MistralCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = MistralCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = MistralStream
    tool_type: ClassVar[type[BaseTool]] = MistralTool  # type: ignore[type-abstract]

    param_names: ClassVar[Mapping[str, str | None]] = {
        **ChatCompletions.param_names,
        "seed": "random_seed",
    }
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "stop": "stop",
        "length": "length",
        "model_length": "length",
        "error": "stop",
        "tool_calls": "tool_calls",
    }
    part_types: ClassVar[frozenset[str]] = frozenset(
        {
            "text",
            "image",
            "image_url",
            "audio",
            "audio_url",
            "document",
            "document_url",
            "tool_call",
            "tool_result",
            "thinking",
        }
    )
    reasoning_keys: ClassVar[tuple[str, ...]] = ()
    reply_readers = r"mistralai\.client\.(errors|utils\.unmarshal_json_response)\."

    # --- sending

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        sdk = import_module("mistralai.client")
        stack = import_module("mistralai.client.httpclient").httpx
        # The SDK makes both whatever it is used for; of the other one no connection is opened.
        clients = {
            "client": stack.Client(follow_redirects=True, **sync_client_options(stack)),
            "async_client": stack.AsyncClient(follow_redirects=True, **async_client_options(stack)),
        }
        if endpoint is not None:
            clients |= {"api_key": endpoint.api_key, "server_url": endpoint.base_url}
        elif not any(map(os.environ.get, self.environment)):
            # The SDK would send the request without a key.
            raise KeyError(
                "`MISTRAL_API_KEY` is not set. Set it, or pass a client of your own as `client=`."
            )
        client = sdk.Mistral(**clients)
        _http_clients[client] = clients["async_client"] if is_async else clients["client"]
        return client

    def open_client(self, client: Any, is_async: bool) -> Flow[Any]:
        return Chat(client.chat, is_async, not _has_own_models(client))
        yield

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        if (seconds := transport.timeout) is not None:
            kwargs["timeout_ms"] = max(1, round(seconds * 1000))
        if transport.max_retries is not None:
            package = type(client).__module__.rpartition(".")[0]
            kwargs["retries"] = retry_config(package, transport.max_retries)
        return client

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        # The SDK closes only HTTP clients that it made itself, and forgets all of them at exit.
        http_client = _http_clients.pop(client)
        yield from step(http_client.aclose if is_async else http_client.close)

    def send(self, client: Chat, kwargs: Json, stream: bool) -> Any:
        if not client.takes_objects:
            kwargs = {**kwargs, "messages": list(map(wire.plain_message, kwargs["messages"]))}
        chat, is_async = client.resource, client.is_async
        if stream:
            return (chat.stream_async if is_async else chat.stream)(**kwargs)
        return complete(chat, kwargs, is_async)

    def receive(self, raw: Any) -> Received:
        if isinstance(raw, Answer):
            return raw.received
        return plain(raw, defaults=True)

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        # The SDK gives a whole reply without them.
        http_response = getattr(raw, "response", None)
        return cast(Mapping[str, str], getattr(http_response, "headers", None) or {})

    def source(self, raw: Any, is_async: bool) -> EventSource:
        http_response = getattr(raw, "response", None)
        if hasattr(http_response, "iter_bytes"):
            return MistralWireEvents(raw, http_response, is_async)
        return MistralEvents(raw, is_async)

    def stream_error(self, data: Json, http_response: Any) -> Exception | None:
        """The SDK's exception for an event that reports an error; None for any other event."""
        if data.get("object") != "error" and not data.get("error"):
            return None
        body = to_json(data).decode()
        return cast(Exception, _errors().SDKError("API error occurred", http_response, body))

    def unreadable_event(self, body: Any, http_response: Any, told: str | None = None) -> Exception:
        """The SDK's exception for an event that is not a JSON object, or not as `told` tells."""
        cause = ValueError(told or f"not a JSON object, starting with {body[:200]!r}")
        text = body if isinstance(body, str) else to_json(body, fallback=repr).decode()
        return cast(
            Exception,
            _errors().ResponseValidationError(
                "Response validation failed", http_response, cause, text
            ),
        )

    # --- encode

    def encode_message(self, message: BaseMessageParam) -> list[Any]:
        messages = wire.encode_message(self.name, message, self.refuse_part)
        return [_native_message(encoded) for encoded in messages]

    def finalize(self, draft: Draft) -> Json:
        kwargs = super().finalize(draft)
        kwargs.pop("stream", None)
        # Objects cost the SDK a quarter of what dicts do, and it does not take both in one list.
        kwargs["messages"] = list(map(_native_message, draft.messages))
        if draft.forced_tool:
            kwargs["tool_choice"] = "any"
        return kwargs

    def ask_for_usage(self, kwargs: Json) -> None:
        """A stream always ends with the token counts."""

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        return super().decode_message(wire.plain_message(message))

    def decode_part(self, part: Any) -> Part:
        if is_object(part):
            if decoded := wire.decode_part(self.name, part):
                return decoded
            if isinstance(url := part.get("image_url"), str):
                part = {"type": "image_url", "image_url": {"url": url}}
        return super().decode_part(part)

    def decode_content(self, content: Any) -> list[ReplyPart]:
        return wire.decode_content(content)

    def decode_calls(self, message: Mapping[str, Any]) -> list[ToolCall]:
        calls = super().decode_calls(message)
        for call in calls:
            call.id = wire.own_id(call.id)
        return calls

    def decode_usage(self, usage: Any) -> Tokens | None:
        tokens = super().decode_usage(usage)
        if tokens and tokens.cached is None:
            tokens.cached = count(usage.get("num_cached_tokens"))
        return tokens

    def _decode_choice(self, choice: Json, delta: Delta) -> None:
        message: Json = choice.get("delta") or {}
        content = message.get("content")
        if is_list(content):
            wire.decode_delta_content(content, delta)
        elif content:
            delta.text = content
        if calls := message.get("tool_calls"):
            delta.tools = wire.decode_fragments(calls)
        if reason := choice.get("finish_reason"):
            delta.finish_reasons = [reason]
            delta.ends_stream = True

    # --- rebuild

    def message_param(self, reply: Reply) -> Any:
        message: Json = {"role": "assistant", "content": wire.encode_content(reply.parts)}
        if calls := reply.tool_calls:
            message["tool_calls"] = [
                wire.encode_call(call.id, call.name, call.arguments) for call in calls
            ]
        return _native_message(message)

    def encode_reply(self, reply: Reply) -> Json:
        # The SDK's class demands a reason and counts, also of a stream that was broken off.
        reason = reply.finish_reasons[0] if reply.finish_reasons else ""
        calls = [
            {
                "id": call.id or "null",
                "function": {"name": call.name, "arguments": call.arguments},
                "index": index,
            }
            for index, call in enumerate(reply.tool_calls)
        ]
        message = {
            "role": "assistant",
            "tool_calls": calls or None,
            "content": wire.encode_content(reply.parts),
        }
        return {
            "id": reply.id or "",
            "object": "chat.completion",
            "created": reply.created or int(time.time()),
            "model": reply.model or "",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": reply.usage or {},
        }

    def native_response(self, received: Received) -> Any:
        return _models().ChatCompletionResponse.model_validate(received.data)

    def native_chunk(self, received: Received) -> Any:
        return _models().CompletionChunk.model_validate(received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        function = {"name": call.name, "arguments": call.arguments}
        native = call.native or {"id": call.id or "null", "function": function}
        return _models().ToolCall.model_validate(native)


class MistralWireEvents(WireEvents):
    """The events of a stream of the SDK's own, read from its HTTP response."""

    def __init__(self, stream: Any, http_response: Any, is_async: bool) -> None:
        super().__init__(PROVIDER, http_response, is_async)
        # It keeps the client alive, whose HTTP client would be closed with it.
        self._stream = stream


class MistralEvents(ObjectEvents):
    """The events of a stream, taken out of the objects that the SDK puts them in."""

    def decode(self, event: Any) -> list[Received]:
        return [plain(getattr(event, "data", event), defaults=True)]


@cache
def _models() -> Any:
    return import_module("mistralai.client.models")


@cache
def _errors() -> Any:
    return import_module("mistralai.client.errors")


def _has_own_models(client: Any) -> bool:
    return type(client).__module__.startswith(("mistralai.azure", "mistralai.gcp"))


@cache
def _message_types() -> dict[str, Any]:
    models = _models()
    return {
        "assistant": models.AssistantMessage,
        "system": models.SystemMessage,
        "tool": models.ToolMessage,
        "user": models.UserMessage,
    }


def _native_message(message: Any) -> Any:
    """A message as an object of the SDK; one that is no message at all is left for it to refuse."""
    if not is_object(message):
        return message
    message_type = _message_types().get(str(message.get("role")))
    return message_type.model_validate(message) if message_type else message


_http_clients: MutableMapping[Any, Any] = WeakKeyDictionary()
"""The HTTP client that a default client uses."""

PROVIDER = MistralProvider()

# --- the decorator

call: ProviderCall[MistralCallResponse, MistralStream, MistralCallParams] = provider_call(PROVIDER)
mistral_call = call

__all__ = [
    "MistralCallParams",
    "MistralCallResponse",
    "MistralCallResponseChunk",
    "MistralDynamicConfig",
    "MistralMessageParam",
    "MistralStream",
    "MistralTool",
    "call",
    "mistral_call",
]
