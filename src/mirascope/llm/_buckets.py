"""How much of a limit is spent, and when the next request may go. The time is passed in.

Providers count in different ways: by the minute of the clock, over the last minute, or with a
bucket that refills. What passes here passes all of them. Requests are spaced evenly, with a small
burst, as a bucket wants it; and what was spent counts until a whole window after it can have
arrived, so that no window of the provider's sees more than the limit, wherever it begins.

All that is known stands in one row of numbers (`cells`), which may be memory that several processes
share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

SLOTS = 512
"""A window is counted in so many parts: what was spent counts for at most a part too long."""
ROWS = 128
"""How many processes can share a limit."""

_RING = SLOTS * 3 // 2 + 4
_HELD = -1
"""In the place of a slot: taken, and not sent yet."""
_SLOWER = 0.7
"""What is left of the rate after a refusal."""
_LEAST_SHARE = 0.05
_RECOVERY = 0.1
"""The part of the limit that comes back in each window."""
_TRANSIT_SHARE = 0.02
_TRANSIT_SECONDS = 2.0
_FIRST_TRANSIT_SECONDS = 10.0
"""Before the first reply: an SDK does much for the first time, and connections are opened."""
_LATE = 0.25
"""In seconds: whose turn has been over for so long is passed by."""

# Where in the cells each figure stands.
_BASE = 0
_SPACED_REQUESTS, _SPACED_TOKENS = 1, 2
_SPENT_REQUESTS, _SPENT_TOKENS = 3, 4
_PAUSED_UNTIL, _SHARE, _SHARE_AT, _CUT_AT, _REFUSALS = 5, 6, 7, 8, 9
OWN = 16
"""The first cell that is left to whoever keeps the cells."""
_IN_FLIGHT = 32
_SINCE = _IN_FLIGHT + ROWS
_EXPECTED = _SINCE + ROWS
_REQUESTS = _EXPECTED + ROWS
_TOKENS = _REQUESTS + _RING + ROWS
SIZE = _TOKENS + _RING + ROWS
"""The number of cells."""

Cells: TypeAlias = "memoryview[float]"
"""Floats, all of them 0 at first."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What may be spent."""

    requests: float | None = None
    tokens: float | None = None
    """Both in each window."""
    concurrency: int | None = None
    window: float = 60.0
    """In seconds."""
    burst: float = 1 / 60
    """The part of a window's requests and tokens that may be spent at once after a pause."""


@dataclass(slots=True)
class Reservation:
    """What one request holds."""

    slot: int
    tokens: float
    at: float
    """When it was taken."""


