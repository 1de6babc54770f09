"""What arrives bit by bit, under a sync loop or an async one, and is closed exactly once.

A `Source` is what arrives; a `Feed` is one pass over it, of which a subclass says what each event
yields. Both kinds of loop are written here, beside `_flow.py`, and nowhere else.
"""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from types import AsyncGeneratorType
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar, cast

from ._flow import Flow, raise_in_place_of, run, run_async, step

ItemT = TypeVar("ItemT")


class Source(ABC):
    """Something that arrives bit by bit: iterable or async iterable, and closed exactly once."""

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...

    @abstractmethod
    def __aiter__(self) -> AsyncIterator[Any]: ...

    @abstractmethod
    def close(self) -> Flow[None]:
        """Give the connection back. Called exactly once, whatever happened before."""

    def interrupt(self) -> None:
        """Break the connection, so that a read ends that another thread waits for.

        Closing it does not wake that thread. Does nothing where the SDK hides the connection: the
        read then ends with the next event, or by the SDK's own time limit.
        """
        return


class ClosedOnce(Source):
    """A source that may be closed from more than one place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._is_closed = False

    def __iter__(self) -> Iterator[Any]:
        return iter(self._source)

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self._source)

    def close(self) -> Flow[None]:
        if not self._is_closed:
            self._is_closed = True
            yield from self._source.close()

    def interrupt(self) -> None:
        self._source.interrupt()


END: Final[Any] = object()
"""What there is when an iterator has nothing left."""


def pulled(iterator: Any, is_async: bool) -> Flow[Any]:
    """The next item of an iterator, sync or async, or `END`."""
    following: Any = anext if is_async else next
    return (yield from step(following, iterator, END))


def unwound(iterator: Any) -> Flow[None]:
    """End an async generator whose connection has been closed, and those that it reads from.

    The next read fails, which ends all of them here and now. Left to themselves, each is ended
    later and in a task of its own: some at the same time, and some when the event loop has ended.
    """
    if isinstance(iterator, AsyncGeneratorType) and not iterator.ag_running:
        try:
            # What had arrived already may be read before.
            while (yield from pulled(iterator, is_async=True)) is not END:
                pass
        except Exception as error:
            _forget(error)


def _forget(error: BaseException) -> None:
    """Let go of what an error that nobody will see holds on to.

    aiohttp raises one and the same object for every connection that has been closed, and with it
    grows the list of the places where it was raised.
    """
    seen: BaseException | None = error
    while seen is not None and seen.__traceback__ is not None:
        seen.__traceback__ = None
        seen = seen.__cause__ or seen.__context__


class Begun(NamedTuple):
    """A pass that has begun."""

    source: Source
    """What is still to come."""
    items: Sequence[Any]
    """What has come already."""
    is_over: bool = False
    """Nothing is still to come, and `finish` has been called."""


class _Continued(ClosedOnce):
    """A source of which the first events have been taken."""

    def __init__(self, source: Source, iterator: Any) -> None:
        super().__init__(source)
        self._iterator = iterator

    def __iter__(self) -> Iterator[Any]:
        return cast(Iterator[Any], self._iterator)

    def __aiter__(self) -> AsyncIterator[Any]:
        return cast(AsyncIterator[Any], self._iterator)


class Feed(ABC, Generic[ItemT]):
    """One pass over a source, sync or async: a subclass says what each event yields.

    Whatever ends the pass (exhaustion, an error, `break`, `close()`, a cancelled task, garbage
    collection) closes the source.
    """

    _is_async: bool = False
    _started: bool = False
    _closed: bool = False
    """Closed by the caller: what the source says from then on is of no interest."""
    _iteration: Callable[[], Any] | None = None
    """A weak reference to the pass under way, so that dropping its last strong one ends it."""
    _source: Source | None = None
    """The source, as long as it is open."""
    _begin: Callable[[], Flow[Begun]] | None = None
    """How the pass begins where it does not simply open the source."""

    @abstractmethod
    def open(self) -> Flow[Source]:
        """Send the request; the source is what comes back."""

    @abstractmethod
    def feed(self, event: Any) -> Iterable[ItemT]:
        """What `event` of the source amounts to."""

    @abstractmethod
    def finish(self) -> Iterable[ItemT]:
        """What is left to yield when the source is exhausted."""

    def is_complete(self) -> bool:
        """Whether all has arrived, so that the source may break without harm."""
        return False

    def stop(self) -> None:
        """Called when the pass has ended, for whatever reason; again where it was left before."""

    def fail(self, error: Exception) -> Exception:
        """The exception to raise in the place of `error`, which broke the pass."""
        return error

    def __iter__(self) -> Iterator[ItemT]:
        self._check_use(is_async=False)
        iteration = self._items()
        if not self._started:
            self._iteration = weakref.ref(iteration)
        return iteration

    def __aiter__(self) -> AsyncIterator[ItemT]:
        self._check_use(is_async=True)
        iteration = self._items_async()
        if not self._started:
            self._iteration = weakref.ref(iteration)
        return iteration

    def _items(self) -> Generator[ItemT, None, None]:
        if self._started:
            return
        self._started = True
        try:
            begun = run(self._begin()) if self._begin else Begun(run(self.open()), ())
            self._source = source = begun.source
            try:
                for item in begun.items:
                    if self._closed:
                        return
                    yield item
                if begun.is_over or self._closed:
                    return
                feed = self.feed
                try:
                    for event in source:
                        # Closed while it was waited for, or while what it held was looked at.
                        if not self._closed:
                            for item in feed(event):
                                if self._closed:
                                    return
                                yield item
                        if self._closed:
                            return
                except Exception:
                    if not self.is_complete():
                        raise
                if not self._closed:
                    for item in self.finish():
                        if self._closed:
                            return
                        yield item
            finally:
                run(self._release())
        except Exception as error:
            if not self._closed:
                raise_in_place_of(error, self.fail(error))
            _forget(error)
        finally:
            self.stop()

    async def _items_async(self) -> AsyncGenerator[ItemT, None]:
        if self._started:
            return
        self._started = True
        try:
            begin = self._begin
            begun = await run_async(begin()) if begin else Begun(await run_async(self.open()), ())
            self._source = source = begun.source
            try:
                if self._closed:
                    return
                for item in begun.items:
                    yield item
                if begun.is_over:
                    return
                try:
                    async for event in source:
                        if self._closed:
                            return
                        for item in self.feed(event):
                            yield item
                except Exception:
                    if not self.is_complete():
                        raise
                if not self._closed:
                    for item in self.finish():
                        yield item
            finally:
                await run_async(self._release())
        except Exception as error:
            if not self._closed:
                raise_in_place_of(error, self.fail(error))
            _forget(error)
        finally:
            self.stop()

    def first_items(self) -> Flow[Begun]:
        """Open the source and take from it up to the first items.

        Where that fails the source is closed, and raised is what iterating would raise.
        """
        source: Source | None = None
        try:
            source = yield from self.open()
            iterator = aiter(source) if self._is_async else iter(source)
            while (event := (yield from pulled(iterator, self._is_async))) is not END:
                if items := list(self.feed(event)):
                    return Begun(_Continued(source, iterator), items)
            return Begun(source, list(self.finish()), is_over=True)
        except BaseException as error:
            if source is not None:
                yield from source.close()
            if isinstance(error, Exception):
                raise_in_place_of(error, self.fail(error))
            raise

    def become(self, other: Feed[ItemT]) -> None:
        """Go on as `other`, whose pass has begun. The pass stays this one's."""
        if other is not self:
            kept = {name: value for name, value in vars(self).items() if name in _OF_THE_PASS}
            vars(self).clear()
            vars(self).update(vars(other), **kept)
            cast(Any, self).__class__ = type(other)

    def close(self) -> None:
        """End the stream now and give its connection back. What has arrived stays readable.

        The pass ends quietly, also one in another thread that waits for the next event. Raises
        TypeError on the stream of an async call, which has `aclose`.
        """
        self._check_use(is_async=False)
        self._started = self._closed = True
        iteration = self._iteration and self._iteration()
        source = self._source
        if source is None:
            return
        if iteration and iteration.gi_running:
            # It ends the pass by itself. Were the socket closed while another thread reads from it,
            # that thread would go on with whatever is opened next under the same number.
            source.interrupt()
        else:
            run(self._release())
        self.stop()

    async def aclose(self) -> None:
        """End the stream now and give its connection back. What has arrived stays readable.

        The pass ends quietly, also one in another task that waits for the next event. Raises
        TypeError on the stream of a sync call, which has `close`.
        """
        self._check_use(is_async=True)
        self._started = self._closed = True
        iteration = self._iteration and self._iteration()
        if iteration and not iteration.ag_running:
            await iteration.aclose()
        if self._source is not None:
            # A pass that was left by `break` ends only when the event loop gets round to it.
            await run_async(self._release())
            self.stop()

    def _check_use(self, *, is_async: bool) -> None:
        if is_async is self._is_async:
            return
        if self._is_async:
            raise TypeError(
                "This stream belongs to an async call: use `async for`, `async with`, `aclose()`."
            )
        raise TypeError("This stream belongs to a sync call: use `for`, `with`, `close()`.")

    def _release(self) -> Flow[None]:
        source, self._source = self._source, None
        if source is not None:
            yield from source.close()

    def __enter__(self) -> Self:
        self._check_use(is_async=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._check_use(is_async=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


_OF_THE_PASS = frozenset({"_started", "_closed", "_iteration", "_source", "_begin"})
