"""Many calls, some of them at once."""

from __future__ import annotations

import asyncio
import contextvars
import io
from collections.abc import Iterator
from typing import Any

import pytest

from mirascope import llm
from mirascope.core._providers import is_installed
from mirascope.sandbox import Sandbox

from .terminal import Terminal


@llm.call("openai", "gpt-4o-mini", call_params={"max_retries": 0})  # type: ignore[typeddict-unknown-key]
async def ask(text: str) -> str:
    return text


class Counted:
    """Things to be awaited that note how many are under way."""

    def __init__(self) -> None:
        self.now = self.most = self.begun = 0

    async def __call__(self, value: int, pauses: int = 3) -> int:
        self.begun += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(pauses):
                await asyncio.sleep(0)
        finally:
            self.now -= 1
        return value


async def test_replies_come_in_the_order_of_the_calls(box: Sandbox) -> None:
    responses = await llm.gather([ask(str(number)) for number in range(20)], at_once=5)
    expected = [f"Sandbox reply to: {number}" for number in range(20)]
    assert [response.content for response in responses] == expected
    assert len(box.requests) == 20


def test_from_a_sync_program(box: Sandbox) -> None:
    responses = asyncio.run(llm.gather(map(ask, ["a", "b"])))
    assert [response.content[-1] for response in responses] == ["a", "b"]


@pytest.mark.parametrize("at_once", [1, 3, 50])
async def test_no_more_than_allowed_are_under_way(at_once: int) -> None:
    counted = Counted()
    # The later, the sooner done.
    values = await llm.gather([counted(n, 20 - n) for n in range(20)], at_once=at_once)
    assert values == list(range(20))
    assert counted.most == min(at_once, 20)


async def test_generator_is_asked_when_it_is_its_turn() -> None:
    counted = Counted()

    def calls() -> Iterator[Any]:
        for number in range(10):
            assert counted.now < 2
            yield counted(number)

    assert await llm.gather(calls(), at_once=2) == list(range(10))


async def test_nothing_to_await() -> None:
    assert await llm.gather([]) == []
    assert await llm.gather(iter(())) == []


async def test_first_error_is_raised_unchanged_and_the_rest_is_not_begun(box: Sandbox) -> None:
    import openai

    box.fail(400)
    with pytest.raises(openai.BadRequestError) as caught:
        await llm.gather([ask(str(number)) for number in range(9)], at_once=1)
    assert caught.value.status_code == 400
    assert len(box.requests) == 1


async def test_error_cancels_what_is_under_way() -> None:
    counted = Counted()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise KeyError("no")

    with pytest.raises(KeyError, match="no"):
        await llm.gather([counted(1, 10**9), fail(), *(counted(n) for n in range(9))], at_once=2)
    assert counted.now == 0
    assert counted.begun == 1


async def test_exceptions_in_the_place_of_results(box: Sandbox) -> None:
    box.fail(400)
    outcomes = await llm.gather([ask("a"), ask("b"), ask("c")], at_once=1, return_exceptions=True)
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "BadRequestError",
        "CallResponse",
        "CallResponse",
    ]


async def test_cancelling_ends_all() -> None:
    counted = Counted()
    task = asyncio.create_task(llm.gather([counted(n, 10**9) for n in range(9)], at_once=4))
    while counted.now < 4:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (counted.now, counted.begun) == (0, 4)


async def test_what_others_cancelled_is_not_taken_for_a_result() -> None:
    gone = asyncio.get_running_loop().create_future()
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await llm.gather([gone, Counted()(1)])


async def test_context_of_one_is_not_seen_by_another() -> None:
    variable = contextvars.ContextVar("variable", default=0)

    async def change() -> int:
        variable.set(variable.get() + 1)
        return variable.get()

    assert await llm.gather([change() for _ in range(4)], at_once=1) == [1, 1, 1, 1]


async def test_none_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more, not 0"):
        await llm.gather([], at_once=0)


# --- progress


async def test_nothing_is_shown_where_nobody_watches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = io.StringIO()
    await llm.gather([Counted()(1)], progress=True, file=file)
    await llm.gather([Counted()(1)], progress=True)
    assert file.getvalue() == ""
    assert capsys.readouterr() == ("", "")


async def test_nothing_is_shown_unasked(terminal: Terminal) -> None:
    await llm.gather([Counted()(1)], file=terminal.file)
    assert terminal.text() == ""


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.skipif(not is_installed("rich"), reason="the package `rich` is not installed")
async def test_bar_on_a_terminal(terminal: Terminal, sized: bool) -> None:
    calls = [Counted()(n) for n in range(12)]
    await llm.gather(calls if sized else iter(calls), progress=True, file=terminal.file)
    assert ("12/12" if sized else "12/?") in terminal.text()


@pytest.mark.parametrize("sized", [True, False])
async def test_counter_on_a_terminal_without_rich(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, sized: bool
) -> None:
    terminal.hide_rich(monkeypatch)
    calls = [Counted()(n) for n in range(2)]
    await llm.gather(calls if sized else iter(calls), progress=True, file=terminal.file)
    of = " of 2" if sized else ""
    assert terminal.text() == f"\r1{of} done\r2{of} done\r\n"


async def test_counter_leaves_its_line_where_one_fails(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.hide_rich(monkeypatch)
    gone = asyncio.get_running_loop().create_future()
    gone.set_exception(KeyError("no"))
    with pytest.raises(KeyError):
        await llm.gather([Counted()(1), gone], at_once=1, progress=True, file=terminal.file)
    assert terminal.text() == "\r1 of 2 done\r\n"
