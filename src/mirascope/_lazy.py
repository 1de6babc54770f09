"""Load a package's names on first use, so that importing it costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeAlias

GetAttribute: TypeAlias = Callable[[str], Any]
ListNames: TypeAlias = Callable[[], list[str]]


def lazy(
    package: str, names: Mapping[str, str], modules: Sequence[str] = ()
) -> tuple[GetAttribute, ListNames]:
    """The `__getattr__` and `__dir__` of `package`.

    `names` says in which module (relative to the package) each public name lives; `modules` are the
    submodules that may be reached as attributes without having been imported.
    """

    def __getattr__(name: str) -> Any:
        if name in names:
            value = getattr(import_module(names[name], package), name)
        elif name in modules:
            value = import_module(f".{name}", package)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Importing a submodule binds it in its package, so a public name is set after that import.
        setattr(sys.modules[package], name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(sys.modules[package]), *names, *modules})

    return __getattr__, __dir__
