"""What an adapter states: a provider's facts, and its two translations (encode, decode)."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ._feed import Source
from ._flow import Flow, step
from ._media_parts import plain_results, with_downloads
from ._unreadable import UnreadableReply, check_depth, misread
from ._wire import Delta, Reply, Thinking, ToolCall
from .message_param import (
    BaseMessageParam,
    Part,
    ProviderPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from .types import FinishReason

if TYPE_CHECKING:
    from ._clients import Endpoint
    from ._transport import Transport
    from .call_response import BaseCallResponse
    from .call_response_chunk import BaseCallResponseChunk
    from .stream import BaseStream
    from .tool import BaseTool


@dataclass(slots=True)
class JsonMode:
    """The reply is to be JSON: of any shape, or of `schema` where that is given."""

    name: str = "output"
    schema: dict[str, Any] | None = None
    strict: bool = False
    """The provider itself is to enforce the schema."""


@dataclass(slots=True)
class Draft:
    """One request before the provider gives it its last form."""

    model: str
    messages: list[Any]
    params: dict[str, Any]
    tools: Sequence[type[BaseTool]] = ()
    forced_tool: type[BaseTool] | None = None
    json: JsonMode | None = None
    stream: bool = False


@dataclass(slots=True)
class Received:
    """A reply or an event as JSON-shaped data, with the SDK's object where one came instead."""

    data: Any
    native: Any = None
    request_id: str | None = field(default=None)

    def __reduce__(self) -> Any:
        check_depth(self.data)
        # The SDK's object can be made again from the data.
        return Received, (self.data, None, self.request_id)


