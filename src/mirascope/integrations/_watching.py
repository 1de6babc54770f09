"""What goes on around a call: where it begins, what comes of it, and where it is over."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeVar, cast

from ..core.base._controls import ambient, held_to
from ..core.base._feed import Feed
from ..core.base._flow import Flow, as_function, run, run_async, step
from ..llm._settings import active, within

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Watch(ABC):
    """One call that is watched. Its methods are flows: each may do something that blocks."""

    @abstractmethod
    def calling(self, call: Flow[Any]) -> Flow[Any]:
        """Run the call. A stream that comes back has not been sent yet."""

    @abstractmethod
    def replied(self, result: Any) -> Flow[None]:
        """The call has given its result; for a stream, its pass has ended, however it ended."""

    @abstractmethod
    def failed(self, error: Exception) -> Flow[Any]:
        """The call has failed: what this gives is the result in its place. Raises otherwise."""

    @abstractmethod
    def leave(self, error: BaseException | None) -> None:
        """The call is over, with the error that it ends in."""


def watched(fn: FunctionT, start_watch: Callable[[], Watch], in_stream_too: bool) -> FunctionT:
    """The call `fn`, with a watch of its own for each time it is called.

    `in_stream_too` says whether `failed` may also end the pass of a stream quietly.
    """

    def start(*args: Any, **kwargs: Any) -> Flow[Any]:
        # A coroutine may be awaited elsewhere: what is in force here is what counts for it.
        flow = held_to(ambient.get(), step(fn, *args, **kwargs))
        return _watched(start_watch(), within(active.get(), flow), in_stream_too)

    return cast(FunctionT, as_function(fn, start, inspect.iscoroutinefunction(fn)))


def _watched(watch: Watch, call: Flow[Any], in_stream_too: bool) -> Flow[Any]:
    try:
        try:
            result = yield from watch.calling(call)
        except Exception as error:
            result = yield from watch.failed(error)
        if isinstance(result, Feed):
            stream: Feed[Any] = cast(Any, result)
            return _with_watched_pass(stream, watch, in_stream_too)
        yield from watch.replied(result)
    except BaseException as error:
        watch.leave(error)
        raise
    watch.leave(None)
    return result


def _with_watched_pass(stream: Feed[Any], watch: Watch, in_stream_too: bool) -> Feed[Any]:
    def items() -> Generator[Any, None, None]:
        kind = type(stream)
        vars(stream).pop("_items", None)
        try:
            try:
                yield from kind._items(stream)
            except Exception as error:
                if not in_stream_too:
                    raise
                run(watch.failed(error))
            finally:
                run(watch.replied(stream))
        except BaseException as error:
            watch.leave(error)
            raise
        watch.leave(None)

    async def items_async() -> AsyncGenerator[Any, None]:
        kind = type(stream)
        vars(stream).pop("_items_async", None)
        try:
            try:
                inner = kind._items_async(stream)
                try:
                    async for item in inner:
                        yield item
                finally:
                    await inner.aclose()
            except Exception as error:
                if not in_stream_too:
                    raise
                await run_async(watch.failed(error))
            finally:
                await run_async(watch.replied(stream))
        except BaseException as error:
            watch.leave(error)
            raise
        watch.leave(None)

    # In the instance, so that the class stays the one that a caller knows.
    if stream._is_async:
        vars(stream)["_items_async"] = items_async
    else:
        vars(stream)["_items"] = items
    return stream
