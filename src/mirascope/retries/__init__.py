"""Calls that are tried again, and calls that another model answers when one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.base._attempts import Attempt
from ._catching import Catch
from ._retry import RetryPolicy, retry

# Not on first use: the function must be what the name means, and not its module.
from .fallback import Fallback, FallbackError, fallback

if TYPE_CHECKING:
    from . import tenacity as tenacity

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    __getattr__, __dir__ = lazy(__name__, {}, ("tenacity",))

__all__ = [
    "Attempt",
    "Catch",
    "Fallback",
    "FallbackError",
    "RetryPolicy",
    "fallback",
    "retry",
    "tenacity",
]