class Buckets:
    """The figures of one limit. `row` is that of this process among the `rows` that share it."""

    def __init__(self, cells: Cells, rates: Rates, row: int = 0, rows: int = 1) -> None:
        self.rates = rates
        self.row = row
        self.most_requests = rates.requests or math.inf
        self.most_tokens = rates.tokens or math.inf
        """In each window: the limit's own, or the provider's where that is known to be less."""
        self._cells = cells
        self._rows = range(rows)
        self._places = cells[_IN_FLIGHT : _IN_FLIGHT + rows]
        self._sinces = cells[_SINCE : _SINCE + rows]
        self._slot = rates.window / SLOTS
        transit = max(rates.window * _TRANSIT_SHARE, _TRANSIT_SECONDS)
        self._transit = min(transit, rates.window / 2)
        """How long a request may be on its way, in seconds, as long as no reply tells more."""
        self._first_transit = min(max(transit, _FIRST_TRANSIT_SECONDS), rates.window / 2)
        self._had_reply = False

    # --- asking

    def ready_at(self, now: float, tokens: float = 0) -> float:
        """When the next request may go, which is now where it is no later than `now`.

        Infinity where that depends on when another request ends.
        """
        self._advance(now)
        cells, share = self._cells, self.share(now)
        most = self.rates.concurrency
        if most is not None and self.in_flight >= max(1, math.floor(most * share)):
            return math.inf
        ready = cells[_PAUSED_UNTIL]
        if self.rates.requests:
            window, burst, per_window = self.rates.window, self.rates.burst, self.most_requests
            spacing = window / (per_window * share)
            tolerance = max(burst * window - spacing, spacing / 4)
            # The window is that of the whole limit: a lower rate must not stop what is behind it.
            most_now = max(1, math.floor(per_window))
            ready = max(
                ready,
                cells[_SPACED_REQUESTS] - tolerance,
                self._free_at(_REQUESTS, cells[_SPENT_REQUESTS] + 1 - most_now),
            )
        if self.rates.tokens:
            most_tokens = self.most_tokens
            needed = min(tokens, most_tokens)
            ready = max(
                ready,
                cells[_SPACED_TOKENS] - self.rates.burst * self.rates.window,
                self._free_at(_TOKENS, cells[_SPENT_TOKENS] + needed - most_tokens),
            )
        return ready

    def spacing(self, now: float) -> float:
        """The seconds from one request to the next; 0 where only tokens or places count."""
        if not self.rates.requests:
            return 0
        return self.rates.window / (self.most_requests * self.share(now))

    def share(self, now: float) -> float:
        """The part of the limit that is in use: 1, or less for some time after a refusal."""
        cells = self._cells
        if not cells[_CUT_AT]:
            return 1
        recovered = max(0, now - cells[_SHARE_AT]) / self.rates.window * _RECOVERY
        return min(1, cells[_SHARE] + recovered)

    @property
    def in_flight(self) -> int:
        """The requests under way."""
        return int(sum(self._places))

    def requests_left(self, now: float) -> float:
        """How many requests the window still has room for."""
        self._advance(now)
        if self.most_requests == math.inf:
            return math.inf
        return max(0, max(1, math.floor(self.most_requests)) - self._cells[_SPENT_REQUESTS])

    def tokens_left(self, now: float) -> float:
        """How many tokens the window still has room for."""
        self._advance(now)
        return max(0, self.most_tokens - self._cells[_SPENT_TOKENS])

    def paused_for(self, now: float) -> float:
        """The seconds for which nothing is sent because the provider asked for it."""
        return max(0, self._cells[_PAUSED_UNTIL] - now)

    # --- spending

    def take(self, now: float, tokens: float = 0, hold: bool = False) -> Reservation:
        """Let one request go, which `ready_at` has said may go.

        `hold`: something else may hold it up, and `sent` will tell when it goes.
        """
        self._advance(now)
        cells, share = self._cells, self.share(now)
        if self.rates.tokens:
            # A request that is larger than all there is goes alone, for all there is.
            tokens = min(tokens, self.most_tokens)
            spacing = self.rates.window / (self.most_tokens * share)
            cells[_SPACED_TOKENS] = max(cells[_SPACED_TOKENS], now) + tokens * spacing
        if self.rates.requests:
            cells[_SPACED_REQUESTS] = max(cells[_SPACED_REQUESTS], now) + self.spacing(now)
        cells[_IN_FLIGHT + self.row] += 1
        slot = _HELD if hold else self._latest_slot(now)
        reservation = Reservation(slot, tokens, now)
        self._add(reservation.slot, 1, tokens)
        return reservation

    def sent(self, now: float, reservation: Reservation) -> None:
        """A request that was held goes now."""
        self._advance(now)
        self._move(reservation, self._latest_slot(now))

    def give_back(self, now: float, reservation: Reservation) -> None:
        """It was not sent at all."""
        self._advance(now)
        cells = self._cells
        cells[_IN_FLIGHT + self.row] -= 1
        cells[_SPACED_REQUESTS] -= self.spacing(now)
        self._unspace_tokens(now, reservation.tokens)
        if self._counts(reservation):
            self._add(reservation.slot, -1, -reservation.tokens)

    def settle(
        self, now: float, reservation: Reservation, arrived_at: float, tokens: float | None
    ) -> None:
        """It is over: it had reached the provider by `arrived_at`, and used so many tokens.

        None where that is not known: then it keeps what it was given.
        """
        self._advance(now)
        cells = self._cells
        cells[_IN_FLIGHT + self.row] -= 1
        self._had_reply = True
        slot = self._slot_of(arrived_at)
        if slot < reservation.slot and self._counts(reservation):
            self._move(reservation, max(slot, int(cells[_BASE])))
        if tokens is None or not self.rates.tokens:
            return
        unused = reservation.tokens - tokens
        self._unspace_tokens(now, unused)
        if unused < 0:
            # What was used beyond it counts from now on: nobody was told before.
            self._add(self._slot_of(now), 0, -unused)
        elif self._counts(reservation):
            self._add(reservation.slot, 0, -unused)

    # --- what the provider says

    def refused(self, now: float, sent_at: float, wait: float | None) -> None:
        """The provider had too many, and asks to wait so many seconds, or does not say."""
        cells = self._cells
        if wait is None:
            wait = min(self.rates.window, self.rates.window / 60 * 2 ** min(cells[_REFUSALS], 10))
        share = self.share(now)
        self.pause(now + wait)
        # Those that were under way together are refused together: that is one refusal.
        if sent_at >= cells[_CUT_AT]:
            cells[_SHARE] = max(_LEAST_SHARE, share * _SLOWER)
            cells[_SHARE_AT] = cells[_PAUSED_UNTIL]
            cells[_CUT_AT] = now
            cells[_REFUSALS] += 1

    def accepted(self, sent_at: float) -> None:
        """The provider took a request that was sent then."""
        if self._cells[_REFUSALS] and sent_at > self._cells[_CUT_AT]:
            self._cells[_REFUSALS] = 0

    def pause(self, until: float) -> None:
        """Let nothing go until then."""
        self._cells[_PAUSED_UNTIL] = max(self._cells[_PAUSED_UNTIL], until)

    # --- between processes

    def wait_in_line(self, since: float, expected: float) -> None:
        """This process has a request that waits since then, and will ask again; 0 for none."""
        self._cells[_SINCE + self.row] = since
        self._cells[_EXPECTED + self.row] = expected

    def ahead(self, now: float, since: float) -> int:
        """How many processes have a request that waits for longer, and still ask."""
        if not any(self._sinces):
            return 0
        cells = self._cells
        return sum(
            0 < cells[_SINCE + row] < since and cells[_EXPECTED + row] > now - _LATE
            for row in self._rows
            if row != self.row
        )

    def clear_row(self, row: int) -> None:
        """Forget what a process holds that has ended."""
        cells, held = self._cells, _RING + row
        for start in (_IN_FLIGHT, _SINCE, _EXPECTED):
            cells[start + row] = 0
        cells[_SPENT_REQUESTS] -= cells[_REQUESTS + held]
        cells[_SPENT_TOKENS] -= cells[_TOKENS + held]
        cells[_REQUESTS + held] = cells[_TOKENS + held] = 0

    @property
    def is_busy(self) -> bool:
        """Whether this process has a request under way."""
        return self._cells[_IN_FLIGHT + self.row] > 0

    def repair(self) -> None:
        """Add up anew, after a process has died in the middle of a change."""
        cells = self._cells
        for total, ring in ((_SPENT_REQUESTS, _REQUESTS), (_SPENT_TOKENS, _TOKENS)):
            cells[total] = sum(cells[ring : ring + _RING + ROWS])

    # --- the window

    def _slot_of(self, time: float) -> int:
        return math.floor(time / self._slot)

    def _latest_slot(self, now: float) -> int:
        """That in which a request arrives at the latest that goes now."""
        transit = self._transit if self._had_reply else self._first_transit
        return self._slot_of(now + transit)

    def _advance(self, now: float) -> None:
        """Let go of what counts no longer: the slots that ended more than a window ago."""
        cells, base = self._cells, self._slot_of(now) - SLOTS
        behind = int(base - cells[_BASE])
        if behind <= 0:
            return
        for slot in range(base - min(behind, _RING), base):
            at = slot % _RING
            if cells[_REQUESTS + at] or cells[_TOKENS + at]:
                self._add(slot, -cells[_REQUESTS + at], -cells[_TOKENS + at])
        cells[_BASE] = base

    def _add(self, slot: int, requests: float, tokens: float) -> None:
        cells, at = self._cells, _RING + self.row if slot == _HELD else slot % _RING
        cells[_REQUESTS + at] += requests
        cells[_SPENT_REQUESTS] += requests
        if tokens:
            cells[_TOKENS + at] += tokens
            cells[_SPENT_TOKENS] += tokens

    def _counts(self, reservation: Reservation) -> bool:
        return reservation.slot == _HELD or reservation.slot >= self._cells[_BASE]

    def _move(self, reservation: Reservation, slot: int) -> None:
        self._add(reservation.slot, -1, -reservation.tokens)
        self._add(slot, 1, reservation.tokens)
        reservation.slot = slot

    def _unspace_tokens(self, now: float, unused: float) -> None:
        if self.rates.tokens:
            spacing = self.rates.window / (self.most_tokens * self.share(now))
            cells = self._cells
            cells[_SPACED_TOKENS] = max(cells[_SPACED_TOKENS], now) - unused * spacing

    def _free_at(self, ring: int, excess: float) -> float:
        """When so much of what is spent counts no longer; infinity where some of it is held."""
        if excess <= 0:
            return -math.inf
        cells, base = self._cells, int(self._cells[_BASE])
        for slot in range(base, base + _RING):
            excess -= cells[ring + slot % _RING]
            if excess <= 1e-6:
                return (slot + SLOTS + 1) * self._slot
        return math.inf
