"""Requests of `azure-ai-inference` without what it does around them.

`complete` goes through its arguments with an encoder of its own, and makes an object of the reply,
each part of it read and copied: a sixth of what a call costs. Here it is asked once for each set of
arguments what it would send. Its pipeline, which does authentication, retries, timeouts and the
policies of the caller, then sends that with the messages of the call, and the reply's JSON is
parsed once. The SDK's object is made of it when somebody asks for it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, NoReturn, cast

from ._kept_requests import KeptRequests, key_of
from ._own_methods import is_own, twin_of
from ._small_replies import kept_json
from .base._flow import Flow, run, run_async, step
from .base._narrow import is_object
from .base._provider import Received
from .base._unreadable import NOT_JSON

Json = dict[str, Any]

_EXTRAS = ("stream_options", "max_completion_tokens")
"""Arguments of Chat Completions for which `complete` has none: it takes them as `model_extras`."""
_MODULES = {"azure.ai.inference._patch": False, "azure.ai.inference.aio._patch": True}
"""Where the SDK defines its clients, and whether they are async."""
_MARKED = ["The messages stand here."]
_START = f'{{"messages": {json.dumps(_MARKED)}'


class Reply(NamedTuple):
    """A whole reply as it came."""

    received: Received
    headers: Any


class OpenedStream(NamedTuple):
    """A stream of which nothing has been read yet."""

    response: Any


@dataclass(frozen=True, slots=True, repr=False)
class _Sent:
    """What `complete` hands to its pipeline."""

    made_by: Any
    """The SDK's class of requests."""
    url: str
    headers: dict[str, str]
    rest: str
    """The body behind the messages."""
    options: Json

    def request(self, messages: str) -> Any:
        """A request with these messages; the policies write into it."""
        return self.made_by(
            "POST",
            self.url,
            headers=self.headers,
            content=f'{{"messages": {messages}{self.rest}',
        )


class _Recorded(Exception):
    """Carries what a pipeline was asked to send."""


class _Recorder:
    """In the place of a client's pipeline client: takes down the request and sends nothing."""

    def __init__(self, pipeline_client: Any) -> None:
        self._pipeline_client = pipeline_client
        self._pipeline = self

    def run(self, request: Any, **options: Any) -> NoReturn:
        raise _Recorded(request, options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline_client, name)


class _Answered(_Recorder):
    """In the same place, with the answer in hand."""

    def __init__(self, pipeline_client: Any, answer: Any, is_async: bool) -> None:
        super().__init__(pipeline_client)
        self._answer = answer
        self._is_async = is_async

    def run(self, request: Any, **options: Any) -> Any:
        return run_async(step(lambda: self._answer)) if self._is_async else self._answer


def complete(client: Any, kwargs: Json) -> Any:
    """What is sent for arguments of Chat Completions: a `Reply`, an `OpenedStream`, or what
    `client.complete` gives; awaitable where the client is async."""
    module = cast(Any, type(client)).__module__
    is_async = _MODULES.get(module)
    if is_async is None or not is_own(client, "complete", module):
        return client.complete(**inference_form(kwargs))
    flow = _completed(client, kwargs, is_async)
    return run_async(flow) if is_async else run(flow)


def _completed(client: Any, kwargs: Json, is_async: bool) -> Flow[Any]:
    settings = {**kwargs}
    messages = _json_of(settings.pop("messages"))
    sent = None if messages is None else _request_for(client, settings, is_async)
    if messages is None or sent is None:
        return (yield from step(client.complete, **inference_form(kwargs)))
    pipeline_client = client._client
    request = sent.request(messages)
    answer = yield from step(pipeline_client._pipeline.run, request, **sent.options)
    http_response = answer.http_response
    if http_response.status_code == 200:
        if sent.options.get("stream"):
            return OpenedStream(http_response)
        if (received := kept_json(http_response.content)) is not None:
            return Reply(received, http_response.headers)
    # The SDK knows what to raise.
    answered = twin_of(client, _client=_Answered(pipeline_client, answer, is_async))
    return (yield from step(answered.complete, **inference_form(kwargs)))


def _json_of(messages: Any) -> str | None:
    """Messages as the SDK writes them; None where it has an encoder of its own for them."""
    try:
        return json.dumps(messages)
    except NOT_JSON:
        return None


_kept = KeptRequests[_Sent]()


def _request_for(client: Any, settings: Json, is_async: bool) -> _Sent | None:
    """What the SDK would send, but for the messages; None where it has to be asked each time."""
    key = key_of(settings)
    if key is None:
        return None
    known = _kept.get(client, key)
    if known is None and (known := _recorded(client, settings, is_async)):
        _kept.keep(client, key, known)
    return known


def _recorded(client: Any, settings: Json, is_async: bool) -> _Sent | None:
    twin = twin_of(client, _client=_Recorder(client._client))
    try:
        asked = twin.complete(**inference_form({**settings, "messages": _MARKED}))
        if is_async:
            # It runs up to its request.
            asked.send(None)
    except _Recorded as recorded:
        request, options = recorded.args
        headers = {**request.headers}
        # That of a request is made of its body.
        headers.pop("Content-Length", None)
        if request.content.startswith(_START):
            rest = request.content.removeprefix(_START)
            return _Sent(type(request), request.url, headers, rest, options)
    return None


def inference_form(kwargs: Json) -> Json:
    """Arguments of Chat Completions by the names and in the forms of `azure-ai-inference`."""
    given = {key: value for key, value in kwargs.items() if key not in _EXTRAS}
    if extras := {key: kwargs[key] for key in _EXTRAS if key in kwargs}:
        given["model_extras"] = {**extras, **(given.get("model_extras") or {})}
    wanted: Any = given.get("response_format")
    if is_object(wanted):
        schema = wanted.get("json_schema")
        given["response_format"] = models().JsonSchemaFormat(schema) if schema else wanted["type"]
    return given


@cache
def models() -> Any:
    """The SDK's module of models."""
    return import_module("azure.ai.inference.models")
