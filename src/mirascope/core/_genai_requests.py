"""Requests of the `google-genai` SDK without what it does around them.

`generate_content` validates and converts a config and its messages at every call, and makes an
object of the reply: half of what a call costs. Here the SDK is asked once for each config what it
would send. Its API client, which does authentication, retries and timeouts, then sends that, and
the reply's JSON is parsed once. The SDK makes its object of it when somebody asks for it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from ._genai_replay import Replayer, Sent, native_reply, recorded
from ._kept_requests import KeptRequests, key_of
from ._own_methods import is_own
from .base._flow import Flow, run, run_async, step
from .base._narrow import is_list, is_object, objects_in
from .base._provider import Received
from .base._unreadable import NOT_JSON

Json = dict[str, Any]

_TEXT = {"text"}
_CONTENT = {"role", "parts"}


@dataclass(slots=True)
class Answer(Received):
    """A reply as it came, and what the SDK needs to make its object of it."""

    config: Any = field(default=None, repr=False)
    vertexai: bool = False
    header_names: tuple[str, ...] = field(default=(), repr=False)
    header_values: bytes = field(default=b"", repr=False)
    """Packed, as hardly anybody asks for them: a dict of them is four times as large."""

    @property
    def headers(self) -> dict[str, str] | None:
        """The HTTP headers as the SDK has them; None for an answer that has been pickled."""
        if not self.header_values:
            return None
        return dict(zip(self.header_names, marshal.loads(self.header_values), strict=True))

    def __reduce__(self) -> Any:
        # A config may hold a key.
        return Answer, (*Received.__reduce__(self)[1], None, self.vertexai)


_header_names: dict[tuple[str, ...], tuple[str, ...]] = {}
"""The names of headers, the same for most replies, by themselves."""
_MOST_HEADER_NAMES = 256


def _packed(headers: Any) -> tuple[tuple[str, ...], bytes]:
    """The names and the values of headers, to be kept."""
    if len(_header_names) >= _MOST_HEADER_NAMES:
        _header_names.clear()
    names = tuple(map(str, headers))
    return _header_names.setdefault(names, names), marshal.dumps((*map(str, headers.values()),))


@dataclass(frozen=True, slots=True, repr=False)
class OpenStream:
    """A stream that has been opened, of which nothing has been read."""

    models: Any
    kwargs: Json
    response: Any
    """The SDK's, which has the HTTP response as its `response_stream`."""


class _Names(NamedTuple):
    """What the SDK calls, one after the other, to ask for a reply."""

    of_models: tuple[str, ...]
    of_api_client: tuple[str, ...]


_NAMES = {
    ("Models", False): _Names(("generate_content", "_generate_content"), ("request",)),
    ("AsyncModels", False): _Names(("generate_content", "_generate_content"), ("async_request",)),
    ("Models", True): _Names(
        ("generate_content_stream", "_generate_content_stream"),
        ("request_streamed", "_build_request", "_request"),
    ),
    ("AsyncModels", True): _Names(
        ("generate_content_stream", "_generate_content_stream"),
        ("async_request_streamed", "_build_request", "_async_request"),
    ),
}
"""By the class of the SDK, and whether the reply is streamed."""


def is_plain(models: Any, kwargs: Json, is_streamed: bool) -> bool:
    """Whether the SDK's own client asks for a reply, and nothing but that."""
    api_client = getattr(models, "_api_client", None)
    made_by = cast(Any, type(models))
    names = _NAMES.get((made_by.__name__, is_streamed))
    if made_by.__module__ != "google.genai.models" or names is None:
        return False
    if type(api_client).__module__ != "google.genai._api_client":
        return False
    for name in names.of_models:
        if not is_own(models, name, "google.genai.models"):
            return False
    for name in names.of_api_client:
        if not is_own(api_client, name, "google.genai._api_client"):
            return False
    return _is_mere_request(kwargs.get("config"))


