"""What a call through the library costs, as a ratio to the bare SDK with a reused client.

    python benchmarks/overhead.py                       every provider whose SDK is installed
    python benchmarks/overhead.py openai --quick        a glance
    python benchmarks/overhead.py --json > result.json

Both sides run in this process, in turn, against a server in another process that answers fixed
bytes. Below 1.00 the library is cheaper than the SDK alone. The ratios of one run compare;
microseconds of different runs, machines or days do not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import resource
import sys
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from _measure import Contender, Measurement, paired
from _ours import Ours
from _providers import PROVIDERS
from _server import fixed_replies
from _shapes import EVENTS, Bare, Book

GENRE = "fantasy"
GATHERED = 500
AsyncWork = Callable[[], Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Shape:
    """One line of the table: the same work on both sides, `times` times a round."""

    name: str
    bare: Contender
    ours: Contender
    times: int
    units: int = 1
    clocks: tuple[str, ...] = ("CPU",)


def shapes(bare: Bare, ours: Ours, runner: asyncio.Runner) -> Iterator[Shape]:
    client = bare.client()
    for name, shape, times, units in (
        ("call", "text", 40, 1),
        ("stream, per event", "stream", 4, EVENTS),
        ("tools", "tool", 40, 1),
        ("structured", "structured", 40, 1),
    ):
        bare_work = partial(getattr(bare, shape), client, GENRE)
        our_work = partial(getattr(ours, shape), GENRE)
        yield Shape(name, repeated(bare_work), repeated(our_work), times, units)
    yield from async_shapes(bare, ours, runner, aiohttp=False)
    if bare.has_transports:
        yield from async_shapes(bare, ours, runner, aiohttp=True)


def async_shapes(bare: Bare, ours: Ours, runner: asyncio.Runner, aiohttp: bool) -> Iterator[Shape]:
    """Against the SDK's default transport, or against its aiohttp one, which our client prefers."""
    client = runner.run(bare.async_client(aiohttp=aiohttp))
    transport = " (SDK on aiohttp)" if aiohttp else ""
    text = partial(bare.text_async, client, GENRE)
    stream = partial(bare.stream_async, client, GENRE)
    our_text, our_stream = partial(ours.text_async, GENRE), partial(ours.stream_async, GENRE)
    run = partial(repeated_async, runner)
    yield Shape(f"async call{transport}", run(text), run(our_text), times=40)
    yield Shape(
        f"async stream, per event{transport}", run(stream), run(our_stream), times=4, units=EVENTS
    )
    yield Shape(
        f"{GATHERED} gathered calls{transport}",
        run(gathered(text)),
        run(gathered(our_text)),
        times=1,
        units=GATHERED,
        clocks=("CPU", "wall"),
    )
    runner.run(bare.close(client))


def repeated(work: Callable[[], Any]) -> Contender:
    def contender(times: int) -> Any:
        result = None
        for _ in range(times):
            result = work()
        return result

    return contender


def repeated_async(runner: asyncio.Runner, work: AsyncWork) -> Contender:
    async def contend(times: int) -> Any:
        result = None
        for _ in range(times):
            result = await work()
        return result

    return lambda times: runner.run(contend(times))


def gathered(work: AsyncWork) -> AsyncWork:
    async def together() -> Any:
        return (await asyncio.gather(*[work() for _ in range(GATHERED)]))[-1]

    return together


def check_same_result(shape: Shape) -> None:
    """A ratio says something only where both sides come to the same result."""
    bare, ours = shape.bare(1), shape.ours(1)
    if isinstance(bare, Book):
        bare, ours = (bare.title, bare.author), (ours.title, ours.author)
    if bare != ours:
        sys.exit(f"The two sides disagree on `{shape.name}`: {bare!r} and {ours!r}.")


def measurements(
    names: list[str], front: str, rounds: int, gathers: bool
) -> Iterator[tuple[str, Measurement]]:
    with fixed_replies() as address, asyncio.Runner() as runner:
        for name in names:
            bare = PROVIDERS[name]
            os.environ.update(bare.environment(address))
            for shape in shapes(bare, Ours(name, front, bare.model_prefix), runner):
                if shape.units == GATHERED and not gathers:
                    continue
                check_same_result(shape)
                for clock, measurement in paired(shape, rounds).items():
                    if clock in shape.clocks:
                        yield name, measurement


def allow_many_sockets() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def environment(names: list[str]) -> dict[str, str]:
    sdks = dict.fromkeys(PROVIDERS[name].distribution for name in names)
    packages = ["everscope", "pydantic", *sdks]
    packages += [package for package in ("aiobotocore",) if "boto3" in sdks]
    packages += [package for package in ("aiohttp", "httpx-aiohttp") if is_installed(package)]
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs",
        **{package: version(package) for package in packages},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "providers", nargs="*", help=f"of {', '.join(PROVIDERS)}; by default all that are installed"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, wider spread")
    parser.add_argument("--rounds", type=int, help="16 by default")
    parser.add_argument("--without-gathered", action="store_true", help="leave the longest out")
    parser.add_argument("--json", action="store_true", help="print JSON in the place of a table")
    parser.add_argument(
        "--front",
        choices=["llm", "provider"],
        default="llm",
        help="measure llm.call(provider, …) or <provider>.call(…)",
    )
    options = parser.parse_args()
    if unknown := set(options.providers) - set(PROVIDERS):
        parser.error(f"no benchmark for {', '.join(sorted(unknown))}")
    installed = [name for name, bare in PROVIDERS.items() if is_installed(bare.distribution)]
    names: list[str] = options.providers or installed
    allow_many_sockets()
    about = environment(names)
    rounds: int = options.rounds or (4 if options.quick else 16)
    found = measurements(names, options.front, rounds, gathers=not options.without_gathered)
    if options.json:
        rows = [{"provider": name, **asdict(row)} for name, row in found]
        print(json.dumps({"environment": about, "front": options.front, "rows": rows}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in about.items()), end="\n\n")
    print(f"{'':57}{'SDK':>10}{'ours':>10}   ratio  middle half")
    for name, row in found:
        print(
            f"{name + ': ' + row.shape:52}{row.clock:>5}{row.bare * 1e6:7.0f} µs"
            f"{row.ours * 1e6:7.0f} µs{row.ratio.median:8.2f}"
            f"  {row.ratio.low:.2f} to {row.ratio.high:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
