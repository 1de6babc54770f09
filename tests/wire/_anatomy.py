"""All that an object of an SDK consists of, so that two that differ in anything are unequal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel

ATOMS = (str, bytes, int, float, bool, datetime, Enum, type, type(None))


def anatomy(value: Any) -> Any:
    """Types, fields in their order, what was set, what is extra, and private attributes, all the
    way down: more than `==` of the SDKs' classes, and than their dumps, tell apart."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, ATOMS):
        return kind, value
    if isinstance(value, Mapping):
        return kind, [(name, anatomy(value[name])) for name in value]
    if isinstance(value, (list, tuple)):
        return kind, [anatomy(item) for item in value]
    if isinstance(value, BaseModel):
        return (
            kind,
            _each(vars(value)),
            _each(value.model_extra or {}),
            _each(value.__pydantic_private__ or {}),
            sorted(value.model_fields_set),
        )
    if hasattr(value, "__dict__"):
        return kind, _each(vars(value))
    raise TypeError(f"An SDK's object has a `{kind}`, of which it is not known what to compare.")


def _each(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: anatomy(part) for name, part in parts.items()}
