"""Writes the tables in `compatibility.md`: what became of every public name of Mirascope v1.

`python docs/compatibility.py` brings the page up to date; a test holds it to the library.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mirascope._commands._v1_names import NAMES, change_of

PAGE = Path(__file__).parent / "compatibility.md"
START, END = "<!-- names -->\n", "<!-- end of names -->\n"
HEADINGS = {"gone": "Gone", "fixed": "Fixed", "alias": "Aliases"}


def names(fate: str) -> Iterator[tuple[str, str, str]]:
    """Module, name and reason of what became of that; a name is listed where it is shortest."""
    for module in sorted(NAMES, key=lambda module: (module.count("."), module)):
        for name in NAMES[module]:
            change = change_of(f"{module}.{name}")
            if (change.fate if change else "same") == fate:
                yield module, name, change.reason if change else ""


def changed(fate: str) -> list[str]:
    """A table of those that share a reason."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for module, name, reason in names(fate):
        path = f"{module}.{name}".removeprefix("mirascope.")
        by_reason[reason].append(f"`{path}`")
    lines = [f"## {HEADINGS[fate]}", "", "| Name | Why |", "|---|---|"]
    lines += [f"| {', '.join(paths)} | {reason} |" for reason, paths in by_reason.items()]
    return [*lines, ""]


def same() -> list[str]:
    """A table of those that do what they did, by module."""
    by_module: defaultdict[str, list[str]] = defaultdict(list)
    for module, name, _ in names("same"):
        by_module[module].append(f"`{name}`")
    lines = ["## Same", "", "| Module | Names |", "|---|---|"]
    lines += [f"| `{module}` | {', '.join(by_module[module])} |" for module in sorted(by_module)]
    return [*lines, ""]


def summary() -> str:
    """How many names there are of each kind."""
    counts = {fate: len(list(names(fate))) for fate in ("same", "fixed", "alias", "gone")}
    counted = ", ".join(f"{count} {fate}" for fate, count in counts.items())
    return f"Of {sum(counts.values())} names: {counted}."


def brought_up_to_date(page: str) -> str:
    """The page with what the data says."""
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    tables = [line for fate in HEADINGS for line in changed(fate)]
    return "\n".join([before + START, summary(), "", *tables, *same(), END + after])


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text("utf-8")), "utf-8")
