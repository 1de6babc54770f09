"""Every Python block of the documentation runs, and prints what the page shows."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mirascope.core._providers import is_installed

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Pages that may print without showing it: what is printed there is shown by the pages linked to.
SILENT = {"README.md"}
# Pages for which a package has to be there that `.[all]` may lack.
NEEDS = {"docs/mcp.md": "mcp", "docs/providers/litellm.md": "litellm"}
BLOCK = re.compile(
    r"^```python\n(?P<source>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A Python block, the number of lines before it, and what it prints where the page says so."""

    source: str
    line: int
    output: str | None


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for match in BLOCK.finditer(text):
        line = text[: match.start("source")].count("\n")
        yield Block(match["source"], line, match["output"])


def place(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_blocks_of_a_page_run_in_order(
    page: Path,
    box: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    needed = NEEDS.get(place(page))
    if needed and not is_installed(needed):
        pytest.skip(f"the package `{needed}` is not installed")
    for name, value in box.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT)
    # A module of its own, so that pydantic and the tools find the names their annotations mention.
    module = ModuleType(f"page_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in blocks(page):
        code = compile("\n" * block.line + block.source, str(page), "exec")
        exec(code, vars(module))
        printed = capsys.readouterr().out
        if block.output is not None or place(page) not in SILENT:
            assert printed == (block.output or ""), f"{place(page)}, the block at line {block.line}"
