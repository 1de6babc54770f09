"""How long a request may take, and how often it is sent again: `timeout` and `max_retries`.

They are no parameters of the model. The SDK's own transport does both; these only tell it what to
do, by `Provider.with_transport`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._provider import Provider

retried_above: ContextVar[bool] = ContextVar("mirascope_retried_above", default=False)
"""Whether the calls of this context are tried again by a policy of ours, and not by the SDK."""

_NAMES = frozenset({"timeout", "max_retries"})


@dataclass(frozen=True, slots=True)
class Transport:
    """What a call says of its transport; None leaves it to the client."""

    timeout: Any = None
    """Seconds, or an object that the SDK has for them."""
    max_retries: int | None = None

    @property
    def seconds(self) -> float | None:
        """The timeout where it is a number."""
        return self.timeout if isinstance(self.timeout, (int, float)) else None

    def over(self, other: Transport | None) -> Transport:
        """These settings, with those of `other` for what they leave open."""
        if other is None:
            return self
        timeout = other.timeout if self.timeout is None else self.timeout
        retries = other.max_retries if self.max_retries is None else self.max_retries
        return Transport(timeout, retries)

    def given(self) -> list[str]:
        """The names of the parameters that are given."""
        return [name for name in sorted(_NAMES, reverse=True) if getattr(self, name) is not None]


def transport_in(provider: Provider, params: Mapping[str, Any]) -> Transport | None:
    """What call parameters say of the transport; None where they say nothing.

    Raises ValueError for a timeout or a number of retries that is none.
    """
    timeout, retries = params.get("timeout"), params.get("max_retries")
    if timeout is None and retries is None:
        return None
    if timeout is not None and not (_is_duration(timeout) or provider.takes_timeout(timeout)):
        raise ValueError(
            f"`timeout` is {timeout!r}. It is a number of seconds greater than 0; leave it out, "
            "or give None, for the client's own."
        )
    if retries is not None and (not _is_number(retries, int) or retries < 0):
        raise ValueError(
            f"`max_retries` is {retries!r}. It is how often a request is sent again at most: 0, 1, "
            "2, …; leave it out, or give None, for the client's own."
        )
    return Transport(timeout, retries)


ONCE = Transport(max_retries=0)
"""A request is sent once."""


def without_transport(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The call parameters that are the model's."""
    if _NAMES.isdisjoint(params):
        return params
    return {name: value for name, value in params.items() if name not in _NAMES}


def _is_duration(value: Any) -> bool:
    return _is_number(value, (int, float)) and 0 < value < math.inf


def _is_number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
