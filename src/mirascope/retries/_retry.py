"""Trying a call again when it fails for a reason that may pass."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, TypeVar, cast

from ..core.base._attempts import Attempt
from ..core.base._flow import Flow, as_function, step
from ..errors import describe
from ._catching import Catch, Catcher, pause, time_left
from ._tries import Tries, attempted

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, for which errors and after how long a call is tried again.

    A policy is a decorator, for functions of every call decorator; see `retry`.
    """

    attempts: int = 3
    """How often the call is tried at most, the first time included."""
    _: KW_ONLY
    catch: Catch = "transient"
    """Which errors it is tried again for."""
    first_wait: float = 0.5
    """Seconds before the second attempt; doubled before each further one."""
    longest_wait: float = 60.0
    """Seconds that are waited at most. Where the provider asks for more, the error is raised."""
    jitter: float = 0.5
    """Up to which share of it, from 0 to 1, a wait is shortened at random."""
    _catches: Catcher = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or self.attempts < 1:
            raise ValueError(
                f"`attempts` counts the first one too: give 1 or more, not {self.attempts}."
            )
        if self.first_wait < 0 or self.longest_wait < 0:
            raise ValueError("`first_wait` and `longest_wait` are in seconds, 0 or more.")
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"`jitter` is a share, from 0 to 1, not {self.jitter}.")
        object.__setattr__(self, "_catches", Catcher(self.catch))

    def __call__(self, fn: FunctionT) -> FunctionT:
        """A function like `fn` that is tried again under this policy."""
        from ..llm._loops import loop_attributes, loop_of, with_tries

        is_async = inspect.iscoroutinefunction(fn)

        def start(*args: Any, **kwargs: Any) -> Flow[Any]:
            return attempted(_Retries(self, fn, is_async), lambda each: step(each, *args, **kwargs))

        again = as_function(fn, start, is_async)
        if loop := loop_of(fn):
            again.__dict__.update(loop_attributes(with_tries(loop, self._tries_for)))
        return cast(FunctionT, again)

    def tries(self, what: T, is_async: bool) -> Tries[T]:
        """The attempts at `what`, under this policy."""
        return _Retries(self, what, is_async)

    def _tries_for(self, source: T, is_async: bool, _: Any) -> Tries[T]:
        return _Retries(self, source, is_async)

    def wait_after(self, error: Exception, failures: int) -> float | None:
        """The seconds to wait after an error, the `failures`-th; None where it is to be the last.

        Where the provider says how long to wait (`Retry-After` in seconds, as a date or in
        milliseconds), it is that.
        """
        if failures >= self.attempts or not self._catches(error):
            return None
        asked = describe(error).retry_after
        if asked is not None:
            return asked if asked <= self.longest_wait else None
        wait = min(self.longest_wait, self.first_wait * 2.0 ** (failures - 1))
        return wait * (1 - self.jitter * random.random())


class _Retries(Tries[T]):
    repeats = True

    def __init__(self, policy: RetryPolicy, what: T, is_async: bool) -> None:
        super().__init__(what)
        self._policy = policy
        self._is_async = is_async

    def after(self, error: Exception, seconds: float) -> Flow[None]:
        wait = self._policy.wait_after(error, len(self.attempts) + 1)
        left = time_left()
        if wait is None or (left is not None and wait >= left):
            raise error
        self.attempts.append(Attempt(error, seconds=seconds, waited=wait))
        yield from pause(wait, self._is_async)


def retry(
    attempts: int = 3,
    *,
    catch: Catch = "transient",
    first_wait: float = 0.5,
    longest_wait: float = 60.0,
    jitter: float = 0.5,
) -> RetryPolicy:
    """Try a call again when it fails for a reason that may pass.

        @retry(attempts=4)
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str:
            return f"Recommend a {genre} book"

    It works on functions of every call decorator, sync and async, and on any other function. A
    stream is tried again until its first chunk has arrived, not after: what the caller has seen
    stays true. In `fn.chain(...)`, each request is tried again by itself, so no tool runs twice.

    - `attempts`: how often the call is tried at most, the first time included.
    - `catch`: which errors it is tried again for: classes of exceptions, kinds of error
      (`errors.ErrorKind`) that hold for any provider, `"transient"` for all kinds that may pass,
      functions that are given the exception, or several of those in a list.
    - `first_wait`: seconds before the second attempt; the wait doubles each time.
    - `longest_wait`: seconds that are waited at most.
    - `jitter`: up to which share of it a wait is shortened at random, so that callers that failed
      together do not come back together.

    The SDK does not send a request again by itself then, unless `max_retries` is among the call's
    parameters, or the call has a client of its own.

    Where the provider says how long to wait (`Retry-After`), that is waited; where it is longer
    than `longest_wait`, or than a deadline leaves, the error is raised at once. The last error is
    raised as it is. The attempts before a result, or before the last error, are its `_attempts`,
    and their errors its `_caught`.

    Raises ValueError and TypeError for options that make no sense.
    """
    return RetryPolicy(
        attempts, catch=catch, first_wait=first_wait, longest_wait=longest_wait, jitter=jitter
    )
