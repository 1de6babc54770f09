"""Amazon Bedrock's Converse API, through boto3, and aiobotocore for async calls."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias, cast

from typing_extensions import TypedDict

from . import _converse as wire
from ._converse import Json
from ._providers import PROVIDERS, require_sdk
from ._small_replies import kept_dict
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._flow import Flow
from .base._narrow import inner, objects_in
from .base._provider import Draft, EventSource, Provider, Received
from .base._provider_call import provider_call
from .base._transport import Transport
from .base._wire import Delta, Reply, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam, CacheControlPart, ProviderPart, ThinkingPart
from .base.stream import BaseStream
from .base.tool import BaseTool, Member, ToolConfig
from .base.types import FinishReason

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._signatures import ProviderCall

require_sdk("bedrock")

# --- what you may pass


class BedrockCallParams(CommonCallParams, total=False):
    """The parameters of a call.

    Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html.
    """

    additionalModelRequestFields: dict[str, Any]
    additionalModelResponseFieldPaths: list[str]
    guardrailConfig: dict[str, Any]
    inferenceConfig: dict[str, Any]
    outputConfig: dict[str, Any]
    performanceConfig: dict[str, Any]
    promptVariables: dict[str, Any]
    requestMetadata: dict[str, str]
    serviceTier: dict[str, Any]
    system: list[dict[str, Any]]
    toolConfig: dict[str, Any]


class UserMessageTypeDef(TypedDict):
    """A user's message in the form of the Converse API."""

    role: Literal["user"]
    content: Sequence[Mapping[str, Any]]


class AssistantMessageTypeDef(TypedDict):
    """An assistant's message in the form of the Converse API."""

    role: Literal["assistant"]
    content: Sequence[Mapping[str, Any]]


