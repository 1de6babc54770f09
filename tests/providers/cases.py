"""The table of providers that the conformance tests go through: a new provider is one more row."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from pkgutil import resolve_name
from typing import Any

from mirascope import llm
from mirascope.core import metadata as with_metadata
from mirascope.core import prompt_template
from mirascope.core._providers import is_installed
from mirascope.errors import UnreadableReply
from mirascope.sandbox import Sandbox

from .wires import (
    AnthropicMessages,
    ChatCompletions,
    CohereChat,
    GenerateContent,
    GroqCompletions,
    Json,
    LiteLLMCompletions,
    MistralChat,
    Wire,
)
from .wires_aws import Converse


def has_version(distribution: str, major: int) -> bool:
    try:
        return int(version(distribution).partition(".")[0]) >= major
    except PackageNotFoundError:
        return False


@dataclass(frozen=True)
class Case:
    """One provider: its names, and what it makes of things that every provider has."""

    name: str
    prefix: str
    """What the names of its classes start with, in our module and for its clients."""
    model: str
    wire: Wire
    params: Mapping[str, Mapping[str, Any]]
    """Common parameter to what a request has for it."""
    own_params: Mapping[str, Any]
    """Parameters that only this provider has."""
    cost: float
    """US dollars for 1000 tokens in and 500 out, of `model`."""
    tool_call_class: str
    create: str
    """Where the client has the method that sends a request."""
    sdk_name: str = ""
    """The import name of its SDK where that is another than its own."""
    client_prefix: str = ""
    """What the names of the SDK's clients start with where that is not `prefix`."""
    overloaded: str = "InternalServerError"
    error_event: str = "APIError"
    takes_any_arguments: bool = True
    """Whether the protocol can carry arguments of a tool call that are not JSON."""
    has_strict_json: bool = False
    """Whether the provider can be made to keep to a JSON schema."""
    has_refusals: bool = False
    """Whether a refusal is something else than a text."""
    streams_refusals: bool = True
    """Whether the SDK leaves such a refusal in a stream."""
    has_whole_tool_calls: bool = False
    """Whether a stream has each tool call in one piece."""
    id_attribute: str = "id"
    """Where the SDK's response has its identifier."""
    unknown_param: str | None = "builtins:TypeError"
    """What the SDK says to a parameter that it does not know; None where it passes it on."""
    has_structured_streams_by_json_only: bool = False
    """Whether a response model that is streamed is always asked for as JSON."""
    has_one_client_class: bool = False
    """Whether the SDK has the same class for sync and async clients."""
    has_cache_price: bool = True
    """Whether tokens read from the cache of `model` cost less."""
    has_own_error_event: bool = True
    """Whether the SDK itself raises where a stream reports an error, and says what it is."""
    takes_empty_bodies: bool = False
    """Whether the SDK takes a body that holds nothing for a reply that says nothing."""
    demands_whole_replies: bool = False
    """Whether the SDK refuses a reply that lacks something."""
    attempts: int = 3
    """How often the SDK sends a request that keeps failing."""
    retries_streams: bool = True
    """Whether it does so for streams, too."""
    stumbles: Mapping[str, type[Exception]] = field(default_factory=dict[str, type[Exception]])
    """What is raised for a body that is no JSON object, where the SDK fails to notice."""
    ends_with_tool_calls: bool = False
    """Whether the last event of a stream is the one that has its tool calls."""
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the SDK has in the place of OpenAI's exceptions, as `module:name`."""
    keeps_sync_clients: bool = False
    """Whether the SDK has a sync client of its own for everybody, which is not ours to close."""
    unreadable: str = "not a JSON object; it starts with"
    """What the exception says of a body that is not JSON."""
    unreadable_status: int = 200
    """The status that it says the reply had."""
    native_types: str = ""
    """The module of the SDK's classes for replies where that is not `types` of it."""
    limits_async_replies: bool = False
    """Whether the default async client's timeout is for the whole of a reply."""
    other_timeouts: tuple[str, ...] = ()
    """What the SDK raises besides over a timeout: by another HTTP library, or in a stream."""
    quick_retries: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Parameters with which the SDK waits a moment only before it tries again."""
    besides: Mapping[str, Any] = field(default_factory=lambda: EXTRAS)
    """Parameters that put a header, and where that can be a query, into a request."""

    def error(self, name: str) -> Any:
        """The SDK's exception class that stands for one of OpenAI's, or for `cut`.

        `stopped` is for a stream that ends in good order before its reply is complete, `cut whole`
        for a reply that is not streamed.
        """
        if name in ("stopped", "cut whole") and name not in self.errors:
            name = "cut"
        name = self.errors.get(name, name)
        if ":" in name:
            return tuple(map(resolve_name, name.split("|"))) if "|" in name else resolve_name(name)
        return getattr(self.sdk, "APIConnectionError" if name == "cut" else name)

    def is_native(self, reply: Any) -> bool:
        """Whether a reply is the SDK's own object."""
        return type(reply).__module__.startswith(self.native_types or f"{self.sdk.__name__}.types")

    def is_exactly(self, error: Any, expected: Any) -> bool:
        """Whether an exception is of the class that is expected, and of no class below it."""
        return type(error) is expected

    def id_of(self, reply: Any) -> Any:
        """The identifier of a reply of the SDK."""
        return getattr(reply, self.id_attribute)

    def id_of_call(self, tool_call: Any) -> Any:
        """The identifier of a tool call of the SDK."""
        return tool_call.id

    def bare_stream(self, client: Any, body: Json, is_async: bool) -> Any:
        """The SDK's own stream, for the same request."""
        return attrgetter(self.create)(client)(**body)

    def is_closed(self, client: Any) -> bool:
        return bool(client.is_closed())

    def close(self, client: Any, is_async: bool) -> Any:
        """Close a client that `new_client` made; awaitable where it is async."""
        return client.close()

    @property
    def module(self) -> Any:
        return import_module(f"mirascope.core.{self.name}")

    @property
    def sdk(self) -> Any:
        return import_module(self.sdk_name or self.name)

    def of_module(self, suffix: str) -> Any:
        """One of the provider's classes: `CallResponse`, `Stream`, `Tool`, …"""
        return getattr(self.module, self.prefix + suffix)

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        name = self.client_prefix or self.prefix
        made_by = getattr(self.sdk, f"Async{name}" if is_async else name)
        given = {"api_key": "k", "base_url": box.base_url(self.name), "max_retries": 0, **options}
        return made_by(**given)


