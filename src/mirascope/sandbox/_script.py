"""The script: what has been ordered for the requests to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeGuard

from pydantic_core import to_jsonable_python

from mirascope.sandbox._json import dump_text, is_array, is_object
from mirascope.sandbox._protocol import Question, Reply, ToolCall
from mirascope.sandbox._rules import answers, silence, tool_to_call


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in the middle of the reply, or go silent there."""

    after_events: int
    stalls: bool = False


@dataclass(frozen=True, slots=True)
class Malformed:
    """Break the JSON of one event off in the middle, or that of a whole body."""

    at_event: int


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """End a stream with an error event."""

    at_event: int
    status: int
    message: str


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with `value` (None: by the rules), delivered whole unless `fault` says otherwise."""

    value: Any = None
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fault: Cut | Malformed | ErrorEvent | None = None
    first_byte: float | None = None
    between_events: float | None = None
    """Delays, in seconds, in the place of those for all replies."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with an HTTP error in the provider's own form."""

    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Native:
    """Answer with these bytes, or the pieces of a stream."""

    status: int
    headers: Mapping[str, str]
    pieces: list[bytes]
    streamed: bool


Act = Say | Fail | Native


@dataclass(slots=True)
class _Turn:
    act: Act
    provider: str | None
    left: float


class Script:
    """A queue of acts. Each request takes one: the first that is not meant for another provider."""

    def __init__(self) -> None:
        self._turns: list[_Turn] = []
        self._lock = Lock()
        self.always: Act = Say()

    def add(self, act: Act, provider: str | None, times: float) -> None:
        with self._lock:
            self._turns.append(_Turn(act, provider, times))

    def clear(self) -> None:
        with self._lock:
            self._turns.clear()
        self.always = Say()

    def take(self, provider: str) -> Act:
        if not self._turns:
            return self.always
        with self._lock:
            for turn in self._turns:
                if turn.provider in (None, provider):
                    turn.left -= 1
                    if turn.left <= 0:
                        self._turns.remove(turn)
                    return turn.act
        return self.always

    @property
    def left(self) -> float:
        """How many acts have not been taken yet."""
        return sum(turn.left for turn in self._turns)


def replies_for(value: Any, changes: Mapping[str, Any], question: Question) -> list[Reply]:
    """The replies that `value` stands for, one per choice asked for."""
    scripted = value is not None
    replies = [reply_for(value, question)] * question.count if scripted else answers(question)
    if changes:
        replies = [replace(reply, **changes) for reply in replies]
    if question.audio_format is None:
        return replies
    return [_spoken(reply, question.audio_format) for reply in replies]


def _spoken(reply: Reply, audio_format: str) -> Reply:
    """The reply with a recording of its text, where it has a text and no recording yet."""
    if reply.text is None or reply.audio is not None or reply.tool_calls:
        return reply
    return replace(reply, audio=silence(audio_format))


def reply_for(value: Any, question: Question) -> Reply:
    """A text, tool calls, a `Reply`, or a value of structured output."""
    if isinstance(value, Reply):
        return value
    if isinstance(value, str):
        return Reply(text=value)
    if isinstance(value, ToolCall):
        return Reply(tool_calls=[value])
    if _are_tool_calls(value):
        return Reply(tool_calls=value)
    return _structured(value, question)


def _are_tool_calls(value: Any) -> TypeGuard[list[ToolCall]]:
    return is_array(value) and bool(value) and all(isinstance(item, ToolCall) for item in value)


def _structured(value: Any, question: Question) -> Reply:
    """`value` in the way the request asks for it: as a tool's arguments, or as JSON text."""
    data = to_jsonable_python(value, by_alias=True)
    tool = tool_to_call(question)
    if tool is None:
        return Reply(text=dump_text(_wrapped(data, question.json_schema)))
    arguments = _wrapped(data, tool.schema)
    return Reply(tool_calls=[ToolCall(tool.name, arguments)])


def _wrapped(data: Any, schema: Mapping[str, Any] | None) -> Any:
    """A bare value where the schema wants an object of one field, put into that field."""
    names = list((schema or {}).get("properties", ()))
    return data if is_object(data) or len(names) != 1 else {names[0]: data}
