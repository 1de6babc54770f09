"""What an exception of any provider's SDK amounts to.

A provider's own exception reaches the caller unchanged. `describe` tells of any of them, in the
same words, what it is:

    try:
        response = recommend_book("fantasy")
    except Exception as error:
        problem = errors.describe(error)
        if problem.kind == "rate_limit":
            time.sleep(problem.retry_after or 1)

`UnreadableReply` is this library's own: a reply that has another form than the provider's protocol
says, where the SDK has no exception for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, TypeAlias, cast

from pydantic_core import from_json

from .core.base._narrow import is_list
from .core.base._unreadable import UnreadableReply as UnreadableReply

__all__ = ["TRANSIENT", "ErrorDescription", "ErrorKind", "UnreadableReply", "describe"]

ErrorKind: TypeAlias = Literal[
    "authentication",
    "bad_request",
    "connection",
    "content_filter",
    "context_length",
    "not_found",
    "overloaded",
    "permission",
    "rate_limit",
    "server_error",
    "timeout",
    "unknown",
    "unreadable_reply",
]
"""What went wrong, in terms common to all providers."""

TRANSIENT: frozenset[ErrorKind] = frozenset(
    {"connection", "overloaded", "rate_limit", "server_error", "timeout", "unreadable_reply"}
)
"""Kinds of error for which the same request may succeed later."""


@dataclass(frozen=True, slots=True)
class ErrorDescription:
    """What `describe` found out about an exception."""

    kind: ErrorKind
    status: int | None = None
    """The HTTP status of the reply; None where there was none."""
    code: str | None = None
    """The provider's own word for the error."""
    request_id: str | None = None
    """The provider's identifier of the request, for its support."""
    retry_after: float | None = None
    """How long the provider asks to wait, in seconds."""

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind in TRANSIENT


def describe(error: BaseException) -> ErrorDescription:
    """What an exception of any provider's SDK (or of the HTTP library below it) amounts to.

    An exception that has nothing to do with a provider is of kind `unknown`. Never raises.
    """
    if _is_broken_connection(error):
        return ErrorDescription("connection")
    headers = _headers(error)
    status = _status(error)
    words = list(_words(error))
    return ErrorDescription(
        kind=_kind(error, status, words),
        status=status,
        code=words[0] if words else None,
        request_id=_first(headers, _REQUEST_ID_HEADERS) or _text(error, "request_id"),
        retry_after=_retry_after(headers, error),
    )


# --- what it is

_KIND_OF_WORD: dict[str, ErrorKind] = {
    # OpenAI and its kin, Anthropic: `code` or `type` of the error.
    "authentication_error": "authentication",
    "billing_error": "permission",
    "content_filter": "content_filter",
    "content_policy_violation": "content_filter",
    "contentfilter": "content_filter",
    "context_length_exceeded": "context_length",
    "insufficient_quota": "rate_limit",
    "invalid_api_key": "authentication",
    "invalid_request_error": "bad_request",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "overloaded_error": "overloaded",
    "permission_error": "permission",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "request_too_large": "bad_request",
    "server_error": "server_error",
    "api_error": "server_error",
    "timeout_error": "timeout",
    # Google: the status of the error.
    "deadline_exceeded": "timeout",
    "failed_precondition": "bad_request",
    "internal": "server_error",
    "invalid_argument": "bad_request",
    "not_found": "not_found",
    "permission_denied": "permission",
    "resource_exhausted": "rate_limit",
    "unauthenticated": "authentication",
    "unavailable": "overloaded",
    # Mistral: the type of the error.
    "internal_server_error": "server_error",
    "invalid_model": "not_found",
    "rate_limited": "rate_limit",
    "service_tier_capacity_exceeded": "rate_limit",
    "unreachable_backend": "overloaded",
    # Cohere: the event in which a stream reports an error.
    "message-end": "server_error",
    # Azure AI: the code of the error.
    "internalservererror": "server_error",
    "ratelimitreached": "rate_limit",
    "serviceunavailable": "overloaded",
    # Amazon: the code of the error.
    "accessdeniedexception": "permission",
    "expiredtokenexception": "authentication",
    "internalserverexception": "server_error",
    "invalidsignatureexception": "authentication",
    "modelerrorexception": "server_error",
    "modelnotreadyexception": "overloaded",
    "modelstreamerrorexception": "server_error",
    "modeltimeoutexception": "timeout",
    "resourcenotfoundexception": "not_found",
    "servicequotaexceededexception": "rate_limit",
    "serviceunavailableexception": "overloaded",
    "throttlingexception": "rate_limit",
    "toomanyrequestsexception": "rate_limit",
    "unrecognizedclientexception": "authentication",
    "validationexception": "bad_request",
}