class GoogleCase(Case):
    """Google: one client, which has an async face; closed for good by its owner only."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        stack = import_module(self.errors["cut"].partition(":")[0])
        http_options: Json = {
            "base_url": options.get("base_url", box.base_url(self.name)),
            "headers": options.get("default_headers", {}),
            "timeout": int(options.get("timeout", 60) * 1000),
            "client_args": {"verify": False},
            "httpx_async_client": stack.AsyncClient(verify=False),
        }
        return self.sdk.Client(api_key="k", vertexai=False, http_options=http_options)

    def bare_stream(self, client: Any, body: Json, is_async: bool) -> Any:
        models = client.aio.models if is_async else client.models
        return models.generate_content_stream(model=body["model"], contents="Hi")

    def is_closed(self, client: Any) -> bool:
        made = client._api_client
        return bool(made._httpx_client.is_closed or made._async_httpx_client.is_closed)

    def close(self, client: Any, is_async: bool) -> Any:
        return client._api_client._async_httpx_client.aclose() if is_async else client.close()


class MistralCase(Case):
    """Mistral: one class for both kinds of clients, HTTP clients made beforehand."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        stack = import_module("mistralai.client.httpclient").httpx
        headers = options.get("default_headers")
        return self.sdk.Mistral(
            api_key="k",
            server_url=options.get("base_url", box.base_url(self.name)),
            timeout_ms=int(options.get("timeout", 60) * 1000),
            client=stack.Client(headers=headers, verify=False),
            async_client=stack.AsyncClient(headers=headers, verify=False),
        )

    def is_closed(self, client: Any) -> bool:
        made = client.sdk_configuration
        return bool(made.client.is_closed or made.async_client.is_closed)

    def close(self, client: Any, is_async: bool) -> Any:
        made = client.sdk_configuration
        return made.async_client.aclose() if is_async else made.client.close()


