"""How a function that `llm.call` made carries its automatic loop. Light: every call imports it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any

from ._settings import Settings, active

if TYPE_CHECKING:
    from ..retries._tries import Tries
    from ._source import Source
    from .tool_calls import AfterCall, BeforeCall

Loop = Callable[["Hooks", int | None, tuple[Any, ...], Mapping[str, Any]], Any]
"""Starts a chain: with hooks and a limit, for the arguments of the prompt function."""

_NAME = "__mirascope_loop__"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What is called around each tool."""

    before_call: BeforeCall | None = None
    after_call: AfterCall | None = None

    def check(self, is_async: bool) -> None:
        """Raise TypeError for an async hook of a sync chain."""
        from inspect import iscoroutinefunction

        for name in ("before_call", "after_call"):
            if not is_async and iscoroutinefunction(getattr(self, name)):
                raise TypeError(
                    f"`{name}` is async, and the chain is sync. Write it with `def`, or chain an "
                    "async function or model."
                )


_NO_HOOKS = Hooks()


def loop_attributes(loop: Loop) -> dict[str, Any]:
    """What a decorated function has for its loop: `chain`, and what `llm.chain` finds."""

    def chain(*args: Any, **kwargs: Any) -> Any:
        """Call the function, and run the tools that the model calls until it calls no more.

        Takes what the function takes, and gives a `ChainResponse`: an `AsyncChainResponse` where
        the function is async. `llm.chain(function, …)` also takes hooks and a limit.
        """
        return loop(_NO_HOOKS, None, args, kwargs)

    return {"chain": chain, _NAME: loop}


def loop_of(fn: Any) -> Loop | None:
    """The loop of a function that `llm.call` made, and of a method; None for any other."""
    loop: Loop | None = getattr(fn, _NAME, None)
    if loop is None or not isinstance(fn, MethodType):
        return loop
    owner, of_function = fn.__self__, loop
    return lambda hooks, limit, args, kwargs: of_function(hooks, limit, (owner, *args), kwargs)


def under(loop: Loop, settings: Callable[[], Settings]) -> Loop:
    """The loop, started while other settings are in force."""

    def start(hooks: Hooks, limit: int | None, args: Any, kwargs: Any) -> Any:
        before, now = active.get(), settings()
        active.set(now)
        try:
            return loop(hooks, limit, args, kwargs)
        finally:
            active.set(before)

    return start


TriesFor = Callable[["Source", bool, Callable[[Loop], "Source"]], "Tries[Source]"]
"""Makes the attempts at one request, given whether it is async and what starts another loop."""


def with_tries(loop: Loop, tries_for: TriesFor) -> Loop:
    """The loop, each request of which is made in several attempts."""

    def start(hooks: Hooks, limit: int | None, args: Any, kwargs: Any) -> Any:
        def source_of(other: Loop) -> Source:
            source: Source = other(hooks, limit, args, kwargs)._source
            return source

        def tries(source: Source, is_async: bool) -> Tries[Source]:
            return tries_for(source, is_async, source_of)

        chain = loop(hooks, limit, args, kwargs)
        chain._source.tries += (tries,)
        return chain

    return start
