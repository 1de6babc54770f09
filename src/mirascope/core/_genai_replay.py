"""The `google-genai` SDK without a network: what it would send, and what it makes of a reply.

All that the SDK has of the network is its API client. In its place stands here one that takes down
what it is to send, or one that has been answered already.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from .base._flow import run_async, step

Json = dict[str, Any]

NO_FUNCTIONS: Json = {"automatic_function_calling": {"disable": True}}
"""The config with which the SDK itself calls no function of the caller's."""


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
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

    async_request = request_streamed = async_request_streamed = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api_client, name)


def recorded(models: Any, kwargs: Json, is_async: bool, is_streamed: bool) -> Sent:
    """What the SDK would send."""
    recording = type(models)(_Recorder(models._api_client))
    try:
        if is_streamed:
            # It runs up to its request.
            stream = begun(recording.generate_content_stream(**kwargs))
            stream.__anext__().send(None) if is_async else next(stream)
        else:
            asked = recording.generate_content(**kwargs)
            if is_async:
                asked.send(None)
    except _Recorded as told:
        _, path, body, http_options = told.args
        return Sent(body, path, http_options)
    raise TypeError("This version of `google-genai` sends requests in another way.")


def begun(stream: Any) -> Any:
    """A stream of the SDK's, which an async client first has to be waited for, though not long."""
    if not hasattr(stream, "send") or hasattr(stream, "__next__"):
        return stream
    try:
        stream.send(None)
    except StopIteration as opened:
        return opened.value
    raise TypeError("This version of `google-genai` opens streams in another way.")


class Replayer:
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


class StreamReplayer(Replayer):
    """The same for streams: the answer is a response of the SDK's with `segments`."""

    def request_streamed(self, *request: Any) -> Any:
        return _api_client_module().BaseApiClient.request_streamed(self, *request)

    def async_request_streamed(self, *request: Any) -> Any:
        return _api_client_module().BaseApiClient.async_request_streamed(self, *request)

    def _build_request(self, *request: Any) -> Any:
        return None if self._answers else self._api_client._build_request(*request)

    def _request(self, *request: Any, **options: Any) -> Any:
        if not self._answers:
            return self._api_client._request(*request, **options)
        return self._answers.pop()

    def _async_request(self, *request: Any, **options: Any) -> Any:
        if not self._answers:
            return self._api_client._async_request(*request, **options)
        return run_async(step(self._answers.pop))


def with_segments(response: Any, segments: Callable[[], Any]) -> Any:
    """A streamed response of the SDK's that gives other segments, the parsed JSON of each event."""
    changed = copy.copy(response)
    changed.segments = changed.async_segments = segments
    return changed


def native_reply(data: Json, headers: Any, config: Any, vertexai: bool) -> Any:
    """The SDK's object of a whole reply, as the SDK makes it."""
    response = import_module("google.genai.types").HttpResponse(
        headers=headers, body=json.dumps(data)
    )
    models = _models_of(Replayer(response, vertexai=vertexai))
    return models.generate_content(model="-", contents="-", config=config)


class NativeEvents:
    """Makes the SDK's objects of the events of one stream, as the SDK makes them."""

    def __init__(self, response: Any, config: Any, vertexai: bool) -> None:
        self._response = response
        self._config = config or NO_FUNCTIONS
        self._vertexai = vertexai
        self._idle: list[tuple[list[Any], Iterator[Any]]] = []

    def made_of(self, data: Any) -> Any:
        """The object of one event; raises what the SDK raises in its place."""
        try:
            # Not shared by threads that ask at the same time.
            given, made = self._idle.pop()
        except IndexError:
            given, made = self._opened()
        given.append(data)
        native = next(made)
        self._idle.append((given, made))
        return native

    def _opened(self) -> tuple[list[Any], Iterator[Any]]:
        """A stream of the SDK's that never ends, and where its next event is to be put."""
        given: list[Any] = []

        def segments() -> Iterator[Any]:
            while True:
                yield given.pop()

        response = with_segments(self._response, segments)
        models = _models_of(StreamReplayer(response, vertexai=self._vertexai))
        return given, models.generate_content_stream(model="-", contents="-", config=self._config)


def _models_of(api_client: Any) -> Any:
    return import_module("google.genai.models").Models(api_client)


def _api_client_module() -> Any:
    return import_module("google.genai._api_client")