class CohereCase(Case):
    """Cohere: headers by an HTTP client made beforehand; closed by `with` only."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        stack = import_module("httpx")
        http_type = stack.AsyncClient if is_async else stack.Client
        made_by = self.sdk.AsyncClientV2 if is_async else self.sdk.ClientV2
        timeout = options.get("timeout", 60)
        headers = options.get("default_headers")
        client = made_by(
            api_key="k",
            base_url=options.get("base_url", box.base_url(self.name)),
            timeout=timeout,
            httpx_client=http_type(headers=headers, timeout=timeout, verify=False),
        )
        # Version 6 has no option for it.
        client._client_wrapper.httpx_client.base_max_retries = 0
        return client

    def is_closed(self, client: Any) -> bool:
        return bool(client._client_wrapper.httpx_client.httpx_client.is_closed)

    def close(self, client: Any, is_async: bool) -> Any:
        leave = client.__aexit__ if is_async else client.__exit__
        return leave(None, None, None)


class AzureCase(Case):
    """Azure AI: both kinds of clients have the same name, in modules of their own."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        timeout = options.get("timeout", 60)
        return import_module(f"{self.sdk_name}{'.aio' if is_async else ''}").ChatCompletionsClient(
            endpoint=options.get("base_url", box.base_url(self.name)),
            credential=resolve_name("azure.core.credentials:AzureKeyCredential")("k"),
            headers=options.get("default_headers") or {},
            connection_timeout=timeout,
            read_timeout=timeout,
            retry_total=0,
        )

    def is_closed(self, client: Any) -> bool:
        transport = client._client._pipeline._transport
        return bool(transport._has_been_opened and transport.session is None)


class BedrockCase(Case):
    """Bedrock: the classes of clients and exceptions are made at run time, replies are dicts."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        timeout = options.get("timeout", 60)
        given = {
            "connect_timeout": timeout,
            "read_timeout": timeout,
            "retries": {"mode": "standard", "total_max_attempts": 1},
        }
        config = resolve_name(
            "aiobotocore.config:AioConfig" if is_async else "botocore.config:Config"
        )(**given)
        settings = {
            "endpoint_url": options.get("base_url", box.base_url(self.name)),
            "region_name": "us-east-1",
            "aws_access_key_id": "k",
            "aws_secret_access_key": "k",
            "config": config,
        }
        headers = options.get("default_headers") or {}
        if is_async:
            return self._new_async_client(settings, headers)
        client = self.sdk.session.Session().client("bedrock-runtime", **settings)
        return with_headers(client, headers)

    async def _new_async_client(self, settings: Json, headers: Mapping[str, str]) -> Any:
        session = import_module("aiobotocore.session").AioSession()
        client = await session.create_client("bedrock-runtime", **settings).__aenter__()
        return with_headers(client, headers)

    def is_closed(self, client: Any) -> bool:
        http = client._endpoint.http_session
        return not (http._manager.pools if hasattr(http, "_manager") else http._sessions)

    def is_native(self, reply: Any) -> bool:
        return isinstance(reply, dict)

    def is_exactly(self, error: Any, expected: Any) -> bool:
        # Each client has classes of its own for the errors that the service knows.
        return type(error) is expected or expected in type(error).__bases__

    def id_of(self, reply: Any) -> Any:
        return reply["ResponseMetadata"]["RequestId"]

    def id_of_call(self, tool_call: Any) -> Any:
        return tool_call["toolUse"]["toolUseId"]

    def bare_stream(self, client: Any, body: Json, is_async: bool) -> Any:
        reply = client.converse_stream(modelId=body["model"], messages=body["messages"])
        return stream_of(reply) if is_async else events_of(reply["stream"])


async def stream_of(reply: Any) -> Any:
    """The stream of a reply of aiobotocore."""
    return (await reply)["stream"]


def events_of(stream: Any) -> Iterator[Any]:
    """The events of a stream of boto3, closed also where it breaks."""
    with closing(stream):
        yield from stream


def with_headers(client: Any, headers: Mapping[str, str]) -> Any:
    """The client of botocore, which sends further headers."""

    def add(request: Any, **_: Any) -> None:
        for name, value in headers.items():
            request.headers[name] = value

    client.meta.events.register("before-sign.bedrock-runtime", add)
    return client


class LiteLLMCase(Case):
    """LiteLLM: functions in the place of clients; it takes those of OpenAI's SDK."""

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        sdk = import_module("openai")
        made_by = sdk.AsyncOpenAI if is_async else sdk.OpenAI
        given = {"api_key": "k", "base_url": box.base_url(self.name), "max_retries": 0, **options}
        return made_by(**given)

    def bare_stream(self, client: Any, body: Json, is_async: bool) -> Any:
        send = self.sdk.acompletion if is_async else self.sdk.completion
        return send(client=client, **body)


