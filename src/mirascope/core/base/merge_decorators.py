"""Several decorators under one name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def merge_decorators(
    decorator: Callable[[Callable[..., Any]], Callable[..., Any]],
    *additional_decorators: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> Callable[[], Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """One decorator that does what several do, the first of them outermost.

        ask_openai = merge_decorators(openai.call("gpt-4o-mini"), prompt_template("Say {x}"))

        @ask_openai()
        def say(x: str): ...

    They are applied once, when the function is decorated; its name and docstring are kept.
    """
    decorators = (*reversed(additional_decorators), decorator)

    def merged() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
            function = fn
            for each in decorators:
                function = each(function)
            _name_after(function, fn)
            return function

        return decorate

    return merged


def _name_after(function: Any, fn: Any) -> None:
    for name in functools.WRAPPER_ASSIGNMENTS:
        if hasattr(fn, name) and getattr(function, name, None) != getattr(fn, name):
            setattr(function, name, getattr(fn, name))
