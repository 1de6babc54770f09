"""Awaiting many things, some of them at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TextIO, TypeAlias, TypeVar, overload

from ._terminal import is_terminal, rich_console

T = TypeVar("T")
Advance: TypeAlias = Callable[[], None]


@overload
async def gather(
    awaitables: Iterable[Awaitable[T]],
    *,
    at_once: int = ...,
    progress: bool = ...,
    return_exceptions: Literal[False] = ...,
    file: TextIO | None = ...,
) -> list[T]: ...
@overload
async def gather(
    awaitables: Iterable[Awaitable[T]],
    *,
    at_once: int = ...,
    progress: bool = ...,
    return_exceptions: bool,
    file: TextIO | None = ...,
) -> list[T | Exception]: ...
async def gather(
    awaitables: Iterable[Awaitable[T]],
    *,
    at_once: int = 8,
    progress: bool = False,
    return_exceptions: bool = False,
    file: TextIO | None = None,
) -> list[Any]:
    """Await many calls, at most `at_once` of them under way, and give the results in order.

        responses = await llm.gather((recommend(genre) for genre in genres), progress=True)

    Args:
        awaitables: Async calls, or anything else to be awaited. Of a generator the next one is
            taken when it is its turn.
        at_once: How many may be under way at the same time, 1 or more.
        progress: Show how many are done: by a bar where the package `rich` is installed, else by a
            counter. Nothing is shown where `file` is no terminal.
        return_exceptions: Give an exception in the place of the result, and go on.
        file: Where to show the progress; by default `sys.stderr`.

    Raises what one of them raised first, unchanged, once the others under way are cancelled; those
    that had not begun never do. Raises ValueError for an `at_once` below 1.
    """
    if at_once < 1:
        raise ValueError(f"`at_once` is how many may be under way, 1 or more, not {at_once}.")
    results: dict[int, Any] = {}
    rest = enumerate(awaitables)
    total = len(awaitables) if isinstance(awaitables, Collection) else None

    async def work(advance: Advance) -> None:
        for place, awaitable in rest:
            try:
                # A task of its own, so that none sees what another sets in its context.
                results[place] = await asyncio.ensure_future(awaitable)
            except Exception as error:
                if not return_exceptions:
                    raise
                results[place] = error
            advance()

    workers: list[asyncio.Task[None]] = []
    try:
        with _shown(progress, sys.stderr if file is None else file, total) as advance:
            async with asyncio.TaskGroup() as group:
                for _ in range(at_once if total is None else min(at_once, total)):
                    workers.append(group.create_task(work(advance)))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures.exceptions[0].__cause__
    finally:
        if total is not None:
            _drop(rest)
    if any(worker.cancelled() for worker in workers):
        # Something that was awaited had been cancelled by others.
        raise asyncio.CancelledError
    return [results[place] for place in sorted(results)]


def _drop(rest: Iterator[tuple[int, Awaitable[Any]]]) -> None:
    """End coroutines that never began, so that Python does not warn of them."""
    for _, awaitable in rest:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()


@contextmanager
def _shown(progress: bool, out: TextIO, total: int | None) -> Generator[Advance, None, None]:
    """Shows how many are done; call what it gives for each."""
    if not progress or not is_terminal(out):
        yield lambda: None
        return
    console = rich_console(out)
    if console is None:
        yield from _counter(out, total)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _counter(out: TextIO, total: int | None) -> Generator[Advance, None, None]:
    done = 0
    of = "" if total is None else f" of {total}"

    def advance() -> None:
        nonlocal done
        done += 1
        print(f"\r{done}{of} done", end="", file=out, flush=True)

    try:
        yield advance
    finally:
        if done:
            print(file=out)
