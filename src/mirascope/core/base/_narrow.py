"""`isinstance` tests whose outcome type checkers understand without knowing the value's type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard, TypeVar, cast

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


def inner(data: dict[str, Any], key: str) -> dict[str, Any]:
    """The object at `key` of a JSON object, empty where there is none."""
    value = data.get(key)
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON array; null stands for none, as the array or as an item.

    Raises TypeError for anything else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.60} is not a list")
    given: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    items: list[dict[str, Any]] = []
    for item in given:
        if isinstance(item, dict):
            items.append(cast(dict[str, Any], item))
        elif item is not None:
            raise TypeError(f"{item!r:.60} is not an object")
    return items


is_array = is_list
"""Whether the value is a JSON array."""


def is_list_or_tuple(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether the value is a list or a tuple."""
    return isinstance(value, (list, tuple))


def is_class(value: Any, base: type[T]) -> TypeGuard[type[T]]:
    """Whether the value is a class derived from `base`."""
    return isinstance(value, type) and issubclass(value, base)
