"""Google's Gemini API and Vertex AI, through one SDK: https://github.com/googleapis/python-genai."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from . import _generate_content as wire
from ._genai_client import close_client, http_options, new_client
from ._genai_requests import Answer, OpenStream, generate, is_plain, native_answer, open_stream
from ._genai_stream import GenerateContentEvents, is_of_empty_body, received, unreadable
from ._genai_wire import GenerateContentWire, WireEvent
from ._generate_content import Json
from ._providers import PROVIDERS, require_sdk
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._flow import Flow
from .base._narrow import is_list, is_object
from .base._provider import Draft, EventSource, Provider, Received
from .base._provider_call import provider_call
from .base._schema import takes_arguments
from .base._wire import Delta, Reply, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam
from .base.stream import BaseStream
from .base.tool import BaseTool, Member
from .base.types import FinishReason

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import (
        Content,
        ContentDict,
        FunctionCall,
        GenerateContentConfig,
        GenerateContentConfigDict,
        GenerateContentResponse,
        GenerateContentResponseUsageMetadata,
    )

    from .base._clients import Endpoint
    from .base._signatures import ProviderCall
    from .base._transport import Transport
else:
    Content = ContentDict = dict[str, Any]
    GenerateContentConfig = GenerateContentConfigDict = Client = Any

require_sdk("google")

# --- what you may pass


class GoogleCallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://ai.google.dev/api/generate-content.

    `config` is the SDK's own; every other key is one of its fields, and wins over it.
    """

    config: GenerateContentConfig | GenerateContentConfigDict | None
    cached_content: str
    candidate_count: int
    labels: dict[str, str]
    max_output_tokens: int
    media_resolution: str
    response_json_schema: dict[str, Any]
    response_mime_type: str
    response_modalities: list[str]
    response_schema: Any
    safety_settings: list[Any]
    stop_sequences: list[str]
    system_instruction: Any
    thinking_config: Any
    tool_config: Any
    top_k: float


GoogleMessageParam: TypeAlias = Content | ContentDict | BaseMessageParam
GoogleDynamicConfig: TypeAlias = BaseDynamicConfig[GoogleMessageParam, GoogleCallParams, Client]

# --- tools


class GoogleTool(BaseTool):
    """A tool in Google's form."""

    _provider_title = "Google"
    _result_part_types = frozenset({"image", "document"})

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        cls._config()  # warns of options, of which Google has none
        declaration: Json = {"name": cls._name(), "description": cls._description()}
        parameters = cls._parameters()
        if takes_arguments(parameters):
            declaration["parameters_json_schema"] = parameters
        return {"function_declarations": [declaration]}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        call: Json = received(tool_call).data
        return ToolCall(call.get("name") or "", call.get("args") or {}, call.get("id"), call)

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[FunctionCall | None]


# --- what you get back


class GoogleCallResponse(BaseCallResponse):
    """Google's reply to a call."""

    _provider = "google"

    if TYPE_CHECKING:

        @property
        def response(self) -> GenerateContentResponse: ...
        @property
        def tools(self) -> list[GoogleTool] | None: ...
        @property
        def tool(self) -> GoogleTool | None: ...
        @property
        def message_param(self) -> ContentDict: ...
        @property
        def user_message_param(self) -> ContentDict | None: ...
        @classmethod
        def tool_message_params(cls, tools_and_outputs: Any) -> list[ContentDict]: ...

    @property
    def usage(self) -> GenerateContentResponseUsageMetadata | None:
        """The SDK's own usage object, or None where the reply has none."""
        return self.response.usage_metadata


class GoogleCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Google's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> GenerateContentResponse: ...

    @property
    def usage(self) -> GenerateContentResponseUsageMetadata | None:
        """The SDK's own usage object, or None where the chunk has none."""
        return getattr(self.chunk, "usage_metadata", None)


class GoogleStream(BaseStream[GoogleCallResponseChunk, GoogleTool]):
    """Google's reply as it arrives."""

    _provider = "google"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> ContentDict: ...
        @property
        def user_message_param(self) -> ContentDict | None: ...
        def construct_call_response(self) -> GoogleCallResponse: ...


# --- how it maps


