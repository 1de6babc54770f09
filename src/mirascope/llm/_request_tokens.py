"""How many tokens a request will take, by a rule of thumb, before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from ..core.base._narrow import is_dict, is_list_or_tuple

if TYPE_CHECKING:
    from ..core.base._request import Request

_CHARACTERS_PER_TOKEN = 4
_MEDIA_TOKENS = 1_000
"""For an image, a recording or a document, whose size in bytes says little."""
_ENCODED = re.compile(r"data:[\w/+.-]+;base64,|[A-Za-z0-9+/_-]{256}")
_NOT_OF_THE_PROMPT = frozenset({"extra_headers", "http_headers", "headers", "extra_query"})
_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})


def input_tokens(request: Request) -> int:
    """About how many tokens the request itself has."""
    return int(_characters(request.kwargs) / _CHARACTERS_PER_TOKEN) + 1


def most_output_tokens(request: Request) -> int | None:
    """How many tokens the request lets the reply have; None where it does not say."""
    name = request.provider.param_names.get("max_tokens")
    names = _LIMITS | {name} if name else _LIMITS
    for place in (request.kwargs, *request.kwargs.values()):
        # Some have it among the options in an object of their own.
        fields = _fields(place)
        for name in names:
            if isinstance(value := fields.get(name), int):
                return value
    return None


def _fields(value: Any) -> dict[str, Any]:
    if is_dict(value):
        return value
    return cast(dict[str, Any], getattr(value, "__dict__", None) or {})


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return _characters_of_text(value)
    if isinstance(value, bytes):
        return _MEDIA_TOKENS * _CHARACTERS_PER_TOKEN
    if is_dict(value):
        return _characters_of_fields(value.items())
    if is_list_or_tuple(value):
        return sum(map(_characters, value))
    if value is None or isinstance(value, (int, float, type)):
        return 1
    return _characters_of_fields(_fields(value).items())


def _characters_of_fields(items: Iterable[tuple[Any, Any]]) -> int:
    total = 0
    for name, value in items:
        if name not in _NOT_OF_THE_PROMPT and value is not None:
            total += len(name) if isinstance(name, str) else 1
            total += _characters(value)
    return total


def _characters_of_text(text: str) -> int:
    if len(text) > 256 and _ENCODED.match(text):
        return _MEDIA_TOKENS * _CHARACTERS_PER_TOKEN
    # A letter of another script takes more of a token: about as its bytes.
    return len(text) if text.isascii() else len(text.encode(errors="replace"))
