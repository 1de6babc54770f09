"""How the tools of one turn run: at the same time, in the caller's context, never in its way."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from typing import Any

import pytest

from mirascope import BaseTool, BaseToolKit, llm
from mirascope.core import toolkit_tool
from mirascope.sandbox import Sandbox, ToolCall

from .faces import Face

who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


def slow(number: int) -> str:
    """Take a while."""
    time.sleep(0.3)
    return f"{who.get()} {number}"


async def slow_async(number: int) -> str:
    """Take a while."""
    await asyncio.sleep(0.3)
    return f"{who.get()} {number}"


def results(box: Sandbox) -> list[str]:
    return [m["content"] for m in box.requests[-1].body["messages"] if m["role"] == "tool"]


@pytest.mark.parametrize("tool", [slow, slow_async])
async def test_one_turn_runs_at_once(face: Face, box: Sandbox, tool: Any) -> None:
    await face.get(face.model().prompt("warm up").text())
    box.reply([ToolCall(tool.__name__, {"number": number}) for number in range(4)])
    who.set("caller")
    times: list[float] = []

    def note(*_: Any) -> None:
        times.append(time.perf_counter())

    chain = face.model().chain("Go", tools=[tool], before_call=note, after_call=note)
    await face.get(chain.text())
    assert results(box) == [f"caller {number}" for number in range(4)]
    assert times[4] - times[0] < 0.6


async def test_sync_tools_do_not_hold_up_the_loop(box: Sandbox) -> None:
    model = llm.get_async_model("gpt-4o-mini")
    await model.prompt("warm up").text()
    box.reply([ToolCall("slow", {"number": number}) for number in range(4)])
    stalls: list[float] = []
    times: list[float] = []

    async def tick() -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            stalls.append(now - before - 0.005)
            before = now

    def begin(*_: Any) -> None:
        times.append(time.perf_counter())

    chain = model.chain("Go", tools=[slow], before_call=begin, after_call=begin)
    ticker = asyncio.create_task(tick())
    await chain.text()
    ticker.cancel()
    assert times[4] - times[0] < 0.6
    assert max(stalls) < 0.05
    assert results(box) == [f"nobody {number}" for number in range(4)]


def test_async_tools_in_sync_code_keep_their_loop(box: Sandbox) -> None:
    """What one call opened in the loop is usable in the next, with or without a running loop."""
    loops: list[Any] = []

    async def where() -> str:
        """Tell the loop."""
        loops.append(asyncio.get_running_loop())
        return threading.current_thread().name

    model = llm.get_model("gpt-4o-mini")
    model.chain("Go", tools=[where]).text()

    async def inside_a_loop() -> None:
        loops.append(asyncio.get_running_loop())
        model.chain("Go", tools=[where]).text()

    asyncio.run(inside_a_loop())
    first, around, second = loops
    assert first is second
    assert first is not around
    assert results(box) == ["mirascope-async"]


def test_an_async_tool_that_waits_for_sync_code_with_async_tools(box: Sandbox) -> None:
    model = llm.get_model("gpt-4o-mini")

    async def inner() -> str:
        """Do it."""
        return "inner"

    async def outer() -> str:
        """Have it done."""
        return model.chain("Inner", tools=[inner]).text()

    text = model.chain("Outer", tools=[outer]).text()
    assert text.endswith("Sandbox reply with the tool's result: inner")


async def test_tools_within_tools_never_wait_for_each_other(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mirascope.llm import _tool_runner

    monkeypatch.setattr(_tool_runner, "MOST_THREADS", 1)
    monkeypatch.setattr(_tool_runner, "_pools", {})

    def inner() -> str:
        """Do it."""
        return "inner"

    def outer() -> str:
        """Have it done."""
        chain = llm.get_async_model("gpt-4o-mini").chain("Inner", tools=[inner])

        async def run() -> str:
            return await chain.text()

        return asyncio.run(run())

    chain = llm.get_async_model("gpt-4o-mini").chain("Outer", tools=[outer])
    assert (await asyncio.wait_for(chain.text(), 10)).endswith("inner")


def test_a_single_sync_tool_runs_in_the_thread_of_sync_code(box: Sandbox) -> None:
    def where() -> str:
        """Tell the thread."""
        return threading.current_thread().name

    llm.get_model("gpt-4o-mini").chain("Go", tools=[where]).text()
    assert results(box) == [threading.current_thread().name]


class Shelf(BaseTool):
    """Find a shelf."""

    number: int

    async def call(self) -> str:
        await asyncio.sleep(0)
        return f"shelf {self.number}"


class Library(BaseToolKit):
    """A library."""

    city: str

    @toolkit_tool
    async def hours(self) -> str:
        """When the library of {self.city} is open."""
        await asyncio.sleep(0)
        return f"{self.city}: 9 to 17"


async def test_every_kind_of_tool(face: Face, box: Sandbox) -> None:
    tools = [Shelf, Library(city="Oslo"), slow]
    box.reply([ToolCall("Shelf", {"number": 1}), ToolCall("hours", {})])
    await face.get(face.model().chain("Go", tools=tools).text())
    assert results(box) == ["shelf 1", "Oslo: 9 to 17"]


async def test_a_cancelled_chain_cancels_its_tools(box: Sandbox) -> None:
    seen: list[str] = []

    async def endless() -> str:
        """Never end."""
        seen.append("started")
        try:
            await asyncio.sleep(60)
        finally:
            seen.append("stopped")
        return ""

    chain = llm.get_async_model("gpt-4o-mini").chain("Go", tools=[endless])
    task = asyncio.create_task(chain.text())
    while not seen:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["started", "stopped"]


async def test_contexts_never_mix(box: Sandbox) -> None:
    """Two tasks in contexts of their own, thousands of calls by turns, and nested ones between."""

    @llm.call(provider="openai", model="gpt-4o-mini")
    async def ask() -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": "Hi"}], "client": Echo()}

    seen: dict[str, set[str]] = {"a": set(), "b": set()}

    async def work(name: str) -> None:
        with llm.context(provider="openai", model=name):
            for _ in range(2_500):
                seen[name].add((await ask()).model)
                await asyncio.sleep(0)
                with llm.context(provider="openai", model=f"{name}-inner"):
                    seen[name].add((await ask()).model)

    await asyncio.gather(work("a"), work("b"))
    assert seen == {"a": {"a", "a-inner"}, "b": {"b", "b-inner"}}


class Echo:
    """An async client that answers at once, with the model it was asked for."""

    def __init__(self) -> None:
        self.chat = self.completions = self

    async def create(self, **kwargs: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        message = {"role": "assistant", "content": "Hi"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "1", "model": kwargs["model"], "created": 1, "choices": [choice]}
