"""What `azure-ai-inference` needs besides a call: clients, and the events of its streams.

This module imports that SDK, and is itself imported when the first client or stream is needed.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ODataV4Format,
)
from azure.core.pipeline.policies import AsyncRetryPolicy, RetryPolicy
from azure.core.pipeline.transport import AioHttpTransport, RequestsTransport

from ._raw_response import WireEvents
from .base._clients import KEEP_ALIVE_SECONDS, MAX_CONNECTIONS, MAX_IDLE_CONNECTIONS
from .base._feed import unwound
from .base._flow import Flow, step
from .base._narrow import is_object
from .base._provider import Received
from .base._sockets import shut_down

if TYPE_CHECKING:
    from .base._clients import Endpoint

RETRIES = 2
TIMEOUTS = {"connection_timeout": 10, "read_timeout": 600}
"""In seconds. The longest is that between two blocks of a reply: a model may think for minutes."""
RETRIED = frozenset({408, 429, 500, 502, 503, 504})

# --- clients


class Retries(RetryPolicy[Any, Any]):
    """The SDK's retries, but never of a request that was wrong: it repeats even a 400 if that has
    a `Retry-After` header. A reply that is given up gives its connection back."""

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        return _may_repeat(response) and super().is_retry(settings, response)

    def increment(self, settings: dict[str, Any], response: Any = None, error: Any = None) -> bool:
        return _given_up(response, super().increment(settings, response, error))


class AsyncRetries(AsyncRetryPolicy[Any, Any]):
    """The same for async clients."""

    def is_retry(self, settings: dict[str, Any], response: Any) -> bool:
        return _may_repeat(response) and super().is_retry(settings, response)

    def increment(self, settings: dict[str, Any], response: Any = None, error: Any = None) -> bool:
        return _given_up(response, super().increment(settings, response, error))


def _may_repeat(response: Any) -> bool:
    return response.http_response.status_code in RETRIED


def _given_up(response: Any, again: bool) -> bool:
    if again and (http_response := getattr(response, "http_response", None)):
        # Of both HTTP libraries: the reply itself, which is closed at once.
        http_response.internal_response.close()
    return again


def new_client(is_async: bool, endpoint: Endpoint | None) -> Any:
    """A client from the environment, or for `endpoint`.

    Raises KeyError where `AZURE_INFERENCE_ENDPOINT` is not set.
    """
    if endpoint:
        address, credential = endpoint.base_url, AzureKeyCredential(endpoint.api_key)
    else:
        address, credential = _address(), _credential(is_async)
    if is_async:
        return AsyncChatCompletionsClient(
            endpoint=address,
            credential=credential,
            transport=_aiohttp_transport(),
            retry_policy=AsyncRetries(retry_total=RETRIES),
        )
    return ChatCompletionsClient(
        endpoint=address,
        credential=credential,
        transport=_requests_transport(),
        retry_policy=Retries(retry_total=RETRIES),
    )


def _address() -> str:
    address = os.environ.get("AZURE_INFERENCE_ENDPOINT")
    if not address:
        raise KeyError(
            "AZURE_INFERENCE_ENDPOINT: set it to the address of your resource, such as "
            "`https://<resource>.services.ai.azure.com/models`, or pass a client as `client=`."
        )
    return address


def _credential(is_async: bool) -> Any:
    if key := os.environ.get("AZURE_INFERENCE_CREDENTIAL"):
        return AzureKeyCredential(key)
    try:
        identity = import_module("azure.identity.aio" if is_async else "azure.identity")
    except ImportError as error:
        raise ImportError(
            "`AZURE_INFERENCE_CREDENTIAL` is not set. Set it to a key, or install "
            "`azure-identity` to sign in without one (`pip install azure-identity`).",
            name="azure.identity",
        ) from error
    return identity.DefaultAzureCredential()


def _requests_transport() -> Any:
    requests = import_module("requests")
    session, adapter = requests.Session(), import_module("requests.adapters").HTTPAdapter
    session.mount("https://", adapter(pool_maxsize=MAX_IDLE_CONNECTIONS))
    session.mount("http://", adapter(pool_maxsize=MAX_IDLE_CONNECTIONS))
    return RequestsTransport(session=session, **cast(Any, TIMEOUTS))


def _aiohttp_transport() -> Any:
    import aiohttp

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, keepalive_timeout=KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=True,
        auto_decompress=False,
    )
    return AioHttpTransport(session=session, **cast(Any, TIMEOUTS))


# --- streams


class InferenceErrors:
    """The SDK's exceptions for a stream that goes wrong."""

    def stream_error(self, data: dict[str, Any], http_response: Any) -> Exception | None:
        # The SDK passes over such an event, and the stream would merely seem to be cut.
        error = data.get("error")
        if not error:
            return None
        message = error.get("message") if is_object(error) else error
        raised = HttpResponseError(message=message, response=http_response)
        raised.error = ODataV4Format(error) if is_object(error) else None
        return raised

    def transport_error(self, error: Exception, request: Any) -> Exception:
        # The SDK has made it one of its own already, but sync clients give it no class.
        if type(error) is HttpResponseError and error.response is None:
            return self.connection_error(str(error), request)
        return error

    def connection_error(self, message: str, request: Any) -> Exception:
        return IncompleteReadError(message=message)

    def unreadable_reply(self, reply: Any) -> Exception:
        """For a body that is JSON and no object, which the SDK hands out as it is."""
        return DecodeError(message=f"Azure AI sent what is not a JSON object: {reply!r:.200}.")

    def unreadable_event(self, body: Any, http_response: Any, told: str | None = None) -> Exception:
        if told is None:
            start = body[:200]
            told = f"Azure AI sent what is not a JSON object; it starts with {start!r}."
        return DecodeError(message=told, response=http_response)


class InferenceEvents(WireEvents):
    """The events of a stream, read from the body of its HTTP response.

    Closed in every case: the SDK leaves the connection open when an async task is cancelled.
    """

    def __init__(self, http_response: Any, is_async: bool) -> None:
        super().__init__(InferenceErrors(), http_response, is_async)

    def __iter__(self) -> Iterator[bytes]:
        return cast(Iterator[bytes], self._http_response.iter_bytes())

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._iterator = self._http_response.iter_bytes()
        return cast(AsyncIterator[bytes], self._iterator)

    def decode(self, event: bytes) -> Iterable[Received]:
        for received in super().decode(event):
            # What tells of the filters that the prompt has passed is no chunk to the SDK either.
            if received.data.get("choices") or received.data.get("usage"):
                yield received

    def close(self) -> Flow[None]:
        yield from step(self._http_response.close)
        yield from unwound(self._iterator)

    def interrupt(self) -> None:
        shut_down(getattr(self._http_response.internal_response, "raw", None))