_KIND_OF_STATUS: dict[int, ErrorKind] = {
    400: "bad_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "server_error",
    413: "bad_request",
    422: "bad_request",
    424: "server_error",
    429: "rate_limit",
    498: "authentication",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

_KIND_OF_CLASS: tuple[tuple[re.Pattern[str], ErrorKind], ...] = (
    (re.compile(r"Time(d)?out"), "timeout"),
    (re.compile(r"ContextWindow"), "context_length"),
    (re.compile(r"ContentPolicy"), "content_filter"),
    (
        re.compile(
            r"Connect|ConnectionError|ProtocolError|ReadError|WriteError|PayloadError|NetworkError"
            r"|ServiceRequestError|ServiceResponseError|IncompleteRead|NoResponseError"
            r"|ServerDisconnected|EndpointConnection|MidStream|ResponseStreaming"
        ),
        "connection",
    ),
    (
        re.compile(
            r"UnreadableReply|ResponseValidation|ResponseParser|UnknownApiResponse"
            r"|(?<!Unicode)DecodeError|ResponseNotRead|ChecksumMismatch"
            r"|Invalid(Headers|Payload)Length"
        ),
        "unreadable_reply",
    ),
)
_MOST_CAUSES = 10

_CONTEXT_LENGTH = re.compile(
    r"context (length|window)|maximum (context|prompt)|prompt is too long|too many tokens|"
    r"input (is|length).{0,40}(too long|exceed)|token limit|exceeds? the (maximum|max).{0,30}token"
    r"|reduce the length",
    re.IGNORECASE,
)
_CONTENT_FILTER = re.compile(
    r"content (management|filter|policy)|safety system|responsible ai", re.IGNORECASE
)
_WRONG_KEY = re.compile(r"(incorrect|invalid) api key", re.IGNORECASE)
_KIND_OF_TEXT: tuple[tuple[re.Pattern[str], ErrorKind], ...] = (
    (_CONTEXT_LENGTH, "context_length"),
    (_CONTENT_FILTER, "content_filter"),
    (_WRONG_KEY, "authentication"),
)


def _kind(error: BaseException, status: int | None, words: list[str]) -> ErrorKind:
    named = _of_words(words)
    by_status = _of_status(status)
    says_little = named in (None, "bad_request", "server_error")
    if says_little and by_status in (None, "bad_request") and "bad_request" in (named, by_status):
        # See what the error says of itself.
        text = f"{error} {_text(error, 'body')}"
        for pattern, kind in _KIND_OF_TEXT:
            if pattern.search(text):
                return kind
    if named == "context_length" or named == "content_filter" or named == "overloaded":
        return named
    if by_status or named:
        return by_status or named or "unknown"
    # An SDK may have but one class for all that it cannot read, with the status of the reply.
    is_good = status is not None and 200 <= status < 300 and not words
    return _of_classes(error) or ("unreadable_reply" if is_good else "unknown")


def _of_words(words: list[str]) -> ErrorKind | None:
    for word in words:
        if kind := _KIND_OF_WORD.get(word.lower()):
            return kind
    return None


def _of_status(status: int | None) -> ErrorKind | None:
    if status is None or status < 400:
        return None
    return _KIND_OF_STATUS.get(status, "server_error" if status >= 500 else "bad_request")


def _of_classes(error: BaseException) -> ErrorKind | None:
    """What the class of an error, or of its cause, says: the SDK of OpenAI takes a connection that
    was refused to aiohttp for one that timed out."""
    kind: ErrorKind | None = None
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            break
        kind = _of_class(cause) or kind
        cause = cause.__cause__ or _wrapped(cause)
    return kind


def _wrapped(error: BaseException) -> BaseException | None:
    """The exception of which `requests` or Azure's SDK makes another one, without a cause."""
    places = (getattr(error, "inner_exception", None), *error.args[:1])
    return next((place for place in places if isinstance(place, BaseException)), None)


def _of_class(error: BaseException) -> ErrorKind | None:
    names = [base.__name__ for base in type(error).__mro__]
    for pattern, kind in _KIND_OF_CLASS:
        if any(pattern.search(name) for name in names):
            return kind
    return None


# --- where SDKs keep what they know

_REQUEST_ID_HEADERS = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-goog-request-id",
    "mistral-correlation-id",
    "x-debug-trace-id",
)


