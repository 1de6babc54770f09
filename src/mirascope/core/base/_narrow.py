"""`isinstance` for plain containers of anything, so that type checkers know what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether `value` is a dict."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether `value` is a list."""
    return isinstance(value, list)


def is_list_or_tuple(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether `value` is a list or a tuple."""
    return isinstance(value, (list, tuple))
