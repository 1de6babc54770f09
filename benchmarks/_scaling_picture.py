"""The picture of a run of `scaling.py`: small multiples, one for each series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Protocol

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #24292f; }
.paper { fill: #ffffff; } .title { font-weight: 600; font-size: 13px; } .small { font-size: 11px; }
.axis { stroke: #afb8c1; } .line { stroke: #57606a; stroke-dasharray: 4 3; fill: none; }
.point { fill: #0969da; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .paper { fill: #0d1117; } .axis { stroke: #484f58; }
.line { stroke: #8b949e; } .point { fill: #58a6ff; }
}
"""
WIDTH, HEIGHT, COLUMNS = 330, 190, 2
LEFT, TOP, RIGHT, BOTTOM = 58, 44, 18, 34
"""The margins of a panel around its axes."""


class Curve(Protocol):
    """What is drawn: costs in microseconds by size, and the line that they are compared with."""

    @property
    def title(self) -> str: ...
    @property
    def flat(self) -> bool: ...
    @property
    def points(self) -> list[tuple[int, float]]: ...
    @property
    def line(self) -> tuple[float, float]: ...
    @property
    def deviation(self) -> float: ...


def picture(curves: Sequence[Curve]) -> str:
    """An SVG for light and for dark pages."""
    width = COLUMNS * WIDTH + 10
    height = 40 + math.ceil(len(curves) / COLUMNS) * HEIGHT
    heading = "CPU of a call (dots) against a constant or a line (dashed)"
    panels = [
        _panel(curve, index % COLUMNS * WIDTH, 30 + index // COLUMNS * HEIGHT)
        for index, curve in enumerate(curves)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" role="img" aria-label="{escape(heading)}">\n<style>{STYLE}</style>\n'
        f'<rect class="paper" width="{width}" height="{height}" rx="6"/>\n'
        f'<text class="title" x="16" y="24">{escape(heading)}</text>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(curve: Curve, left: int, top: int) -> str:
    sizes = [size for size, _ in curve.points]
    ceiling = _ceiling(max(cost for _, cost in curve.points))
    x0, x1 = left + LEFT, left + WIDTH - RIGHT
    y0, y1 = top + HEIGHT - BOTTOM, top + TOP

    def across(size: float) -> float:
        # Flat series go over powers of ten.
        if curve.flat:
            return x0 + 8 + (x1 - x0 - 16) * math.log(size) / math.log(sizes[-1])
        return x0 + (x1 - x0 - 8) * size / sizes[-1]

    def up(cost: float) -> float:
        return y0 - (y0 - y1) * cost / ceiling

    parts = [
        f'<text class="title" x="{x0}" y="{top + 22}">{escape(curve.title)}</text>',
        f'<text class="small" x="{x0}" y="{top + 37}">{escape(_about(curve))}</text>',
        f'<path class="axis" d="M{x0} {y1}V{y0}H{x1}" fill="none"/>',
    ]
    for cost in (0.0, ceiling / 2, ceiling):
        parts.append(
            f'<text class="small" x="{x0 - 6}" y="{up(cost) + 4:.1f}" text-anchor="end">'
            f"{_duration(cost)}</text>"
        )
    shown = sizes if curve.flat else [0, sizes[-1] // 2, sizes[-1]]
    for size in shown:
        parts.append(
            f'<text class="small" x="{across(size):.1f}" y="{y0 + 16}" text-anchor="middle">'
            f"{size:,}</text>"
        )
    start, slope = curve.line
    ends = [(across(size), up(start + slope * size)) for size in (sizes[0], sizes[-1])]
    parts.append(
        f'<path class="line" d="M{ends[0][0]:.1f} {ends[0][1]:.1f}'
        f'L{ends[1][0]:.1f} {ends[1][1]:.1f}"/>'
    )
    parts += [
        f'<circle class="point" cx="{across(size):.1f}" cy="{up(cost):.1f}" r="4"/>'
        for size, cost in curve.points
    ]
    return "\n".join(parts)


def _about(curve: Curve) -> str:
    slope = "flat" if curve.flat else f"{curve.line[1]:.1f} µs each"
    return f"{slope}, at most {curve.deviation:.0%} off"


def _ceiling(most: float) -> float:
    """The next round number above, for the end of an axis."""
    power = 10 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= most)


def _duration(microseconds: float) -> str:
    milliseconds = microseconds / 1000
    return "0" if not milliseconds else f"{milliseconds:g} ms"
