"""Two contenders, in turn, in one process: how much more the one costs than the other."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Contender = Callable[[int], Any]
"""Does its work the given number of times and returns the last result."""

CLOCKS = {"CPU": time.process_time, "wall": time.perf_counter}
"""CPU is that of this process, all threads. Wall-clock time says little on a busy machine."""


class Paired(Protocol):
    """Two contenders for the same work: `times` pieces a round, each of `units` calls or events."""

    @property
    def name(self) -> str: ...
    @property
    def bare(self) -> Contender: ...
    @property
    def ours(self) -> Contender: ...
    @property
    def times(self) -> int: ...
    @property
    def units(self) -> int: ...


@dataclass(frozen=True)
class Spread:
    """A median with the quartiles around it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Measurement:
    """Median seconds a unit of work for each side, and the spread of ours / bare."""

    shape: str
    clock: str
    bare: float
    ours: float
    ratio: Spread


def paired(shape: Paired, rounds: int) -> dict[str, Measurement]:
    """Let both sides work in each round, in an order that changes: a measurement by clock."""
    sides = {"bare": shape.bare, "ours": shape.ours}
    seconds: dict[tuple[str, str], list[float]] = {
        (clock, side): [] for clock in CLOCKS for side in sides
    }
    shuffle = random.Random(0).shuffle
    for work in sides.values():
        work(max(1, shape.times // 4))
    for _ in range(rounds):
        order = list(sides)
        shuffle(order)
        for side in order:
            gc.collect()
            started = {clock: now() for clock, now in CLOCKS.items()}
            sides[side](shape.times)
            for clock, now in CLOCKS.items():
                taken = (now() - started[clock]) / (shape.times * shape.units)
                seconds[clock, side].append(taken)
    return {clock: _measurement(shape.name, clock, seconds) for clock in CLOCKS}


def _measurement(name: str, clock: str, seconds: dict[tuple[str, str], list[float]]) -> Measurement:
    bare, ours = seconds[clock, "bare"], seconds[clock, "ours"]
    ratios = [mine / theirs for mine, theirs in zip(ours, bare, strict=True)]
    return Measurement(
        name, clock, statistics.median(bare), statistics.median(ours), Spread.of(ratios)
    )
