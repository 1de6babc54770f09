"""Limits that several processes share by a file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox, sandbox

from .faces import Face
from .test_limits import call, most_in_a_window

fcntl = pytest.importorskip("fcntl")
WORKER = Path(__file__).with_name("shared_worker.py")


@pytest.fixture
def workers() -> Iterator[list[subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []
    yield running
    for worker in running:
        worker.kill()
        worker.communicate()


def start(box: Sandbox, path: Path, ways: str, calls: int, **figures: float) -> Any:
    given = [f"{name}={value}" for name, value in figures.items()]
    command = [sys.executable, WORKER, box.base_url("openai"), path, ways, str(calls), *given]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(workers: list[subprocess.Popen[str]]) -> None:
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()


def arrivals(box: Sandbox) -> list[float]:
    return [request.received_at for request in box.requests if request.provider == "openai"]


def test_eight_processes_keep_one_limit(
    tmp_path: Path, workers: list[subprocess.Popen[str]]
) -> None:
    count, window = 48, 3.0
    with sandbox(redirect=False) as box:
        enforced = box.limit(requests=count, per=window, provider="openai")
        ways = ",".join(["sync", "async"] * 4)
        # The burst makes up for a busy machine.
        figures = {"requests_per_minute": count, "per": window, "burst": 0.25}
        workers.append(start(box, tmp_path / "limit", ways, 12, **figures))
        go(workers)
        told = [line.split() for line in workers[0].communicate(timeout=60)[0].splitlines()]
        times = arrivals(box)
    assert enforced.refused == 0
    assert [refused for refused, _ in told] == ["0"] * 8
    assert len(times) == 96
    assert most_in_a_window(times, window) <= count
    # To wait takes no work, also where others have their turn.
    assert sum(float(used) for _, used in told) < 8


def test_a_killed_process_holds_nothing(
    box: Sandbox, tmp_path: Path, workers: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "limit"
    box.slow(first_byte=30)
    workers.append(start(box, path, "async", 5, concurrency=2))
    # Its start has a request of its own, which is slow as well otherwise.
    box.slow()
    assert workers[0].stdout
    assert workers[0].stdout.readline() == "ready\n"
    box.slow(first_byte=30)
    with llm.limit("openai", concurrency=2, shared=path) as limit:
        go_on = workers[0].stdin
        assert go_on
        go_on.write("go\n")
        go_on.flush()
        assert box.wait_until(lambda: len(arrivals(box)) == 2, timeout=20)
        assert limit.state().in_flight == 2
        os.kill(workers[0].pid, signal.SIGKILL)
        workers[0].wait()
        box.slow()
        call(Face(False))()
        assert limit.state().in_flight == 0


async def test_places_that_others_hold_are_waited_for(
    face: Face, box: Sandbox, tmp_path: Path, workers: list[subprocess.Popen[str]]
) -> None:
    path = tmp_path / "limit"
    workers.append(start(box, path, "sync", 1, concurrency=1))
    assert workers[0].stdout
    assert await asyncio.to_thread(workers[0].stdout.readline) == "ready\n"
    box.slow(first_byte=0.3)
    with llm.limit("openai", concurrency=1, shared=path):
        assert workers[0].stdin
        workers[0].stdin.write("go\n")
        workers[0].stdin.flush()
        while not arrivals(box):
            await asyncio.sleep(0.002)
        box.slow()
        await face.get(call(face)())
    first, second = arrivals(box)
    assert second - first >= 0.25


def test_what_was_spent_is_kept_in_the_file(box: Sandbox, tmp_path: Path) -> None:
    for left in (8, 6):
        with llm.limit(requests_per_minute=10, burst=1.0, shared=tmp_path / "limit") as limit:
            call(Face(False))()
            call(Face(False))()
            assert limit.state().requests_left == left
    with llm.limit(requests_per_minute=10, shared=str(tmp_path / "another")) as limit:
        assert limit.state().requests_left == 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("is_shared", [False, True], ids=["own", "shared"])
def test_a_forked_process_has_its_own_requests(
    box: Sandbox, tmp_path: Path, is_shared: bool
) -> None:
    path = tmp_path / "limit" if is_shared else None
    with llm.limit(concurrency=1, requests_per_minute=100, burst=1.0, shared=path) as limit:
        stream = call(Face(False), stream=True)()
        iterator = iter(stream)
        next(iterator)
        child = os.fork()
        if not child:
            # Only the exit code tells: pytest must not go on in here.
            code = 1
            try:
                state = limit.state()
                expected = (1, 99) if is_shared else (0, 100)
                code = 0 if (state.in_flight, state.requests_left) == expected else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert limit.state().in_flight == 1
        stream.close()


def test_what_cannot_be_shared_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limit"
    with (
        llm.limit(concurrency=1, shared=path),
        pytest.raises(ValueError, match="`remove\\(\\)` it first"),
    ):
        llm.limit(concurrency=1, shared=path)
    with pytest.raises(ValueError, match="per 60 s, and this one is per 1 s"):
        llm.limit(concurrency=1, shared=path, per=1)
    other = tmp_path / "other"
    other.write_text("Notes.")
    with pytest.raises(ValueError, match="not a file of a shared limit"):
        llm.limit(concurrency=1, shared=other)
    assert other.read_text() == "Notes."
    with pytest.raises(FileNotFoundError):
        llm.limit(concurrency=1, shared=tmp_path / "none" / "limit")


def test_figures_of_before_the_machine_was_started_are_over(tmp_path: Path, box: Sandbox) -> None:
    path = tmp_path / "limit"
    with llm.limit(requests_per_minute=10, shared=path):
        call(Face(False))()
    from mirascope.llm import _shared_limit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_shared_limit, "_boot", lambda: 7.0)
        with llm.limit(requests_per_minute=10, shared=path) as limit:
            assert limit.state().requests_left == 10


def test_a_change_that_a_kill_cut_short_is_repaired(tmp_path: Path, box: Sandbox) -> None:
    path = tmp_path / "limit"
    with llm.limit(requests_per_minute=10, burst=1.0, shared=path) as limit:
        call(Face(False))()
        cells = limit._gate._cells.cells
        cells[3], cells[19] = 7, 1
        assert limit.state().requests_left == 9


def test_windows_is_told_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mirascope.llm import _shared_limit

    monkeypatch.setattr(_shared_limit, "fcntl", None)
    with pytest.raises(ImportError, match="module `fcntl`"):
        llm.limit(concurrency=1, shared=tmp_path / "limit")
    started = time.monotonic()
    with llm.limit(concurrency=1):
        assert time.monotonic() - started < 5
