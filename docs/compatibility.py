"""Writes the table in `compatibility.md`: what became of every public name of Mirascope v1.

`python docs/compatibility.py` brings the page up to date; a test holds it to the library.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from mirascope._commands._v1_names import NAMES, Change, change_of

PAGE = Path(__file__).parent / "compatibility.md"
START, END = "<!-- names -->\n", "<!-- end of names -->\n"
SAME = Change("same", "")


def section(module: str) -> str:
    """The names of one module: those that are the same in a sentence, the others in a table."""
    changes = {name: change_of(f"{module}.{name}") or SAME for name in NAMES[module]}
    lines = [f"### `{module}`", ""]
    if same := [f"`{name}`" for name, change in changes.items() if change.fate == "same"]:
        lines += [f"Same: {', '.join(same)}.", ""]
    others = {name: change for name, change in changes.items() if change.fate != "same"}
    if others:
        lines += ["| name | | why |", "|---|---|---|"]
        lines += [
            f"| `{name}` | {change.fate} | {change.reason} |" for name, change in others.items()
        ]
        lines.append("")
    return "\n".join(lines) + "\n"


def summary() -> str:
    """How many names there are of each kind."""
    fates = Counter(
        (change_of(f"{module}.{name}") or SAME).fate
        for module, names in NAMES.items()
        for name in names
    )
    total = sum(fates.values())
    counted = ", ".join(f"{fates[fate]} {fate}" for fate in ("same", "fixed", "alias", "gone"))
    return f"Of {total} names: {counted}.\n\n"


def brought_up_to_date(page: str) -> str:
    """The page with what the data says."""
    before, _, rest = page.partition(START)
    after = rest.partition(END)[2]
    return before + START + "\n" + summary() + "".join(map(section, sorted(NAMES))) + END + after


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text("utf-8")), "utf-8")