class Provider(ABC):
    """One provider. Stateless: an adapter has one instance, shared by all calls."""

    name: ClassVar[str]
    title: ClassVar[str]
    environment: ClassVar[tuple[str, ...]]
    """The environment variables that a default client is made from."""
    sync_clients: ClassVar[frozenset[str]]
    async_clients: ClassVar[frozenset[str]]
    """Names of the SDK's client classes, by which a client of the wrong kind is refused early."""

    param_names: ClassVar[Mapping[str, str | None]]
    """Common parameter name to the SDK's; None where the provider has no such parameter."""
    list_params: ClassVar[frozenset[str]] = frozenset()
    """The SDK's names of parameters that take a list where a single text is allowed in common."""
    default_params: ClassVar[Mapping[str, Any]] = {}
    finish_reasons: ClassVar[Mapping[str, FinishReason]]
    tells_tool_calls: ClassVar[bool] = True
    """Whether a reply that calls tools says so by its finish reason."""
    streams_arguments: ClassVar[bool] = True
    """Whether a tool call's arguments arrive bit by bit in a stream."""
    has_strict_json: ClassVar[bool] = False
    """Whether the provider can be made to keep to a JSON schema."""
    shows_thinking: ClassVar[bool] = True
    """Whether the provider has models that show their reasoning."""
    speaks: ClassVar[bool] = False
    """Whether the provider has models that reply with sound."""
    part_types: ClassVar[frozenset[str]]
    """The `type` of each message part that can be encoded; any other is refused by name."""
    result_part_types: ClassVar[frozenset[str]] = frozenset()
    """The `type` of each part that a tool's result may hold beside text."""
    reply_readers: ClassVar[str] = r"json\.decoder\."
    """A regular expression for the functions of the SDK that read replies, by their full names."""
    url_schemes: ClassVar[frozenset[str]] = frozenset({"http", "https"})
    """Where the provider fetches the URL of a part from; other parts are loaded before they are
    sent."""

    has_transport_in_client: ClassVar[bool] = False
    """Whether a timeout and a number of retries are for a client to have, not for a request."""
    timeout_covers: ClassVar[str] = "a wait"
    """What `timeout` limits: a wait (for the connection, for the reply, for the next piece of it)
    or the whole reply."""
    heeds_retry_after: ClassVar[tuple[str, ...]] = ()
    """The forms in which the SDK heeds `Retry-After` before it sends a request again: `seconds` or
    `whole seconds`, `date`, and `ms` (the header `retry-after-ms`)."""
    retries_streams: ClassVar[bool] = True
    """Whether the SDK sends the request of a stream again, too."""

    response_type: ClassVar[type[BaseCallResponse]]
    chunk_type: ClassVar[type[BaseCallResponseChunk]]
    stream_type: ClassVar[type[BaseStream]]
    tool_type: ClassVar[type[BaseTool]]

    # --- sending

    @abstractmethod
    def new_client(self, is_async: bool, endpoint: Endpoint | None) -> Any:
        """An SDK client made from the environment, pointed at `endpoint` where that is given."""

    def new_client_with(
        self, is_async: bool, endpoint: Endpoint | None, transport: Transport
    ) -> Any:
        """The same with the timeout and the retries of `transport`: `has_transport_in_client`."""
        raise self.refuse_transport(transport, "Leave it out")

    def with_transport(self, client: Any, kwargs: dict[str, Any], transport: Transport) -> Any:
        """Put a timeout into `kwargs` and a number of retries into these or into the client.

        What is returned is the client to call: the same one, or one that shares its connections.
        Raises ValueError or TypeError where that cannot be had.
        """
        raise self.refuse_transport(transport, "Leave it out")

    def takes_timeout(self, timeout: Any) -> bool:
        """Whether the SDK takes a timeout that is no number."""
        return False

    def open_client(self, client: Any, is_async: bool) -> Flow[Any]:
        """The client, ready for use in the running event loop; mostly there is nothing to do."""
        return client
        yield

    def close_client(self, client: Any, is_async: bool) -> Flow[None]:
        """Close a default client by whichever of the usual names its method has."""
        close = (is_async and getattr(client, "aclose", None)) or getattr(client, "close", None)
        if close is not None:
            yield from step(close)

    @abstractmethod
    def send(self, client: Any, kwargs: dict[str, Any], stream: bool) -> Any:
        """Call the SDK; `receive` or `source` read the result, awaitable with an async client."""

    @abstractmethod
    def receive(self, raw: Any) -> Received:
        """The whole reply that `send` gave."""

    @abstractmethod
    def source(self, raw: Any, is_async: bool) -> EventSource:
        """The events of the stream that `send` gave."""

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        """The HTTP headers of the reply that `send` gave, in lower case; empty where hidden."""
        return {}

    # --- encode

    @abstractmethod
    def encode_message(self, message: BaseMessageParam) -> list[Any]:
        """A common message in the provider's form: one message or several."""

    @abstractmethod
    def finalize(self, draft: Draft) -> dict[str, Any]:
        """The keyword arguments for the SDK."""

    # --- decode

    @abstractmethod
    def decode_message(self, message: Any) -> BaseMessageParam:
        """A message in the provider's form as a common one."""

    @abstractmethod
    def decode_reply(self, data: Any) -> Reply:
        """A whole reply in the common form."""

    @abstractmethod
    def decode_delta(self, data: Any) -> Delta | None:
        """One event of a stream in the common form; None for one that says nothing."""

    # --- rebuild

    @abstractmethod
    def encode_reply(self, reply: Reply) -> Any:
        """The whole reply in wire form that adds up to `reply`: what a stream amounts to."""

    @abstractmethod
    def native_response(self, received: Received) -> Any:
        """The SDK's own object for a whole reply."""

    @abstractmethod
    def native_chunk(self, received: Received) -> Any:
        """The SDK's own object for an event of a stream."""

    @abstractmethod
    def native_tool_call(self, call: ToolCall) -> Any:
        """The SDK's own object for a tool call."""

    # --- what follows is the same for every provider

    def misread(self, error: Exception) -> Exception:
        """The exception in the place of one that came of sending a request, where the SDK merely
        stumbled over the reply; any other error stays as it is."""
        return misread(self.title, self.reply_readers, error)

    def takes_url(self, part: Any) -> bool:
        """Whether the provider fetches the URL of a part, of a type that it can encode."""
        return part.url.partition(":")[0].lower() in self.url_schemes

    def __reduce__(self) -> Any:
        from .._providers import provider_named

        return provider_named, (self.name,)

    def can_force_tool(self, params: Mapping[str, Any]) -> bool:
        """Whether a request may demand a tool call; if not, JSON is asked for instead."""
        return True

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        """Messages in the provider's form; those that are in it already stay as they are."""
        encoded: list[Any] = []
        for message in messages:
            if isinstance(message, BaseMessageParam):
                encoded += self.encode_message(plain_results(self, message))
            else:
                encoded.append(message)
        return encoded

    def encode_params(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Call parameters by the SDK's names, key by key; a common one that is None is left out."""
        encoded: dict[str, Any] = {}
        for key, value in params.items():
            name = self.param_names.get(key, key)
            if key in self.param_names and value is None:
                continue
            if name is None:
                warnings.warn(
                    f"{self.title} has no parameter `{key}`; it is ignored.",
                    stacklevel=2,
                )
                continue
            if name in self.list_params and isinstance(value, str):
                value = [value]
            encoded[name] = value
        return encoded

    def common_finish_reasons(
        self, reasons: list[str] | None, calls_tools: bool = False
    ) -> list[FinishReason] | None:
        """Finish reasons in common terms; None where none of them has one.

        `calls_tools` tells whether the reply does.
        """
        known = self.finish_reasons
        mapped: list[FinishReason] = [known[r] for r in reasons or () if r in known]
        if calls_tools and not self.tells_tool_calls and mapped[:1] == ["stop"]:
            mapped[0] = "tool_calls"
        return mapped or None

    def check_client(self, client: Any, is_async: bool) -> None:
        """Raise TypeError for a sync client in an async function, and the reverse."""
        wrong, right = (
            (self.sync_clients, self.async_clients)
            if is_async
            else (self.async_clients, self.sync_clients)
        )
        for name in map(self.client_name, type(client).__mro__):
            if name in right:
                return
            if name in wrong:
                function, kind = ("An async", "an async") if is_async else ("A sync", "a sync")
                raise TypeError(
                    f"{function} function needs {kind} client of {self.title} "
                    f"({' or '.join(f'`{name}`' for name in sorted(right))}), "
                    f"not `{type(client).__name__}`."
                )

    def client_name(self, kind: type[Any]) -> str:
        """What `sync_clients` and `async_clients` call a class."""
        return kind.__name__

    def refuse_part(self, part: Part, in_result: bool = False) -> ValueError:
        """The error for a message part that this provider does not take (in a tool's result)."""
        types = {"text", *self.result_part_types} if in_result else self.part_types
        place = " in the result of a tool" if in_result else ""
        return ValueError(
            f"{self.title} does not take `{type(part).__name__}` (type `{part.type}`){place}. "
            f"It takes parts of type {_listed(with_downloads(types))}{place}."
        )

    def refuse_scheme(self, part: Part, scheme: str) -> ValueError:
        """The error for a part whose URL is of a scheme that this provider does not fetch."""
        return ValueError(
            f"{self.title} does not take the URL of this `{type(part).__name__}`: "
            f"{f'`{scheme}:`' if scheme else 'it has no scheme, and that'} is not among "
            f"{_listed(self.url_schemes)}. Pass the bytes, or an http(s) URL."
        )

    def refuse_transport(self, transport: Transport, way_out: str) -> ValueError:
        """The error for a timeout or retries that cannot be set for a call."""
        names = " and ".join(f"`{name}`" for name in transport.given())
        return ValueError(f"{self.title} takes no {names} for a single call. {way_out}.")

    def reply_message(self, reply: Reply) -> BaseMessageParam:
        """The assistant's turn as a common message. Never raises: a paid reply must not be lost."""
        parts: list[Part] = []
        for part in reply.parts:
            if isinstance(part, str):
                if part:
                    parts.append(TextPart(text=part))
            elif isinstance(part, ToolCall):
                parts.append(ToolCallPart(name=part.name, args=_args_or_none(part), id=part.id))
            elif isinstance(part, Thinking):
                parts.append(
                    ThinkingPart(thinking=part.text, signature=part.signature, provider=self.name)
                )
            elif part.text:
                parts.append(TextPart(text=part.text))
            else:
                parts.append(ProviderPart(provider=self.name, data=part.data))
        if all(isinstance(part, TextPart) for part in parts):
            return BaseMessageParam(role="assistant", content=reply.text)
        return BaseMessageParam(role="assistant", content=parts)

    def message_param(self, reply: Reply) -> Any:
        """The assistant's turn in the provider's form, ready to be sent back."""
        return self.encode_message(self.reply_message(reply))[0]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def _args_or_none(call: ToolCall) -> dict[str, Any] | None:
    try:
        return call.decoded()
    except ValueError:
        return None


class EventSource(Source):
    """The events of one streamed reply, as they arrive."""

    done: bool = False
    """The end of the source is that of the reply, if nothing goes wrong."""
    complete: bool = False
    """The provider has said that nothing more will come: what goes wrong now goes wrong with
    nothing but the connection."""

    @property
    def has_rest(self) -> bool:
        """Whether something has arrived that nothing but the end makes an event: `decode` is then
        given `END`."""
        return False

    @abstractmethod
    def decode(self, event: Any) -> Iterable[Received]:
        """What one item of the source holds: any number of events of the provider's protocol."""

    def failure(self, error: Exception) -> Exception:
        """The SDK's exception for an error of the connection; any other error stays as it is."""
        return error

    def unreadable(self, data: Any, told: str) -> Exception:
        """The exception for an event that has not the form it should have, as `told` tells."""
        return UnreadableReply(told)

    def cut(self, message: str) -> Exception:
        """The exception for a stream that ended before its reply did."""
        return ConnectionError(message)
