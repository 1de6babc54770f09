"""What the model is told of an answer, or of arguments, that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .message_param import BaseMessageParam, ToolResultPart

if TYPE_CHECKING:
    from ._provider import Provider
    from ._wire import Reply

_AGAIN = "Correct this, and give the whole answer again."
_ONLY_THE_FIRST = "Not read: only the first call was."


def faults_of(error: ValidationError) -> str:
    """What does not fit, in a line for the model; without what was sent, which it knows."""
    return "; ".join(map(_fault, error.errors(include_url=False)))


def _fault(fault: Any) -> str:
    where = ".".join(map(str, fault["loc"]))
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])


def correction(provider: Provider, reply: Reply, error: ValueError) -> list[BaseMessageParam]:
    """The messages after a prompt that have the model correct its reply."""
    faults = faults_of(error) if isinstance(error, ValidationError) else str(error)
    text = f"The answer does not fit: {faults}. {_AGAIN}"
    said = [provider.reply_message(reply)] if reply.tool_calls or reply.text else []
    if not reply.tool_calls:
        return [*said, BaseMessageParam(role="user", content=text)]
    # Every call has to have a result, or the provider refuses the conversation.
    results = [
        ToolResultPart(
            name=call.name, id=call.id, content=_ONLY_THE_FIRST if at else text, is_error=True
        )
        for at, call in enumerate(reply.tool_calls)
    ]
    return [*said, BaseMessageParam(role="tool", content=results)]
