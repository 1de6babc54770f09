"""What is asked for, and the pieces in which the reply arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from ..core.base.message_param import BaseMessageParam
from .tool_calls import ToolCall

Status: TypeAlias = Literal["pending", "running", "done", "failed", "cancelled"]
"""What has become of a prompt."""


@dataclass(frozen=True, slots=True)
class ResponseEvent:
    """A piece of a reply, as it arrives."""

    kind: Literal["text", "thinking", "tool_call"]
    text: str = ""
    tool_call: ToolCall | None = None


@dataclass(slots=True)
class Asked:
    """What was asked for. `messages` are those that were sent, once they are."""

    messages: list[BaseMessageParam] = field(default_factory=list[BaseMessageParam])
    tools: Sequence[Any] = ()
    schema: Any = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    hide_reasoning: bool = False
    stream: bool | None = None
    """Whether the reply is streamed; None streams it where it is iterated over."""

    def again(self) -> Asked:
        """The same, of messages that are still to be sent."""
        return replace(self, messages=[])
