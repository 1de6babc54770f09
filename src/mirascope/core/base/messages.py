"""Writing messages by hand, and reading what a prompt function returned as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pydantic import BaseModel

from ._media import is_media_object, media_object_part
from ._narrow import is_list_or_tuple
from .message_param import PART_TYPES, BaseMessageParam, Part, TextPart

if TYPE_CHECKING:
    from typing import Protocol
    from wave import Wave_read

    class Picture(Protocol):
        """A PIL image."""

        format: str | None

        def save(self, fp: Any, format: str | None = None, **params: Any) -> None: ...

    class Recording(Protocol):
        """A pydub `AudioSegment`."""

        def set_frame_rate(self, frame_rate: int) -> Any: ...
        def set_sample_width(self, sample_width: int) -> Any: ...

    Piece: TypeAlias = str | Part | Picture | Recording | Wave_read
else:
    Piece = str | Part

MessageContent: TypeAlias = Piece | Sequence[Piece]
"""A text, or a sequence of texts, parts, PIL images and recordings."""


class Messages:
    """Makes messages: `Messages.System(...)`, `Messages.User(...)`, `Messages.Assistant(...)`.

    The content is a text, or a sequence of texts, parts, PIL images and recordings.
    """

    Type: TypeAlias = Piece | BaseMessageParam | Sequence[Piece | BaseMessageParam]
    """What a prompt function may return, for annotations: `def prompt(...) -> Messages.Type`."""

    @staticmethod
    def System(content: MessageContent) -> BaseMessageParam:
        """What the model is told about its task and itself."""
        return _message("system", content)

    @staticmethod
    def User(content: MessageContent) -> BaseMessageParam:
        """What the user says."""
        return _message("user", content)

    @staticmethod
    def Assistant(content: MessageContent) -> BaseMessageParam:
        """What the model said, or is to be made believe that it said."""
        return _message("assistant", content)


def as_messages(result: Any, function: str) -> list[Any]:
    """What the prompt function named `function` returned, as a list of messages.

    A text, a part, or a sequence of them is one user message. Messages, also in a provider's own
    form, are used unchanged. Raises ValueError for anything else.
    """
    if isinstance(result, str):
        return [BaseMessageParam(role="user", content=result)]
    if is_list_or_tuple(result):
        return _from_sequence(result, function)
    if isinstance(result, BaseMessageParam):
        return [result]
    if _is_piece(result):
        return [_message("user", [result])]
    if is_message(result):
        return [result]
    raise ValueError(f"`{function}` returned {_described(result)}: {_EXPECTED}")


def check_messages(messages: Sequence[Any], function: str) -> list[Any]:
    """`messages` as a list. Raises ValueError if one of them is no message of any form."""
    for message in messages:
        if not is_message(message):
            raise ValueError(
                f"Invalid message sequence type: {_described(message)} among the `messages` of "
                f"`{function}`. Write `Messages.User(...)` or give the provider's own message."
            )
    return list(messages)


_PIECE_TYPES = (str, *PART_TYPES)

# Looked up by exact type: a long history is checked in microseconds.
_USUAL_MESSAGES = frozenset({BaseMessageParam, dict})

_EXPECTED = (
    "return a `str`, a list of texts and parts, `Messages.User(...)`, a list of messages, "
    "or a dynamic config `dict`."
)


def _from_sequence(items: Sequence[Any], function: str) -> list[Any]:
    pieces = sum(map(_is_piece, items))
    if pieces == 0:
        return check_messages(items, function)
    if pieces == len(items):
        return [_message("user", items)]
    stranger = next(item for item in items if not _is_piece(item))
    raise ValueError(
        f"Invalid message sequence type: `{function}` returned a list of texts or parts that also "
        f"holds {_described(stranger)}. Put the text into `Messages.User(...)`, or {_EXPECTED}"
    )


def _message(role: str, content: Any) -> BaseMessageParam:
    if isinstance(content, str):
        return BaseMessageParam(role=role, content=content)
    pieces = content if is_list_or_tuple(content) else [content]
    return BaseMessageParam(role=role, content=[_part(piece) for piece in pieces])


def _part(piece: Any) -> Part:
    if isinstance(piece, str):
        return TextPart(text=piece)
    if isinstance(piece, PART_TYPES):
        return piece
    if (part := media_object_part(piece)) is not None:
        return part
    raise ValueError(
        f"A message cannot hold {_described(piece)}: "
        "give a `str`, a part such as `ImagePart(...)`, a PIL image or a recording."
    )


def _is_piece(value: Any) -> bool:
    if type(value) in _USUAL_MESSAGES:
        return False
    return isinstance(value, _PIECE_TYPES) or is_media_object(value)


def is_message(value: Any) -> bool:
    """Whether `value` is a message, of `BaseMessageParam` or in a provider's own form."""
    if type(value) in _USUAL_MESSAGES:
        return True
    # A provider's own message is a dict, a pydantic model, or an object with a role.
    if isinstance(value, _PIECE_TYPES):
        return False
    return isinstance(value, (dict, BaseModel)) or hasattr(value, "role")


def _described(value: Any) -> str:
    text = repr(value)
    return f"a `{type(value).__name__}` ({text if len(text) <= 60 else text[:59] + '…'})"