def _status(error: BaseException) -> int | None:
    places = (
        getattr(error, "status_code", None),
        getattr(error, "code", None),
        _nested(error, "response", "status_code"),
        _nested(error, "response", "ResponseMetadata", "HTTPStatusCode"),
    )
    return next((place for place in places if isinstance(place, int) and place >= 100), None)


def _is_broken_connection(error: BaseException) -> bool:
    """Whether LiteLLM made a server's error, with a status, of a connection that broke."""
    if not type(error).__module__.startswith("litellm"):
        return False
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if _of_class(cause) == "connection" and not type(cause).__module__.startswith("litellm"):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _words(error: BaseException) -> Iterator[str]:
    """The provider's own words for the error, the most telling first."""
    body = getattr(error, "body", None)
    if isinstance(body, str):
        # Mistral's exceptions have it as the text that was received.
        body = _json(body)
    inner = _get(body, "error")
    places = (
        _get(inner, "code"),
        _get(inner, "type"),
        getattr(error, "code", None),
        _get(body, "code"),
        _get(body, "type"),
        _nested(error, "response", "Error", "Code"),
        _nested(error, "error", "code"),
        getattr(error, "status", None),
        getattr(error, "type", None),
    )
    for place in places:
        if isinstance(place, str) and place and place != "error":
            yield place


def _json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None


def _headers(error: BaseException) -> dict[str, str]:
    for place in (
        _nested(error, "response", "headers"),
        _nested(error, "response", "ResponseMetadata", "HTTPHeaders"),
        getattr(error, "litellm_response_headers", None),
        getattr(error, "headers", None),
    ):
        if place:
            try:
                items = cast(Mapping[str, Any], place).items()
                return {str(name).lower(): str(value) for name, value in items}
            except (AttributeError, TypeError):
                continue
    return {}


def _retry_after(headers: Mapping[str, str], error: BaseException) -> float | None:
    if milliseconds := _number(headers.get("retry-after-ms")):
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return _retry_delay(error)
    seconds = _number(value)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _retry_delay(error: BaseException) -> float | None:
    """The delay that Google gives in the details of an error, such as `"12.5s"`."""
    details = _nested(error, "details", "error", "details")
    for detail in details if is_list(details) else ():
        delay = _get(detail, "retryDelay")
        if isinstance(delay, str):
            return _number(delay.removesuffix("s"))
    return None


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _text(error: BaseException, name: str) -> str | None:
    value = getattr(error, name, None)
    return value if isinstance(value, str) else None


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((headers[name] for name in names if name in headers), None)


def _get(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return cast(Mapping[str, Any], value).get(name)
    return getattr(value, name, None)


def _nested(value: Any, *names: str) -> Any:
    for name in names:
        value = _get(value, name)
    return value
