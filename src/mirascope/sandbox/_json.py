"""JSON data whose form is not known beforehand, read with its types."""

from __future__ import annotations

from typing import Any, TypeGuard

from pydantic_core import to_json

Json = dict[str, Any]


def is_object(value: Any) -> TypeGuard[Json]:
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def object_in(data: Json, key: str) -> Json:
    """The object at `key`, empty where there is none."""
    value = data.get(key)
    return value if is_object(value) else {}


def objects_in(data: Json, key: str) -> list[Json]:
    """The array of objects at `key`, empty where there is none."""
    value = data.get(key)
    return value if is_array(value) else []


def dump_text(value: Any) -> str:
    """`value` (JSON, a pydantic model, a dataclass) as compact JSON text."""
    return to_json(value).decode()
