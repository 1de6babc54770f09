"""What can be imported from this library, known from its files: nothing of it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from ._v1_names import NAMES, change_of

_ROOT = Path(__file__).parent.parent
_OF_PROVIDERS = _ROOT / "core" / "_v1_paths"


def is_private(path: str) -> bool:
    """Whether a part of a dotted path is private; `__version__` and the like are not."""
    return any(part[:1] == "_" and part[:2] != "__" for part in path.split("."))


def is_importable(path: str) -> bool:
    """Whether a dotted path leads to a module, or to a name in one or an attribute of that."""
    module, parts = path, list[str]()
    while module and _file_of(module) is None:
        module, _, last = module.rpartition(".")
        parts.insert(0, last)
    return bool(module) and (not parts or parts[0][:2] == "__" or is_there(module, parts[0]))


def is_there(module: str, name: str) -> bool:
    """Whether `from module import name` works."""
    path = f"{module}.{name}"
    file = _file_of(module)
    if name in NAMES.get(module, ()):
        change = change_of(path)
        return change is None or change.fate != "gone"
    return _file_of(path) is not None or (file is not None and name in _names_in(file))


def public_home(name: str) -> str | None:
    """The module that is to be imported from for a public name of v1; None if there is none."""
    homes = [module for module, names in NAMES.items() if name in names and is_there(module, name)]
    return min(homes, key=lambda module: module.count("."), default=None)


@cache
def _file_of(module: str) -> Path | None:
    """The file of a module; None where there is none, or only one that refuses to be imported."""
    top, *parts = module.split(".")
    if top != _ROOT.name:
        return None
    base = _ROOT.joinpath(*parts)
    for file in (base / "__init__.py", *([base.with_suffix(".py")] if parts else [])):
        if file.is_file():
            return None if _refuses(file) else file
    if len(parts) == 3 and parts[0] == "core":
        # A provider is one module, with paths below it that v1 had.
        provider = _ROOT.joinpath(*parts[:2]).with_suffix(".py")
        path = _OF_PROVIDERS / f"{parts[2]}.py"
        if provider.is_file() and path.is_file() and not _refuses(path):
            return provider
    return None


def _refuses(file: Path) -> bool:
    body = ast.parse(file.read_bytes()).body
    return any(isinstance(statement, ast.Raise) for statement in body)


@cache
def _names_in(file: Path) -> frozenset[str]:
    return frozenset(_bound(ast.parse(file.read_bytes()).body))


def _bound(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """The names that statements bind, those for type checkers included: they are lazy ones."""
    for statement in statements:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in statement.names)
        elif isinstance(statement, ast.If | ast.Try):
            yield from _bound([*statement.body, *statement.orelse])
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
