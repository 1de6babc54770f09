"""Reading the wire through an SDK's `with_raw_response`.

The SDKs of OpenAI, Anthropic and Groq are made by one generator and share this interface. The SDK
does authentication, retries, timeouts and transport; the reply's JSON is parsed once, here, and
the SDK's typed object is built when somebody asks for it. A client without that interface (a test
double, a wrapped or instrumented client) takes the ordinary way, with the same results.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from pydantic_core import from_json

from ._client_options import is_native_timeout, with_max_retries
from ._direct_post import posting_of
from ._providers import require_sdk
from ._sdk_objects import ObjectEvents, plain
from .base._clients import http_client
from .base._feed import unwound
from .base._flow import Flow, step
from .base._narrow import is_object
from .base._provider import EventSource, Provider, Received
from .base._sockets import shut_down
from .base._sse import EventDecoder

if TYPE_CHECKING:
    from .base._clients import Endpoint
    from .base._transport import Transport

_TRANSPORTS = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "aiohttp"})


class RawResponseProvider(Provider):
    """A provider whose SDK hands out raw responses."""

    sdk_name: ClassVar[str]
    sync_client: ClassVar[str]
    async_client: ClassVar[str]
    """Names of the client classes that a default client is made of."""
    request_id_header: ClassVar[str]
    sends_json_as_it_is: ClassVar[bool] = False
    """Whether `create` of the SDK does nothing but make JSON of what it is given and `post` it."""

    @property
    def sdk(self) -> Any:
        """The SDK's module, imported now at the latest."""
        return _sdk(self.name, self.sdk_name)

    @abstractmethod
    def resource(self, client: Any) -> Any:
        """The part of the client whose `create` sends a request."""

    @abstractmethod
    def native_types(self) -> tuple[Any, Any]:
        """The SDK's classes for a whole reply and for an event of a stream."""

    def client_options(self, endpoint: Endpoint | None) -> dict[str, Any]:
        """What a default client is made with besides its HTTP client."""
        if endpoint is None:
            return {}
        return {"base_url": endpoint.base_url, "api_key": endpoint.api_key}

    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        made_by = getattr(self.sdk, self.async_client if is_async else self.sync_client)
        options = self.client_options(endpoint)
        return made_by(http_client=http_client(self.sdk, is_async), **options)

    def with_transport(self, client: Any, kwargs: dict[str, Any], transport: Transport) -> Any:
        if transport.timeout is not None:
            kwargs["timeout"] = transport.timeout
        if transport.max_retries is None:
            return client
        return with_max_retries(self.title, client, transport.max_retries, self._is_bare)

    def _is_bare(self, client: Any) -> bool:
        return is_plain(self.resource(client), "create", self.sdk_name)

    def takes_timeout(self, timeout: Any) -> bool:
        return is_native_timeout(timeout, self.sdk_name)

    def send(self, client: Any, kwargs: dict[str, Any], stream: bool) -> Any:
        resource = self.resource(client)
        if is_plain(resource, "create", self.sdk_name):
            if self.sends_json_as_it_is:
                posting = posting_of(resource, stream)
                if posting and posting.takes(kwargs):
                    return posting.send(resource._post, kwargs)
            return resource.with_raw_response.create(**kwargs)
        return resource.create(**kwargs)

    def receive(self, raw: Any) -> Received:
        http_response = getattr(raw, "http_response", None)
        if http_response is None:
            return plain(raw)
        try:
            data = from_json(http_response.content)
        except ValueError:
            data = _decoded(http_response.content)
        if not is_object(data):
            raise self.unreadable_event(http_response.text, http_response)
        return Received(data, request_id=http_response.headers.get(self.request_id_header))

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        http_response = getattr(raw, "http_response", None)
        return {} if http_response is None else cast(Mapping[str, str], http_response.headers)

    def source(self, raw: Any, is_async: bool) -> EventSource:
        http_response = getattr(raw, "http_response", None)
        if http_response is None:
            return ObjectEvents(raw, is_async)
        return WireEvents(self, http_response, is_async)

    def native_response(self, received: Received) -> Any:
        native = self.native_types()[0].construct(**received.data)
        # The SDKs document this attribute of the objects they return.
        native._request_id = received.request_id
        return native

    def native_chunk(self, received: Received) -> Any:
        return construct(self.native_types()[1], received.data)

    def stream_error(self, data: dict[str, Any], http_response: Any) -> Exception | None:
        """The SDK's exception for an event that reports an error; None for any other event."""
        error = data.get("error")
        if not error:
            return None
        message = error.get("message") if is_object(error) else None
        return cast(
            Exception,
            self.sdk.APIError(
                message if isinstance(message, str) else "An error occurred during streaming",
                request=http_response.request,
                body=error,
            ),
        )

    def transport_error(self, error: Exception, request: Any) -> Exception:
        """The SDK's exception for one of its HTTP library; any other error stays as it is."""
        if type(error).__module__.partition(".")[0] not in _TRANSPORTS:
            return error
        if "Timeout" in type(error).__name__:
            return cast(Exception, self.sdk.APITimeoutError(request=request))
        return self.connection_error(f"The connection broke: {error}", request)

    def connection_error(self, message: str, request: Any) -> Exception:
        """The SDK's exception for a connection that broke."""
        return cast(Exception, self.sdk.APIConnectionError(message=message, request=request))

    def unreadable_event(self, body: Any, http_response: Any, told: str | None = None) -> Exception:
        """The SDK's exception for a body, or an event, that is not a JSON object, or not as it
        should be: then `told` tells."""
        if told is None:
            start = body[:200]
            told = f"{self.title} sent what is not a JSON object; it starts with {start!r}."
        error = self.sdk.APIResponseValidationError(http_response, body, message=told)
        return cast(Exception, error)


