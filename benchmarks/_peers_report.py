"""The table and the picture of a run of `peers.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from peers import Library

COLUMNS = {
    ("call", "cpu"): "call",
    ("call_async", "cpu"): "async call",
    ("gather", "cpu"): "500 gathered, CPU",
    ("gather", "wall"): "500 gathered, wall",
    ("stream", "cpu"): "stream",
    ("tools", "cpu"): "tools",
    ("structured", "cpu"): "structured",
    ("structured_stream", "cpu"): "structured stream",
}


@dataclass(frozen=True)
class Measured:
    """The median ratio of a library to the bare SDK."""

    library: str
    shape: str
    clock: str
    ratio: float


@dataclass(frozen=True)
class Run:
    """A run: what was measured, with which versions, and what could not be and why."""

    date: str
    python: str
    versions: Mapping[str, Mapping[str, str]]
    missing: Mapping[str, Mapping[str, str]]
    measured: list[Measured]

    def ratios(self, shape: str, clock: str) -> dict[str, float]:
        return {
            found.library: found.ratio
            for found in self.measured
            if (found.shape, found.clock) == (shape, clock)
        }

    def columns(self) -> list[tuple[str, dict[str, float]]]:
        """The heading and the ratios of each shape that was measured."""
        columns = [(heading, self.ratios(*key)) for key, heading in COLUMNS.items()]
        return [(heading, ratios) for heading, ratios in columns if ratios]


def table(run: Run, libraries: Mapping[str, Library]) -> str:
    names = [name for name in libraries if name in run.versions or name in run.missing]
    columns = dict(run.columns())
    lines = [
        f"Measured on {run.date} with Python {run.python}; repeat it with `make bench-peers`.",
        "",
        "| Library | " + " | ".join(columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    for name in names:
        cells = [f"{found[name]:.2f}" if name in found else "n/a" for found in columns.values()]
        lines.append(f"| {libraries[name].title} | " + " | ".join(cells) + " |")
    lines += ["", "Versions: " + "; ".join(_versions(run, libraries)) + "."]
    if reasons := _reasons(run, libraries):
        lines += ["", "Where it says n/a:", "", *reasons]
    return "\n".join(lines)


def _versions(run: Run, libraries: Mapping[str, Library]) -> list[str]:
    return [
        f"{libraries[name].title} ("
        + ", ".join(f"{package} {number}" for package, number in run.versions[name].items())
        + ")"
        for name in libraries
        if name in run.versions
    ]


def _reasons(run: Run, libraries: Mapping[str, Library]) -> list[str]:
    lines: list[str] = []
    for name, library in libraries.items():
        by_reason: dict[str, list[str]] = {}
        for shape, reason in run.missing.get(name, {}).items():
            by_reason.setdefault(" ".join(reason.split()), []).append(shape.replace("_", " "))
        for reason, shapes in by_reason.items():
            lines.append(f"- {library.title}, {', '.join(shapes)}: {reason}.")
    return lines


# --- the picture: a panel for each column, a bar for each library, on a log axis

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
.paper { fill: #ffffff; } .bar { fill: #afb8c1; } .ours { fill: #0969da; }
.bare { fill: #57606a; } .title { font-weight: 600; font-size: 13px; }
.line { stroke: #57606a; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .paper { fill: #0d1117; } .bar { fill: #484f58; }
.value { stroke: #0d1117; } .ours { fill: #58a6ff; } .bare { fill: #8b949e; }
.line { stroke: #8b949e; }
}
"""
PANEL, LABEL, BAR, ROW = 330, 158, 128, 19
LEAST, MOST = 0.05, 40.0


def _at(ratio: float) -> float:
    """Where a ratio is on the axis, in pixels from its start."""
    held = min(max(ratio, LEAST), MOST)
    return BAR * math.log(held / LEAST) / math.log(MOST / LEAST)


def picture(run: Run, libraries: Mapping[str, Library], ours: str) -> str:
    """An SVG for light and for dark pages."""
    panels = run.columns()
    height = (len(libraries) + 2) * ROW + 16
    parts: list[str] = []
    for index, (heading, ratios) in enumerate(panels):
        x, y = 10 + index % 2 * PANEL, 44 + index // 2 * height
        rows = sorted(ratios.items(), key=lambda row: row[1])
        parts.append(f'<text class="title" x="{x + LABEL}" y="{y}">{escape(heading)}</text>')
        one = x + LABEL + _at(1)
        parts.append(
            f'<line class="line" x1="{one:.1f}" x2="{one:.1f}" y1="{y + 4}"'
            f' y2="{y + 8 + len(rows) * ROW}"/>'
        )
        for place, (name, ratio) in enumerate(rows):
            top = y + 8 + place * ROW
            kind = "ours" if name.startswith(ours) else "bare" if name.startswith("bare") else "bar"
            title = escape(libraries[name].title.replace("`", ""))
            parts += [
                f'<text x="{x + LABEL - 6}" y="{top + 12}" text-anchor="end">{title}</text>',
                f'<rect class="{kind}" x="{x + LABEL}" y="{top}" width="{_at(ratio):.1f}"'
                f' height="{ROW - 4}" rx="2"/>',
                f'<text class="value" x="{x + LABEL + _at(ratio) + 4:.1f}" y="{top + 12}">'
                f"{ratio:.2f}</text>",
            ]
    width, total = 2 * PANEL + 20, 44 + math.ceil(len(panels) / 2) * height
    heading = "Cost as a ratio to the bare OpenAI SDK (dashed: 1.00; log axis; shorter is cheaper)"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" width="{width}"'
        f' height="{total}" role="img" aria-label="{escape(heading)}">\n<style>{STYLE}</style>\n'
        f'<rect class="paper" width="{width}" height="{total}" rx="6"/>\n'
        f'<text class="title" x="16" y="22">{escape(heading)}</text>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
