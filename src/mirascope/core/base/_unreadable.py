"""Replies and events that have another form than the provider's protocol says.

What only describes a reply (an identifier, a count, a reason) counts as missing where it has a
wrong type. What the reply says is read or refused: it is never made up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ._narrow import is_dict, is_list

STUMBLES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
)
"""What an SDK raises that takes for granted what a reply has not."""
BARE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
)
"""Exceptions that tell of a mistake in a program, and nothing of a reply."""
MISREAD = (*BARE, ValueError)
"""What reading JSON-shaped data raises where it has another shape than expected."""
NOT_JSON = (ValueError, TypeError)
"""What parsing a text raises that is not JSON: TypeError where it holds half of a surrogate pair,
which has no bytes."""

MOST = 2**63
"""Where a number of tokens, seconds or dollars makes no sense any more."""
_SHOWN = 200
_DEEPEST = 200
"""How many lists and objects may be within each other: so many as most parsers of JSON take."""


class UnreadableReply(ValueError):
    """A reply, or an event of a stream, that has another form than the provider's protocol says."""


def unreadable_reply(title: str, data: Any, cause: BaseException) -> UnreadableReply:
    """The exception for a whole reply that `title` sent, with its beginning."""
    return UnreadableReply(f"{title} sent a reply {_misfit(data, cause)}")


def unreadable_event(title: str, data: Any, cause: BaseException) -> str:
    """What an exception says of an event of a stream that `title` sent."""
    return f"{title} sent an event {_misfit(data, cause)}"


def _misfit(data: Any, cause: BaseException) -> str:
    start = beginning(data)
    return f"that has not the form it should have ({_told(cause)}); it starts with `{start}`."


def beginning(data: Any) -> str:
    """The beginning of JSON-shaped data, for an error message."""
    try:
        return repr(data)[:_SHOWN]
    except (RecursionError, ValueError):  # too deep, or a number of too many digits
        return f"{type(data).__name__}(...)"


def _told(cause: BaseException) -> str:
    if isinstance(cause, RecursionError):
        return "it is nested too deeply"
    said = str(cause)[:_SHOWN]
    return f"no {said}" if isinstance(cause, KeyError) else said or type(cause).__name__


def misread(title: str, readers: str, error: Exception) -> Exception:
    """The exception in the place of one that the SDK stumbled over a reply with.

    `readers` is a regular expression for the functions of the SDK that read replies, by their full
    names. What was raised elsewhere stays as it is: it tells of a mistake in the caller's program.
    """
    if not any(re.match(readers, name) for name in _functions(error)):
        return error
    return UnreadableReply(
        f"{title} sent what its SDK could not read ({type(error).__name__}: {_told(error)})."
    )


def _functions(error: BaseException) -> Iterator[str]:
    """The full names of the functions that an exception passed through."""
    at = error.__traceback__
    while at:
        frame = at.tb_frame
        yield f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}"
        at = at.tb_next


def built(build: Callable[[Any], Any], title: str, data: Any) -> Any:
    """The SDK's own object for what `title` sent.

    What the SDK's class says to data that it does not take reaches the caller unchanged, unless it
    merely stumbles over them.
    """
    try:
        return build(data)
    except BARE as error:
        shown = getattr(data, "data", data)
        raise unreadable_reply(title, shown, error) from error


# --- what only describes a reply


def word(value: Any) -> str | None:
    """A name or an identifier; None where it is neither a text nor a number."""
    if isinstance(value, str):
        return value
    return str(value) if _is_whole(value) else None


def words(values: Any) -> list[str] | None:
    """The texts among the items of a list; None where there are none."""
    return [value for value in values or () if isinstance(value, str)] or None


def count(value: Any) -> Any:
    """A number of tokens, seconds or dollars; None where it is no number, or none that counts."""
    if _is_whole(value):
        return value if value >= 0 else None
    return value if isinstance(value, float) and 0 <= value < MOST else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < MOST


# --- what it says


def check_depth(data: Any) -> None:
    """Raise UnreadableReply for JSON-shaped data that are nested more deeply than most code takes.

    An SDK's own parser may let them through, and then they can be neither copied nor pickled.
    """
    level: list[Any] = [data]
    for _ in range(_DEEPEST):
        level = [item for value in level for item in _items_of(value)]
        if not level:
            return
    raise UnreadableReply(f"The reply is nested more than {_DEEPEST} levels deep.")


def _items_of(value: Any) -> Iterable[Any]:
    if is_dict(value):
        return value.values()
    return value if is_list(value) else ()


def text(value: Any) -> str:
    """A text; null stands for an empty one. Raises TypeError for anything else."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise TypeError(f"{value!r:.60} is not a text")
