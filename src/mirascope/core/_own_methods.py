"""Objects of an SDK whose methods are its own, and copies of them that send in another way."""

from __future__ import annotations

from types import FunctionType
from typing import Any, cast


def is_own(owner: Any, name: str, module: str) -> bool:
    """Whether a method is the one of the SDK's module: not replaced, wrapped or instrumented."""
    function = getattr(cast(Any, type(owner)), name, None)
    return (
        isinstance(function, FunctionType)
        and function.__globals__.get("__name__") == module
        and name not in vars(owner)
    )


def twin_of(owner: Any, **others: Any) -> Any:
    """An object like `owner`, which shares everything with it but the attributes that are given."""
    twin: Any = object.__new__(owner.__class__)
    twin.__dict__.update(vars(owner), **others)
    return twin