class BedrockClient(Protocol):
    """What `boto3.client("bedrock-runtime")` gives. Its class is made when it is called."""

    def converse(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...
    def converse_stream(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...


class AsyncBedrockClient(Protocol):
    """What aiobotocore's `session.create_client("bedrock-runtime")` gives when it is entered."""

    def converse(self, *args: Any, **kwargs: Any) -> Awaitable[Mapping[str, Any]]: ...
    def converse_stream(self, *args: Any, **kwargs: Any) -> Awaitable[Mapping[str, Any]]: ...


BedrockMessageParam: TypeAlias = UserMessageTypeDef | AssistantMessageTypeDef | BaseMessageParam
BedrockDynamicConfig: TypeAlias = BaseDynamicConfig[
    BedrockMessageParam, BedrockCallParams, BedrockClient
]
AsyncBedrockDynamicConfig: TypeAlias = BaseDynamicConfig[
    BedrockMessageParam, BedrockCallParams, AsyncBedrockClient
]

# --- tools


class BedrockToolConfig(ToolConfig, total=False):
    """`strict`: have the model keep the arguments to the tool's schema."""

    strict: bool


class BedrockTool(BaseTool):
    """A tool in Bedrock's form."""

    _provider_title = "Amazon Bedrock"
    _result_part_types = frozenset({"image", "image_url", "document", "document_url"})
    _config_type = BedrockToolConfig

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        config = cls._config()
        parameters = cls._parameters(strict=bool(config.get("strict")))
        spec = {
            "name": cls._name(),
            "description": cls._description(),
            "inputSchema": {"json": parameters},
        }
        return {"toolSpec": {**spec, **config}}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return wire.decode_tool_use(tool_call)

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[dict[str, Any] | None]


# --- what you get back


class BedrockCallResponse(BaseCallResponse):
    """Bedrock's reply to a call."""

    _provider = "bedrock"
    _dumped = ("signature",)

    if TYPE_CHECKING:

        @property
        def response(self) -> dict[str, Any]: ...
        @property
        def tools(self) -> list[BedrockTool] | None: ...
        @property
        def tool(self) -> BedrockTool | None: ...
        @property
        def message_param(self) -> AssistantMessageTypeDef: ...
        @property
        def user_message_param(self) -> UserMessageTypeDef | None: ...
        @classmethod
        def tool_message_params(cls, tools_and_outputs: Any) -> list[UserMessageTypeDef]: ...

    @property
    def usage(self) -> dict[str, Any] | None:
        """The token counts as the reply has them, or None where it has none."""
        return self.response.get("usage")

    @property
    def message(self) -> dict[str, Any] | None:
        """The assistant's message as the reply has it, or None where it has none."""
        return inner(self.response, "output").get("message")

    @property
    def signature(self) -> str | None:
        """The signature of the model's reasoning; None where it shows none."""
        thoughts = self._reply.thinking
        return thoughts[0].signature if thoughts else None


class BedrockCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Bedrock's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> dict[str, Any]: ...

    @property
    def usage(self) -> dict[str, Any] | None:
        """The token counts as the chunk has them, or None where it has none."""
        return cast("dict[str, Any] | None", self._delta.usage)

    @property
    def signature(self) -> str:
        """The signature that this chunk adds; empty where it adds none."""
        return self._delta.signature


class BedrockStream(BaseStream[BedrockCallResponseChunk, BedrockTool]):
    """Bedrock's reply as it arrives."""

    _provider = "bedrock"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> AssistantMessageTypeDef: ...
        @property
        def user_message_param(self) -> UserMessageTypeDef | None: ...
        def construct_call_response(self) -> BedrockCallResponse: ...

    @property
    def signature(self) -> str:
        """The signature of the reasoning, once it has arrived."""
        return "".join(thought.signature or "" for thought in self._builder.so_far().thinking)


# --- how it maps

_INFERENCE_PARAMS = ("maxTokens", "temperature", "topP", "stopSequences")


class BedrockProvider(Provider):
    """The facts of Amazon Bedrock."""

    name = "bedrock"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    # The classes of clients are made at run time; these are their bases.
    sync_clients: ClassVar[frozenset[str]] = frozenset({"BaseClient"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"AioBaseClient"})
    response_type: ClassVar[type[BaseCallResponse]] = BedrockCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = BedrockCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = BedrockStream
    tool_type: ClassVar[type[BaseTool]] = BedrockTool  # type: ignore[type-abstract]

    param_names: ClassVar[Mapping[str, str | None]] = {
        "temperature": "temperature",
        "max_tokens": "maxTokens",
        "top_p": "topP",
        "frequency_penalty": None,
        "presence_penalty": None,
        "seed": None,
        "stop": "stopSequences",
    }
    list_params: ClassVar[frozenset[str]] = frozenset({"stopSequences"})
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "content_filtered": "content_filter",
        "guardrail_intervened": "content_filter",
    }
    has_strict_json = True
    reply_readers = r"json\.decoder\.|(aio)?botocore\.(parsers|eventstream)\."
    part_types: ClassVar[frozenset[str]] = frozenset(wire.PART_ENCODERS)
    result_part_types: ClassVar[frozenset[str]] = BedrockTool._result_part_types
    url_schemes: ClassVar[frozenset[str]] = frozenset({"s3"})
    has_transport_in_client = True
    heeds_retry_after: ClassVar[tuple[str, ...]] = ("seconds",)

    # --- sending

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        return self.new_client_with(is_async, endpoint, Transport())

    def new_client_with(
        self, is_async: bool, endpoint: Endpoint | None, transport: Transport
    ) -> Any:
        clients = _clients()
        make = clients.LoopClient if is_async else clients.new_client
        return make(endpoint, transport)

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        raise self.refuse_transport(
            transport,
            "Set it where this client is made, in the `Config` of botocore (`AioConfig` of "
            'aiobotocore): `Config(read_timeout=…, retries={"total_max_attempts": …})`; or pass '
            "no client, and a default one is made with it",
        )

    def open_client(self, client: Any, is_async: bool) -> Flow[Any]:
        if not is_async:
            return client
        opening: Flow[Any] = _clients().opened(client)
        return (yield from opening)

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        if is_async:
            yield from client.close()
        else:
            client.close()

    def send(self, client: Any, kwargs: Json, stream: bool) -> Any:
        client = _requests().quick(client)
        return client.converse_stream(**kwargs) if stream else client.converse(**kwargs)

    def receive(self, raw: Any) -> Received:
        if not raw.get("output"):
            raise _events().unreadable(raw)
        return kept_dict(raw)

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        return inner(inner(raw, "ResponseMetadata"), "HTTPHeaders")

    def source(self, raw: Any, is_async: bool) -> EventSource:
        return cast(EventSource, _events().ConverseEvents(raw, is_async))

    def can_force_tool(self, params: Mapping[str, Any]) -> bool:
        fields: Mapping[str, Any] = params.get("additionalModelRequestFields") or {}
        thinking: Mapping[str, Any] = fields.get("thinking") or {}
        return bool(thinking.get("type", "disabled") == "disabled")

    # --- encode

    def encode_params(self, params: Mapping[str, Any]) -> Json:
        # One by one, so that those of a dynamic config are merged with those of the decorator.
        own: Mapping[str, Any] = params.get("inferenceConfig") or {}
        others = {key: value for key, value in params.items() if key != "inferenceConfig"}
        return super().encode_params({**others, **own})

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        encoded: list[Any] = []
        for message in messages:
            if not isinstance(message, BaseMessageParam):
                encoded.append(message)
                continue
            (ours,) = super().encode_messages([message])
            # The roles must alternate, and the results of one turn's tools come in one message;
            # what the caller wrote in the API's own form is not changed.
            if encoded and ours["role"] == encoded[-1]["role"] != "system":
                content = [*encoded[-1]["content"], *ours["content"]]
                ours = {"role": ours["role"], "content": content}
                encoded.pop()
            encoded.append(ours)
        return encoded

    def encode_message(self, message: BaseMessageParam) -> list[Json]:
        role = "user" if message.role == "tool" else message.role
        if isinstance(message.content, str):
            return [{"role": role, "content": [{"text": message.content}]}]
        blocks: list[Json] = []
        for part in message.content:
            if isinstance(part, CacheControlPart) and not blocks:
                raise ValueError(
                    "A `CacheControlPart` caches what stands before it, and nothing does in this "
                    "message: put it after the part that is to be cached."
                )
            if isinstance(part, ProviderPart):
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
        system = [block for m in draft.messages if m["role"] == "system" for block in m["content"]]
        draft.messages = [m for m in draft.messages if m["role"] != "system"]
        kwargs: Json = {**draft.params, "modelId": draft.model, "messages": draft.messages}
        kwargs.pop("model", None)
        inference = {name: kwargs.pop(name) for name in _INFERENCE_PARAMS if name in kwargs}
        if inference:
            kwargs["inferenceConfig"] = inference
        if system:
            kwargs["system"] = [*kwargs.get("system", ()), *system]
        if tools := self._tool_config(kwargs.get("toolConfig") or {}, draft):
            kwargs["toolConfig"] = tools
        if draft.json and draft.json.strict:
            kwargs["outputConfig"] = wire.output_config(draft.json.name, draft.json.schema)
        return kwargs

    def _tool_config(self, given: Json, draft: Draft) -> Json:
        config: Json = {**given}
        # What the caller gives besides may be a cache point, which belongs after the tools.
        tools = [*(tool.tool_schema() for tool in draft.tools), *given.get("tools", ())]
        # A conversation in which tools were used is refused where a request offers none.
        tools = tools or [wire.past_tool(name) for name in wire.tool_names(draft.messages)]
        if tools:
            config["tools"] = tools
        if draft.forced_tool:
            config["toolChoice"] = {"tool": {"name": draft.forced_tool._name()}}
        return config

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        return BaseMessageParam(
            role=message["role"],
            content=[wire.decode_block(self.name, block) for block in message["content"]],
        )

    def decode_reply(self, data: Json) -> Reply:
        message = inner(inner(data, "output"), "message")
        content = objects_in(message.get("content"))
        reason = data.get("stopReason")
        return Reply(
            id=inner(data, "ResponseMetadata").get("RequestId"),
            parts=[wire.decode_reply_block(block) for block in content],
            finish_reasons=[reason] if reason else None,
            usage=data.get("usage"),
            tokens=wire.decode_usage(data.get("usage")),
        )

    def decode_delta(self, data: Json) -> Delta | None:
        kind = next(iter(data), "")
        decoder = wire.EVENT_DECODERS.get(kind)
        if decoder is None:
            # An event of a kind that is newer than this.
            return None
        delta = Delta.empty()
        decoder(data[kind], delta)
        return delta

    # --- rebuild

    def message_param(self, reply: Reply) -> Json:
        # Refused are blocks with an empty text, and reasoning without a signature.
        parts = [part for part in reply.parts if part != "" and not wire.is_unsigned(part)]
        return {"role": "assistant", "content": [wire.encode_reply_part(part) for part in parts]}

    def encode_reply(self, reply: Reply) -> Json:
        content = [wire.received_part(part) for part in reply.parts]
        return {
            "ResponseMetadata": {"RequestId": reply.id},
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": reply.finish_reasons[0] if reply.finish_reasons else None,
            "usage": reply.usage or {},
        }

    def native_response(self, received: Received) -> Any:
        return received.data

    def native_chunk(self, received: Received) -> Any:
        return received.data

    def native_tool_call(self, call: ToolCall) -> Any:
        return call.native or wire.tool_use(call.id, call.name, call.decoded())


def _clients() -> Any:
    return import_module("mirascope.core._bedrock_clients")


def _requests() -> Any:
    return import_module("mirascope.core._bedrock_requests")


def _events() -> Any:
    return import_module("mirascope.core._bedrock_events")


PROVIDER = BedrockProvider()

# --- the decorator

call: ProviderCall[BedrockCallResponse, BedrockStream, BedrockCallParams] = provider_call(PROVIDER)
bedrock_call = call

__all__ = [
    "AssistantMessageTypeDef",
    "AsyncBedrockDynamicConfig",
    "BedrockCallParams",
    "BedrockCallResponse",
    "BedrockCallResponseChunk",
    "BedrockDynamicConfig",
    "BedrockMessageParam",
    "BedrockStream",
    "BedrockTool",
    "BedrockToolConfig",
    "UserMessageTypeDef",
    "bedrock_call",
    "call",
]
