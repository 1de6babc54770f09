"""OpenAI, through its SDK: https://github.com/openai/openai-python."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from ._chat_completions import NEEDS_COMPLETION_TOKENS, ChatCompletions, Json
from ._providers import PROVIDERS, require_sdk
from ._raw_response import RawResponseProvider, construct
from ._sdk_objects import plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._provider_call import provider_call
from .base._wire import ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse, decode_base64
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam
from .base.stream import BaseStream
from .base.tool import BaseTool, Member, ToolConfig

if TYPE_CHECKING:
    from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
    from openai.types import CompletionUsage
    from openai.types.chat import (
        ChatCompletion,
        ChatCompletionAssistantMessageParam,
        ChatCompletionChunk,
        ChatCompletionMessageParam,
        ChatCompletionMessageToolCallUnion,
        ChatCompletionToolMessageParam,
    )

    from .base._signatures import ProviderCall
else:
    ChatCompletionMessageParam = dict[str, Any]
    AsyncAzureOpenAI = AsyncOpenAI = AzureOpenAI = OpenAI = Any

require_sdk("openai")

# --- what you may pass


class OpenAICallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://platform.openai.com/docs/api-reference/chat/create."""

    audio: dict[str, Any] | None
    extra_body: dict[str, Any] | None
    extra_headers: dict[str, str] | None
    extra_query: dict[str, Any] | None
    logit_bias: dict[str, int] | None
    logprobs: bool | None
    max_completion_tokens: int | None
    metadata: dict[str, str] | None
    modalities: list[str] | None
    n: int | None
    parallel_tool_calls: bool
    prediction: dict[str, Any] | None
    prompt_cache_key: str
    reasoning_effort: str | None
    response_format: dict[str, Any]
    safety_identifier: str
    service_tier: str | None
    store: bool | None
    stream_options: dict[str, Any] | None
    tool_choice: str | dict[str, Any]
    top_logprobs: int | None
    user: str
    verbosity: str | None


OpenAIMessageParam: TypeAlias = ChatCompletionMessageParam | BaseMessageParam
OpenAIDynamicConfig: TypeAlias = BaseDynamicConfig[
    OpenAIMessageParam, OpenAICallParams, OpenAI | AzureOpenAI
]
AsyncOpenAIDynamicConfig: TypeAlias = BaseDynamicConfig[
    OpenAIMessageParam, OpenAICallParams, AsyncOpenAI | AsyncAzureOpenAI
]

# --- tools


class OpenAIToolConfig(ToolConfig, total=False):
    """`strict`: have OpenAI keep the arguments to the tool's schema."""

    strict: bool


class OpenAITool(BaseTool):
    """A tool in OpenAI's form."""

    _provider_title = "OpenAI"
    _config_type = OpenAIToolConfig

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
        tool_call: Member[ChatCompletionMessageToolCallUnion | None]


# --- what you get back


class OpenAICallResponse(BaseCallResponse):
    """OpenAI's reply to a call."""

    _provider = "openai"
    _dumped: ClassVar[tuple[str, ...]] = ("audio", "audio_transcript")

    if TYPE_CHECKING:

        @property
        def response(self) -> ChatCompletion: ...
        @property
        def usage(self) -> CompletionUsage | None: ...
        @property
        def tools(self) -> list[OpenAITool] | None: ...
        @property
        def tool(self) -> OpenAITool | None: ...
        @property
        def message_param(self) -> ChatCompletionAssistantMessageParam: ...
        @property
        def user_message_param(self) -> ChatCompletionMessageParam | None: ...
        @classmethod
        def tool_message_params(
            cls, tools_and_outputs: Any
        ) -> list[ChatCompletionToolMessageParam]: ...

    @property
    def audio(self) -> bytes | None:
        """The spoken reply, in the format that was asked for; None where there is none."""
        audio = self._reply.audio
        return decode_base64(audio.data) if audio and audio.data else None

    @property
    def audio_transcript(self) -> str | None:
        """The words of the spoken reply; None where there is none."""
        audio = self._reply.audio
        return audio.transcript if audio else None


class OpenAICallResponseChunk(BaseCallResponseChunk):
    """A chunk of OpenAI's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> ChatCompletionChunk: ...
        @property
        def usage(self) -> CompletionUsage | None: ...

    @property
    def audio(self) -> bytes | None:
        """The speech that this chunk adds; None where it adds none."""
        audio = self._delta.audio
        return decode_base64(audio.data) if audio and audio.data else None

    @property
    def audio_transcript(self) -> str | None:
        """The spoken words that this chunk adds; None where it adds none."""
        audio = self._delta.audio
        return audio.transcript if audio else None


class OpenAIStream(BaseStream[OpenAICallResponseChunk, OpenAITool]):
    """OpenAI's reply as it arrives."""

    _provider = "openai"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> ChatCompletionAssistantMessageParam: ...
        @property
        def user_message_param(self) -> ChatCompletionMessageParam | None: ...
        def construct_call_response(self) -> OpenAICallResponse: ...

    @property
    def audio_id(self) -> str | None:
        """The identifier of the spoken reply, with which it can be referred to later."""
        audio = self._builder.reply.audio
        return audio.id if audio else None


# --- how it maps


class OpenAIProvider(ChatCompletions, RawResponseProvider):
    """The facts of OpenAI."""

    name = "openai"
    shows_thinking = False
    speaks = True
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sdk_name = "openai"
    sync_client = "OpenAI"
    async_client = "AsyncOpenAI"
    sync_clients: ClassVar[frozenset[str]] = frozenset({"OpenAI", "AzureOpenAI"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"AsyncOpenAI", "AsyncAzureOpenAI"})
    request_id_header = "x-request-id"
    sends_json_as_it_is = True
    response_type: ClassVar[type[BaseCallResponse]] = OpenAICallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = OpenAICallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = OpenAIStream
    tool_type: ClassVar[type[BaseTool]] = OpenAITool  # type: ignore[type-abstract]

    def resource(self, client: Any) -> Any:
        return client.chat.completions

    def native_types(self) -> tuple[Any, Any]:
        return _native_types()

    def native_tool_call(self, call: ToolCall) -> Any:
        types = import_module("openai.types.chat")
        native: Json = call.native or {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        if native.get("type") == "custom":
            return construct(types.ChatCompletionMessageCustomToolCall, native)
        return construct(types.ChatCompletionMessageFunctionToolCall, native)

    def finalize(self, draft: Any) -> Json:
        kwargs = super().finalize(draft)
        if "max_tokens" in kwargs and NEEDS_COMPLETION_TOKENS.match(draft.model):
            kwargs.setdefault("max_completion_tokens", kwargs.pop("max_tokens"))
        return kwargs


@cache
def _native_types() -> tuple[Any, Any]:
    types = import_module("openai.types.chat")
    return types.ChatCompletion, types.ChatCompletionChunk


PROVIDER = OpenAIProvider()

# --- the decorator

call: ProviderCall[OpenAICallResponse, OpenAIStream, OpenAICallParams] = provider_call(PROVIDER)
openai_call = call

__all__ = [
    "AsyncOpenAIDynamicConfig",
    "OpenAICallParams",
    "OpenAICallResponse",
    "OpenAICallResponseChunk",
    "OpenAIDynamicConfig",
    "OpenAIMessageParam",
    "OpenAIStream",
    "OpenAITool",
    "OpenAIToolConfig",
    "call",
    "openai_call",
]
