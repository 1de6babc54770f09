"""Where sync and async meet, with `_feed.py` for streams, and nowhere else.

A flow is a generator that yields the things to be done (`step`) and receives their results. The
same flow runs under `run`, where a step's result is its value, and under `run_async`, where it may
be awaitable. An exception raised by a step is thrown into the flow, so `try`/`except`/`finally` in
a flow mean what they say, also when a task is cancelled.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

P = ParamSpec("P")
T = TypeVar("T")

_MOST_PAUSES = 10

Action = Callable[[], Any]
Flow = Generator[Action, Any, T]


def step(action: Callable[P, Awaitable[T] | T], *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
    """Do one thing that may block: call `action`, and await what it returns under `run_async`."""
    result: T = yield functools.partial(action, *args, **kwargs) if args or kwargs else action
    return result


def blocking_step(
    is_async: bool, action: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> Flow[T]:
    """Do one thing that blocks; in an async flow a thread does it, and the event loop goes on."""
    if not is_async:
        return (yield from step(action, *args, **kwargs))
    import asyncio

    return (yield from step(asyncio.to_thread, action, *args, **kwargs))


def run(flow: Flow[T]) -> T:
    """Run a flow to its end, each step at once."""
    try:
        action = flow.send(None)
        while True:
            try:
                result = action()
            except BaseException as error:
                action = flow.throw(error)
            else:
                action = flow.send(result)
    except StopIteration as end:
        return cast(T, end.value)


async def run_async(flow: Flow[T]) -> T:
    """Run a flow to its end, awaiting the steps whose result is awaitable."""
    try:
        action = flow.send(None)
        while True:
            try:
                result = action()
                if hasattr(result, "__await__"):
                    result = await result
            except BaseException as error:
                action = flow.throw(error)
            else:
                action = flow.send(result)
    except StopIteration as end:
        return cast(T, end.value)


def run_in_loop(loop: AbstractEventLoop, flow: Flow[T]) -> T:
    """Run a flow to its end in an event loop that is not running."""
    return loop.run_until_complete(run_async(flow))


def run_outside_loop(flow: Flow[None]) -> None:
    """Run a flow of async steps without an event loop: where it has to wait, it is given up."""
    coroutine = run_async(flow)
    with contextlib.suppress(Exception):
        for _ in range(_MOST_PAUSES):
            # None is a mere pause (`asyncio.sleep(0)`), anything else a thing to wait for.
            if coroutine.send(None) is not None:
                break
    coroutine.close()


def as_function(
    like: Callable[..., Any], start: Callable[..., Flow[Any]], is_async: bool
) -> Callable[..., Any]:
    """A plain function in the place of `like` that runs the flow of `start(*args, **kwargs)`.

    `start` runs when the function is called, also when the function is async: what it reads from
    the context (`contextvars`) is that of the caller, wherever the coroutine is awaited later.
    """
    if not is_async:

        def call(*args: Any, **kwargs: Any) -> Any:
            return run(start(*args, **kwargs))

        return _dressed(call, like)

    def call_async(*args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        return run_async(start(*args, **kwargs))

    return as_coroutine_function(_dressed(call_async, like))


def _dressed(function: Callable[..., Any], like: Callable[..., Any]) -> Callable[..., Any]:
    functools.update_wrapper(function, like)
    # `functools.partial` objects and callable instances have no name of their own.
    if not hasattr(like, "__name__"):
        function.__name__ = type(like).__name__
    return function


FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


def as_coroutine_function(function: FunctionT) -> FunctionT:
    """Mark a plain function that returns a coroutine, for those who ask `inspect`."""
    if sys.version_info >= (3, 12):
        return cast(FunctionT, inspect.markcoroutinefunction(function))
    # Before 3.12 `inspect.iscoroutinefunction` looks at this flag of the code alone, and since 3.11
    # the interpreter does not: the function still runs when it is called and returns a coroutine.
    plain = cast(FunctionType, function)
    plain.__code__ = plain.__code__.replace(co_flags=plain.__code__.co_flags | inspect.CO_COROUTINE)
    return function


def raise_in_place_of(error: Exception, better: Exception) -> NoReturn:
    """Raise `better`, with `error` as its cause where they differ."""
    if better is error:
        raise error
    raise better from error


async def _until_the_loop_ends(close: Callable[[], Flow[None]]) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await run_async(close())


def at_end_of_loop(close: Callable[[], Flow[None]]) -> object:
    """Run the flow that `close` gives when the running event loop is about to end.

    An event loop closes the async generators that were started in it before it ends
    (`loop.shutdown_asyncgens`, as `asyncio.run` does); this starts one. The caller keeps the object
    that is returned for as long as the flow is wanted.
    """
    guard = _until_the_loop_ends(close)
    with contextlib.suppress(StopIteration):
        guard.__anext__().send(None)
    return guard