EXTRAS = {"extra_headers": {"x-mine": "yes"}, "extra_query": {"trace": "1"}}
STATUS_ERRORS = (
    "BadRequestError",
    "AuthenticationError",
    "PermissionDeniedError",
    "NotFoundError",
    "RateLimitError",
    "InternalServerError",
)
OPENAI_3 = has_version("openai", 3)
GOOGLE_HTTP = "httpx2" if has_version("google-genai", 3) else "httpx"
"""The HTTP library below Google's SDK."""
SAMPLING = {"temperature": 0.2, "max_tokens": 64, "top_p": 0.9}
SAME_NAMES = {
    **{name: {name: value} for name, value in SAMPLING.items()},
    "frequency_penalty": {"frequency_penalty": 0.1},
    "presence_penalty": {"presence_penalty": 0.3},
    "seed": {"seed": 7},
    "stop": {"stop": "END"},
}
"""What a request has for the common parameters where they are called the same."""

CASES = [
    Case(
        name="openai",
        prefix="OpenAI",
        model="gpt-4o-mini",
        wire=ChatCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "logprobs": True},
        cost=0.00045,
        tool_call_class="ChatCompletionMessageFunctionToolCall",
        create="chat.completions.create",
        has_strict_json=True,
        has_refusals=True,
    ),
    Case(
        name="anthropic",
        prefix="Anthropic",
        model="claude-haiku-4-5",
        wire=AnthropicMessages(),
        params={
            **{name: {name: value} for name, value in SAMPLING.items()},
            "stop": {"stop_sequences": ["END"]},
        },
        own_params={"top_k": 3, "metadata": {"user_id": "somebody"}},
        cost=0.0035,
        tool_call_class="ToolUseBlock",
        create="messages.create",
        overloaded="OverloadedError",
        error_event="APIStatusError",
        takes_any_arguments=False,
    ),
    Case(
        name="groq",
        prefix="Groq",
        model="openai/gpt-oss-120b",
        wire=GroqCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "reasoning_format": "parsed"},
        cost=0.00045,
        tool_call_class="ChatCompletionMessageToolCall",
        create="chat.completions.create",
        has_strict_json=True,
        has_whole_tool_calls=True,
    ),
    Case(
        name="xai",
        prefix="XAI",
        model="grok-3",
        wire=ChatCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "logprobs": True},
        cost=0.0105,
        tool_call_class="ChatCompletionMessageFunctionToolCall",
        create="chat.completions.create",
        sdk_name="openai",
        client_prefix="OpenAI",
        has_strict_json=True,
        has_refusals=True,
        has_whole_tool_calls=True,
    ),
    LiteLLMCase(
        name="litellm",
        prefix="LiteLLM",
        model="gpt-4o-mini",
        wire=LiteLLMCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "logprobs": True},
        cost=0.00045,
        tool_call_class="ChatCompletionMessageToolCall",
        create="completion",
        unknown_param=None,
        has_strict_json=True,
        has_refusals=True,
        streams_refusals=False,
        demands_whole_replies=True,
        unreadable_status=500,
        errors={
            # It goes by the words of OpenAI's exception, which are fewer since version 3 of that
            # SDK; and it has no class for status 403 here.
            "PermissionDeniedError": f"litellm:{'APIError' if OPENAI_3 else 'BadRequestError'}",
            "APIError": "litellm.exceptions:MidStreamFallbackError",
            "APITimeoutError": "litellm:Timeout",
            "APIConnectionError": "litellm:InternalServerError",
            "APIResponseValidationError": "openai:APIError",
            "cut whole": "litellm:InternalServerError",
            "cut": "litellm.exceptions:MidStreamFallbackError",
            "stopped": "litellm.exceptions:MidStreamFallbackError",
        },
        keeps_sync_clients=True,
        overloaded="litellm:APIError",
        other_timeouts=("cut",),
        unreadable="Expecting|Unterminated|Empty or invalid response",
        besides={"extra_headers": {"x-mine": "yes"}},
    ),
    GoogleCase(
        name="google",
        prefix="Google",
        model="gemini-2.5-flash",
        wire=GenerateContent(),
        params={
            "temperature": {"temperature": 0.2},
            "max_tokens": {"maxOutputTokens": 64},
            "top_p": {"topP": 0.9},
            "frequency_penalty": {"frequencyPenalty": 0.1},
            "presence_penalty": {"presencePenalty": 0.3},
            "seed": {"seed": 7},
            "stop": {"stopSequences": ["END"]},
        },
        own_params={"cached_content": "cachedContents/1"},
        cost=0.00155,
        tool_call_class="FunctionCall",
        create="models.generate_content_stream",
        sdk_name="google.genai",
        id_attribute="response_id",
        unknown_param="builtins:ValueError",
        takes_any_arguments=False,
        has_strict_json=True,
        has_structured_streams_by_json_only=True,
        has_whole_tool_calls=True,
        has_one_client_class=True,
        takes_empty_bodies=True,
        attempts=1,
        errors={
            **dict.fromkeys(STATUS_ERRORS, "google.genai.errors:ClientError"),
            "InternalServerError": "google.genai.errors:ServerError",
            "APIError": "google.genai.errors:ServerError",
            "APIResponseValidationError": "builtins:ValueError",
            # What the HTTP library raises reaches the caller as it is.
            "APITimeoutError": f"{GOOGLE_HTTP}:ReadTimeout",
            "APIConnectionError": f"{GOOGLE_HTTP}:ConnectError",
            "cut": f"{GOOGLE_HTTP}:RemoteProtocolError",
            "stopped": "builtins:ConnectionError",
        },
        unreadable="Expecting|Unterminated|Failed to parse response as JSON",
        limits_async_replies=has_version("google-genai", 3) and is_installed("aiohttp"),
        other_timeouts=("builtins:TimeoutError",),
        quick_retries={
            "config": {"http_options": {"retry_options": {"initial_delay": 0.01, "jitter": 0.01}}}
        },
        besides={"config": {"http_options": {"headers": {"x-mine": "yes"}}}},
    ),
    MistralCase(
        name="mistral",
        prefix="Mistral",
        model="mistral-small-latest",
        wire=MistralChat(),
        params={**SAME_NAMES, "seed": {"random_seed": 7}},
        own_params={"safe_prompt": True, "metadata": {"user": "somebody"}},
        cost=0.00045,
        tool_call_class="ToolCall",
        create="chat.complete",
        sdk_name="mistralai.client",
        has_strict_json=True,
        has_whole_tool_calls=True,
        ends_with_tool_calls=True,
        has_one_client_class=True,
        has_own_error_event=False,
        demands_whole_replies=True,
        attempts=1,
        errors={
            **dict.fromkeys(STATUS_ERRORS, "mistralai.client.errors:SDKError"),
            "APIError": "mistralai.client.errors:SDKError",
            "APIResponseValidationError": "mistralai.client.errors:MistralError",
            "APITimeoutError": "mistralai.client.httpclient:httpx.ReadTimeout",
            "APIConnectionError": "mistralai.client.httpclient:httpx.ConnectError",
            "cut": "mistralai.client.httpclient:httpx.RemoteProtocolError",
        },
        unreadable="Response validation failed",
        native_types="mistralai.client.models",
        besides={"http_headers": {"x-mine": "yes"}},
    ),
    CohereCase(
        name="cohere",
        prefix="Cohere",
        model="command-a-03-2025",
        wire=CohereChat(),
        params={**SAME_NAMES, "top_p": {"p": 0.9}, "stop": {"stop_sequences": ["END"]}},
        own_params={"k": 3, "safety_mode": "STRICT"},
        cost=0.0075,
        tool_call_class="ToolCallV2",
        create="chat",
        overloaded="APIError",
        retries_streams=False,
        stumbles={"[]": UnreadableReply},
        has_strict_json=True,
        has_cache_price=False,
        has_own_error_event=False,
        errors={
            **{name: f"cohere:{name}" for name in STATUS_ERRORS},
            "AuthenticationError": "cohere:UnauthorizedError",
            "PermissionDeniedError": "cohere:ForbiddenError",
            "RateLimitError": "cohere:TooManyRequestsError",
            "APIError": "cohere.core.api_error:ApiError",
            "APIResponseValidationError": "cohere.core.api_error:ApiError",
            "APITimeoutError": "httpx:ReadTimeout",
            "APIConnectionError": "httpx:ConnectError",
            "cut": "httpx:RemoteProtocolError",
        },
        unreadable="status_code: 200",
        native_types="cohere.v2.types",
        besides={
            "request_options": {
                "additional_headers": {"x-mine": "yes"},
                "additional_query_parameters": {"trace": "1"},
            }
        },
    ),
    AzureCase(
        name="azure",
        prefix="Azure",
        model="gpt-4o-mini",
        wire=ChatCompletions(),
        params={**SAME_NAMES, "stop": {"stop": ["END"]}},
        own_params={"tool_choice": "none"},
        cost=0.00045,
        tool_call_class="ChatCompletionsToolCall",
        create="complete",
        sdk_name="azure.ai.inference",
        has_strict_json=True,
        has_refusals=True,
        has_own_error_event=False,
        overloaded="InternalServerError",
        errors={
            **dict.fromkeys(
                (*STATUS_ERRORS, "APIError"), "azure.core.exceptions:HttpResponseError"
            ),
            "AuthenticationError": "azure.core.exceptions:ClientAuthenticationError",
            "NotFoundError": "azure.core.exceptions:ResourceNotFoundError",
            "APIResponseValidationError": "azure.core.exceptions:DecodeError",
            "APITimeoutError": "azure.core.exceptions:ServiceResponseTimeoutError",
            "APIConnectionError": "azure.core.exceptions:ServiceRequestError",
            "cut": "azure.core.exceptions:IncompleteReadError",
            "cut whole": "azure.core.exceptions:AzureError",
        },
        unreadable="JSON is invalid",
        stumbles={"": ValueError, "<html>Bad gateway</html>": ValueError},
        native_types="azure.ai.inference.models",
        besides={"headers": {"x-mine": "yes"}},
    ),
    BedrockCase(
        name="bedrock",
        prefix="Bedrock",
        model="amazon.nova-lite-v1:0",
        wire=Converse(),
        params={
            "temperature": {"temperature": 0.2},
            "max_tokens": {"maxTokens": 64},
            "top_p": {"topP": 0.9},
            "stop": {"stopSequences": ["END"]},
        },
        own_params={"requestMetadata": {"user": "somebody"}, "serviceTier": {"type": "flex"}},
        cost=0.00018,
        tool_call_class="dict",
        create="converse",
        sdk_name="boto3",
        unknown_param="botocore.exceptions:ParamValidationError",
        takes_any_arguments=False,
        has_strict_json=True,
        demands_whole_replies=True,
        errors={
            **dict.fromkeys(STATUS_ERRORS, "botocore.exceptions:ClientError"),
            "APIError": "botocore.exceptions:EventStreamError",
            "APIResponseValidationError": "botocore.parsers:ResponseParserError",
            "APITimeoutError": "botocore.exceptions:ReadTimeoutError",
            "APIConnectionError": "botocore.exceptions:EndpointConnectionError",
            "cut": "botocore.exceptions:ResponseStreamingError",
            "cut whole": "botocore.exceptions:HTTPClientError|botocore.parsers:ResponseParserError",
        },
        unreadable="not a JSON object with a message",
        stumbles={"[]": UnreadableReply, "null": UnreadableReply},
        besides={},
    ),
]

