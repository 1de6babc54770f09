"""About how many tokens there are where no provider has counted them: four characters make one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from ._wire import NativeBlock, Thinking, ToolCall

if TYPE_CHECKING:
    from ._wire import Reply

_CHARACTERS = 4
_LARGE = 4_000
_DATA = re.compile(rb"[A-Za-z0-9+/_=-]{2000,}")
"""An image, a recording or a document, encoded: what it takes does not go by its length."""
_CHARACTERS_OF_DATA = b"~" * 6_000


def tokens_in(kwargs: Mapping[str, Any]) -> int:
    """About how many tokens a request takes, by the JSON of what the SDK is called with."""
    try:
        text = to_json(kwargs, serialize_unknown=True, bytes_mode="base64")
    except (ValueError, TypeError):
        # A text that has no form in UTF-8, for instance.
        text = repr(kwargs).encode(errors="replace")
    if len(text) > _LARGE:
        text = _DATA.sub(_CHARACTERS_OF_DATA, text)
    return -(-len(text) // _CHARACTERS)


def tokens_out(reply: Reply) -> int:
    """About how many tokens a reply takes, as far as it has arrived."""
    characters = len(reply.refusal or "")
    for part in reply.parts:
        if isinstance(part, str):
            characters += len(part)
        elif isinstance(part, Thinking):
            characters += len(part.text)
        elif isinstance(part, ToolCall):
            arguments = part.arguments
            if not isinstance(arguments, str):
                arguments = to_json(arguments, serialize_unknown=True).decode()
            characters += len(part.name) + len(arguments)
        else:
            characters += _size_of_block(part)
    if reply.audio:
        characters += len(reply.audio.transcript)
    return -(-characters // _CHARACTERS)


def _size_of_block(block: NativeBlock) -> int:
    return len(block.text) + len(block.arguments)
