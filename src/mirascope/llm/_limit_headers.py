"""What the headers of a reply say of the provider's own limits.

Providers name them alike: `<who>-ratelimit-<limit|remaining|reset>-<requests|tokens>`, the words
in any order, sometimes with the time that the limit is for.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Kind = Literal["requests", "tokens"]

_KINDS: dict[str, Kind] = {
    "requests": "requests",
    "request": "requests",
    "req": "requests",
    "tokens": "tokens",
    "token": "tokens",
}
_LONGER = frozenset({"hour", "day", "month", "5min", "second", "input", "output"})
"""Words of headers for another time, or for a part of the tokens."""
_EPOCH = 1e9
_DURATION = re.compile(
    r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?"
    r"(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?"
)


@dataclass(slots=True)
class Stated:
    """What is said of the requests, or of the tokens."""

    limit: float | None = None
    remaining: float | None = None
    reset: float | None = None
    """The seconds until there are some again."""


def stated(headers: Mapping[str, str]) -> dict[Kind, Stated]:
    """What the headers, with names in lower case, say of each kind; without what they do not."""
    found: dict[Kind, Stated] = {}
    for name, value in headers.items():
        if "ratelimit" not in name:
            continue
        words = name.split("-")
        kind: Kind | None = next((_KINDS[word] for word in words if word in _KINDS), None)
        if kind is None or not _LONGER.isdisjoint(words):
            continue
        entry = found.setdefault(kind, Stated())
        if "limit" in words:
            entry.limit = _number(value)
        elif "remaining" in words:
            entry.remaining = _number(value)
        elif "reset" in words:
            entry.reset = _seconds(value)
    return found


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(text: str) -> float | None:
    """The seconds in `12`, `1.5`, `6m0s`, `120ms`, or until `2026-01-01T00:00:00Z`."""
    number = _number(text)
    if number is not None:
        # A moment is given in seconds since the epoch; no limit is for thirty years.
        return max(0, number - time.time() if number > _EPOCH else number)
    match = _DURATION.fullmatch(text.strip())
    if match and text:
        days, hours, minutes, seconds, thousandths = (float(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + thousandths / 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, (moment - datetime.now(UTC)).total_seconds())