class WireErrors(Protocol):
    """What to raise where a stream, read from the body of its HTTP response, goes wrong."""

    def stream_error(self, data: dict[str, Any], http_response: Any) -> Exception | None: ...
    def transport_error(self, error: Exception, request: Any) -> Exception: ...
    def connection_error(self, message: str, request: Any) -> Exception: ...
    def unreadable_event(
        self, body: Any, http_response: Any, told: str | None = None
    ) -> Exception: ...


class WireEvents(EventSource):
    """The events of a stream, read from the body of its HTTP response."""

    def __init__(self, provider: WireErrors, http_response: Any, is_async: bool) -> None:
        self._provider = provider
        self._http_response = http_response
        self._is_async = is_async
        self._decoder = EventDecoder()
        self._iterator: Any = None

    def __iter__(self) -> Iterator[bytes]:
        response = self._http_response
        read = response.iter_raw if self._is_raw() else response.iter_bytes
        return cast(Iterator[bytes], read())

    def __aiter__(self) -> AsyncIterator[bytes]:
        response = self._http_response
        self._iterator = response.aiter_raw() if self._is_raw() else response.aiter_bytes()
        return cast(AsyncIterator[bytes], self._iterator)

    def _is_raw(self) -> bool:
        """Whether the raw bytes are the body: not encoded, and not read before by a hook."""
        response = self._http_response
        return not (response.is_stream_consumed or "content-encoding" in response.headers)

    def decode(self, event: bytes) -> Iterable[Received]:
        texts = self._decoder.feed(event)
        # As it is mostly; of several, those before one that is spoilt are still to be had.
        return self._received(texts[0]) if len(texts) == 1 else self._each_received(texts)

    def _each_received(self, texts: list[bytes]) -> Iterator[Received]:
        for text in texts:
            yield from self._received(text)

    def _received(self, text: bytes) -> Sequence[Received]:
        if text == b"[DONE]":
            self.done = self.complete = True
            return ()
        try:
            data = from_json(text)
        except ValueError:
            data = _decoded(text)
        if not is_object(data):
            body = text.decode(errors="replace")
            raise self._provider.unreadable_event(body, self._http_response)
        if error := self._provider.stream_error(data, self._http_response):
            raise error
        return (Received(data),)

    def close(self) -> Flow[None]:
        response = self._http_response
        yield from step(response.aclose if self._is_async else response.close)
        yield from unwound(self._iterator)

    def interrupt(self) -> None:
        shut_down(self._http_response)

    def failure(self, error: Exception) -> Exception:
        return self._provider.transport_error(error, self._http_response.request)

    def unreadable(self, data: Any, told: str) -> Exception:
        return self._provider.unreadable_event(data, self._http_response, told)

    def cut(self, message: str) -> Exception:
        rest = self._decoder.rest.lstrip()
        if rest.startswith((b"<", b"{")):
            # No event at all: a page of some proxy, or an error in the place of a stream.
            text = rest.decode(errors="replace")
            return self._provider.unreadable_event(text, self._http_response)
        return self._provider.connection_error(message, self._http_response.request)


def _decoded(text: bytes) -> Any:
    """JSON that the fast parser refuses, by the one that the SDKs use; None where it is none.

    It is in another encoding than UTF-8, say, or a model has cut a character in two.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def construct(native_type: Any, data: Any) -> Any:
    """An object of a type of the SDK, which may be a union told apart by `type`, from wire data."""
    make = getattr(native_type, "construct", None)
    return make(**data) if make else native_type(data)


@cache
def _sdk(name: str, sdk_name: str) -> Any:
    require_sdk(name)
    return import_module(sdk_name)


def is_plain(resource: Any, method: str, sdk_name: str) -> bool:
    """Whether a method of this resource is the SDK's own: not replaced, wrapped or instrumented."""
    made_by = cast(Any, type(resource))
    function = getattr(made_by, method, None)
    return (
        isinstance(function, FunctionType)
        and _is_of(function, sdk_name)
        and method not in vars(resource)
        and hasattr(made_by, "with_raw_response")
    )


@cache
def _is_of(function: FunctionType, sdk_name: str) -> bool:
    package = cast(str, import_module(sdk_name).__file__).rpartition("__init__")[0]
    return function.__code__.co_filename.startswith(package)
