"""Which errors are caught, and how long is waited after them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, TypeAlias, cast, get_args

from ..core.base._controls import Overdue, ambient
from ..core.base._flow import Flow, step
from ..core.base._type_names import is_class
from ..errors import TRANSIENT, ErrorKind, describe

OneCatch: TypeAlias = (
    type[BaseException] | ErrorKind | Literal["transient"] | Callable[[Exception], bool]
)
Catch: TypeAlias = OneCatch | Sequence[OneCatch]
"""Classes of exceptions; kinds of error (`errors.ErrorKind`), which hold for any provider, or
`"transient"` for all that may pass; functions that are given an exception; or several of those."""

_KINDS: frozenset[str] = frozenset(get_args(ErrorKind))


class Catcher:
    """Says of an exception whether it is caught.

    Raises TypeError for what is no class of exceptions, kind or function, ValueError for a kind
    that there is not.
    """

    def __init__(self, catch: Catch) -> None:
        self._types: tuple[type[BaseException], ...] = ()
        self._kinds: frozenset[str] = frozenset()
        self._functions: list[Callable[[Exception], bool]] = []
        given: Any = catch
        is_one = isinstance(given, str) or not isinstance(given, Collection)
        several: list[Any] = [given] if is_one else list(cast(Any, given))
        for one in several:
            self._add(one)

    def _add(self, one: Any) -> None:
        if is_class(one, BaseException):
            self._types += (one,)
        elif isinstance(one, str):
            if one != "transient" and one not in _KINDS:
                known = ", ".join(f"`{kind}`" for kind in sorted({"transient", *_KINDS}))
                raise ValueError(f"There is no kind of error `{one}`. There are {known}.")
            self._kinds |= TRANSIENT if one == "transient" else {one}
        elif callable(one):
            self._functions.append(cast(Any, one))
        else:
            raise TypeError(
                f"{one!r} does not say what to catch. Give classes of exceptions, kinds of error "
                'such as "rate_limit" or "transient", or functions that are given the exception.'
            )

    def __call__(self, error: Exception) -> bool:
        """Whether the exception is caught."""
        if isinstance(error, Overdue):
            return False
        if isinstance(error, self._types):
            return True
        if self._kinds and describe(error).kind in self._kinds:
            return True
        return any(function(error) for function in self._functions)


def pause(seconds: float, is_async: bool) -> Flow[None]:
    """Wait."""
    if seconds > 0:
        wait: Any = asyncio.sleep if is_async else time.sleep
        yield from step(wait, seconds)


def time_left() -> float | None:
    """The seconds before the earliest deadline in force; None where there is none."""
    ends = [control.until for control in ambient.get() if control.until is not None]
    return max(0.0, min(ends) - time.monotonic()) if ends else None
