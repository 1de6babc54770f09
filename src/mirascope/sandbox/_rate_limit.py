"""A provider's limit, kept strictly: no window, wherever it begins, takes more than it says."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """What the headers of a reply say of one kind of limit: `requests` or `tokens`."""

    kind: str
    limit: int
    remaining: int
    reset: float
    """The seconds until there is more."""


class RateLimit:
    """How many requests and tokens are taken in any `per` seconds; `Sandbox.limit` makes it."""

    def __init__(
        self, requests: int | None, tokens: int | None, per: float, provider: str | None
    ) -> None:
        self.requests = requests
        self.tokens = tokens
        self.per = per
        self.provider = provider
        self.accepted: int = 0
        """How many requests were taken."""
        self.refused = 0
        """How many requests were answered with status 429."""
        self._taken: deque[float] = deque()
        self._charges: deque[tuple[float, int]] = deque()
        self._tokens = 0

    def wait(self) -> float:
        """In how many seconds the next request would be taken; 0 for now."""
        now = time.monotonic()
        self._forget(now)
        wait = 0.0
        if self.requests is not None and len(self._taken) >= self.requests:
            wait = self._taken[len(self._taken) - self.requests] + self.per - now
        if self.tokens is not None:
            excess = self._tokens - self.tokens
            for at, amount in self._charges:
                if excess < 0:
                    break
                excess -= amount
                wait = max(wait, at + self.per - now)
        return wait

    def take(self) -> None:
        """Count a request that is taken."""
        self.accepted += 1
        self._taken.append(time.monotonic())

    def charge(self, tokens: int) -> None:
        """Count what a request has cost."""
        self._tokens += tokens
        self._charges.append((time.monotonic(), tokens))

    def standings(self) -> list[Standing]:
        """What is left now, of each kind that is limited."""
        now = time.monotonic()
        self._forget(now)
        first = {"requests": self._taken, "tokens": [at for at, _ in self._charges]}
        left = (
            ("requests", self.requests, len(self._taken)),
            ("tokens", self.tokens, self._tokens),
        )
        return [
            Standing(
                kind,
                limit,
                max(0, limit - taken),
                max(0.0, first[kind][0] + self.per - now) if first[kind] else 0.0,
            )
            for kind, limit, taken in left
            if limit is not None
        ]

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0] <= now - self.per:
            self._taken.popleft()
        while self._charges and self._charges[0][0] <= now - self.per:
            self._tokens -= self._charges.popleft()[1]
