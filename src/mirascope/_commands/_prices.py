"""`python -m mirascope models` and `cost`: what models there are, and what they cost."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..core._providers import PROVIDERS
from ..core.base.types import CostMetadata
from ..core.costs import calculate_cost
from ..core.costs._prices import _PRICE_IDS

_MILLION = 1_000_000


class KnownModel(NamedTuple):
    """A model of the price data; prices are US dollars for a million tokens."""

    provider: str
    model: str
    context: int | None
    """How many tokens it takes at most."""
    input: float | None
    output: float | None


def known_models(provider: str | None = None, containing: str = "") -> Iterator[KnownModel]:
    """The models whose prices are known, by provider and name."""
    from genai_prices.data import providers

    by_id: dict[str, Any] = {each.id: each for each in providers}
    for name, price_id in _PRICE_IDS.items():
        if PROVIDERS[name].instead or provider not in (None, name) or price_id not in by_id:
            continue
        for model in sorted(by_id[price_id].models, key=lambda each: each.id):
            if containing.lower() not in model.id.lower():
                continue
            prices = [
                calculate_cost(name, model.id, CostMetadata(input_tokens=_MILLION)),
                calculate_cost(name, model.id, CostMetadata(output_tokens=_MILLION)),
            ]
            if prices != [None, None]:
                yield KnownModel(name, model.id, model.context_window, *prices)


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    names = sorted(_PRICE_IDS)
    models = commands.add_parser(
        "models",
        help="list known models with their prices and limits",
        description="List the models of the price data that comes with this library: how many "
        "tokens each takes, and US dollars for a million tokens of input and output. Nothing is "
        "fetched. The exit status is 1 where no model fits.",
    )
    models.add_argument(
        "containing", nargs="?", default="", metavar="NAME", help="a part of the model's name"
    )
    models.add_argument(
        "--provider", choices=names, metavar="PROVIDER", help=f"one only: {', '.join(names)}"
    )
    models.add_argument("--json", action="store_true", help="print the models as JSON")
    models.set_defaults(run=_run_models)

    cost = commands.add_parser(
        "cost",
        help="work out what a call costs",
        description="Print what a call costs in US dollars. The exit status is 1 where the price "
        "of the model is not known.",
    )
    cost.add_argument("provider", choices=names, metavar="PROVIDER", help=", ".join(names))
    cost.add_argument("model", metavar="MODEL", help="its name there")
    cost.add_argument("--input", type=_count, default=0, metavar="TOKENS", help="of the request")
    cost.add_argument("--output", type=_count, default=0, metavar="TOKENS", help="of the reply")
    cost.add_argument(
        "--cached", type=_count, default=0, metavar="TOKENS", help="read from the provider's cache"
    )
    cost.set_defaults(run=_run_cost)


def _count(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return number


def _run_models(options: argparse.Namespace) -> int:
    models = list(known_models(options.provider, options.containing))
    if options.json:
        print(json.dumps([model._asdict() for model in models], indent=2))
        return 0 if models else 1
    if not models:
        print("models: no known model fits.", file=sys.stderr)
        return 1
    rows: list[tuple[str, ...]] = [("provider", "model", "tokens", "input", "output")]
    rows += [
        (model.provider, model.model, _cell(model.context), *map(_cell, model[3:]))
        for model in models
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        provider, model, *numbers = (
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        # One provider, which was asked for, needs no column.
        print(*([] if options.provider else [provider]), model, *numbers, sep="  ")
    print("Prices are US dollars for a million tokens.", file=sys.stderr)
    return 0


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _run_cost(options: argparse.Namespace) -> int:
    counts = CostMetadata(
        input_tokens=options.input, output_tokens=options.output, cached_tokens=options.cached
    )
    price = calculate_cost(options.provider, options.model, counts)
    if price is None:
        print(
            f"cost: the price of `{options.model}` is not known. "
            f"`python -m mirascope models --provider {options.provider}` lists those that are.",
            file=sys.stderr,
        )
        return 1
    print(f"{price:.6f}")
    return 0
