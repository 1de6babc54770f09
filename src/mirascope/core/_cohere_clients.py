"""Cohere's clients: the part of each that speaks version 2 of the chat API, and its streams."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, cast

from . import _chat_v2 as wire
from ._raw_response import WireErrors, WireEvents, is_plain
from ._sdk_objects import ObjectEvents, plain
from .base._flow import Flow, run_async, step
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
        if wire.error_in(received.data):
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


def raw_chat_of(client: Any) -> Any:
    """The SDK's own raw client; None where its stream is replaced, wrapped or instrumented."""
    if not _names_of(client) & {"BaseCohere", "AsyncBaseCohere"}:
        return None
    replaced = cast(dict[str, Any], vars(client)).get("chat_stream")
    # The SDK itself replaces this method of every client, by a function of its own.
    if replaced is not None and not _is_of_the_sdk(replaced):
        return None
    chat = client.v2
    return chat.with_raw_response if is_plain(chat, "chat_stream", "cohere") else None


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
