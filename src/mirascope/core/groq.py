"""Groq, through its SDK: https://github.com/groq/groq-python."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ._chat_completions import ChatCompletions, Json
from ._providers import PROVIDERS, require_sdk
from ._raw_response import RawResponseProvider, construct
from ._sdk_objects import plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._narrow import inner
from .base._provider_call import provider_call
from .base._wire import Delta, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam
from .base.stream import BaseStream
from .base.tool import BaseTool, Member

if TYPE_CHECKING:
    from groq import AsyncGroq, Groq
    from groq.types import CompletionUsage
    from groq.types.chat import (
        ChatCompletion,
        ChatCompletionAssistantMessageParam,
        ChatCompletionChunk,
        ChatCompletionMessageParam,
        ChatCompletionMessageToolCall,
        ChatCompletionToolMessageParam,
    )

    from .base._clients import Endpoint
    from .base._provider import Received
    from .base._signatures import ProviderCall
else:
    ChatCompletionMessageParam = dict[str, Any]
    AsyncGroq = Groq = Any

require_sdk("groq")

# --- what you may pass


class GroqCallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://console.groq.com/docs/api-reference#chat-create."""

    citation_options: str | None
    compound_custom: dict[str, Any] | None
    disable_tool_validation: bool
    documents: list[dict[str, Any]] | None
    extra_body: dict[str, Any] | None
    extra_headers: dict[str, str] | None
    extra_query: dict[str, Any] | None
    include_reasoning: bool | None
    logit_bias: dict[str, int] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    metadata: dict[str, str] | None
    n: int | None
    parallel_tool_calls: bool | None
    reasoning_effort: str | None
    reasoning_format: str | None
    response_format: dict[str, Any]
    search_settings: dict[str, Any] | None
    service_tier: str | None
    tool_choice: str | dict[str, Any]
    top_logprobs: int | None
    user: str | None


GroqMessageParam: TypeAlias = ChatCompletionMessageParam | BaseMessageParam
GroqDynamicConfig: TypeAlias = BaseDynamicConfig[GroqMessageParam, GroqCallParams, Groq]
AsyncGroqDynamicConfig: TypeAlias = BaseDynamicConfig[GroqMessageParam, GroqCallParams, AsyncGroq]

# --- tools


class GroqTool(BaseTool):
    """A tool in Groq's form."""

    _provider_title = "Groq"

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        return {"type": "function", "function": cls._function_schema()}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return PROVIDER.decode_calls({"tool_calls": [plain(tool_call).data]})[0]

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[ChatCompletionMessageToolCall | None]


# --- what you get back


class GroqCallResponse(BaseCallResponse):
    """Groq's reply to a call."""

    _provider = "groq"

    if TYPE_CHECKING:

        @property
        def response(self) -> ChatCompletion: ...
        @property
        def usage(self) -> CompletionUsage | None: ...
        @property
        def tools(self) -> list[GroqTool] | None: ...
        @property
        def tool(self) -> GroqTool | None: ...
        @property
        def message_param(self) -> ChatCompletionAssistantMessageParam: ...
        @property
        def user_message_param(self) -> ChatCompletionMessageParam | None: ...
        @classmethod
        def tool_message_params(
            cls, tools_and_outputs: Any
        ) -> list[ChatCompletionToolMessageParam]: ...


class GroqCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Groq's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> ChatCompletionChunk: ...
        @property
        def usage(self) -> CompletionUsage | None: ...


class GroqStream(BaseStream[GroqCallResponseChunk, GroqTool]):
    """Groq's reply as it arrives."""

    _provider = "groq"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> ChatCompletionAssistantMessageParam: ...
        @property
        def user_message_param(self) -> ChatCompletionMessageParam | None: ...
        def construct_call_response(self) -> GroqCallResponse: ...


# --- how it maps

_SECONDS = 600.0
"""How long a reply may take: the SDK's own minute is too short for one that is long."""


class GroqProvider(ChatCompletions, RawResponseProvider):
    """The facts of Groq."""

    name = "groq"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sdk_name = "groq"
    sync_client = "Groq"
    async_client = "AsyncGroq"
    sync_clients: ClassVar[frozenset[str]] = frozenset({"Groq"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"AsyncGroq"})
    request_id_header = "x-request-id"
    sends_json_as_it_is = True
    response_type: ClassVar[type[BaseCallResponse]] = GroqCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = GroqCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = GroqStream
    tool_type: ClassVar[type[BaseTool]] = GroqTool  # type: ignore[type-abstract]
    part_types: ClassVar[frozenset[str]] = frozenset(
        {"text", "image", "image_url", "tool_call", "tool_result"}
    )
    reasoning_keys: ClassVar[tuple[str, ...]] = ("reasoning", "reasoning_content")

    def resource(self, client: Any) -> Any:
        return client.chat.completions

    def client_options(self, endpoint: Endpoint | None) -> Json:
        timeout = self.sdk.Timeout(_SECONDS, connect=5.0)
        return {"timeout": timeout, **super().client_options(endpoint)}

    def native_types(self) -> tuple[Any, Any]:
        return _native_types()

    def native_response(self, received: Received) -> Any:
        # Unlike its relatives this SDK puts no identifier of the request beside the reply's fields.
        return construct(self.native_types()[0], received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        native: Json = call.native or {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        return construct(import_module("groq.types.chat").ChatCompletionMessageToolCall, native)

    def ask_for_usage(self, kwargs: Json) -> None:
        # Groq says it without being asked, and its SDK takes no `stream_options`.
        pass

    def decode_delta(self, data: Json) -> Delta:
        delta = super().decode_delta(data)
        if delta.tokens is None and (usage := _extra(data).get("usage")):
            # Older models say it here alone.
            delta.usage = usage
            delta.tokens = self.decode_usage(usage)
        return delta

    def stream_error(self, data: Json, http_response: Any) -> Exception | None:
        if (reason := _extra(data).get("error")) and not data.get("error"):
            # Why the stream is stopped early; the SDK's own iterator passes it over.
            data = {"error": {"message": reason}}
        return super().stream_error(data, http_response)


def _extra(data: Json) -> Json:
    return inner(data, "x_groq")


@cache
def _native_types() -> tuple[Any, Any]:
    types = import_module("groq.types.chat")
    return types.ChatCompletion, types.ChatCompletionChunk


PROVIDER = GroqProvider()

# --- the decorator

call: ProviderCall[GroqCallResponse, GroqStream, GroqCallParams] = provider_call(PROVIDER)
groq_call = call

__all__ = [
    "AsyncGroqDynamicConfig",
    "GroqCallParams",
    "GroqCallResponse",
    "GroqCallResponseChunk",
    "GroqDynamicConfig",
    "GroqMessageParam",
    "GroqStream",
    "GroqTool",
    "call",
    "groq_call",
]
