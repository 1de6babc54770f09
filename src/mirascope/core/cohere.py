"""Cohere, through version 2 of its chat API: https://github.com/cohere-ai/cohere-python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from . import _chat_v2 as wire
from . import _cohere_clients as clients
from ._bare_connection import BareConnection
from ._chat_completions import Json
from ._providers import PROVIDERS, require_sdk
from ._sdk_objects import plain
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._clients import async_client, sync_client_options
from .base._flow import Flow, step
from .base._provider import Draft, EventSource, Received
from .base._provider_call import provider_call
from .base._wire import Delta, Reply, ToolCall
from .base.call_params import CommonCallParams
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.message_param import BaseMessageParam, ProviderPart, TextPart
from .base.stream import BaseStream
from .base.tool import BaseTool, Member
from .base.types import FinishReason

if TYPE_CHECKING:
    from cohere import AsyncClient, AsyncClientV2, Client, ClientV2
    from cohere.types import (
        ChatMessage,
        ChatMessageV2,
        Citation,
        ToolCallV2,
        UsageBilledUnits,
    )
    from cohere.types import Message as OlderMessage
    from cohere.v2.types import V2ChatResponse, V2ChatStreamResponse

    from .base._clients import Endpoint
    from .base._signatures import ProviderCall
    from .base._transport import Transport
else:
    AsyncClient = AsyncClientV2 = Client = ClientV2 = Any
    ChatMessage = ChatMessageV2 = OlderMessage = dict[str, Any]

require_sdk("cohere")

# --- what you may pass


class CohereCallParams(CommonCallParams, total=False):
    """The parameters of a call; source: https://docs.cohere.com/reference/chat.

    `preamble` and `chat_history` are those of version 1 of the API: a system message, and messages
    that come before those of the prompt.
    """

    chat_history: list[Any] | None
    citation_options: dict[str, Any]
    documents: list[Any] | None
    k: int | None
    logprobs: bool
    p: float | None
    preamble: str | None
    priority: int
    request_options: dict[str, Any]
    response_format: dict[str, Any]
    safety_mode: str
    stop_sequences: list[str] | None
    strict_tools: bool
    thinking: dict[str, Any]
    tool_choice: str


CohereMessageParam: TypeAlias = (
    ChatMessageV2 | ChatMessage | OlderMessage | BaseMessageParam | dict[str, Any]
)
CohereDynamicConfig: TypeAlias = BaseDynamicConfig[
    CohereMessageParam, CohereCallParams, Client | ClientV2
]
AsyncCohereDynamicConfig: TypeAlias = BaseDynamicConfig[
    CohereMessageParam, CohereCallParams, AsyncClient | AsyncClientV2
]

# --- tools


class CohereTool(BaseTool):
    """A tool in Cohere's form."""

    _provider_title = "Cohere"

    @classmethod
    def tool_schema(cls) -> Any:
        """The tool as a request describes it."""
        nothing = {"type": "object", "properties": dict[str, Any]()}
        return {"type": "function", "function": {"parameters": nothing, **cls._function_schema()}}

    @classmethod
    def _decode(cls, tool_call: Any) -> ToolCall:
        return wire.decode_call(plain(tool_call, defaults=True).data)

    @classmethod
    def _native_call(cls, call: ToolCall) -> Any:
        return PROVIDER.native_tool_call(call)

    if TYPE_CHECKING:
        tool_call: Member[ToolCallV2 | None]


# --- what you get back


class CohereCallResponse(BaseCallResponse):
    """Cohere's reply to a call."""

    _provider = "cohere"
    _dumped = ("tool_plan", "citations")

    if TYPE_CHECKING:

        @property
        def response(self) -> V2ChatResponse: ...
        @property
        def tools(self) -> list[CohereTool] | None: ...
        @property
        def tool(self) -> CohereTool | None: ...
        @property
        def message_param(self) -> dict[str, Any]: ...

    @property
    def usage(self) -> UsageBilledUnits | None:
        """The SDK's own object for the units that are billed; None where the reply has none."""
        return getattr(getattr(self.response, "usage", None), "billed_units", None)

    @property
    def tool_plan(self) -> str | None:
        """What the model says about the tools that it calls; None where it says nothing."""
        return self._reply.extras.get(wire.PLAN)

    @property
    def citations(self) -> list[Citation] | None:
        """Where the reply takes its words from: the SDK's own objects; None where it says none."""
        return getattr(getattr(self.response, "message", None), "citations", None)


class CohereCallResponseChunk(BaseCallResponseChunk):
    """A chunk of Cohere's reply."""

    if TYPE_CHECKING:

        @property
        def chunk(self) -> V2ChatStreamResponse: ...

    @property
    def usage(self) -> UsageBilledUnits | None:
        """The SDK's own object for the units that are billed, in the chunk that has it."""
        usage = getattr(getattr(self.chunk, "delta", None), "usage", None)
        return getattr(usage, "billed_units", None)

    @property
    def tool_plan(self) -> str:
        """What this chunk adds to the model's words about its tools; empty where it adds none."""
        return str((self._delta.extras or {}).get(wire.PLAN, ""))


