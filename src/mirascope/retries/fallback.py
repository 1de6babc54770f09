"""Asking another model, of any provider, when one fails."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NotRequired, TypeVar, cast

from typing_extensions import TypedDict

from ..core.base._attempts import Attempt
from ..core.base._flow import Flow, as_function, step
from ..core.base.call_params import CommonCallParams
from ..errors import describe
from ._catching import Catch, Catcher
from ._tries import Tries, attempted

__all__ = ["Fallback", "FallbackError", "fallback"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
T = TypeVar("T")


class Fallback(TypedDict):
    """A model to fall back on.

    - `catch`: which of its errors lead on to the next one.
    - `provider`, `model`: who is asked.
    - `call_params`: the parameters of the call, in place of the decorator's.
    - `client`: the SDK client to use.
    """

    catch: Catch
    provider: str
    model: str
    call_params: NotRequired[CommonCallParams | Mapping[str, Any] | None]
    client: NotRequired[Any]


class FallbackError(Exception):
    """None of the models gave an answer. The error of the last one is its `__cause__`."""

    def __init__(self, message: str, attempts: Sequence[Attempt] = ()) -> None:
        super().__init__(message)
        self.attempts: list[Attempt] = list(attempts)
        """What became of each attempt."""

    @property
    def errors(self) -> list[Exception]:
        """The exceptions of the attempts, in order."""
        return [attempt.error for attempt in self.attempts]

    def _repr_markdown_(self) -> str:
        from ..core.base._looks import attempts_markdown

        return attempts_markdown(self, self.attempts)

    def __rich__(self) -> Any:
        from ..core.base._looks import as_rich

        return as_rich(self._repr_markdown_())

    def __reduce__(self) -> Any:
        return type(self), (self.args[0], self.attempts)


@dataclass(slots=True)
class _Target:
    """One of the models, with what is known of it."""

    function: Callable[..., Any]
    """The call with this model."""
    catches: Catcher
    provider: str | None
    model: str | None
    cools_until: float = field(default=0.0, compare=False)


def fallback(
    catch: Catch, fallbacks: Sequence[Fallback], *, cooldown: float | None = None
) -> Callable[[FunctionT], FunctionT]:
    """Ask another model, of any provider, when one fails.

        @fallback(
            ("rate_limit", "overloaded"),
            [{"catch": "transient", "provider": "anthropic", "model": "claude-sonnet-4-6"}],
        )
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str:
            return f"Recommend a {genre} book"

    - `catch`: which errors of the decorated function lead on to the first fallback: classes of
      exceptions, kinds of error (`errors.ErrorKind`) that hold for any provider, `"transient"`,
      functions that are given the exception, or several of those. Others are raised.
    - `fallbacks`: the models to ask then, in order, each with the errors that lead on from it.
    - `cooldown`: for so many seconds (longer where it asks for that by `Retry-After`) a model that
      failed is asked after the others. It is counted for all calls of this function.

    A stream falls back until its first chunk has arrived, not after. In `fn.chain(...)` each
    request falls back by itself, and the chain goes on with the model that answered.

    The attempts before a result are its `_attempts`, and their errors its `_caught`, where the
    result is an object that can hold them. Raises FallbackError, which has the attempts too, where
    all models failed, and ValueError for a function that `llm.call` did not make.
    """
    if cooldown is not None and cooldown < 0:
        raise ValueError(f"`cooldown` is in seconds, 0 or more, not {cooldown}.")
    catcher = Catcher(catch)
    backups = [(Catcher(each["catch"]), _settings(each)) for each in fallbacks]

    def decorator(fn: FunctionT) -> FunctionT:
        from ..llm import override
        from ..llm._loops import loop_attributes, loop_of, with_tries

        own = getattr(fn, "_original_call_args", None)
        if own is None:
            raise ValueError(
                "`fallback` needs a function that `llm.call` made: others cannot be called with "
                f"another provider. `{getattr(fn, '__name__', fn)}` is none."
            )
        is_async = inspect.iscoroutinefunction(fn)
        targets = [_Target(fn, catcher, own["provider"], own["model"])]
        for catches, settings in backups:
            function = cast(Any, override)(fn, **settings)
            targets.append(_Target(function, catches, settings["provider"], settings["model"]))

        def start(*args: Any, **kwargs: Any) -> Flow[Any]:
            tries = _Fallbacks(_in_order(targets), lambda target: target.function, cooldown)
            return attempted(tries, lambda function: step(function, *args, **kwargs))

        result = as_function(fn, start, is_async)
        if loop := loop_of(fn):
            loops = {id(target): loop_of(target.function) for target in targets}

            def tries(source: Any, is_async: bool, start: Callable[[Any], Any]) -> Tries[Any]:
                def source_of(target: _Target) -> Any:
                    if target is targets[0]:
                        return source
                    return start(loops[id(target)]).in_place_of(source)

                return _Fallbacks(_in_order(targets), source_of, cooldown)

            result.__dict__.update(loop_attributes(with_tries(loop, tries)))
        return cast(FunctionT, result)

    return decorator


def _settings(backup: Fallback) -> dict[str, Any]:
    for name in ("provider", "model"):
        if not backup.get(name):
            raise ValueError(
                f"A fallback needs `catch`, `provider` and `model`; this has no `{name}`."
            )
    return {
        "provider": backup["provider"],
        "model": backup["model"],
        "call_params": backup.get("call_params"),
        "client": backup.get("client"),
    }


def _in_order(targets: Sequence[_Target]) -> list[_Target]:
    """The models in the order in which to ask: those that failed a short time ago come last."""
    now = time.monotonic()
    return sorted(targets, key=lambda target: target.cools_until if target.cools_until > now else 0)


class _Fallbacks(Tries[T], Generic[T]):
    def __init__(
        self, order: list[_Target], what: Callable[[_Target], T], cooldown: float | None
    ) -> None:
        self._order = order
        self._what = what
        self._cooldown = cooldown
        self._at = 0
        super().__init__(what(order[0]))

    def after(self, error: Exception, seconds: float) -> Flow[None]:
        target = self._order[self._at]
        if not target.catches(error):
            raise error
        self.attempts.append(Attempt(error, target.provider, target.model, seconds))
        if self._cooldown is not None:
            asked = describe(error).retry_after or 0.0
            target.cools_until = time.monotonic() + max(self._cooldown, asked)
        self._at += 1
        if self._at >= len(self._order):
            reasons = "\n".join(
                f"- {attempt.provider}/{attempt.model}: {attempt.reason}"
                for attempt in self.attempts
            )
            raise FallbackError(f"All fallbacks failed:\n{reasons}", self.attempts) from error
        self.current = self._what(self._order[self._at])
        return
        yield
