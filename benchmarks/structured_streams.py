"""What each chunk of a structured stream costs, with a model made of all that came so far.

    python benchmarks/structured_streams.py
    python benchmarks/structured_streams.py --peer /path/to/python     with `instructor` beside it

The same reply comes in 250 to 4,000 chunks of four characters, half of it a list of objects that
grows, half of it a text that grows. Costs that do not depend on the length are linear: the time
for a chunk stays as it is. The peer runs in an environment of its own, in turn with the library,
against the same server; each takes the CPU time of its own process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

from _providers import PROVIDERS
from _server import fixed_replies
from _shapes import Shelf, question, shelf_json, stream_shapes

ROUNDS = 5
Stream = Callable[[str], Iterator[Any]]
"""The models of a structured stream, by the name of the language model that is asked."""


def ours() -> Stream:
    from mirascope import llm

    @llm.call("openai", "bench", response_model=Shelf, stream=True)
    def shelf(genre: str) -> str:
        return question(genre)

    return lambda model: iter(llm.override(shelf, provider="openai", model=model)("fantasy"))


def instructor() -> Stream:
    from instructor import from_openai
    from openai import OpenAI

    client = from_openai(OpenAI())

    def shelf(model: str) -> Iterator[Any]:
        return client.chat.completions.create_partial(
            model=model,
            messages=[{"role": "user", "content": question("fantasy")}],
            response_model=Shelf,
        )

    return shelf


CONTENDERS: dict[str, Callable[[], Stream]] = {"ours": ours, "instructor": instructor}


def microseconds(stream: Stream, length: int, model: str) -> float:
    """CPU of this process for each chunk of one stream, which has to come to the whole reply."""
    count = 0
    last: Any = None
    started = time.process_time()
    for partial in stream(model):
        last = partial
        count += 1
    taken = time.process_time() - started
    if last is None or last.model_dump() != json.loads(shelf_json(length)):
        sys.exit(f"A stream of {length} chunks did not come to its whole reply.")
    if count < length // 2:
        sys.exit(f"A stream of {length} chunks made {count} models only.")
    return taken / length * 1e6


def serve(contender: str) -> None:
    """Be asked for lengths, one a line, and answer with what a chunk cost."""
    stream, shapes = CONTENDERS[contender](), stream_shapes()
    package = "everscope" if contender == "ours" else contender
    print(json.dumps([package, version(package), version("openai")]), flush=True)
    for line in sys.stdin:
        length = int(line)
        print(microseconds(stream, length, f"bench-{shapes[length]}"), flush=True)


class Process:
    """A contender in a process, and perhaps an environment, of its own."""

    def __init__(self, python: str, contender: str) -> None:
        self.process = subprocess.Popen(
            [python, __file__, "--serve", contender],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about: list[str] = json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline() or sys.exit("A contender ended before its time.")

    def ask(self, length: int) -> float:
        assert self.process.stdin
        print(length, file=self.process.stdin, flush=True)
        return float(self._line())

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="a Python that has `instructor`")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--serve", choices=list(CONTENDERS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with fixed_replies() as address:
        os.environ.update(PROVIDERS["openai"].environment(address))
        contenders = [Process(sys.executable, "ours")]
        if options.peer:
            contenders.append(Process(options.peer, "instructor"))
        print(f"python {platform.python_version()}", end="")
        for package, its_version, openai in (each.about for each in contenders):
            print(f", {package} {its_version} on openai {openai}", end="")
        print("\n\nCPU for a chunk, median; the ratio is that of the pairs\n")
        for length in stream_shapes():
            for each in contenders:
                each.ask(length)
            rounds = [[each.ask(length) for each in contenders] for _ in range(options.rounds)]
            medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
            line = f"{length:6} chunks" + "".join(f"{median:10.0f} µs" for median in medians)
            if options.peer:
                line += f"{statistics.median(mine / theirs for mine, theirs in rounds):10.3f}"
            print(line, flush=True)
        for each in contenders:
            each.close()


if __name__ == "__main__":
    main()
