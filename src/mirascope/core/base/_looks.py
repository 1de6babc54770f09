"""How a response looks in a notebook and on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call_response import BaseCallResponse


def as_markdown(response: BaseCallResponse) -> str:
    """The reply's text, which models write in Markdown, and the tools that it calls.

    Never raises: of a reply that cannot be read it says why.
    """
    try:
        reply = response._reply
        calls = [
            f"**{call.name}**\n\n```json\n{json.dumps(call.decoded(), indent=2, default=repr)}\n```"
            for call in reply.tool_calls
        ]
        return "\n\n".join(filter(None, [reply.text or reply.refusal, *calls]))
    except ValueError as error:
        return f"*{error}*"


def as_rich(response: BaseCallResponse) -> Any:
    """The same for `rich`, which is who asks for it."""
    from rich.markdown import Markdown

    return Markdown(as_markdown(response))
