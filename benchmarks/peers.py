"""What a call costs in other libraries, as a ratio to the bare OpenAI SDK.

    make bench-peers                            everything, some ten minutes
    python benchmarks/peers.py --rounds 2 litellm_completion     a glance at one; writes nothing

Each library has an environment of its own under `.cache/peers` and a process of its own. All talk
to one server that answers fixed bytes, and work in turn, in an order that changes from round to
round; before anything is measured, each has to come to the expected result. It writes the table of
`docs/benchmarks.md` and `docs/assets/peers.svg`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from _document import DOCUMENT, ROOT, write_between  # noqa: E402
from _peers_replies import CHUNKS, SUMMARY  # noqa: E402
from _peers_report import Measured, Run, picture, table  # noqa: E402
from _server import fixed_replies  # noqa: E402
from _shapes import BOOK, TEXT, WORDS  # noqa: E402
from peers import BARE, LIBRARIES, OURS  # noqa: E402

CACHE = ROOT / ".cache" / "peers"
PICTURE = ROOT / "docs" / "assets" / "peers.svg"

TIMES = {
    "call": 20,
    "call_async": 20,
    "gather": 500,
    "stream": 4,
    "tools": 20,
    "structured": 20,
    "structured_stream": 1,
}
"""The shapes, and how often a round does each: gathered calls all at once, others in turn."""

EXPECTED: dict[str, Any] = {
    "call": TEXT,
    "call_async": TEXT,
    "gather": TEXT,
    "stream": "".join(WORDS[2:]),
    "tools": BOOK,
    "structured": BOOK,
    "structured_stream": SUMMARY,
}


@dataclass
class Worker:
    """A library's process, and what its rounds have taken, by shape and clock."""

    name: str
    process: subprocess.Popen[str]
    versions: dict[str, str] = field(default_factory=dict[str, str])
    missing: dict[str, str] = field(default_factory=dict[str, str])
    taken: dict[tuple[str, str], list[float]] = field(
        default_factory=dict[tuple[str, str], list[float]]
    )

    def read(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "its process ended"}

    def ask(self, shape: str, times: int) -> dict[str, Any]:
        assert self.process.stdin
        try:
            print(json.dumps({"shape": shape, "times": times}), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            return {"error": "its process ended"}
        return self.read()

    def check(self, shape: str) -> None:
        """A figure says something only where the result is the expected one."""
        reply = self.ask(shape, 1)
        if reason := reply.get("missing") or reply.get("error"):
            self.missing[shape] = reason
            return
        result = reply["result"]
        if shape == "structured_stream":
            if result["models"] < CHUNKS * 0.9:
                self.missing[shape] = f"{result['models']} models for {CHUNKS} chunks"
            result = result["last"]
        if result != EXPECTED[shape]:
            self.missing[shape] = f"another result: {str(result)[:80]}"

    def measure(self, shape: str) -> None:
        reply = self.ask(shape, TIMES[shape])
        if "cpu" not in reply:
            self.missing[shape] = reply.get("error", "no answer")
            return
        for clock in ("cpu", "wall"):
            self.taken.setdefault((shape, clock), []).append(reply[clock])


def environment(name: str) -> str:
    """The interpreter of a library's environment, which is made where it is not there."""
    requirements = LIBRARIES[name].requirements
    folder = CACHE / name
    python = folder / "bin" / "python"
    mark = folder / ".requirements"
    wanted = json.dumps(requirements)
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Preparing {folder.relative_to(ROOT)}…", file=sys.stderr)
        if uv := shutil.which("uv"):
            make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)]
            install = [uv, "pip", "install", "--quiet", "--python", str(python)]
        else:
            make = [sys.executable, "-m", "venv", "--clear", str(folder)]
            install = [str(python), "-m", "pip", "install", "--quiet"]
        for command in (make, [*install, *requirements]):
            subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
        mark.write_text(wanted)
    return str(python)


@contextmanager
def worker(name: str, python: str, address: str) -> Iterator[Worker]:
    variables = {"OPENAI_BASE_URL": f"{address}/peers/v1", "OPENAI_API_KEY": "benchmark"}
    command = [python, str(HERE / "_peers_worker.py"), name, *LIBRARIES[name].distributions]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | variables,
    )
    try:
        yield Worker(name, process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe
            pipe.close()


def run(
    pythons: Mapping[str, str],
    rounds: int,
    failed: Mapping[str, str] | None = None,
    shapes: Sequence[str] = tuple(TIMES),
    after_shape: Callable[[Run], None] | None = None,
) -> Run:
    """Measure the libraries, each with the interpreter of its environment."""
    shuffle = random.Random(0).shuffle
    missing: dict[str, dict[str, str]] = {
        name: dict.fromkeys(shapes, reason) for name, reason in (failed or {}).items()
    }
    with ExitStack() as stack:
        address = stack.enter_context(fixed_replies())
        workers: list[Worker] = []
        for name, python in pythons.items():
            started = stack.enter_context(worker(name, python, address))
            first = started.read()
            if reason := first.get("error"):
                missing[name] = dict.fromkeys(shapes, reason)
                continue
            started.versions = first["versions"]
            workers.append(started)
        for shape in shapes:
            for each in workers:
                each.check(shape)
            for _ in range(rounds):
                shuffle(workers)
                for each in workers:
                    if shape not in each.missing:
                        each.measure(shape)
            print(f"{shape} done", file=sys.stderr, flush=True)
            found = so_far(workers, missing)
            if after_shape:
                after_shape(found)
    return found


def so_far(workers: list[Worker], missing: Mapping[str, Mapping[str, str]]) -> Run:
    bare = next(each for each in workers if each.name == BARE)
    return Run(
        date=date.today().isoformat(),
        python=platform.python_version(),
        versions={each.name: each.versions for each in workers},
        missing={**missing, **{each.name: each.missing for each in workers}},
        measured=[found for each in workers for found in ratios(each, bare)],
    )


def ratios(each: Worker, bare: Worker) -> Iterator[Measured]:
    """The median over the rounds of each library's seconds by the bare SDK's of the same round."""
    for (shape, clock), seconds in each.taken.items():
        if clock == "wall" and shape != "gather":
            continue
        reference = bare.taken[shape, clock]
        if shape not in each.missing and len(reference) == len(seconds):
            paired = [mine / theirs for mine, theirs in zip(seconds, reference, strict=True)]
            yield Measured(each.name, shape, clock, statistics.median(paired))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("libraries", nargs="*", help=f"of {', '.join(LIBRARIES)}; all by default")
    parser.add_argument("--shapes", nargs="+", choices=TIMES, default=list(TIMES))
    parser.add_argument("--rounds", type=int, default=7, help="the median is taken over these")
    options = parser.parse_args()
    names = list(LIBRARIES)
    if options.libraries:
        names = list(dict.fromkeys([BARE, OURS, *options.libraries]))
    pythons: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            pythons[name] = environment(name)
        except subprocess.CalledProcessError as error:
            failed[name] = f"not installable: {(error.stderr or str(error)).strip()[-160:]}"

    def write(found: Run) -> None:
        write_between(DOCUMENT, "peers", table(found, LIBRARIES))
        PICTURE.write_text(picture(found, LIBRARIES, OURS))

    # What a long run has found is kept when it is cut short.
    keep = None if options.libraries else write
    print(table(run(pythons, options.rounds, failed, options.shapes, keep), LIBRARIES))


if __name__ == "__main__":
    main()
