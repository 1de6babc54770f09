"""Thousands of calls that go well, fail, are left or cancelled: is any lost, does any remain?

    make soak
    make soak ARGS='--calls 400'

Half of the calls are streams; a tenth is left by `break`, a tenth cancelled (or closed from another
thread), a twentieth fails: by status, by a connection that is cut, by JSON that is broken off. They
come from 8 threads and from 200 tasks of one event loop, and a few from a loop of their own. Every
prompt has a number, by which the sandbox, in a process of its own, counts what it receives.

Ends with status 1 where a request came twice or never, where a reply was not that to its prompt,
where a failure raised nothing, and where something grew: open files, connections, threads, tasks,
or memory, by more than 5 MB from a quarter of the run to its end.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import sys
import threading
import time
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from _soak_calls import CALL_FATES, CANCELLED, MODELS, TASKS, THREADS, Job, Soak, jobs
from _soak_server import ask, point_default_clients_at, sandbox_process

from mirascope.core.base import _clients

MOST_GROWTH = 5e6


def rounds_of(count: int) -> int:
    """In how many rounds the calls are made: measuring what remains after each takes time."""
    return 20 if count >= 2000 else 8


# --- measuring


@dataclass(frozen=True)
class Measures:
    """What the process holds while no call is under way."""

    done: int
    memory: int
    files: int
    connections: int
    threads: int
    tasks: int

    def __str__(self) -> str:
        return (
            f"{self.done:7} {self.memory / 1e6:9.1f} {self.files:7} {self.connections:12}"
            f" {self.threads:8} {self.tasks:6}"
        )


def measured(done: int, port: int) -> Measures:
    for _ in range(3):
        gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    try:
        tasks = len(asyncio.all_tasks()) - 1
    except RuntimeError:
        tasks = 0
    with open("/proc/self/statm") as statm:
        memory = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    files = len(os.listdir("/proc/self/fd"))
    return Measures(done, memory, files, ask(port)["open"], threading.active_count(), tasks)


# --- the run


def part(all_jobs: list[Job], index: int, rounds: int) -> list[Job]:
    return all_jobs[index::rounds]


async def run(soak: Soak, count: int, port: int, trace: bool) -> list[Measures]:
    threads, tasks, apart = jobs(count)
    rounds = rounds_of(count)
    measures: list[Measures] = []
    before: Any = None

    async def in_turn(mine: list[Job]) -> None:
        for job in mine:
            await soak.work_async(job)

    def in_thread(mine: list[Job]) -> None:
        for job in mine:
            soak.work(job)

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(len(THREADS) + 1) as pool:
        for index in range(rounds):
            await asyncio.gather(
                *(
                    loop.run_in_executor(pool, in_thread, part(mine, index, rounds))
                    for mine in threads
                ),
                *(in_turn(part(mine, index, rounds)) for mine in tasks),
                loop.run_in_executor(pool, asyncio.run, in_turn(part(apart, index, rounds))),
            )
            # What was left by `break` in the last moment is closed by the event loop.
            await asyncio.sleep(0.2)
            measures.append(measured(soak.done.total(), port))
            print(measures[-1], flush=True)
            if trace and index == rounds // 4 - 1:
                tracemalloc.start(12)
                before = tracemalloc.take_snapshot()
    if trace:
        grown = tracemalloc.take_snapshot().compare_to(before, "traceback")
        for line in grown[:8]:
            print(line, *line.traceback.format()[-8:], sep="\n")
    return measures


async def with_clients(soak: Soak, count: int, port: int, trace: bool) -> list[Measures]:
    import anthropic
    import openai

    options: Any = {"api_key": "own", "max_retries": 0}
    base = f"http://127.0.0.1:{port}"
    with (
        openai.OpenAI(base_url=f"{base}/v1", **options) as first,
        anthropic.Anthropic(base_url=base, **options) as second,
    ):
        async with (
            openai.AsyncOpenAI(base_url=f"{base}/v1", **options) as third,
            anthropic.AsyncAnthropic(base_url=base, **options) as fourth,
        ):
            soak.clients = {
                ("openai", False): first,
                ("anthropic", False): second,
                ("openai", True): third,
                ("anthropic", True): fourth,
            }
            measures = await run(soak, count, port, trace)
    return measures


def problems(
    soak: Soak, count: int, counted: dict[str, Any], measures: list[Measures]
) -> list[str]:
    found = soak.wrong[:10]
    if soak.done.total() != count:
        found.append(f"{count - soak.done.total()} of {count} calls did not end")
    received = {int(number): times for number, times in counted["received"].items()}
    doubled = [number for number, times in received.items() if times > 1]
    # A call that is cancelled at once may be so before anything is sent.
    lost = [number for number in range(count) if number not in received]
    lost = [number for number in lost if CALL_FATES[number // 2 % 20] != CANCELLED or number % 2]
    if doubled:
        found.append(f"{len(doubled)} requests came more than once: {doubled[:10]}")
    if lost:
        found.append(f"{len(lost)} requests never came: {lost[:10]}")
    early, last = measures[len(measures) // 4 - 1], measures[-1]
    if last.tasks > 0 or last.threads > early.threads:
        found.append(f"{last.tasks} tasks and {last.threads - early.threads} threads are left over")
    if last.connections > len(TASKS) + 2 * len(MODELS) * len(THREADS):
        found.append(f"{last.connections} connections are open at a time")
    if count >= 2000 and last.memory - early.memory > MOST_GROWTH:
        found.append(f"memory grew by {(last.memory - early.memory) / 1e6:.1f} MB")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--trace", action="store_true", help="say what memory is taken for")
    options = parser.parse_args()
    # What Cohere's SDK asks of every client, on Python 3.14.
    warnings.filterwarnings("ignore", "'asyncio.iscoroutinefunction'", module="cohere")
    started = time.perf_counter()
    with sandbox_process() as port:
        point_default_clients_at(port, MODELS)
        soak = Soak()
        at_start = measured(0, port)
        print("   done memory/MB   files  connections  threads  tasks", at_start, sep="\n")
        measures = asyncio.run(with_clients(soak, options.calls, port, options.trace))
        _clients.close_default_clients()
        time.sleep(0.5)
        at_end = measured(soak.done.total(), port)
        print(at_end, "closed")
        counted = ask(port)
    found = problems(soak, options.calls, counted, measures)
    if at_end.connections or at_end.threads > at_start.threads or at_end.files > at_start.files + 2:
        found.append(f"something is left when everything is closed: {at_end}, not {at_start}")
    print(*(f"{number:6} {kind}" for kind, number in sorted(soak.done.items())), sep="\n")
    grown = (measures[-1].memory - measures[len(measures) // 4 - 1].memory) / 1e6
    print(
        f"{sum(counted['received'].values())} requests came, {len(counted['received'])} of them"
        f" for the first time; memory grew by {grown:.1f} MB from a quarter of the run to its end;"
        f" {time.perf_counter() - started:.0f} s"
    )
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
