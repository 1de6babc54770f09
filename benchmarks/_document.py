"""Figures that a benchmark writes into the documentation."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def write_between(document: Path, name: str, text: str) -> None:
    """Put the text between the document's two comments of that name."""
    start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
    before, _, rest = document.read_text().partition(start)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"`{document}` needs the lines `{start}` and `{end}`.")
    document.write_text(f"{before}{start}\n{text}\n{end}{after}")