CASES = [case for case in CASES if is_installed(case.sdk_name or case.name)]

COMMON_PARAMS = {
    **SAMPLING,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.3,
    "seed": 7,
    "stop": "END",
}


@dataclass
class Way:
    """One way to make a call: a provider, sync or async, by `llm.call` or its own decorator."""

    case: Case
    is_async: bool
    agnostic: bool
    box: Sandbox = field(repr=False)

    @property
    def wire(self) -> Wire:
        return self.case.wire

    @property
    def body(self) -> Json:
        """The JSON of the last request."""
        return self.wire.flat(self.box.requests[-1])

    def decorator(self, **options: Any) -> Any:
        """The call decorator."""
        options.setdefault("model", self.case.model)
        if self.agnostic:
            return llm.call(provider=self.case.name, **options)
        return self.case.module.call(**options)

    def decorate(
        self,
        prompt: Any,
        *,
        template: str | None = None,
        metadata: Json | None = None,
        **options: Any,
    ) -> Any:
        """The call that `prompt` (a text, or a function) becomes."""
        function = self.prompt(prompt)
        if template is not None:
            function = prompt_template(template)(function)
        if metadata is not None:
            function = with_metadata(metadata)(function)
        return self.decorator(**options)(function)

    def prompt(self, prompt: Any) -> Any:
        """`prompt` as a prompt function of the right kind."""
        function: Callable[..., Any] = prompt if callable(prompt) else lambda: prompt
        if not self.is_async:
            return function

        async def ask(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        ask.__name__, ask.__doc__ = function.__name__, function.__doc__
        ask.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        return ask

    async def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what `decorate` made."""
        result = function(*args, **kwargs)
        assert inspect.iscoroutine(result) is self.is_async
        return await result if self.is_async else result

    async def ask(self, prompt: Any, *args: Any, **options: Any) -> Any:
        """Decorate and call at once."""
        return await self.run(self.decorate(prompt, **options), *args)

    async def items(self, stream: Any) -> list[Any]:
        """Everything that a stream yields."""
        into: list[Any] = []
        await self.gather(stream, into)
        return into

    async def gather(self, stream: Any, into: list[Any]) -> None:
        """Everything that a stream yields, kept also where it breaks off."""
        if not self.is_async:
            into.extend(stream)
            return
        async for item in stream:
            into.append(item)

    @asynccontextmanager
    async def client(self, *, wrong: bool = False, **options: Any) -> AsyncIterator[Any]:
        """A client of the user's own: no retries, and a header that tells it from others.

        The `wrong` one is sync for an async function, and the reverse.
        """
        is_async = self.is_async is not wrong
        options.setdefault("default_headers", {"x-whose": "the user's"})
        client = self.case.new_client(self.box, is_async, **options)
        client = await client if inspect.isawaitable(client) else client
        try:
            yield client
        finally:
            closing = self.case.close(client, is_async)
            if is_async:
                await closing

    def is_users(self, at: int = -1) -> bool:
        """Whether a request came by the client that `client` gave."""
        return self.box.requests[at].headers.get("x-whose") == "the user's"
