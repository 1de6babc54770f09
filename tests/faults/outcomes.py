"""What comes of each fault with each provider: the kind of the error, and its class in the SDK.

`docs/errors.md` shows this table; a test keeps it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any

from mirascope.core._providers import is_installed

from ..providers.cases import GOOGLE_HTTP

KINDS: Mapping[str, str] = {
    "status 429": "rate_limit",
    "status 500": "server_error",
    "status 502, an HTML page": "server_error",
    "status 503": "overloaded",
    "status 529": "overloaded",
    "connection refused": "connection",
    "cut before the reply": "connection",
    "cut in a reply": "connection",
    "cut in a stream": "connection",
    "a stream that stops": "connection",
    "an error in a stream": "overloaded",
    "JSON broken in a reply": "unreadable_reply",
    "JSON broken in a stream": "unreadable_reply",
    "an HTML page as a reply": "unreadable_reply",
    "an HTML page as a stream": "unreadable_reply",
    "nothing as a reply": "unreadable_reply",
    "nothing as a stream": "connection",
    "no reply in time": "timeout",
    "a stream that falls silent": "timeout",
}
"""Each fault, and the kind of error that `errors.describe` finds; exceptions are below."""


@dataclass(frozen=True)
class Outcome:
    """What comes of one fault."""

    kind: str
    errors: str
    """The classes of the exception, as `module:name|…`: it is an instance of one of them."""

    def is_of_class(self, error: BaseException) -> bool:
        return isinstance(error, tuple(self.classes()))

    @property
    def paths(self) -> list[str]:
        return self.errors.split("|")

    def classes(self) -> list[Any]:
        return [resolve_name(path) for path in self.paths if _is_there(path)]


def _is_there(path: str) -> bool:
    """Whether a library is installed that an SDK uses only where it is."""
    return path.partition(":")[0] != "aiohttp" or is_installed("aiohttp")


@dataclass(frozen=True)
class Outcomes:
    """What comes of every fault with one provider."""

    errors: Mapping[str, str]
    """Fault, or group of faults, to classes."""
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where they are other than in `KINDS`."""
    is_exact: bool = True
    """Whether the SDK keeps to what it is told; else an error is merely one that may pass."""

    def of(self, fault: str) -> Outcome:
        errors = self.errors.get(fault) or self.errors[_GROUPS[fault]]
        return Outcome(self.kinds.get(fault, KINDS[fault]), errors)


_GROUPS = {
    # What is not named by itself.
    **dict.fromkeys(KINDS, "broken"),
    **{fault: "status" for fault in KINDS if fault.startswith("status")},
    **{fault: "unreadable" for fault, kind in KINDS.items() if kind == "unreadable_reply"},
    **{fault: "late" for fault, kind in KINDS.items() if kind == "timeout"},
}


def by_sdk(name: str, **others: str) -> dict[str, str]:
    """The exceptions of the SDKs that were made by one generator."""
    return {
        "status 429": f"{name}:RateLimitError",
        "status": f"{name}:InternalServerError",
        "broken": f"{name}:APIConnectionError",
        "late": f"{name}:APITimeoutError",
        "unreadable": f"{name}:APIResponseValidationError",
        "an error in a stream": f"{name}:APIError",
        **others,
    }


OPENAI = Outcomes(by_sdk("openai"), {"an error in a stream": "server_error"})

