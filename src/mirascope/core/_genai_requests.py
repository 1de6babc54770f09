"""Requests of the `google-genai` SDK without what it does around them.

`generate_content` validates and converts a config and its messages at every call, and makes an
object of the reply: half of what a call costs. Here the SDK is asked once for each config what it
would send. Its API client, which does authentication, retries and timeouts, then sends that, and
the reply's JSON is parsed once. The SDK makes its object of it when somebody asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from types import FunctionType
from typing import Any, NoReturn, cast

from pydantic_core import from_json

from ._kept_requests import KeptRequests, key_of
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

    headers: dict[str, str] | None = None
    config: Any = field(default=None, repr=False)
    vertexai: bool = False

    def __reduce__(self) -> Any:
        # A config may hold a key.
        return Answer, (*Received.__reduce__(self)[1], None, None, self.vertexai)


@dataclass(frozen=True, slots=True, repr=False)
class _Sent:
    """What the SDK hands to its API client."""

    body: Json
    path: str
    http_options: Any


class _Recorded(Exception):
    """Carries what an API client was asked to send."""


class _Recorder:
    """In the place of an API client: takes down the request and sends nothing."""

    def __init__(self, api_client: Any) -> None:
        self._api_client = api_client

    def request(self, *request: Any) -> NoReturn:
        raise _Recorded(*request)

    async_request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api_client, name)


class _Replayer:
    """In the place of an API client: has the answer to the first request already."""

    def __init__(self, answer: Any, api_client: Any = None, *, vertexai: bool = False) -> None:
        self._answers = [answer]
        self._api_client = api_client
        self.vertexai = vertexai

    def request(self, *request: Any) -> Any:
        return self._answers.pop() if self._answers else self._api_client.request(*request)

    def async_request(self, *request: Any) -> Any:
        if not self._answers:
            return self._api_client.async_request(*request)
        return run_async(step(self._answers.pop))

    def _verify_response(self, response_model: Any) -> None:
        """The SDK asks for this for its own tests."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api_client, name)


def is_plain(models: Any, kwargs: Json) -> bool:
    """Whether the SDK's own client asks for a reply, and nothing but that."""
    api_client = getattr(models, "_api_client", None)
    made_by = cast(Any, type(models))
    if made_by.__module__ != "google.genai.models" or made_by.__name__ not in _ASKING:
        return False
    if type(api_client).__module__ != "google.genai._api_client":
        return False
    asking = _ASKING[made_by.__name__]
    return (
        _is_own(models, "generate_content", "google.genai.models")
        and _is_own(models, "_generate_content", "google.genai.models")
        and _is_own(api_client, asking, "google.genai._api_client")
        and _is_mere_request(kwargs.get("config"))
    )


_ASKING = {"Models": "request", "AsyncModels": "async_request"}
"""What each class of the SDK calls of its API client."""


def _is_own(owner: Any, name: str, module: str) -> bool:
    """Whether a method is the SDK's own: not replaced, wrapped or instrumented."""
    function = getattr(cast(Any, type(owner)), name, None)
    return (
        isinstance(function, FunctionType)
        and function.__globals__.get("__name__") == module
        and name not in vars(owner)
    )


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
    is_async = type(models).__name__ == "AsyncModels"
    flow = _generated(models, kwargs, is_async)
    return run_async(flow) if is_async else run(flow)


def _generated(models: Any, kwargs: Json, is_async: bool) -> Flow[Any]:
    api_client = models._api_client
    sent = _request_of(models, kwargs, is_async)
    ask = api_client.async_request if is_async else api_client.request
    answer = yield from step(ask, "post", sent.path, sent.body, sent.http_options)
    data = _whole_reply(answer.body)
    if data is None:
        replayer = _Replayer(answer, api_client, vertexai=bool(api_client.vertexai))
        return (yield from step(type(models)(replayer).generate_content, **kwargs))
    config = kwargs.get("config")
    vertexai = bool(api_client.vertexai)
    return Answer(data, headers=answer.headers, config=config, vertexai=vertexai)


def _whole_reply(body: Any) -> Json | None:
    """The reply in a body; None where the SDK knows what to raise, or how to ask for the rest."""
    try:
        data = from_json(body)
        if is_object(data) and not any(map(_goes_on, objects_in(data.get("candidates")))):
            return data
    except NOT_JSON:
        pass
    return None


def _goes_on(candidate: Json) -> bool:
    return "continuationToken" in candidate


_kept = KeptRequests[_Sent]()


def _request_of(models: Any, kwargs: Json, is_async: bool) -> _Sent:
    """What the SDK would send; known already where only the texts are new."""
    contents = kwargs["contents"]
    key = key_of((kwargs["model"], kwargs.get("config"))) if _are_texts(contents) else None
    if key is None:
        return _recorded(models, kwargs, is_async)
    api_client = models._api_client
    known = _kept.get(api_client, key)
    if known is None:
        known = _recorded(models, kwargs, is_async)
        if known.body.get("contents") != contents or api_client._http_options.extra_body:
            # It is not as simple as that, or the SDK writes into what it is to send.
            return known
        _kept.keep(api_client, key, known)
    return _Sent({**known.body, "contents": contents}, known.path, known.http_options)


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


def _recorded(models: Any, kwargs: Json, is_async: bool) -> _Sent:
    generate_content: Callable[..., Any]
    generate_content = type(models)(_Recorder(models._api_client)).generate_content
    try:
        asked = generate_content(**kwargs)
        if is_async:
            # It runs up to its request.
            asked.send(None)
    except _Recorded as recorded:
        _, path, body, http_options = recorded.args
        return _Sent(body, path, http_options)
    raise TypeError("This version of `google-genai` sends requests in another way.")


def native_answer(answer: Answer) -> Any:
    """The SDK's object of an answer, as the SDK makes it."""
    types = import_module("google.genai.types")
    response = types.HttpResponse(headers=answer.headers, body=json.dumps(answer.data))
    models = import_module("google.genai.models").Models(
        _Replayer(response, vertexai=answer.vertexai)
    )
    kwargs: Json = {"model": "-", "contents": "-", "config": answer.config}
    return models.generate_content(**kwargs)
