"""`isinstance` tests whose outcome type checkers understand without knowing the value's type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard, TypeVar

T = TypeVar("T")


def is_dict(value: Any) -> TypeGuard[dict[Any, Any]]:
    """Whether the value is a dict."""
    return isinstance(value, dict)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a JSON object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether the value is a list."""
    return isinstance(value, list)


is_array = is_list
"""Whether the value is a JSON array."""


def is_list_or_tuple(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a list or a tuple."""
    return isinstance(value, (list, tuple))


def is_class(value: Any, base: type[T]) -> TypeGuard[type[T]]:
    """Whether the value is a class derived from `base`."""
    return isinstance(value, type) and issubclass(value, base)
