"""Azure AI, through `azure-ai-inference` or through the SDK of OpenAI.

Microsoft has retired `azure-ai-inference` (https://aka.ms/aiinference): prefer a client of OpenAI's
SDK, `OpenAI(base_url="https://<resource>.openai.azure.com/openai/v1/")`, passed as `client=`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from ._azure_requests import OpenedStream, Reply, complete, models
from ._chat_completions import NEEDS_COMPLETION_TOKENS, ChatCompletions, Json
from ._providers import PROVIDERS, require_sdk
from ._raw_response import RawResponseProvider, WireEvents
from ._sdk_objects import ObjectEvents, plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._flow import Flow, step
from .base._provider import Draft, EventSource, Received
from .base._provider_call import provider_call
from .base._unreadable import built
from .base._wire import ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse, computed_once
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam
from .base.stream import BaseStream
from .base.tool import BaseTool, Member, ToolConfig

if TYPE_CHECKING:
    from azure.ai.inference import ChatCompletionsClient
    from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
    from azure.ai.inference.models import ChatCompletions as AzureChatCompletions
    from azure.ai.inference.models import (
        ChatCompletionsToolCall,
        ChatRequestMessage,
        CompletionsUsage,
        StreamingChatCompletionsUpdate,
    )
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

    from .base._clients import Endpoint
    from .base._signatures import ProviderCall
    from .base._transport import Transport
else:
    ChatRequestMessage = dict[str, Any]
    ChatCompletionsClient = OpenAI = AzureOpenAI = Any
    AsyncChatCompletionsClient = AsyncOpenAI = AsyncAzureOpenAI = Any

require_sdk("azure")

# --- what you may pass


class AzureCallParams(CommonCallParams, total=False):
    """The parameters of a call.

    `model_extras` is for clients of `azure-ai-inference`, `extra_body` and `extra_headers` are for
    those of OpenAI's SDK. Source: https://learn.microsoft.com/rest/api/aifoundry/modelinference/.
    """

    extra_body: dict[str, Any] | None
    extra_headers: dict[str, str] | None
    headers: dict[str, str]
    model_extras: dict[str, Any]
    reasoning_effort: str | None
    response_format: Any
    tool_choice: Any


AzureMessageParam: TypeAlias = ChatRequestMessage | dict[str, Any] | BaseMessageParam
AzureDynamicConfig: TypeAlias = BaseDynamicConfig[
    AzureMessageParam, AzureCallParams, ChatCompletionsClient | OpenAI | AzureOpenAI
]
AsyncAzureDynamicConfig: TypeAlias = BaseDynamicConfig[
    AzureMessageParam,
    AzureCallParams,
    AsyncChatCompletionsClient | AsyncOpenAI | AsyncAzureOpenAI,
]

# --- tools


class AzureToolConfig(ToolConfig, total=False):
    """`strict`: have the model keep the arguments to the tool's schema."""

    strict: bool


class AzureTool(BaseTool):
    """A tool in Azure's form."""

    _provider_title = "Azure AI"
    _config_type = AzureToolConfig

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        return {"type": "function", "function": cls._function_schema()}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return PROVIDER.decode_calls({"tool_calls": [_data_of(tool_call)]})[0]

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[ChatCompletionsToolCall | None]


# --- what you get back


class AzureCallResponse(BaseCallResponse):
    """Azure AI's reply to a call. `response` is an object of the SDK whose client made the call."""

    _provider = "azure"

    @computed_once
    def response(self) -> AzureChatCompletions:
        client = self._request.client
        made = built(lambda raw: PROVIDER.response_of(raw, client), PROVIDER.title, self._raw)
        return cast("AzureChatCompletions", made)

    if TYPE_CHECKING:

        @property
        def usage(self) -> CompletionsUsage | None: ...
        @property
        def tools(self) -> list[AzureTool] | None: ...
        @property
        def tool(self) -> AzureTool | None: ...
        @property
        def message_param(self) -> dict[str, Any]: ...
        @property
        def user_message_param(self) -> AzureMessageParam | None: ...
        @classmethod
        def tool_message_params(cls, tools_and_outputs: Any) -> list[dict[str, Any]]: ...


class AzureCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Azure AI's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> StreamingChatCompletionsUpdate: ...
        @property
        def usage(self) -> CompletionsUsage | None: ...


class AzureStream(BaseStream[AzureCallResponseChunk, AzureTool]):
    """Azure AI's reply as it arrives."""

    _provider = "azure"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> dict[str, Any]: ...
        @property
        def user_message_param(self) -> AzureMessageParam | None: ...
        def construct_call_response(self) -> AzureCallResponse: ...


# --- how it maps

_RETRIES = ("retry_total", "retry_connect", "retry_read", "retry_status")


