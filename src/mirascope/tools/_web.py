"""One guarded request for a tool, and its answer as a text for the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from typing import Any, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, InstanceOf, PositiveFloat, PositiveInt
from pydantic_core import to_json

from ..core.base._exchange import exchange, location_of, read_body
from ..core.base._flow import Flow, blocking_step
from ..core.base._media_policy import MediaPolicy
from ..core.base._narrow import is_list
from ..core.base._web_request import WebRequest
from ._web_text import media_type, read_text

_MOST_OF_AN_ERROR = 2000
"""Characters of the text that comes with an error, which often says what is wrong."""


class WebConfig(BaseModel):
    """What a tool may ask of the web, and how much of the answer the model gets.

    - `timeout`: how long a request may take as a whole, redirects included, in seconds.
    - `policy`: where it may go, and how much it may fetch. By default to public addresses only, at
      most 2 MiB; `MediaPolicy(allow_private=True)` allows this machine and its networks, and
      `MediaPolicy(allowed_hosts=[…])` nothing but some hosts. The `timeout` of this configuration
      takes the place of the policy's. The policy of a context or of the process has no effect here.
    - `max_length`: the most characters that the model is given; it is told where more is cut off.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    timeout: PositiveFloat = 5.0
    policy: InstanceOf[MediaPolicy] = MediaPolicy(max_bytes=2 * 1024 * 1024)
    max_length: PositiveInt = 100_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answers, errors included."""

    status: str
    """Number and phrase."""
    content_type: str
    location: str | None
    data: bytes

    @property
    def is_error(self) -> bool:
        return self.status >= "4"


def told(
    is_async: bool,
    config: WebConfig,
    url: str,
    shown: Callable[[Answer], str],
    request: Callable[[], WebRequest] = WebRequest,
    *,
    follow: bool = True,
) -> Flow[str]:
    """What `shown` makes of the answer, or in words for the model why there is none."""
    policy = replace(config.policy, timeout=config.timeout)
    try:
        answer = yield from blocking_step(
            is_async, exchange, url, policy, _read, request(), follow=follow
        )
        return _cut(shown(answer), config.max_length)
    except ValueError as error:
        return f"Error: {error}."


def answer_text(answer: Answer) -> str:
    """The text of an answer. Raises ValueError for an error, and for what is no text."""
    text = read_text(answer.data, answer.content_type)
    if answer.is_error:
        more = f": {text[:_MOST_OF_AN_ERROR].strip()}" if text and text.strip() else ""
        raise ValueError(f"the server answers {answer.status}{more}")
    if answer.location is not None:
        return f"The server answers {answer.status} and sends to {answer.location}"
    if text is None:
        kind = media_type(answer.content_type) or "of no stated type"
        raise ValueError(f"the answer is no text: {len(answer.data)} bytes, {kind}")
    return text or f"The server answers {answer.status}, and nothing else."


def asked(
    method: str,
    headers: Mapping[str, str] | None,
    data: Mapping[str, Any] | None,
    json: Any = None,
) -> WebRequest:
    """A request with a form or with JSON. Raises ValueError for both, and for a bad header."""
    if data is not None and json is not None:
        raise ValueError("a request has either `data` or `json`, not both")
    if json is not None:
        body, kind = to_json(json), "application/json"
    elif data is not None:
        body, kind = urlencode(_pairs(data)).encode(), "application/x-www-form-urlencoded"
    else:
        return WebRequest(method, headers or {})
    request = WebRequest(method, headers or {}, body)
    return replace(request, headers=request.with_defaults({"Content-Type": kind}))


def with_params(url: str, params: Mapping[str, Any] | None) -> str:
    """The URL with more in its query."""
    if not params:
        return url
    before, mark, fragment = url.partition("#")
    joint = "" if before.endswith(("?", "&")) else "&" if "?" in before else "?"
    return f"{before}{joint}{urlencode(_pairs(params))}{mark}{fragment}"


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _as_text(item))
        for name, value in values.items()
        for item in (value if is_list(value) else [value])
    ]


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value).decode()


def _read(response: HTTPResponse, policy: MediaPolicy) -> Answer:
    return Answer(
        f"{response.status} {response.reason}".rstrip(),
        response.getheader("Content-Type") or "",
        location_of(response),
        read_body(response, policy),
    )


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n… (cut off: {most} of {len(text)} characters)"
