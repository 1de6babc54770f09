"""Cohere's clients: the part of each that speaks version 2 of the chat API, and its streams."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from . import _chat_v2
from ._kept_requests import KeptRequests, key_of
from ._raw_response import WireErrors, WireEvents, is_plain
from ._sdk_objects import ObjectEvents, plain
from .base._flow import Flow, run, run_async, step
from .base._narrow import is_object
from .base._provider import Received


class OpenStream(NamedTuple):
    """A stream of the SDK's that has been opened, and what closes it."""

    context: Any
    response: Any

    @property
    def http_response(self) -> Any:
        """The HTTP response, whose name was private in version 6 of the SDK."""
        response = self.response
        return response.response if hasattr(response, "response") else response._response


class WireReply(NamedTuple):
    """A whole reply as it came."""

    data: dict[str, Any]
    headers: Any


class _Delivered(Exception):
    """Carries a reply past the SDK, which would make an object of it."""


class _Sent(NamedTuple):
    """How the SDK's raw client calls its HTTP client."""

    path: tuple[Any, ...]
    arguments: dict[str, Any]


class _Wire:
    """In the place of what the SDK's raw client sends its requests with, and sends them with that.

    Errors, and replies that are no JSON object, are left to the SDK.
    """

    def __init__(self, http_client: Any) -> None:
        self._http_client = http_client
        self.sent: _Sent | None = None
        self.httpx_client = self

    def request(self, *path: Any, **arguments: Any) -> Any:
        self.sent = _Sent(path, arguments)
        sent = self._http_client.request(*path, **arguments)
        return run_async(_read(sent)) if hasattr(sent, "__await__") else _passed(sent)


class _Answered:
    """In the same place, with the answer in hand."""

    def __init__(self, answer: Any, is_async: bool) -> None:
        self._answer = answer
        self._is_async = is_async
        self.httpx_client = self

    def request(self, *path: Any, **arguments: Any) -> Any:
        return run_async(step(lambda: self._answer)) if self._is_async else self._answer


def _read(sent: Any) -> Flow[Any]:
    return _passed((yield from step(lambda: sent)))


def _passed(http_response: Any) -> Any:
    if (reply := _reply_in(http_response)) is not None:
        raise _Delivered(reply)
    return http_response


def _reply_in(http_response: Any) -> WireReply | None:
    if not 200 <= http_response.status_code < 300:
        return None
    try:
        data = from_json(http_response.content)
    except ValueError:
        return None
    return WireReply(data, http_response.headers) if is_object(data) else None


def reply_to(raw: Any, kwargs: dict[str, Any]) -> Any:
    """What `raw.chat(**kwargs)` is sent; awaitable where the client is async."""
    is_async = type(raw).__name__.startswith("Async")
    flow = _replied(raw, kwargs, is_async)
    return run_async(flow) if is_async else run(flow)


_kept = KeptRequests[_Sent]()


def _replied(raw: Any, kwargs: dict[str, Any], is_async: bool) -> Flow[Any]:
    http_client = raw._client_wrapper.httpx_client
    settings = {**kwargs}
    messages = settings.pop("messages")
    key = key_of(settings) if _are_texts(messages) else None
    known = key and _kept.get(http_client, key)
    if known:
        body = {**known.arguments["json"], "messages": messages}
        arguments = {**known.arguments, "json": body}
        answer = yield from step(http_client.request, *known.path, **arguments)
        if (reply := _reply_in(answer)) is not None:
            return reply
        # The SDK knows what to raise.
        chat = type(raw)(client_wrapper=_Answered(answer, is_async)).chat
        return (yield from step(chat, **kwargs)).data
    wire = _Wire(http_client)
    try:
        return (yield from step(type(raw)(client_wrapper=wire).chat, **kwargs)).data
    except _Delivered as delivered:
        if key and wire.sent and wire.sent.arguments.get("json", {}).get("messages") == messages:
            _kept.keep(http_client, key, wire.sent)
        return delivered.args[0]


_MESSAGE = {"role", "content"}


def _are_texts(messages: Any) -> bool:
    """Whether messages are on the wire what they are here."""
    return all(
        is_object(message) and message.keys() == _MESSAGE and type(message["content"]) is str
        for message in messages
    )


class CohereWireEvents(WireEvents):
    """The events of a stream, read from its HTTP response.

    The SDK's own iterator leaves out events that it cannot read, and those that report an error.
    """

    def __init__(self, errors: WireErrors, stream: OpenStream, is_async: bool) -> None:
        super().__init__(errors, stream.http_response, is_async)
        self._context = stream.context

    def close(self) -> Flow[None]:
        yield from super().close()
        if not self._is_async:
            yield from step(self._context.__exit__, None, None, None)


class CohereEvents(ObjectEvents):
    """The events of a stream as the SDK's own iterator, or a test double, gives them."""

    def decode(self, event: Any) -> list[Received]:
        received = plain(event, defaults=True)
        if _chat_v2.error_in(received.data):
            raise api_error(None, received.data)
        return [received]


def opened(context: Any) -> Any:
    """The opened stream; awaitable where the client is async."""
    if hasattr(context, "__aenter__"):
        return run_async(_entered_async(context))
    return OpenStream(context, context.__enter__())


def _entered_async(context: Any) -> Flow[OpenStream]:
    """The stream, with its context left at once but for the response, which we close ourselves.

    The context is made of async generators, and all that a loop finds open at its end it closes at
    the same time: those would be closed from within and from without.
    """
    stream = OpenStream(context, (yield from step(context.__aenter__)))
    http_response = stream.http_response
    http_response.aclose = lambda: run_async(_stay_open())
    try:
        yield from step(context.__aexit__, None, None, None)
    finally:
        del http_response.aclose
    return stream


def _stay_open() -> Flow[None]:
    yield from ()


def _names_of(client: Any) -> set[str]:
    return {base.__name__ for base in type(client).__mro__}


def chat_of(client: Any) -> Any:
    """The part of a client that speaks version 2 of the API; a test double is taken as it is."""
    names = _names_of(client)
    if names & {"V2Client", "AsyncV2Client"} or not names & {"BaseCohere", "AsyncBaseCohere"}:
        return client
    return client.v2


def raw_chat_of(client: Any, method: str) -> Any:
    """The SDK's own raw client; None where its method is replaced, wrapped or instrumented."""
    if not _names_of(client) & {"BaseCohere", "AsyncBaseCohere"}:
        return None
    replaced = cast(dict[str, Any], vars(client)).get(method)
    # The SDK itself replaces this method of every client, by a function of its own.
    if replaced is not None and not _is_of_the_sdk(replaced):
        return None
    chat = client.v2
    return chat.with_raw_response if is_plain(chat, method, "cohere") else None


@cache
def timeout_name() -> str:
    """What `request_options` call a timeout: since version 7 it goes without its unit."""
    known = import_module("cohere.core.request_options").RequestOptions.__annotations__
    return "timeout" if "timeout" in known else "timeout_in_seconds"


def _is_of_the_sdk(function: Any) -> bool:
    return getattr(function, "__module__", "") == "cohere.client"


def api_error(http_response: Any, body: Any) -> Exception:
    """The SDK's exception for a reply of which `body` is what went wrong."""
    error = import_module("cohere.core.api_error").ApiError
    if http_response is None:
        return cast(Exception, error(body=body))
    headers = dict(http_response.headers)
    return cast(Exception, error(status_code=http_response.status_code, headers=headers, body=body))