class CohereStream(BaseStream[CohereCallResponseChunk, CohereTool]):
    """Cohere's reply as it arrives."""

    _provider = "cohere"

    if TYPE_CHECKING:

        @property
        def message_param(self) -> dict[str, Any]: ...
        def construct_call_response(self) -> CohereCallResponse: ...

    @property
    def tool_plan(self) -> str:
        """What has arrived of the model's words about its tools."""
        return str(self._reply.extras.get(wire.PLAN, ""))


# --- how it maps

_GONE = frozenset(
    {
        "connectors",
        "conversation_id",
        "force_single_step",
        "max_input_tokens",
        "prompt_truncation",
        "raw_prompting",
        "search_queries_only",
        "tool_results",
    }
)
"""Parameters that the API had in version 1 and has no more."""

TIMEOUT_SECONDS = 300.0
"""The SDK's own default, which it does not apply to an HTTP client that it is given."""


class CohereProvider(BareConnection):
    """The facts of Cohere."""

    name = "cohere"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    sync_clients: ClassVar[frozenset[str]] = frozenset({"Client", "ClientV2"})
    async_clients: ClassVar[frozenset[str]] = frozenset({"AsyncClient", "AsyncClientV2"})
    response_type: ClassVar[type[BaseCallResponse]] = CohereCallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = CohereCallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = CohereStream
    tool_type: ClassVar[type[BaseTool]] = CohereTool  # type: ignore[type-abstract]

    param_names: ClassVar[Mapping[str, str | None]] = {
        "temperature": "temperature",
        "max_tokens": "max_tokens",
        "top_p": "p",
        "frequency_penalty": "frequency_penalty",
        "presence_penalty": "presence_penalty",
        "seed": "seed",
        "stop": "stop_sequences",
    }
    list_params: ClassVar[frozenset[str]] = frozenset({"stop_sequences"})
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "COMPLETE": "stop",
        "STOP_SEQUENCE": "stop",
        "ERROR": "stop",
        "USER_CANCEL": "stop",
        "MAX_TOKENS": "length",
        "ERROR_LIMIT": "length",
        "TOOL_CALL": "tool_calls",
        "ERROR_TOXIC": "content_filter",
    }
    has_strict_json = True
    retries_streams = False
    heeds_retry_after: ClassVar[tuple[str, ...]] = ("whole seconds", "date")
    reply_readers = r"json\.decoder\.|cohere\.core\.unchecked_base_model\."
    part_types: ClassVar[frozenset[str]] = frozenset(
        {"text", "image", "image_url", "tool_call", "tool_result", "thinking"}
    )

    # --- sending

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        sdk, stack = import_module("cohere"), import_module("httpx")
        client = sdk.AsyncClientV2 if is_async else sdk.ClientV2
        settings: Json = {"follow_redirects": True, "timeout": TIMEOUT_SECONDS}
        if is_async:
            http_client = async_client(stack, **settings)
        else:
            http_client = stack.Client(**sync_client_options(stack), **settings)
        return client(
            api_key=endpoint.api_key if endpoint else None,
            # The SDK reads this variable once, when it is imported.
            base_url=endpoint.base_url if endpoint else os.environ.get("CO_API_URL"),
            timeout=TIMEOUT_SECONDS,
            httpx_client=http_client,
        )

    def with_transport(self, client: Any, kwargs: Json, transport: Transport) -> Any:
        options = dict(kwargs.get("request_options") or {})
        if transport.timeout is not None:
            options[clients.timeout_name()] = transport.timeout
        if transport.max_retries is not None:
            options["max_retries"] = transport.max_retries
        kwargs["request_options"] = options
        return client

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        leave = client.__aexit__ if is_async else client.__exit__
        yield from step(leave, None, None, None)

    def send(self, client: Any, kwargs: Json, stream: bool) -> Any:
        chat = clients.chat_of(client)
        raw = clients.raw_chat_of(client, "chat_stream" if stream else "chat")
        if stream:
            return clients.opened(raw.chat_stream(**kwargs)) if raw else chat.chat_stream(**kwargs)
        # The SDK warns of an older spelling.
        if raw and "schema" not in (kwargs.get("response_format") or ()):
            return clients.reply_to(raw, kwargs)
        return chat.chat(**kwargs)

    def receive(self, raw: Any) -> Received:
        if isinstance(raw, clients.WireReply):
            return Received(raw.data)
        if raw is None or isinstance(raw, (str, list, int, float)):
            # The SDK hands out any JSON.
            raise clients.api_error(None, raw)
        return plain(raw, defaults=True)

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        if isinstance(raw, clients.WireReply):
            return cast(Mapping[str, str], raw.headers)
        # An object of the SDK is without them.
        if not isinstance(raw, clients.OpenStream):
            return {}
        return cast(Mapping[str, str], raw.http_response.headers)

    def source(self, raw: Any, is_async: bool) -> EventSource:
        if isinstance(raw, clients.OpenStream):
            return clients.CohereWireEvents(self, raw, is_async)
        return clients.CohereEvents(raw, is_async)

    def stream_error(self, data: Json, http_response: Any) -> Exception | None:
        """The SDK's exception for an event that reports an error; None for any other event."""
        if wire.error_in(data) is None:
            return None
        return clients.api_error(http_response, data)

    def unreadable_event(self, body: Any, http_response: Any, told: str | None = None) -> Exception:
        """The SDK's exception for an event that is not a JSON object, or not as `told` tells."""
        if told is None:
            start = body[:200]
            told = f"{self.title} sent what is not a JSON object; it starts with {start!r}."
        return clients.api_error(http_response, told)

    # --- encode

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        return wire.from_older(super().encode_messages(messages))

    def encode_message(self, message: BaseMessageParam) -> list[Any]:
        return wire.encode_message(self.name, message, self.refuse_part)

    def finalize(self, draft: Draft) -> Json:
        kwargs: Json = dict(draft.params)
        if gone := sorted(kwargs.keys() & _GONE):
            raise TypeError(
                f"Cohere's chat API has no parameter `{gone[0]}` any more. Results of tools are "
                "messages now (`response.tool_message_params`), sources are `documents`."
            )
        history = self.encode_messages(kwargs.pop("chat_history", None) or ())
        messages = wire.with_history(history, draft.messages)
        draft.messages = wire.with_preamble(kwargs.pop("preamble", None), messages)
        kwargs |= {"model": draft.model, "messages": draft.messages}
        if draft.tools:
            kwargs["tools"] = [
                *(kwargs.get("tools") or ()),
                *(tool.tool_schema() for tool in draft.tools),
            ]
        if draft.forced_tool:
            kwargs["tool_choice"] = "REQUIRED"
        if draft.json:
            if draft.json.strict:
                schema = {"json_schema": draft.json.schema}
                kwargs["response_format"] = {"type": "json_object", **schema}
            elif not draft.tools:
                kwargs.setdefault("response_format", {"type": "json_object"})
        return kwargs

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        data = wire.plain_message(message)
        if "message" in data:
            (data,) = wire.from_older([data])
        return wire.decode_message(self.name, data)

    def decode_reply(self, data: Json) -> Reply:
        return wire.decode_reply(data)

    def decode_delta(self, data: Json) -> Delta | None:
        decoder = wire.EVENT_DECODERS.get(data.get("type", ""))
        delta = Delta.empty()
        if decoder:
            decoder(data, delta)
        return delta

    # --- rebuild

    def reply_message(self, reply: Reply) -> BaseMessageParam:
        message = super().reply_message(reply)
        plan = reply.extras.get(wire.PLAN)
        if not plan:
            return message
        text = message.content
        parts = [TextPart(text=text)] * bool(text) if isinstance(text, str) else text
        own = ProviderPart(provider=self.name, data={wire.PLAN: plan})
        return BaseMessageParam(role="assistant", content=[own, *parts])

    def message_param(self, reply: Reply) -> Any:
        return wire.encode_message_of(reply)

    def encode_reply(self, reply: Reply) -> Json:
        return wire.encode_reply(reply)

    def native_response(self, received: Received) -> Any:
        return _constructed("V2ChatResponse", received.data)

    def native_chunk(self, received: Received) -> Any:
        return _constructed("V2ChatStreamResponse", received.data)

    def native_tool_call(self, call: ToolCall) -> Any:
        native = call.native or wire.encode_call(call.id, call.name, call.arguments)
        return import_module("cohere.types").ToolCallV2(**native)


@cache
def _native_type(name: str) -> Any:
    return getattr(import_module("cohere.v2.types"), name)


def _constructed(name: str, data: Json) -> Any:
    construct = import_module("cohere.core.unchecked_base_model").construct_type
    return construct(type_=_native_type(name), object_=data)


PROVIDER = CohereProvider()

# --- the decorator

call: ProviderCall[CohereCallResponse, CohereStream, CohereCallParams] = provider_call(PROVIDER)
cohere_call = call

__all__ = [
    "AsyncCohereDynamicConfig",
    "CohereCallParams",
    "CohereCallResponse",
    "CohereCallResponseChunk",
    "CohereDynamicConfig",
    "CohereMessageParam",
    "CohereStream",
    "CohereTool",
    "call",
    "cohere_call",
]
