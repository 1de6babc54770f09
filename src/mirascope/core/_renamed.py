"""Names of modules that have become another one: each still works, and says what to use."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from .._lazy import GetAttribute

_SUFFIXES = (
    "CallParams",
    "CallResponse",
    "CallResponseChunk",
    "DynamicConfig",
    "MessageParam",
    "Stream",
    "Tool",
)


def old_names(module: Any, old: str, new: str) -> dict[str, Any]:
    """The classes that `module` calls `new` and something, by the names with `old` instead."""
    return {f"{old}{suffix}": getattr(module, f"{new}{suffix}") for suffix in _SUFFIXES}


def renamed(module: str, names: Mapping[str, Any], instead: str) -> GetAttribute:
    """The `__getattr__` of a module of which all `names` are deprecated in favour of `instead`."""

    def __getattr__(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warnings.warn(
            f"`{module}` is deprecated. Use {instead} instead.", DeprecationWarning, stacklevel=2
        )
        return names[name]

    return __getattr__
