"""How the cost of a call grows: not at all with what else there is, and in line with its own work.

    python benchmarks/scaling.py             a minute or two
    python benchmarks/scaling.py --quick     fewer rounds
    python benchmarks/scaling.py --write     and write the figures into docs/benchmarks.md

A call costs the same whether one function is decorated or a thousand, and whether it is the first
or the ten-thousandth. With the length of a stream, the length of the history and the number of
tools it grows along a line. What counts is the CPU of this process; the server is another one. As
a busy machine is slower at one time than at another, each piece of work is measured beside a fixed
piece of plain Python, and the figures are what it would have taken at the median speed.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from _chat_completions import STREAM_LENGTHS
from _document import DOCUMENT, ROOT, write_between
from _providers import PROVIDERS
from _scaling_picture import picture
from _server import fixed_replies

from mirascope import BaseMessageParam, llm

FLAT, LINEAR = 0.20, 0.20
"""How far a point may be from the median of all, or from the line, as a part of it."""
PICTURE = ROOT / "docs" / "assets" / "scaling.svg"

Work = Callable[[int], Any]
"""Does its work the given number of times."""


@dataclass(frozen=True)
class Series:
    """The same work at several sizes, `times` times a round at each."""

    title: str
    unit: str
    flat: bool
    sizes: Sequence[int]
    work: Callable[[int], Work]
    """The work of a size."""
    times: Callable[[int], int]
    in_order: bool = False
    """A size is what was done before, so that each comes once, with all of its rounds."""


@dataclass(frozen=True)
class Curve:
    """What a series came to, in microseconds of one call."""

    title: str
    unit: str
    flat: bool
    points: list[tuple[int, float]]

    @property
    def line(self) -> tuple[float, float]:
        """The cost of size 0 and of each one more: least squares of the relative errors."""
        if self.flat:
            return statistics.median(cost for _, cost in self.points), 0.0
        weights = [1 / cost**2 for _, cost in self.points]
        total = sum(weights)
        pairs = list(zip(weights, self.points, strict=True))
        size = sum(w * x for w, (x, _) in pairs) / total
        cost = sum(w * y for w, (_, y) in pairs) / total
        slope = sum(w * (x - size) * (y - cost) for w, (x, y) in pairs) / sum(
            w * (x - size) ** 2 for w, (x, _) in pairs
        )
        return cost - slope * size, slope

    @property
    def deviation(self) -> float:
        """The largest distance of a point from the line, as a part of what the line says."""
        start, slope = self.line
        return max(abs(y / (start + slope * x) - 1) for x, y in self.points)

    @property
    def holds(self) -> bool:
        return self.deviation <= (FLAT if self.flat else LINEAR)


# --- the work


def functions(count: int) -> Work:
    """Calls that go through all of so many decorated functions in turn."""

    def made(number: int) -> Any:
        @llm.call("openai", "bench-text")
        def ask(genre: str) -> str:
            return f"Recommend a {genre} book, number {number}."

        return ask

    asks = [made(number) for number in range(count)]
    # A function's first call is not what is measured.
    for ask in asks:
        ask("fantasy")
    at = 0

    def work(times: int) -> None:
        nonlocal at
        for _ in range(times):
            at = (at + 1) % count
            asks[at]("fantasy").content  # noqa: B018

    return work


def earlier_calls() -> Callable[[int], Work]:
    """Calls after so many others, all of one function."""
    work = functions(1)
    done = 1

    def after(count: int) -> Work:
        nonlocal done

        def counted(times: int) -> None:
            nonlocal done
            work(times)
            done += times

        if count > done:
            counted(count - done)
        return counted

    return after


def events(count: int) -> Work:
    @llm.call("openai", f"bench-stream_{count}", stream=True)
    def tell(genre: str) -> str:
        return genre

    def work(times: int) -> None:
        for _ in range(times):
            heard = sum(1 for chunk, _ in tell("fantasy") if chunk.content)
            if heard != count:
                sys.exit(f"A stream of {count} events had {heard}.")

    return work


def history(count: int) -> Work:
    messages = [
        BaseMessageParam(
            role="assistant" if at % 2 else "user", content=f"Turn {at}: " + "word " * 20
        )
        for at in range(count)
    ]

    @llm.call("openai", "bench-text")
    def go_on() -> Any:
        return messages

    return repeated(lambda: go_on().content)


def tools(count: int) -> Work:
    def made(number: int) -> Any:
        def look_up(title: str, year: int = 0) -> str:
            """Look a book up."""
            return f"{title} of {year}"

        look_up.__name__ = f"look_up_{number}"
        return look_up

    @llm.call("openai", "bench-text", tools=[made(number) for number in range(count)])
    def ask() -> str:
        return "Recommend a fantasy book."

    return repeated(lambda: ask().content)


def repeated(work: Callable[[], Any]) -> Work:
    def contender(times: int) -> None:
        for _ in range(times):
            work()

    return contender


def all_series() -> Iterator[Series]:
    hundred = lambda _: 100  # noqa: E731
    yield Series("decorated functions", "function", True, (1, 10, 100, 1_000), functions, hundred)
    yield Series(
        *("earlier calls", "call", True, (1, 10, 100, 1_000, 10_000), earlier_calls(), hundred),
        in_order=True,
    )
    yield Series("events of a stream", "event", False, STREAM_LENGTHS, events, lambda _: 1)
    turns = (10, 250, 500, 1_000, 2_000)
    yield Series(
        "messages of a history", "message", False, turns, history, lambda n: 2_000 // n + 3
    )
    yield Series(
        "tools of a call", "tool", False, (1, 16, 32, 64, 128), tools, lambda n: 400 // n + 20
    )


# --- the measuring

DOCUMENT_OF_YARDSTICK = json.dumps([{"id": at, "text": "word " * 10} for at in range(50)])


def yardstick() -> float:
    """CPU seconds of a fixed piece of plain Python."""
    started = time.process_time()
    for _ in range(60):
        parsed = json.loads(DOCUMENT_OF_YARDSTICK)
        sorted((each["text"].split()[0], -each["id"]) for each in parsed)
    return time.process_time() - started


def measured(series: Series, rounds: int) -> Curve:
    """Each size in each round, in turn, with the yardstick before and after."""
    found: dict[int, list[tuple[float, float]]] = {size: [] for size in series.sizes}

    def measure(size: int, work: Work) -> None:
        gc.collect()
        times = series.times(size)
        before = yardstick()
        started = time.process_time()
        work(times)
        taken = time.process_time() - started
        found[size].append((taken / times, (before + yardstick()) / 2))

    if series.in_order:
        for size in series.sizes:
            work = series.work(size)
            for _ in range(rounds):
                measure(size, work)
    else:
        works = {size: series.work(size) for size in series.sizes}
        for work in works.values():
            work(1)
        for _ in range(rounds):
            for size, work in works.items():
                measure(size, work)
    speed = statistics.median(speed for taken in found.values() for _, speed in taken)
    points = [
        (size, statistics.median(cost / its_speed for cost, its_speed in taken) * speed * 1e6)
        for size, taken in found.items()
    ]
    return Curve(series.title, series.unit, series.flat, points)


def table(curves: list[Curve]) -> str:
    lines = ["| The more … | sizes | a call at the ends | each one more | largest deviation |"]
    lines += ["|---|--:|--:|--:|--:|"]
    for curve in curves:
        (least, low), (most, high) = curve.points[0], curve.points[-1]
        slope = "nothing" if curve.flat else f"{curve.line[1]:.1f} µs"
        lines.append(
            f"| {curve.title} | {least:,}–{most:,} | {low:,.0f} µs, {high:,.0f} µs | {slope} "
            f"| {curve.deviation:.0%} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--write", action="store_true", help="write figures and picture into docs/")
    parser.add_argument("--only", help="a part of the titles to measure")
    options = parser.parse_args()
    with fixed_replies() as address:
        os.environ.update(PROVIDERS["openai"].environment(address))
        curves: list[Curve] = []
        for series in all_series():
            if options.only and options.only not in series.title:
                continue
            curves.append(measured(series, 5 if options.quick else 15))
            curve = curves[-1]
            print(f"{curve.title}: each one more {curve.line[1]:.2f} µs, ", end="")
            print(f"largest deviation {curve.deviation:.1%}")
            for size, cost in curve.points:
                print(f"{size:9,} {curve.unit}s {cost:12,.0f} µs", flush=True)
    if options.write:
        about = f"Python {platform.python_version()}, `python benchmarks/scaling.py --write`:"
        write_between(DOCUMENT, "scaling", f"{about}\n\n{table(curves)}")
        PICTURE.write_text(picture(curves))
    if wrong := [curve.title for curve in curves if not curve.holds]:
        sys.exit(f"Neither flat nor on a line: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