OUTCOMES: Mapping[str, Outcomes] = {
    "openai": OPENAI,
    "xai": OPENAI,
    "ollama": OPENAI,
    "vllm": OPENAI,
    "azure-openai": OPENAI,
    "groq": Outcomes(by_sdk("groq"), {"an error in a stream": "server_error"}),
    "anthropic": Outcomes(
        {
            **by_sdk("anthropic"),
            "status 503": "anthropic:ServiceUnavailableError",
            "status 529": "anthropic:OverloadedError",
            "an error in a stream": "anthropic:APIStatusError",
        }
    ),
    "google": Outcomes(
        {
            "status 429": "google.genai.errors:ClientError",
            "status": "google.genai.errors:ServerError",
            "an error in a stream": "google.genai.errors:ServerError",
            "connection refused": f"{GOOGLE_HTTP}:ConnectError|aiohttp:ClientConnectorError",
            "cut before the reply": f"{GOOGLE_HTTP}:RemoteProtocolError"
            "|aiohttp:ServerDisconnectedError",
            "broken": f"{GOOGLE_HTTP}:RemoteProtocolError|aiohttp:ClientPayloadError",
            "a stream that stops": "builtins:ConnectionError",
            "nothing as a stream": "builtins:ConnectionError",
            "late": f"{GOOGLE_HTTP}:ReadTimeout|builtins:TimeoutError",
            "unreadable": "google.genai.errors:UnknownApiResponseError|json:JSONDecodeError",
        }
    ),
    "mistral": Outcomes(
        {
            "status": "mistralai.client.errors:SDKError",
            "an error in a stream": "mistralai.client.errors:SDKError",
            "connection refused": "mistralai.client.httpclient:httpx.ConnectError",
            "broken": "mistralai.client.httpclient:httpx.RemoteProtocolError",
            "late": "mistralai.client.httpclient:httpx.ReadTimeout",
            "unreadable": "mistralai.client.errors:MistralError",
        },
        {"an error in a stream": "server_error"},
    ),
    "cohere": Outcomes(
        {
            "status 429": "cohere:TooManyRequestsError",
            "status 500": "cohere:InternalServerError",
            "status 503": "cohere:ServiceUnavailableError",
            "status": "cohere.core.api_error:ApiError",
            "an error in a stream": "cohere.core.api_error:ApiError",
            "connection refused": "httpx:ConnectError|httpx:ConnectTimeout",
            # With httpx-aiohttp its exceptions are those of the SDK's own async client.
            "cut before the reply": "httpx:RemoteProtocolError|httpx:ConnectTimeout",
            "broken": "httpx:RemoteProtocolError|httpx:ReadError",
            "late": "httpx:ReadTimeout",
            "unreadable": "cohere.core.api_error:ApiError",
        },
        {"an error in a stream": "server_error"},
    ),
    "azure": Outcomes(
        {
            "status": "azure.core.exceptions:HttpResponseError",
            "an error in a stream": "azure.core.exceptions:HttpResponseError",
            "connection refused": "azure.core.exceptions:ServiceRequestError",
            "cut before the reply": "azure.core.exceptions:ServiceResponseError"
            "|azure.core.exceptions:ServiceRequestError",
            "broken": "azure.core.exceptions:IncompleteReadError",
            "late": "azure.core.exceptions:ServiceResponseTimeoutError"
            "|azure.core.exceptions:ServiceRequestError",
            "unreadable": "azure.core.exceptions:DecodeError|json:JSONDecodeError",
        },
        {"an error in a stream": "server_error"},
    ),
    "bedrock": Outcomes(
        {
            "status": "botocore.exceptions:ClientError",
            "an error in a stream": "botocore.exceptions:EventStreamError",
            "connection refused": "botocore.exceptions:EndpointConnectionError",
            "cut before the reply": "botocore.exceptions:ConnectionClosedError",
            "cut in a reply": "botocore.exceptions:HTTPClientError"
            "|botocore.parsers:ResponseParserError",
            "broken": "botocore.exceptions:ResponseStreamingError",
            "late": "botocore.exceptions:ReadTimeoutError",
            "unreadable": "botocore.parsers:ResponseParserError",
            "an HTML page as a stream": "botocore.eventstream:ChecksumMismatch",
        },
    ),
    # Whatever goes wrong, it makes an exception of its own of it, by the words of the other one.
    "litellm": Outcomes(
        dict.fromkeys(KINDS, "openai:OpenAIError|json:JSONDecodeError"), is_exact=False
    ),
}
