"""What is known of the attempts at a call that failed before the one that counts."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that failed."""

    error: Exception
    """What it failed with."""
    provider: str | None = None
    """Who was asked, where that is known."""
    model: str | None = None
    seconds: float = 0.0
    """How long it took."""
    waited: float = 0.0
    """How long was waited after it, in seconds."""

    @property
    def reason(self) -> str:
        """Why it gave no result."""
        return f"{type(self.error).__name__}: {self.error}"

    def __reduce__(self) -> Any:
        error = _portable(self.error)
        return Attempt, (error, self.provider, self.model, self.seconds, self.waited)


class Caught(list[Exception]):
    """Exceptions, as a list that pickles although some of them may not."""

    def __reduce__(self) -> Any:
        return Caught, (list(map(_portable, self)),)


def _portable(error: Exception) -> Exception:
    """The exception, or another with its text where it would not survive being pickled."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def noted(result: Any, attempts: Sequence[Attempt]) -> Any:
    """A result that keeps the attempts before it, as `_attempts` and `_caught`, where it can."""
    if attempts:
        note(result, attempts)
    return result


def note(result: Any, attempts: Sequence[Attempt]) -> None:
    """Put the attempts before a result, or before an error, where users find them."""
    before: Sequence[Attempt] = getattr(result, "_attempts", ())
    known = [*attempts, *(attempt for attempt in before if attempt not in attempts)]
    try:
        object.__setattr__(result, "_attempts", known)
        object.__setattr__(result, "_caught", Caught(attempt.error for attempt in known))
    except (AttributeError, TypeError):
        # A bare value (a text, a number) has no room for it.
        pass