class GoogleProvider(Provider):
    """The facts of Google."""

    name = "google"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sync_clients: ClassVar[frozenset[str]] = frozenset({"Client"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"Client", "AsyncClient"})
    vertexai: ClassVar[bool | None] = None
    """Whether default clients are Vertex AI's; None leaves it to the environment."""
    response_type: ClassVar[type[BaseCallResponse]] = GoogleCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = GoogleCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = GoogleStream
    tool_type: ClassVar[type[BaseTool]] = GoogleTool  # type: ignore[type-abstract]

    param_names: ClassVar[Mapping[str, str | None]] = {
        "temperature": "temperature",
        "max_tokens": "max_output_tokens",
        "top_p": "top_p",
        "frequency_penalty": "frequency_penalty",
        "presence_penalty": "presence_penalty",
        "seed": "seed",
        "stop": "stop_sequences",
    }
    list_params: ClassVar[frozenset[str]] = frozenset({"stop_sequences"})
    has_strict_json = True
    streams_arguments = False
    tells_tool_calls = False
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "STOP": "stop",
        "OTHER": "stop",
        "FINISH_REASON_UNSPECIFIED": "stop",
        "MALFORMED_FUNCTION_CALL": "stop",
        "UNEXPECTED_TOOL_CALL": "stop",
        "MAX_TOKENS": "length",
        "SAFETY": "content_filter",
        "RECITATION": "content_filter",
        "LANGUAGE": "content_filter",
        "BLOCKLIST": "content_filter",
        "PROHIBITED_CONTENT": "content_filter",
        "SPII": "content_filter",
        "IMAGE_SAFETY": "content_filter",
        "IMAGE_PROHIBITED_CONTENT": "content_filter",
        "IMAGE_RECITATION": "content_filter",
        "MODEL_ARMOR": "content_filter",
        "JAILBREAK": "content_filter",
    }
    part_types: ClassVar[frozenset[str]] = frozenset(wire.PART_ENCODERS.keys() - {"provider"})
    result_part_types: ClassVar[frozenset[str]] = GoogleTool._result_part_types
    url_schemes: ClassVar[frozenset[str]] = frozenset({"http", "https", "gs"})
    timeout_covers = "a wait; on aiohttp the whole"
    # Through the last of them the SDK reads an event that is no usual one.
    reply_readers = r"json\.decoder\.|google\.genai\.\w+\.\w*_from_|.*_genai_replay\.made_of"

    # --- sending

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        vertexai = bool(self.vertexai) if endpoint else self.vertexai
        return new_client(is_async, endpoint, vertexai)

    def open_client(self, client: Any, is_async: bool) -> Flow[Any]:
        # One client has both faces. The request keeps the client itself too, which closes its
        # connections when nothing refers to it any more.
        return getattr(client, "aio", client) if is_async else client
        yield

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        # Without a config there are no functions that the SDK itself would call.
        config: Json = kwargs.get("config") or {"automatic_function_calling": {"disable": True}}
        options = http_options(config.get("http_options"), transport)
        kwargs["config"] = {**config, "http_options": options}
        return client

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        yield from close_client(client, is_async)

    def send(self, client: Any, kwargs: Json, stream: bool) -> Any:
        models = client.models
        if is_plain(models, kwargs, stream):
            return (open_stream if stream else generate)(models, kwargs)
        return (models.generate_content_stream if stream else models.generate_content)(**kwargs)

    def receive(self, raw: Any) -> Received:
        if isinstance(raw, Answer):
            return raw
        reply = received(raw)
        if not reply.data and is_of_empty_body(raw):
            raise unreadable(self.title)
        return reply

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        http_response = getattr(raw, "sdk_http_response", None)
        if isinstance(raw, (Answer, OpenStream)):
            http_response = raw if isinstance(raw, Answer) else raw.response
        headers: Mapping[str, str] = getattr(http_response, "headers", None) or {}
        return {name.lower(): value for name, value in headers.items()}

    def source(self, raw: Any, is_async: bool) -> EventSource:
        if isinstance(raw, OpenStream):
            return GenerateContentWire(raw, is_async)
        return GenerateContentEvents(raw, is_async)

    def native_response(self, received: Received) -> Any:
        if isinstance(received, Answer):
            return native_answer(received)
        return _types().GenerateContentResponse.model_validate(received.data)

    def native_chunk(self, received: Received) -> Any:
        if isinstance(received, WireEvent) and received.made_by:
            return received.made_by.made_of(received.data)
        return self.native_response(received)

    def native_tool_call(self, call: ToolCall) -> Any:
        native = call.native or {"id": call.id, "name": call.name, "args": call.decoded()}
        return _types().FunctionCall.model_validate(native)

    # --- encode

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        return wire.joined_results(super().encode_messages(messages))

    def encode_message(self, message: BaseMessageParam) -> list[Json]:
        for part in () if isinstance(message.content, str) else message.content:
            if part.type not in wire.PART_ENCODERS:
                raise self.refuse_part(part)
        return [wire.encode_message(message)]

    def takes_url(self, part: Any) -> bool:
        # Google wants to be told what a URL holds.
        return super().takes_url(part) and wire.media_type_of(part.url) is not None

    def finalize(self, draft: Draft) -> Json:
        given = draft.params.get("config")
        config = {**_config_fields(given), **draft.params}
        for name in ("config", "model", "contents"):
            config.pop(name, None)
        system = [m for m in draft.messages if is_object(m) and m.get("role") == "system"]
        if system:
            draft.messages = [m for m in draft.messages if not any(m is each for each in system)]
            config["system_instruction"] = _joined_system(config.get("system_instruction"), system)
        own_tools = list(config.get("tools") or ())
        if draft.tools:
            config["tools"] = [*own_tools, _declarations(draft.tools)]
        if draft.forced_tool:
            choice = {"mode": "ANY", "allowed_function_names": [draft.forced_tool._name()]}
            config["tool_config"] = {"function_calling_config": choice}
        if draft.json and draft.json.strict:
            config["response_mime_type"] = "application/json"
            config["response_json_schema"] = draft.json.schema
        elif draft.json and not draft.tools:
            config.setdefault("response_mime_type", "application/json")
        kwargs: Json = {"model": draft.model, "contents": draft.messages}
        if config:  # an empty one takes the SDK a third of a millisecond
            if all(is_object(tool) or type(tool).__name__ == "Tool" for tool in own_tools):
                # None of them is a function, or a session of MCP, that the SDK itself would call.
                config.setdefault("automatic_function_calling", {"disable": True})
            kwargs["config"] = config
        return kwargs

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        content = _types().Content.model_validate(message) if is_object(message) else message
        return wire.decode_content(self.name, received(content).data)

    def decode_reply(self, data: Any) -> Reply:
        return wire.decode_reply(data)

    def decode_delta(self, data: Any) -> Delta | None:
        return wire.decode_delta(data)

    # --- rebuild

    def encode_reply(self, reply: Reply) -> Json:
        return {
            "candidates": [wire.encode_candidate(reply)],
            "modelVersion": reply.model,
            "responseId": reply.id,
            "usageMetadata": reply.usage,
        }


