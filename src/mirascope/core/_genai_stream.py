"""Replies and streams of the `google-genai` SDK, as JSON-shaped data."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable
from importlib import import_module
from types import AsyncGeneratorType, GeneratorType
from typing import Any, cast

from ._sdk_objects import ObjectEvents, plain
from .base._flow import Flow, step
from .base._provider import Received
from .base._sockets import shut_down

_GENERATORS = (GeneratorType, AsyncGeneratorType)
_NOT_OF_THE_REPLY = {"sdk_http_response", "automatic_function_calling_history", "parsed"}


def received(value: Any) -> Received:
    """An object of the SDK (or a dict) as the JSON of the wire, the object beside it."""
    dump = getattr(value, "model_dump", None)
    if dump is None:
        return plain(value)
    data = dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude=_NOT_OF_THE_REPLY,
        warnings=False,
    )
    return Received(data, native=value)


def is_of_empty_body(value: Any) -> bool:
    """Whether a reply of the SDK was made of no body at all, which the SDK does not mind."""
    http = getattr(value, "sdk_http_response", None)
    headers: dict[str, str] = getattr(http, "headers", None) or {}
    return any(name.lower() == "content-length" and headers[name] == "0" for name in headers)


def unreadable(title: str) -> Exception:
    """The SDK's exception for a reply that cannot be read."""
    error = import_module("google.genai.errors").UnknownApiResponseError
    return cast(Exception, error(f"{title} sent an empty body, which is not a JSON object."))


class GenerateContentEvents(ObjectEvents):
    """The events of a stream, as the SDK's generator yields them."""

    def __init__(self, stream: Any, is_async: bool) -> None:
        super().__init__(stream, is_async)
        # The generator ends in the same way where the reply is cut off: its finish reason tells.
        self.done = False
        self._http_response: Any = None

    def decode(self, event: Any) -> Iterable[Received]:
        if self._http_response is None:
            self._http_response = _response_under(self._stream)
        yield received(event)

    def close(self) -> Flow[None]:
        if self._is_async:
            if getattr(self._stream, "ag_running", False):
                # Another task waits for the next event, and ends by itself.
                yield from self._close_response()
                return
            yield from self._cancel_reading()
        yield from super().close()

    def interrupt(self) -> None:
        response = self._http_response
        # That of `requests`, which the SDK has where it signs in to Google, has another inside.
        shut_down(getattr(response, "raw", response))

    def _close_response(self) -> Flow[None]:
        response = self._http_response
        if close := getattr(response, "aclose", None) or getattr(response, "close", None):
            yield from step(close)

    def _cancel_reading(self) -> Flow[None]:
        """Close the HTTP response, which the SDK's async generator leaves open in its `aclose`.

        A cancelled read unwinds all the generators within each other down to the response.
        """
        stream = self._stream
        # A generator without a frame has ended, and has closed what it read from.
        while getattr(stream, "ag_frame", None) is not None:
            reading = asyncio.ensure_future(anext(stream))
            yield from step(_a_turn)
            reading.cancel()
            # An event that had arrived already is read instead: then it takes another round.
            yield from step(_the_end_of, reading)
            if reading.cancelled() or reading.exception() is not None:
                return


def _response_under(stream: Any) -> Any:
    """The HTTP response that the SDK's generators within each other read from; None if unknown.

    The SDK hands it out nowhere. Found while the generators stand still, between two events.
    """
    generators: list[Any] = [stream] if isinstance(stream, _GENERATORS) else []
    while generators:
        below = {id(each): each for each in gc.get_referents(*generators)}.values()
        for each in below:
            # The SDK has two classes of this name: one for what is received, one to be handed out.
            if type(each).__name__ == "HttpResponse" and hasattr(each, "response_stream"):
                return each.response_stream
        generators = [each for each in below if isinstance(each, _GENERATORS)]
    return None


def _a_turn() -> Any:
    """One turn of the event loop: a task that was just made runs until it waits."""
    return asyncio.sleep(0)


def _the_end_of(task: asyncio.Future[Any]) -> Any:
    # Unlike awaiting the task, this tells its being cancelled from ours.
    return asyncio.wait({task})
