"""What a wire protocol must say about itself, and the common form it translates to and from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import to_json

from mirascope.sandbox._json import Json, dump_text
from mirascope.sandbox._rate_limit import Standing


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the request offers to the model."""

    name: str
    schema: Json


@dataclass(slots=True)
class Question:
    """A request in common form: all that the rules and the reply need to know of it."""

    model: str
    texts: list[str] = field(default_factory=list[str])
    """Every text of the conversation, oldest first."""
    user_text: str = ""
    tool_results: list[str] = field(default_factory=list[str])
    """Results that the model has not answered yet, oldest first."""
    tools: list[Tool] = field(default_factory=list[Tool])
    tool_choice: Literal["auto", "none", "required"] = "auto"
    forced_tool: str | None = None
    json_schema: Json | None = None
    json_mode: bool = False
    stream: bool = False
    include_usage: bool = True
    count: int = 1
    stop: list[str] = field(default_factory=list[str])
    max_tokens: int | None = None
    audio_format: str | None = None
    thinking: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call for the sandbox to make.

    `arguments` is an object, or a text that is sent as it stands where the protocol allows it.
    """

    name: str
    arguments: Json | str = field(default_factory=dict[str, Any])
    id: str | None = None

    @property
    def arguments_text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else dump_text(self.arguments)


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts to report; `input` and `output` are whole counts, the others parts of them."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sandbox answers, in common form; `Sandbox.reply` makes one of whatever it is given.

    `finish_reason` is a common one (`stop`, `length`, `tool_calls`, `content_filter`) or the
    provider's own word. Counts left out are counted in words.
    """

    text: str | None = None
    tool_calls: Sequence[ToolCall] = ()
    thinking: str | None = None
    refusal: str | None = None
    audio: bytes | None = None
    finish_reason: str | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None

    @property
    def finish(self) -> str:
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    def usage_for(self, question: Question) -> Usage:
        """The scripted counts, or the number of words on both sides."""
        if self.usage is not None:
            return self.usage
        reasoning = count_words(self.thinking)
        spoken = [self.text, self.refusal, *(call.arguments_text for call in self.tool_calls)]
        return Usage(
            input=max(1, sum(map(count_words, question.texts))),
            output=max(1, sum(map(count_words, spoken)) + len(self.tool_calls)) + reasoning,
            reasoning=reasoning,
        )


@dataclass(frozen=True, slots=True)
class Stamp:
    """What identifies one reply: its number in this sandbox and the time, in seconds."""

    number: int
    created: int

    @property
    def request_id(self) -> str:
        return f"req_sandbox{self.number:08d}"

    def tool_id(self, prefix: str, index: int, call: ToolCall) -> str:
        return call.id or f"{prefix}sandbox{self.number:08d}_{index}"


class Protocol(ABC):
    """One wire protocol. A subclass states its facts and translates; it does no I/O.

    A further protocol is a module with such a subclass, and a row in `_services.SERVICES`.
    """

    endpoint: str
    """The path below a service's base URL, as a regular expression."""
    stream_type = "text/event-stream; charset=utf-8"
    request_id_header = "x-request-id"
    reply_headers: Mapping[str, str] = {}
    extra_keys: Mapping[str, Any] = {}
    """Documented request keys that the SDK's types leave out: name to type."""

    @abstractmethod
    def read(self, body: Json, path: str) -> Question:
        """The request in common form; `path` is the one asked for, without its query.

        Raises LookupError, TypeError or AttributeError where it does not have the form at all.
        """

    @abstractmethod
    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        """The whole reply, one choice per item of `replies`."""

    @abstractmethod
    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        """The same reply as a stream: one item per event, framed as it goes over the wire."""

    @abstractmethod
    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        """The body of a failure."""

    def error_headers(self, status: int) -> Mapping[str, str]:
        return {}

    def limit_headers(self, standing: Standing) -> Mapping[str, str]:
        """What the headers of a reply say of a rate limit."""
        prefix, kind = "x-ratelimit", standing.kind
        return {
            f"{prefix}-limit-{kind}": str(standing.limit),
            f"{prefix}-remaining-{kind}": str(standing.remaining),
            f"{prefix}-reset-{kind}": f"{standing.reset:.3f}s",
        }

    @abstractmethod
    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        """A failure in the middle of a stream."""

    def spoil(self, event: bytes) -> bytes:
        """The same event with its JSON broken off in the middle."""
        start = event.find(b"{")
        return event[: start + max(2, (len(event) - start) // 2)] + b"\n\n"

    @abstractmethod
    def request_type(self, body: Json) -> Any:
        """The SDK's own type of this request. Raises ImportError where the SDK is not installed."""

    def problems(self, body: Json) -> list[str]:
        """What the API would refuse although it fits the types."""
        return []


def sse(data: Any, event: str | None = None) -> bytes:
    """One server-sent event with `data` as JSON."""
    prefix = f"event: {event}\n".encode() if event else b""
    return b"%bdata: %b\n\n" % (prefix, to_json(data))


def count_words(text: str | None) -> int:
    return len(text.split()) if text else 0


def split_words(text: str) -> list[str]:
    """Pieces of about a word each that add up to `text`."""
    pieces = text.split(" ")
    return [piece + " " for piece in pieces[:-1]] + pieces[-1:] if text else []


def split_evenly(text: str, size: int = 12) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def texts_in(content: Any) -> list[str]:
    """The texts of a message's content: a string, or a list of parts of which some have `text`."""
    if isinstance(content, str):
        return [content] if content else []
    parts: list[Json] = content or []
    return [part["text"] for part in parts if isinstance(part.get("text"), str)]
