"""How replies, tools and errors look in a notebook and on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from ._attempts import Attempt
    from ._reply_view import ReplyView


def reply_markdown(view: ReplyView) -> str:
    """The reply's text, which models write in Markdown, and the tools that it calls.

    Of a stream it is what has arrived. Never raises: of a reply that cannot be read it says why.
    """
    try:
        reply = view._reply
        calls = [tool_markdown(call.name, call.decoded_or_text()) for call in reply.tool_calls]
        return "\n\n".join(filter(None, [reply.text or reply.refusal, *calls]))
    except ValueError as error:
        return f"*{error}*"


def tool_markdown(name: str, arguments: Any) -> str:
    """A tool's name and arguments. Arguments that are a text are JSON that was cut short."""
    text = arguments if isinstance(arguments, str) else json_text(arguments, indent=2)
    return f"**{name}**\n\n{json_markdown(text)}"


def json_markdown(text: str) -> str:
    """JSON as a block of code."""
    return f"```json\n{text}\n```"


def json_text(arguments: Any, *, indent: int | None = None, exclude_none: bool = False) -> str:
    """Arguments as JSON for a reader: letters stay letters, and what has no JSON is its `repr`."""
    data = to_jsonable_python(
        arguments, bytes_mode="base64", fallback=repr, exclude_none=exclude_none
    )
    return json.dumps(data, indent=indent, ensure_ascii=False)


def object_text(value: Any, is_whole: bool) -> str:
    """What a response model came to, as JSON over several lines; or what there is of it.

    Never raises: a model's own serializers need not know unfinished values, and where they fail it
    is the `repr`.
    """
    try:
        return json_text(value, indent=2, exclude_none=not is_whole)
    except Exception:
        return repr(value)


def attempts_markdown(error: Exception, attempts: Sequence[Attempt]) -> str:
    """An error's text, and a row for each attempt before it."""
    if not attempts:
        return f"**{type(error).__name__}:** {error}"
    rows = [
        (attempt.provider or "", attempt.model or "", f"{attempt.seconds:.1f}", attempt.reason)
        for attempt in attempts
    ]
    head = [("provider", "model", "seconds", "error"), ("---", "---", "--:", "---")]
    table = "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in [*head, *rows])
    title, _, _ = str(error).partition("\n")
    return f"**{type(error).__name__}:** {title}\n\n{table}"


def _cell(text: str) -> str:
    """A text that stays in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def as_rich(markdown: str) -> Any:
    """The same for `rich`, which is who asks for it."""
    from rich.markdown import Markdown

    return Markdown(markdown)