def _is_mere_request(config: Any) -> bool:
    """Whether the SDK itself calls no function, and connects to no server, on the way."""
    if config is None:
        return True
    if config.get("automatic_function_calling") != {"disable": True}:
        return False
    if config.get("should_return_http_response"):
        return False
    return all(is_object(tool) and "mcp_servers" not in tool for tool in config.get("tools") or ())


def generate(models: Any, kwargs: Json) -> Any:
    """What `models.generate_content(**kwargs)` is sent, as an `Answer`, or as an object of the
    SDK where it is more than one reply, or none; awaitable where `models` is async."""
    return _either(_generated, models, kwargs)


def open_stream(models: Any, kwargs: Json) -> Any:
    """What `models.generate_content_stream(**kwargs)` is sent, before its first event; awaitable
    where `models` is async."""
    return _either(_opened, models, kwargs)


def _either(flow_of: Callable[[Any, Json, bool], Flow[Any]], models: Any, kwargs: Json) -> Any:
    is_async = type(models).__name__ == "AsyncModels"
    flow = flow_of(models, kwargs, is_async)
    return run_async(flow) if is_async else run(flow)


def _generated(models: Any, kwargs: Json, is_async: bool) -> Flow[Any]:
    api_client = models._api_client
    sent = _request_of(models, kwargs, is_async, is_streamed=False)
    ask = api_client.async_request if is_async else api_client.request
    answer = yield from step(ask, "post", sent.path, sent.body, sent.http_options)
    data = _whole_reply(answer.body)
    vertexai = bool(api_client.vertexai)
    if data is None:
        replayer = Replayer(answer, api_client, vertexai=vertexai)
        return (yield from step(type(models)(replayer).generate_content, **kwargs))
    return Answer(data, None, None, kwargs.get("config"), vertexai, *_packed(answer.headers or {}))


def _opened(models: Any, kwargs: Json, is_async: bool) -> Flow[OpenStream]:
    api_client = models._api_client
    sent = _request_of(models, kwargs, is_async, is_streamed=True)
    options = sent.http_options
    request = api_client._build_request("post", sent.path, sent.body, options)
    ask = api_client._async_request if is_async else api_client._request
    return OpenStream(models, kwargs, (yield from step(ask, request, options, stream=True)))


def _whole_reply(body: Any) -> Json | None:
    """The reply in a body; None where the SDK knows what to raise, or how to ask for the rest."""
    try:
        data = from_json(body)
        if is_object(data) and not goes_on(data):
            return data
    except NOT_JSON:
        pass
    return None


def goes_on(data: Json) -> bool:
    """Whether a reply, or an event, tells how to ask for what follows it."""
    return any("continuationToken" in each for each in objects_in(data.get("candidates")))


_kept = KeptRequests[Sent]()


def _request_of(models: Any, kwargs: Json, is_async: bool, is_streamed: bool) -> Sent:
    """What the SDK would send; known already where only the texts are new."""
    contents = kwargs["contents"]
    settings = (kwargs["model"], kwargs.get("config"), is_streamed)
    key = key_of(settings) if _are_texts(contents) else None
    if key is None:
        return recorded(models, kwargs, is_async, is_streamed)
    api_client = models._api_client
    known = _kept.get(api_client, key)
    if known is None:
        known = recorded(models, kwargs, is_async, is_streamed)
        if known.body.get("contents") != contents or api_client._http_options.extra_body:
            # It is not as simple as that, or the SDK writes into what it is to send.
            return known
        _kept.keep(api_client, key, known)
    return Sent({**known.body, "contents": contents}, known.path, known.http_options)


def _are_texts(contents: Any) -> bool:
    """Whether contents are on the wire what they are here."""
    for content in contents:
        if not is_object(content) or content.keys() != _CONTENT:
            return False
        parts = content["parts"]
        if not is_list(parts):
            return False
        for part in parts:
            if not is_object(part) or part.keys() != _TEXT or type(part["text"]) is not str:
                return False
    return True


def native_answer(answer: Answer) -> Any:
    """The SDK's object of an answer, as the SDK makes it."""
    return native_reply(answer.data, answer.headers, answer.config, answer.vertexai)