class AzureProvider(ChatCompletions, RawResponseProvider):
    """The facts of Azure AI. What `RawResponseProvider` says is for clients of OpenAI's SDK."""

    name = "azure"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sdk_name = "openai"
    sync_clients: ClassVar[frozenset[str]] = frozenset(
        {"ChatCompletionsClient", "OpenAI", "AzureOpenAI"}
    )
    async_clients: ClassVar[frozenset[str]] = frozenset(
        {"aio.ChatCompletionsClient", "AsyncOpenAI", "AsyncAzureOpenAI"}
    )
    request_id_header = "x-request-id"
    response_type: ClassVar[type[BaseCallResponse]] = AzureCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = AzureCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = AzureStream
    tool_type: ClassVar[type[BaseTool]] = AzureTool  # type: ignore[type-abstract]

    list_params: ClassVar[frozenset[str]] = frozenset({"stop"})
    heeds_retry_after: ClassVar[tuple[str, ...]] = ("seconds", "date")
    part_types: ClassVar[frozenset[str]] = frozenset(
        {"text", "image", "image_url", "audio", "tool_call", "tool_result"}
    )

    def client_name(self, kind: type[Any]) -> str:
        # Both of Azure's classes have the same name.
        return f"aio.{kind.__name__}" if ".aio." in kind.__module__ else kind.__name__

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        return _inference().new_client(is_async, endpoint)

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        yield from step(client.close)

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        if is_of_openai(client):
            return super().with_transport(client, kwargs, transport)
        if (seconds := transport.timeout) is not None:
            if transport.seconds is None:
                raise TypeError(
                    f"`timeout` is a `{type(seconds).__name__}`, which a client of "
                    "`azure-ai-inference` does not take: give a number of seconds."
                )
            kwargs |= {"connection_timeout": seconds, "read_timeout": seconds}
        if transport.max_retries is not None:
            # Each kind of failure has a limit of its own besides.
            kwargs |= dict.fromkeys(_RETRIES, transport.max_retries)
        return client

    def resource(self, client: Any) -> Any:
        return client.chat.completions

    def native_types(self) -> tuple[Any, Any]:
        types = import_module("openai.types.chat")
        return types.ChatCompletion, types.ChatCompletionChunk

    # --- encode

    def finalize(self, draft: Draft) -> Json:
        kwargs = super().finalize(draft)
        # A deployment is mostly called as its model is.
        if "max_tokens" in kwargs and NEEDS_COMPLETION_TOKENS.match(draft.model):
            kwargs.setdefault("max_completion_tokens", kwargs.pop("max_tokens"))
        return kwargs

    def send(self, client: Any, kwargs: Json, stream: bool) -> Any:
        if is_of_openai(client):
            messages = [_data_of(message) for message in kwargs["messages"]]
            return super().send(client, {**kwargs, "messages": messages}, stream)
        return complete(client, kwargs)

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        return super().decode_message(_data_of(message))

    def receive(self, raw: Any) -> Received:
        if isinstance(raw, Reply):
            return raw.received
        if isinstance(raw, Mapping):
            return Received(_data_of(raw), native=cast(Any, raw))
        if raw is None or isinstance(raw, (list, str, int, float)):
            raise _inference().InferenceErrors().unreadable_reply(raw)
        return super().receive(raw)

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        if isinstance(raw, Reply):
            return cast(Mapping[str, str], raw.headers)
        if isinstance(raw, OpenedStream):
            return cast(Mapping[str, str], raw.response.headers)
        return super().reply_headers(raw)

    def source(self, raw: Any, is_async: bool) -> EventSource:
        if isinstance(raw, OpenedStream):
            return cast(EventSource, _inference().InferenceEvents(raw.response, is_async))
        if http_response := getattr(raw, "http_response", None):
            return OpenAIEvents(self, http_response, is_async)
        if http_response := getattr(raw, "_response", None):
            return cast(EventSource, _inference().InferenceEvents(http_response, is_async))
        return AzureObjectEvents(raw, is_async)

    # --- rebuild

    def native_response(self, received: Received) -> Any:
        return models().ChatCompletions(received.data)

    def response_of(self, received: Received, client: Any) -> Any:
        """The reply as an object of the SDK whose client made the call."""
        if received.native is not None:
            return received.native
        if is_of_openai(client):
            return super().native_response(received)
        return self.native_response(received)

    def native_chunk(self, received: Received) -> Any:
        if isinstance(received, FromOpenAI):
            return super().native_chunk(received)
        return models().StreamingChatCompletionsUpdate(received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        function = {"name": call.name, "arguments": call.arguments}
        native = call.native or {"id": call.id, "type": "function", "function": function}
        return models().ChatCompletionsToolCall(native)


def is_of_openai(client: Any) -> bool:
    """Whether a client is one of OpenAI's SDK (or acts as one), not of `azure-ai-inference`."""
    return hasattr(client, "chat")


def _data_of(value: Any) -> Json:
    """A model of `azure-ai-inference`, of OpenAI's SDK, or a dict, as JSON-shaped data."""
    as_dict = getattr(value, "as_dict", None)
    return cast(Json, as_dict()) if as_dict else plain(value).data


class FromOpenAI(Received):
    """An event that came by a client of OpenAI's SDK."""


class OpenAIEvents(WireEvents):
    """The events of a stream of OpenAI's SDK."""

    def decode(self, event: bytes) -> Iterable[Received]:
        for received in super().decode(event):
            yield FromOpenAI(received.data)


class AzureObjectEvents(ObjectEvents):
    """The events of a stream as the objects that another iterator than the SDK's own yields."""

    def decode(self, event: Any) -> Iterable[Received]:
        yield Received(_data_of(event), native=event)


def _inference() -> Any:
    return import_module("mirascope.core._azure_inference")


PROVIDER = AzureProvider()

# --- the decorator

call: ProviderCall[AzureCallResponse, AzureStream, AzureCallParams] = provider_call(PROVIDER)
azure_call = call

__all__ = [
    "AsyncAzureDynamicConfig",
    "AzureCallParams",
    "AzureCallResponse",
    "AzureCallResponseChunk",
    "AzureDynamicConfig",
    "AzureMessageParam",
    "AzureStream",
    "AzureTool",
    "AzureToolConfig",
    "azure_call",
    "call",
]
