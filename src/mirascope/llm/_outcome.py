"""What became of a prompt, in common terms: all that a response knows when its reply has ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.base.message_param import BaseMessageParam, ToolCallPart
from .tool_calls import ToolCall

if TYPE_CHECKING:
    from ..core.base._provider import Provider
    from ..core.base._wire import Reply, Tokens


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """The tokens of one reply; None where they are not known."""

    input: int | None = None
    output: int | None = None
    details: dict[str, int] | None = None
    """Counts of which these are made: `cached`, `cache_write`, `reasoning`."""

    def __add__(self, other: TokenUsage) -> TokenUsage:
        details = dict(self.details or {})
        for name, count in (other.details or {}).items():
            details[name] = details.get(name, 0) + count
        return TokenUsage(
            _sum(self.input, other.input), _sum(self.output, other.output), details or None
        )


@dataclass(slots=True)
class Outcome:
    """What became of a prompt. Times are milliseconds since the epoch."""

    message: BaseMessageParam
    text: str
    tool_calls: list[ToolCall]
    usage: TokenUsage
    finish_reasons: Sequence[str] | None
    model: str | None
    id: str | None
    started: float
    ended: float
    refusal: str | None = None
    cost: float | None = None
    data: Any = field(default=None, repr=False)


def outcome_of(
    provider: Provider, reply: Reply, started: float, ended: float, is_whole: bool = True
) -> Outcome:
    """What a reply amounts to; of one that was cut off, what can be sent back."""
    message, calls = _with_ids(provider.reply_message(reply), reply)
    text = reply.text or reply.refusal or ""
    if not message.content or not is_whole:
        # Calls that were cut off can neither be run nor be sent back.
        message, calls = BaseMessageParam(role="assistant", content=text), []
    reasons = provider.common_finish_reasons(reply.finish_reasons, bool(calls))
    return Outcome(
        message=message,
        text=text,
        tool_calls=calls,
        usage=_usage(reply.tokens),
        finish_reasons=reasons,
        model=reply.model,
        id=reply.id,
        started=started,
        ended=ended,
        refusal=reply.refusal,
    )


def _with_ids(message: BaseMessageParam, reply: Reply) -> tuple[BaseMessageParam, list[ToolCall]]:
    """The message and its calls, with an id for each: other providers want one."""
    calls: list[ToolCall] = []
    parts: list[Any] = []
    wire_calls = iter(reply.tool_calls)
    for part in () if isinstance(message.content, str) else message.content:
        if isinstance(part, ToolCallPart):
            problem = None
            try:
                next(wire_calls).decoded()
            except ValueError as error:
                problem = str(error)
            if not part.id:
                part = part.model_copy(update={"id": f"call_{uuid.uuid4().hex[:24]}"})
            calls.append(ToolCall(part.name, part.args or {}, part.id, problem))
        parts.append(part)
    return (message.model_copy(update={"content": parts}) if calls else message), calls


def _usage(tokens: Tokens | None) -> TokenUsage:
    if tokens is None:
        return TokenUsage()
    counts = {name: getattr(tokens, name) for name in ("cached", "cache_write", "reasoning")}
    details = {name: int(count) for name, count in counts.items() if count}
    return TokenUsage(tokens.input, tokens.output, details or None)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other
