"""What passes between a model and its tools: calls, results, and what a hook may raise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..core.base.message_param import BaseMessageParam, ResultContent, ToolCallPart, ToolResultPart

if TYPE_CHECKING:
    from ..core.base.tool import BaseTool
    from .attachments import Attachment


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model's request to run a tool."""

    name: str
    arguments: dict[str, Any]
    """By name; empty where they could not be read."""
    tool_call_id: str | None = None
    problem: str | None = None
    """What was wrong with the arguments, where they were not a JSON object."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What running a tool gave, as the model is told."""

    name: str
    output: ResultContent
    """Text, or parts where the tool gave images or documents."""
    tool_call_id: str | None = None
    exception: BaseException | None = field(default=None, compare=False)
    """Why there is no proper output: what the tool raised, or a hook to cancel it."""

    @property
    def message(self) -> BaseMessageParam:
        """The message that tells the model."""
        part = ToolResultPart(
            name=self.name,
            content=self.output,
            id=self.tool_call_id,
            is_error=self.exception is not None,
        )
        return BaseMessageParam(role="tool", content=[part])


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool may return to show the model files besides its output."""

    output: Any = None
    attachments: Sequence[Attachment] = ()


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool that the model may call."""

    name: str
    tool: Any
    """What was given as the tool: a function or a class."""
    tool_type: type[BaseTool] = field(repr=False)

    @property
    def description(self) -> str:
        """What the model is told that the tool is for."""
        return self.tool_type._description()


BeforeCall: TypeAlias = Callable[[OfferedTool | None, ToolCall], Awaitable[Any] | Any]
"""Called before a tool runs, with None for a tool that does not exist."""
AfterCall: TypeAlias = Callable[[OfferedTool, ToolCall, ToolResult], Awaitable[Any] | Any]
"""Called with what a tool gave."""


class CancelToolCall(Exception):
    """Raise it in `before_call` to keep the tool from running; the model is told the text."""


class PauseChain(Exception):
    """Raise it in `before_call`, or in a tool, to stop the chain until somebody has decided.

    The chain lets the other tools of the turn end, and then raises it to whoever reads the chain.
    `tool_call` is the call that waits. Read the chain again to go on; or, in another process, give
    `messages` to `model.chain(messages=…)`. Tools that have run are not run again.
    """

    tool_call: ToolCall | None = None
    tool_calls: Sequence[ToolCall] = ()
    """All calls that wait."""
    tool_results: Sequence[ToolResult] = ()
    """What the other tools of the turn gave."""
    messages: Sequence[BaseMessageParam] = ()
    """The conversation up to here, with the results that there are."""


class ChainLimitError(ValueError):
    """The model kept calling tools for as many turns as the chain allows."""


def calls_in(message: BaseMessageParam) -> list[ToolCall]:
    """The tool calls of an assistant message."""
    return [
        ToolCall(part.name, part.args or {}, part.id)
        for part in _parts(message)
        if isinstance(part, ToolCallPart)
    ]


def waiting_calls(messages: Sequence[BaseMessageParam]) -> list[ToolCall]:
    """The tool calls without a result that the messages end with."""
    results: list[ToolResultPart] = []
    for message in reversed(messages):
        if message.role == "assistant":
            return unanswered(calls_in(message), results)
        found = _results(message)
        if not found:
            return []
        results += found
    return []


def with_answers(messages: Iterable[BaseMessageParam]) -> list[BaseMessageParam]:
    """The messages with a result for each tool call that the conversation went on without.

    No provider takes a conversation in which a call has none.
    """
    answered: list[BaseMessageParam] = []
    for message in messages:
        if not _results(message):
            answered += [_unrun(call).message for call in waiting_calls(answered)]
        answered.append(message)
    return answered


def unanswered(calls: Sequence[ToolCall], results: Iterable[ToolResultPart]) -> list[ToolCall]:
    """The calls that no result belongs to: by its id, or by its name where it has none."""
    ids = {part.id for part in results if part.id}
    names = [part.name for part in results if not part.id]
    waiting: list[ToolCall] = []
    for call in calls:
        if call.tool_call_id in ids:
            continue
        if call.name in names:
            names.remove(call.name)
        else:
            waiting.append(call)
    return waiting


def _unrun(call: ToolCall) -> ToolResult:
    reason = "Cancelled: the conversation went on without this tool."
    return ToolResult(call.name, reason, call.tool_call_id, CancelToolCall(reason))


def _results(message: BaseMessageParam) -> list[ToolResultPart]:
    return [part for part in _parts(message) if isinstance(part, ToolResultPart)]


def _parts(message: BaseMessageParam) -> Sequence[Any]:
    return () if isinstance(message.content, str) else message.content
