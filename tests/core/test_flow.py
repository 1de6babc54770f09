"""Sync and async: how functions look, whose settings a call sees, what the drivers promise."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mirascope import llm
from mirascope.core import anthropic as core_anthropic
from mirascope.core import openai as core_openai
from mirascope.core import prompt_template
from mirascope.core.base._flow import Flow, run, run_async, step
from mirascope.sandbox import Sandbox

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "stream": {"stream": True},
    "structured": {"response_model": list[str]},
}


def models(box: Sandbox) -> list[tuple[str, str]]:
    """What was asked for and of which model, in the order of the requests."""
    return [(str(r.body["messages"][-1]["content"]), r.body["model"]) for r in box.requests]


@llm.call("openai", "base")
def ask(text: str) -> str:
    return text


@llm.call("openai", "base")
async def ask_async(text: str) -> str:
    await asyncio.sleep(0)
    return text


# --- what a decorated function looks like


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_async_functions_stay_async_functions(options: dict[str, Any]) -> None:
    async def fn(genre: str) -> str:
        """Recommend a book."""
        return genre

    decorators: list[Callable[..., Any]] = [
        llm.call("openai", "base", **options),
        core_openai.call("base", **options),
        core_anthropic.call("base", **options),
        prompt_template("Recommend a {genre} book"),
        lambda fn: llm.override(llm.call("openai", "base")(fn), **(options or {"tools": []})),
    ]
    for decorate in decorators:
        decorated = decorate(fn)
        assert inspect.iscoroutinefunction(decorated)
        assert decorated.__name__ == "fn"
        assert decorated.__doc__ == "Recommend a book."
        assert inspect.signature(decorated) == inspect.signature(fn)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_sync_functions_stay_sync_functions(options: dict[str, Any]) -> None:
    decorated = llm.call("openai", "base", **options)(lambda genre: genre)
    assert not inspect.iscoroutinefunction(decorated)
    assert not inspect.iscoroutinefunction(llm.override(decorated, tools=[]))


async def test_functions_without_a_name(box: Sandbox) -> None:
    class Prompt:
        async def __call__(self, genre: str) -> str:
            return genre

    async def two(first: str, second: str) -> str:
        return first + second

    assert (await llm.call("openai", "base")(Prompt())("a")).content
    assert (await llm.call("openai", "base")(functools.partial(two, "a"))("b")).content
    assert [text for text, _ in models(box)] == ["a", "ab"]


async def test_methods(box: Sandbox) -> None:
    class Librarian:
        model = "base"

        @llm.call("openai", "base")
        def ask(self, text: str) -> str:
            return text

        @llm.call("openai", "base")
        async def ask_async(self, text: str) -> str:
            return text

    librarian = Librarian()
    librarian.ask("one")
    await librarian.ask_async("two")
    assert inspect.iscoroutinefunction(librarian.ask_async)
    llm.override(librarian.ask, provider="anthropic", model="other")("three")
    await llm.override(librarian.ask_async, provider="anthropic", model="other")("four")
    llm.override(Librarian.ask, provider="openai", model="third")(librarian, "five")
    assert models(box) == [
        ("one", "base"),
        ("two", "base"),
        ("three", "other"),
        ("four", "other"),
        ("five", "third"),
    ]


# --- whose settings a call sees


def test_contexts_nest_and_end(box: Sandbox) -> None:
    ask("none")
    with llm.context(provider="openai", model="outer"):
        ask("outer")
        with llm.context(provider="anthropic", model="inner"):
            ask("inner")
            with llm.context(call_params={"max_tokens": 7}):
                ask("innermost")
            ask("inner again")
        ask("outer again")
    ask("none again")
    assert [model for _, model in models(box)] == [
        *("base", "outer", "inner", "inner", "inner", "outer", "base"),
    ]
    assert [request.body.get("max_tokens") == 7 for request in box.requests] == [
        *(False, False, False, True, False, False, False),
    ]


def test_a_context_ends_with_an_exception(box: Sandbox) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        llm.context(provider="openai", model="outer"),
        llm.context(provider="openai", model="inner"),
    ):
        raise ZeroDivisionError
    ask("after")
    assert models(box) == [("after", "base")]


async def test_tasks_do_not_see_each_others_context(box: Sandbox) -> None:
    async def work(name: str) -> None:
        for _ in range(5):
            with llm.context(provider="openai", model=name):
                await ask_async(name)
                await asyncio.sleep(0)
                await ask_async(name)
            await ask_async("base")

    async def bystander() -> None:
        for _ in range(10):
            await ask_async("base")

    await asyncio.gather(work("a"), work("b"), bystander(), work("c"))
    assert len(box.requests) == 55
    assert all(text == model for text, model in models(box))


async def test_a_task_starts_with_the_context_it_was_made_in(box: Sandbox) -> None:
    async def later() -> None:
        await asyncio.sleep(0.01)
        await ask_async("in")

    with llm.context(provider="openai", model="in"):
        task = asyncio.create_task(later())
    await ask_async("base")
    await task
    assert sorted(models(box)) == [("base", "base"), ("in", "in")]


async def test_a_coroutine_keeps_the_context_it_was_made_in(box: Sandbox) -> None:
    with llm.context(provider="openai", model="in"):
        inside = ask_async("in")
    outside = ask_async("base")
    with llm.context(provider="openai", model="elsewhere"):
        await inside
        await outside
        await ask_async("elsewhere")
    assert all(text == model for text, model in models(box))


async def test_a_call_inside_a_prompt_function_sees_the_context(box: Sandbox) -> None:
    @llm.call("openai", "base")
    async def outer() -> str:
        return (await ask_async("inner")).content

    with llm.context(provider="openai", model="in"):
        coroutine = outer()
    await coroutine
    await outer()
    assert [model for _, model in models(box)] == ["in", "in", "base", "base"]


def test_threads_start_without_a_context(box: Sandbox) -> None:
    import contextvars

    with llm.context(provider="openai", model="in"), ThreadPoolExecutor(1) as pool:
        pool.submit(ask, "base").result()
        pool.submit(contextvars.copy_context().run, ask, "in").result()
    assert all(text == model for text, model in models(box))


def test_an_override_keeps_threads_apart(box: Sandbox) -> None:
    parser = llm.override(ask, output_parser=lambda response: response.model)
    start = threading.Barrier(4)

    def work(name: str) -> list[str]:
        start.wait()
        seen: list[str] = []
        for _ in range(30):
            with llm.context(provider="openai", model=name):
                seen.append(str(parser(name)))
        return seen

    with ThreadPoolExecutor(4) as pool:
        for name, seen in zip("abcd", pool.map(work, "abcd"), strict=True):
            assert set(seen) == {name}


async def test_overrides(box: Sandbox) -> None:
    async_other = llm.override(ask_async, provider="anthropic", model="other")
    with llm.context(provider="openai", model="in"):
        assert (await async_other("other")).provider == "anthropic"
        await ask_async("in")
        stream = await llm.override(ask_async, stream=True)("in")
    async for _ in stream:
        pass
    await ask_async("base")
    assert all(text == model for text, model in models(box))


async def test_a_stream_keeps_the_context_of_its_call(box: Sandbox) -> None:
    with llm.context(provider="openai", model="in"):
        stream = await llm.override(ask_async, stream=True)("in")
        sync = llm.override(ask, stream=True)("in")
    async for _ in stream:
        pass
    assert list(sync)
    assert all(text == model for text, model in models(box))


async def test_a_failed_call_leaves_no_settings_behind(box: Sandbox) -> None:
    @llm.call("openai", "base")
    async def broken(text: str) -> str:
        raise ZeroDivisionError

    with llm.context(provider="openai", model="in"):
        coroutine = broken("x")
    with pytest.raises(ZeroDivisionError):
        await coroutine
    with pytest.raises(ZeroDivisionError):
        await llm.override(broken, provider="openai", model="other")("x")
    task = asyncio.create_task(llm.override(ask_async, provider="openai", model="gone")("x"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ask_async("base")
    assert models(box)[-1] == ("base", "base")


# --- the drivers


def test_flows_run_sync_and_async() -> None:
    async def double(number: int) -> int:
        await asyncio.sleep(0)
        return number * 2

    def total(action: Callable[[int], Any]) -> Flow[int]:
        first = yield from step(action, 1)
        second = yield from step(action, number=first)
        return first + second

    assert run(total(lambda number: number * 2)) == 6
    assert asyncio.run(run_async(total(double))) == 6
    assert asyncio.run(run_async(total(lambda number: number * 2))) == 6


def _fail() -> Any:
    raise KeyError("x")


async def _fail_async() -> Any:
    raise KeyError("x")


@pytest.mark.parametrize("fail", [_fail, _fail_async])
def test_errors_are_raised_inside_the_flow(fail: Callable[[], Any]) -> None:
    seen: list[str] = []

    def flow() -> Flow[str]:
        try:
            yield from step(fail)
        except KeyError:
            seen.append("caught")
        finally:
            yield from step(seen.append, "cleaned up")
        return "done"

    drivers = [run] if fail is _fail else []
    drivers.append(lambda flow: asyncio.run(run_async(flow)))
    for drive in drivers:
        seen.clear()
        assert drive(flow()) == "done"
        assert seen == ["caught", "cleaned up"]


async def test_cancellation_runs_the_clean_up_of_a_flow() -> None:
    seen: list[str] = []

    async def clean_up() -> None:
        await asyncio.sleep(0)
        seen.append("cleaned up")

    def flow() -> Flow[None]:
        try:
            yield from step(asyncio.sleep, 10)
        finally:
            yield from step(clean_up)

    task = asyncio.create_task(run_async(flow()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cleaned up"]