def _config_fields(config: Any) -> Json:
    """The fields that were set of the SDK's config object, or dict: never the object itself."""
    if config is None:
        return {}
    if is_object(config):
        # The SDK takes `topK` as well as `top_k`; what is added here is spelled in one way.
        return {wire.snake_name(name): value for name, value in config.items()}
    return {name: getattr(config, name) for name in config.model_fields_set}


def _joined_system(given: Any, system: list[Json]) -> Any:
    """The system messages after what the config has: a text where all of it is text."""
    parts = [part for content in system for part in content["parts"]]
    if (given is None or isinstance(given, str)) and all(part.keys() == {"text"} for part in parts):
        texts = [given] if given else []
        texts += ["".join(part["text"] for part in content["parts"]) for content in system]
        return "\n\n".join(texts)
    return {"role": "user", "parts": [*_parts_of(given), *parts]}


def _parts_of(given: Any) -> list[Any]:
    """The parts of a system instruction in any of the forms that the SDK takes."""
    if given is None:
        return []
    if isinstance(given, str):
        return [{"text": given}]
    if is_list(given):
        return [part for item in given for part in _parts_of(item)]
    parts = given.get("parts") if is_object(given) else getattr(given, "parts", None)
    return [given] if parts is None else list(parts)


def _declarations(tools: Iterable[type[BaseTool]]) -> Json:
    """All functions in one tool: several tools are for those that Google runs itself."""
    schemas = [tool.tool_schema() for tool in tools]
    return {"function_declarations": [each for s in schemas for each in s["function_declarations"]]}


@cache
def _types() -> Any:
    return import_module("google.genai.types")


PROVIDER = GoogleProvider()

# --- the decorator

call: ProviderCall[GoogleCallResponse, GoogleStream, GoogleCallParams] = provider_call(PROVIDER)
google_call = call

__all__ = [
    "GoogleCallParams",
    "GoogleCallResponse",
    "GoogleCallResponseChunk",
    "GoogleDynamicConfig",
    "GoogleMessageParam",
    "GoogleStream",
    "GoogleTool",
    "call",
    "google_call",
]
