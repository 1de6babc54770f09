"""The script: what has been ordered for the requests to come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, TypeGuard

from mirascope.sandbox._protocol import Question, Reply, ToolCall, dump_text
from mirascope.sandbox._rules import answers, tool_to_call


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection in the middle of the reply."""

    after_events: int


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
    if value is None:
        replies = answers(question)
    else:
        replies = [reply_for(value, question)] * question.count
    return [replace(reply, **changes) for reply in replies] if changes else replies


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
    if not isinstance(value, (list, tuple)) or not value:
        return False
    items: list[Any] = list(value)
    return all(isinstance(item, ToolCall) for item in items)


def _structured(value: Any, question: Question) -> Reply:
    """`value` in the way the request asks for it: as a tool's arguments, or as JSON text."""
    from pydantic_core import to_jsonable_python

    data = to_jsonable_python(value, by_alias=True)
    tool = tool_to_call(question)
    if tool is None:
        return Reply(text=dump_text(_wrapped(data, question.json_schema)))
    arguments = _wrapped(data, tool.schema)
    return Reply(tool_calls=[ToolCall(tool.name, arguments)])


def _wrapped(data: Any, schema: Mapping[str, Any] | None) -> Any:
    """A bare value where the schema wants an object of one field, put into that field."""
    names = list((schema or {}).get("properties", ()))
    return data if isinstance(data, dict) or len(names) != 1 else {names[0]: data}


ReplyMaker = Callable[..., Any]
