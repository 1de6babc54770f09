"""The common form: what every provider's replies, chunks and tool calls are decoded into, once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json


@dataclass(slots=True)
class Tokens:
    """Token counts as the provider reports them; None where it says nothing.

    `input` is the provider's own figure; whether it includes `cached` and `cache_write` is a fact
    of the provider (`Provider.input_includes_cached`).
    """

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


@dataclass(slots=True)
class ToolCall:
    """The model's request to run a tool. `arguments` is a JSON text or the decoded object."""

    name: str
    arguments: str | dict[str, Any]
    id: str | None = None
    native: Any = field(default=None, repr=False)
    """The call as it stood on the wire, from which the SDK's object can be rebuilt."""

    def decoded(self) -> dict[str, Any]:
        """The arguments as a dict. Raises ValueError where they are not a JSON object."""
        arguments = self.arguments
        if isinstance(arguments, str):
            arguments = from_json(arguments) if arguments.strip() else {}
        if not isinstance(arguments, dict):
            raise ValueError(
                f"The arguments of tool call `{self.name}` are not a JSON object: {arguments!r}"
            )
        return arguments
