"""Anthropic, through its SDK: https://github.com/anthropics/anthropic-sdk-python."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from typing_extensions import TypedDict

from . import _messages_api as wire
from ._messages_api import Json
from ._providers import PROVIDERS, require_sdk
from ._raw_response import RawResponseProvider, construct
from ._sdk_objects import plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._narrow import is_object, objects_in
from .base._provider import Draft, Received
from .base._provider_call import provider_call
from .base._wire import Delta, Reply, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import (
    BaseMessageParam,
    CacheControlPart,
    ProviderPart,
    ThinkingPart,
)
from .base.stream import BaseStream
from .base.tool import BaseTool, Member, ToolConfig
from .base.types import FinishReason

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic
    from anthropic.lib.bedrock import AnthropicBedrock, AsyncAnthropicBedrock
    from anthropic.lib.vertex import AnthropicVertex, AsyncAnthropicVertex
    from anthropic.types import Message, MessageParam, RawMessageStreamEvent, ToolUseBlock
    from anthropic.types import Usage as AnthropicUsage

    from .base._signatures import ProviderCall
else:
    MessageParam = dict[str, Any]
    Anthropic = AnthropicBedrock = AnthropicVertex = Any
    AsyncAnthropic = AsyncAnthropicBedrock = AsyncAnthropicVertex = Any

require_sdk("anthropic")

# --- what you may pass


class AnthropicCallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://docs.anthropic.com/en/api/messages."""

    extra_body: dict[str, Any] | None
    extra_headers: dict[str, str] | None
    extra_query: dict[str, Any] | None
    metadata: dict[str, Any]
    output_config: dict[str, Any]
    service_tier: str
    stop_sequences: list[str]
    system: str | list[dict[str, Any]]
    thinking: dict[str, Any]
    tool_choice: dict[str, Any]
    top_k: int


AnthropicMessageParam: TypeAlias = MessageParam | BaseMessageParam
AnthropicDynamicConfig: TypeAlias = BaseDynamicConfig[
    AnthropicMessageParam, AnthropicCallParams, Anthropic | AnthropicBedrock | AnthropicVertex
]
AsyncAnthropicDynamicConfig: TypeAlias = BaseDynamicConfig[
    AnthropicMessageParam,
    AnthropicCallParams,
    AsyncAnthropic | AsyncAnthropicBedrock | AsyncAnthropicVertex,
]

# --- tools


class AnthropicCacheControl(TypedDict):
    """Where a part of the prompt ends that is to be cached."""

    type: str


class AnthropicToolConfig(ToolConfig, total=False):
    """`cache_control`: cache the prompt up to and including this tool."""

    cache_control: AnthropicCacheControl


class AnthropicTool(BaseTool):
    """A tool in Anthropic's form."""

    _provider_title = "Anthropic"
    _result_part_types = frozenset({"image", "image_url", "document", "document_url"})
    _config_type = AnthropicToolConfig

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        schema: Json = {
            "name": cls._name(),
            "description": cls._description(),
            "input_schema": cls._parameters(),
        }
        return {**schema, **cls._config()}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return wire.decode_tool_use(plain(tool_call).data)

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[ToolUseBlock | None]


# --- what you get back


class AnthropicCallResponse(BaseCallResponse):
    """Anthropic's reply to a call."""

    _provider = "anthropic"
    _dumped = ("signature",)

    if TYPE_CHECKING:

        @property
        def response(self) -> Message: ...
        @property
        def usage(self) -> AnthropicUsage: ...
        @property
        def tools(self) -> list[AnthropicTool] | None: ...
        @property
        def tool(self) -> AnthropicTool | None: ...
        @property
        def message_param(self) -> MessageParam: ...
        @property
        def user_message_param(self) -> MessageParam | None: ...
        @classmethod
        def tool_message_params(cls, tools_and_outputs: Any) -> list[MessageParam]: ...

    @property
    def signature(self) -> str | None:
        """The signature of the model's reasoning; None where it shows none."""
        thoughts = self._reply.thinking
        return thoughts[0].signature if thoughts else None


class AnthropicCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Anthropic's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> RawMessageStreamEvent: ...

    @property
    def signature(self) -> str:
        """The signature that this chunk adds; empty where it adds none."""
        return self._delta.signature


class AnthropicStream(BaseStream[AnthropicCallResponseChunk, AnthropicTool]):
    """Anthropic's reply as it arrives."""

    _provider = "anthropic"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> MessageParam: ...
        @property
        def user_message_param(self) -> MessageParam | None: ...
        def construct_call_response(self) -> AnthropicCallResponse: ...

    @property
    def signature(self) -> str:
        """The signature of the reasoning, once it has arrived."""
        return "".join(thought.signature or "" for thought in self._builder.so_far().thinking)


