"""Writes the table of `reference/index.md`: from which modules each public name can be imported.

`python docs/reference_index.py` brings the table up to date; a test holds it to the package, and
sees to it that each name is described on one of the pages beside it. The names are read from the
source, so no SDK has to be installed.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "mirascope"
REFERENCE = ROOT / "docs" / "reference"
PAGE = REFERENCE / "index.md"
START, END = "<!-- names -->\n", "<!-- end of names -->\n"


def listed_names(tree: ast.Module) -> list[str]:
    """What `__all__` lists: its own strings, and the keys of the tables that are unpacked in it."""
    values = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            values[statement.targets[0].id] = statement.value
    names: list[str] = []
    for element in getattr(values.get("__all__"), "elts", []):
        if isinstance(element, ast.Constant):
            names.append(element.value)
        elif isinstance(element.value, ast.Name):
            names += [key.value for key in getattr(values[element.value.id], "keys", [])]
    return names


def public_names() -> dict[str, list[str]]:
    """The names that each public module lists, without its submodules."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if not any(part.startswith("_") for part in parts):
            names = [
                name
                for name in listed_names(ast.parse(path.read_text()))
                if not is_module(PACKAGE.parent.joinpath(*parts, name))
            ]
            if names:
                found[".".join(parts)] = names
    return found


def is_module(path: Path) -> bool:
    """Whether `path` is a submodule that does not define a function or class of its own name."""
    source = path.with_suffix(".py")
    if not source.is_file():
        return (path / "__init__.py").is_file()
    statements = ast.parse(source.read_text()).body
    return path.name not in {getattr(statement, "name", None) for statement in statements}


def table() -> str:
    """One row for each module."""
    rows = ["| Module | Names |", "|---|---|"]
    for module, names in public_names().items():
        rows.append(f"| `{module}` | {', '.join(f'`{name}`' for name in sorted(names))} |")
    return "\n".join(rows) + "\n"


def updated(text: str) -> str:
    """The page with a table that is up to date."""
    before, _, rest = text.partition(START)
    return before + START + "\n" + table() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
