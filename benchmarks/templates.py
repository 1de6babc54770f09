"""What filling in a template costs, as a ratio to `str.format` of the same text.

    python benchmarks/templates.py             a few seconds
    python benchmarks/templates.py --json

A template of 2,000 characters with 20 fields, parsed before, becomes a list with one message. The
same text is filled in by `str.format`, and both come to the same. *fill* is the template by itself,
*prompt* is calling the function that `@prompt_template` made: binding its arguments, running its
body and filling in.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import cycle, islice
from types import SimpleNamespace
from typing import Any

from _measure import Contender, Measurement, paired

from mirascope.core import prompt_template
from mirascope.core.base._template import Template

LENGTH = 2_000
FIELDS = 20
LIMIT = 3.0
"""What a ratio has to stay below."""

PROSE = (
    "A librarian is asked for a book and answers with what is on the shelf, its author and why. "
)

VALUES: dict[str, Any] = {
    "title": "The Name of the Wind",
    "author": "Patrick Rothfuss",
    "genre": "fantasy",
    "pages": 662,
    "price": 9.99,
    "book": SimpleNamespace(title="Emma", author=SimpleNamespace(name="Jane Austen")),
    "shelf": ["first", "second"],
}
LETTERS = "abcdefghijkmnopqrstu"
TWENTY: dict[str, Any] = {letter: f"the value of {letter}" for letter in LETTERS}
KINDS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "texts": (["{title}", "{author}", "{genre}"], VALUES),
    "20 different texts": ([f"{{{letter}}}" for letter in LETTERS], TWENTY),
    "texts and numbers": (["{title}", "{pages}", "{genre}", "{price}"], VALUES),
    "attributes and items": (["{book.title}", "{book.author.name}", "{shelf[1]}"], VALUES),
    "formats": (["{price:.2f}", "{pages:>6}", "{genre!r}", "{author:>20}"], VALUES),
}


def of_a_book(
    title: str, author: str, genre: str, pages: int, price: float, book: Any, shelf: list[str]
) -> None: ...


def of_twenty(
    a: str, b: str, c: str, d: str, e: str, f: str, g: str, h: str, i: str, j: str,
    k: str, m: str, n: str, o: str, p: str, q: str, r: str, s: str, t: str, u: str,
) -> None: ...  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """One line of the table: the same text filled in by both sides, `times` times a round."""

    name: str
    bare: Contender
    ours: Contender
    times: int = 2_000
    units: int = 1


def shapes() -> Iterator[Shape]:
    for kind, (fields, values) in KINDS.items():
        text = text_with(fields)
        template = Template(text, "ask")
        prompt = prompt_template(text)(of_twenty if values is TWENTY else of_a_book)
        bare = partial(text.format, **values)
        for name, work in (
            ("fill", partial(template.render, values)),
            ("prompt", partial(prompt, **values)),
        ):
            if work()[0].content != bare():
                sys.exit(f"{name}, {kind}: the two sides come to different texts.")
            yield Shape(f"{name}: {kind}", repeated(bare), repeated(work))


def text_with(fields: list[str]) -> str:
    """A text of `LENGTH` characters with `FIELDS` fields, evenly spread."""
    chosen = list(islice(cycle(fields), FIELDS))
    prose = (PROSE * FIELDS)[: LENGTH - len("".join(chosen))]
    size = len(prose) // FIELDS
    pieces = [prose[at * size : (at + 1) * size] + field for at, field in enumerate(chosen)]
    return "".join([*pieces, prose[FIELDS * size :]])


def repeated(work: Callable[[], Any]) -> Contender:
    def contender(times: int) -> Any:
        result = None
        for _ in range(times):
            result = work()
        return result

    return contender


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print JSON in the place of a table")
    options = parser.parse_args()
    rows: list[Measurement] = [paired(shape, options.rounds)["CPU"] for shape in shapes()]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(f"{'':30}{'str.format':>12}{'ours':>12}{'ratio':>8}  quartiles")
        for row in rows:
            print(
                f"{row.shape:30}{row.bare * 1e6:9.1f} µs{row.ours * 1e6:9.1f} µs"
                f"{row.ratio.median:8.2f}  {row.ratio.low:.2f}–{row.ratio.high:.2f}"
            )
    if above := [row.shape for row in rows if row.ratio.median > LIMIT]:
        sys.exit(f"Above {LIMIT} × `str.format`: {', '.join(above)}")


if __name__ == "__main__":
    main()