# --- how it maps

_SAMPLING_VERSION = "2023-06-01"
"""The version of the API that takes `temperature`, `top_p` and `top_k`; source:
https://docs.anthropic.com/en/api/versioning."""


@dataclass(slots=True)
class AnthropicReceived(Received):
    """A reply of an SDK that also keeps the identifier of the workspace, as `_workspace_id`."""

    workspace_id: str | None = None

    def __reduce__(self) -> Any:
        _, given = Received.__reduce__(self)
        return AnthropicReceived, (*given, self.workspace_id)


class AnthropicProvider(RawResponseProvider):
    """The facts of Anthropic."""

    name = "anthropic"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sdk_name = "anthropic"
    sync_client = "Anthropic"
    async_client = "AsyncAnthropic"
    sync_clients: ClassVar[frozenset[str]] = frozenset(
        {"Anthropic", "AnthropicBedrock", "AnthropicBedrockMantle", "AnthropicFoundry"}
        | {"AnthropicVertex"}
    )
    async_clients: ClassVar[frozenset[str]] = frozenset({f"Async{name}" for name in sync_clients})
    request_id_header = "request-id"
    response_type: ClassVar[type[BaseCallResponse]] = AnthropicCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = AnthropicCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = AnthropicStream
    tool_type: ClassVar[type[BaseTool]] = AnthropicTool  # type: ignore[type-abstract]

    param_names: ClassVar[Mapping[str, str | None]] = {
        "temperature": "temperature",
        "max_tokens": "max_tokens",
        "top_p": "top_p",
        "frequency_penalty": None,
        "presence_penalty": None,
        "seed": None,
        "stop": "stop_sequences",
    }
    list_params: ClassVar[frozenset[str]] = frozenset({"stop_sequences"})
    default_params: ClassVar[Mapping[str, Any]] = {"max_tokens": 1024}
    heeds_retry_after: ClassVar[tuple[str, ...]] = ("seconds", "date", "ms")
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    }
    result_part_types: ClassVar[frozenset[str]] = AnthropicTool._result_part_types
    part_types: ClassVar[frozenset[str]] = frozenset(
        {
            "text",
            "image",
            "image_url",
            "document",
            "document_url",
            "cache_control",
            "tool_call",
            "tool_result",
            "thinking",
        }
    )

    def resource(self, client: Any) -> Any:
        return client.messages

    def native_types(self) -> tuple[Any, Any]:
        return _native_types()

    def receive(self, raw: Any) -> Received:
        received = super().receive(raw)
        if received.native is not None or not hasattr(raw, "workspace_id"):
            return received
        return AnthropicReceived(received.data, None, received.request_id, raw.workspace_id)

    def native_response(self, received: Received) -> Any:
        native = super().native_response(received)
        if isinstance(received, AnthropicReceived):
            native._workspace_id = received.workspace_id
        return native

    def native_chunk(self, received: Any) -> Any:
        return construct(_event_types().get(received.data.get("type"), dict), received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        native = call.native or {
            "id": call.id,
            "type": "tool_use",
            "name": call.name,
            "input": call.decoded(),
        }
        return construct(import_module("anthropic.types").ToolUseBlock, native)

    def stream_error(self, data: Json, http_response: Any) -> Exception | None:
        if data.get("type") != "error":
            return None
        return cast(
            Exception, self.sdk.APIStatusError(str(data), response=http_response, body=data)
        )

    def can_force_tool(self, params: Mapping[str, Any]) -> bool:
        thinking: Mapping[str, Any] = params.get("thinking") or {}
        return bool(thinking.get("type", "disabled") == "disabled")

    # --- encode

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        encoded = super().encode_messages(messages)
        merged: list[Any] = []
        for message in encoded:
            # The results of one turn's tools must come in one message, as must all that the user
            # says in one go; what the caller wrote is not changed.
            if merged and message["role"] == "user" == merged[-1]["role"]:
                both = [*wire.blocks(merged[-1]["content"]), *wire.blocks(message["content"])]
                merged[-1] = {"role": "user", "content": both}
            else:
                merged.append(message)
        return merged

    def encode_message(self, message: BaseMessageParam) -> list[Json]:
        role = "user" if message.role == "tool" else message.role
        if isinstance(message.content, str):
            return [{"role": role, "content": message.content}]
        blocks: list[Json] = []
        for part in message.content:
            if isinstance(part, CacheControlPart):
                wire.mark_cached(blocks, part)
            elif isinstance(part, ProviderPart):
                if part.provider == self.name:
                    blocks.append(part.data)
            elif not isinstance(part, ThinkingPart) or (
                part.signature and part.provider in (None, self.name)
            ):
                # Reasoning of another provider, or without a signature, would be refused.
                encoder = wire.PART_ENCODERS.get(part.type)
                if encoder is None:
                    raise self.refuse_part(part)
                blocks.append(encoder(part))
        return [{"role": role, "content": blocks}]

    def finalize(self, draft: Draft) -> Json:
        system = [m["content"] for m in draft.messages if m["role"] == "system"]
        draft.messages = [m for m in draft.messages if m["role"] != "system"]
        kwargs: Json = {**draft.params, "model": draft.model, "messages": draft.messages}
        if system:
            given = [kwargs["system"]] if kwargs.get("system") else []
            kwargs["system"] = wire.joined_system([*given, *system])
        if draft.tools:
            # Tools that the provider runs itself come as a parameter, beside the caller's own.
            own = kwargs.get("tools") or ()
            kwargs["tools"] = [*own, *(tool.tool_schema() for tool in draft.tools)]
        if draft.forced_tool:
            kwargs["tool_choice"] = {"type": "tool", "name": draft.forced_tool._name()}
        if draft.stream:
            kwargs["stream"] = True
        if sampling := _params_without_argument() & kwargs.keys():
            # Since version 1 the SDK's `create` takes these only this way; older models know them,
            # and only of the API that newer SDKs no longer ask for by themselves.
            extra = {name: kwargs.pop(name) for name in sampling}
            kwargs["extra_body"] = {**extra, **(kwargs.get("extra_body") or {})}
            headers: Json = kwargs.get("extra_headers") or {}
            kwargs["extra_headers"] = {"anthropic-version": _SAMPLING_VERSION, **headers}
        return kwargs

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        data: Json = message if is_object(message) else message.model_dump()
        content = data["content"]
        if isinstance(content, str):
            return BaseMessageParam(role=data["role"], content=content)
        return BaseMessageParam(
            role=data["role"],
            content=[part for block in content for part in wire.decode_block(self.name, block)],
        )

    def decode_reply(self, data: Json) -> Reply:
        reason = data.get("stop_reason")
        return Reply(
            id=data.get("id"),
            model=data.get("model"),
            parts=[wire.decode_reply_block(block) for block in objects_in(data.get("content"))],
            finish_reasons=[reason] if reason else None,
            usage=data.get("usage"),
            tokens=wire.decode_usage(data.get("usage")),
        )

    def decode_delta(self, data: Json) -> Delta | None:
        decoder = wire.EVENT_DECODERS.get(data.get("type", ""))
        if decoder is None:
            # A `ping`, or an event of a kind that is newer than this.
            return None
        delta = Delta.empty()
        decoder(data, delta)
        return delta

    # --- rebuild

    def message_param(self, reply: Reply) -> Json:
        return {
            "role": "assistant",
            "content": [wire.encode_reply_part(part) for part in reply.parts],
        }

    def encode_reply(self, reply: Reply) -> Json:
        return {
            "id": reply.id or "",
            "type": "message",
            "role": "assistant",
            "model": reply.model or "",
            "content": [wire.received_part(part) for part in reply.parts],
            "stop_reason": reply.finish_reasons[0] if reply.finish_reasons else None,
            "stop_sequence": None,
            "usage": reply.usage or {},
        }


@cache
def _native_types() -> tuple[Any, Any]:
    types = import_module("anthropic.types")
    return types.Message, types.RawMessageStreamEvent


@cache
def _event_types() -> dict[str, Any]:
    types = import_module("anthropic.types")
    return {
        "message_start": types.RawMessageStartEvent,
        "message_delta": types.RawMessageDeltaEvent,
        "message_stop": types.RawMessageStopEvent,
        "content_block_start": types.RawContentBlockStartEvent,
        "content_block_delta": types.RawContentBlockDeltaEvent,
        "content_block_stop": types.RawContentBlockStopEvent,
    }


@cache
def _params_without_argument() -> frozenset[str]:
    """Sampling parameters that the SDK's `create` has no argument for."""
    create = import_module("anthropic.resources.messages").Messages.create
    known = inspect.signature(create).parameters
    return frozenset({"temperature", "top_p", "top_k"} - known.keys())


PROVIDER = AnthropicProvider()

# --- the decorator

call: ProviderCall[AnthropicCallResponse, AnthropicStream, AnthropicCallParams] = provider_call(
    PROVIDER
)
anthropic_call = call

__all__ = [
    "AnthropicCallParams",
    "AnthropicCallResponse",
    "AnthropicCallResponseChunk",
    "AnthropicDynamicConfig",
    "AnthropicMessageParam",
    "AnthropicStream",
    "AnthropicTool",
    "AnthropicToolConfig",
    "AsyncAnthropicDynamicConfig",
    "anthropic_call",
    "call",
]
