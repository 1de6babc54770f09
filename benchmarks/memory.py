"""What a reply keeps in memory once it is there, and a stream while it is under way.

    python benchmarks/memory.py                  every provider
    python benchmarks/memory.py openai groq      these
    python benchmarks/memory.py --write          and write the figures into docs/benchmarks.md

Python's allocations are counted (`tracemalloc`), of this process alone: the sandbox that replies is
another one. A response may keep one and a half times the JSON of its reply and 4 KB, after it has
been read. A stream keeps what has arrived, to be read off it at any time.
"""

from __future__ import annotations

import argparse
import gc
import platform
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from _document import DOCUMENT, write_between
from _soak_calls import MODELS
from _soak_server import point_default_clients_at, sandbox_process
from pydantic_core import to_json

from mirascope import llm
from mirascope.core.base import _clients

FACTOR, OWN = 1.5, 4096
"""How often its JSON a response may keep, and how many bytes besides."""
FEW_EVENTS, MANY_EVENTS = 250, 2_250
SHAPES = {"small": 100, "large": 10}
"""The shapes of a reply, and over how many responses of each is averaged."""


@dataclass(frozen=True)
class Kept:
    """Bytes that a response of a provider keeps when it is new and when it has been read, and those
    of the JSON of its reply."""

    size: int
    unread: float
    read: float

    @property
    def most(self) -> float:
        return max(self.unread, self.read)

    @property
    def limit(self) -> float:
        return FACTOR * self.size + OWN


def allocated() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def kept_by(make: Callable[[], Any], count: int) -> float:
    """The average of what is allocated for each, and not let go of."""
    warm = [make() for _ in range(10)]
    before = allocated()
    made = [make() for _ in range(count)]
    average = (allocated() - before) / count
    del warm, made
    return average


def of_a_response(provider: Any, shape: str, count: int) -> Kept:
    @llm.call(provider, MODELS[provider])
    def ask() -> str:
        return f"soak-1-{shape}-"

    def read() -> Any:
        response = ask()
        if not response.content:
            sys.exit(f"{provider} gave no text.")
        return response

    size = len(to_json(read()._raw.data))
    return Kept(size, kept_by(ask, count), kept_by(read, count))


def of_an_event(provider: Any) -> float:
    """The bytes that a stream keeps for each event that it has delivered."""

    @llm.call(provider, MODELS[provider], stream=True)
    def tell() -> str:
        return "soak-1-large-"

    def kept_after(count: int) -> int:
        before = allocated()
        stream = tell()
        items = iter(stream)
        for _ in range(count):
            next(items)
        found = allocated() - before
        stream.close()
        return found

    kept_after(FEW_EVENTS)
    few, many = kept_after(FEW_EVENTS), kept_after(MANY_EVENTS)
    return (many - few) / (MANY_EVENTS - FEW_EVENTS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("providers", nargs="*", metavar="provider", help="all if left out")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/")
    options = parser.parse_args()
    lines = [
        "| Provider | small: JSON | kept | large: JSON | kept | event |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    above: list[str] = []
    with sandbox_process() as port:
        point_default_clients_at(port, MODELS)
        tracemalloc.start()
        for provider in options.providers or MODELS:
            cells: list[str] = []
            for shape, count in SHAPES.items():
                kept = of_a_response(provider, shape, count)
                cells += [f"{kept.size:,}", f"{kept.most:,.0f}"]
                if kept.most > kept.limit:
                    above.append(f"{provider}, {shape}: more than {kept.limit:,.0f}")
            cells.append(f"{of_an_event(provider):,.0f}")
            lines.append(f"| {provider} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
        tracemalloc.stop()
        _clients.close_default_clients()
    if options.write:
        about = f"Bytes, Python {platform.python_version()}, `python benchmarks/memory.py --write`:"
        write_between(DOCUMENT, "memory", "\n".join([about, "", *lines]))
    if above:
        sys.exit("A response keeps too much: " + "; ".join(above))


if __name__ == "__main__":
    main()
