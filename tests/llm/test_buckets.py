"""The figures of a limit, whatever happens in whatever order: the time here is not the clock's."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirascope.llm._buckets import SIZE, Buckets, Rates, Reservation

START = 1_000.0


def buckets(**rates: float) -> Buckets:
    return Buckets(memoryview(bytearray(SIZE * 8)).cast("d"), Rates(**rates))  # type: ignore[arg-type]


@dataclass
class Plan:
    """What becomes of one request, in parts of a window."""

    pause: float
    """How long after the one before it is made."""
    transit: float
    """The part of the longest way to the provider that it takes."""
    latency: float
    estimate: int
    used: float
    """The part of the estimate that it uses; None for what is not known."""
    fate: str


plans = st.builds(
    Plan,
    pause=st.sampled_from([0, 0, 0, 0.001, 0.01, 0.3, 1.7]),
    transit=st.floats(0, 1),
    latency=st.sampled_from([0, 0.001, 0.2, 1.2, 3]),
    estimate=st.integers(1, 60),
    used=st.sampled_from([0, 0.5, 1]),
    fate=st.sampled_from(["sent"] * 8 + ["cancelled", "refused"]),
)


@dataclass
class Run:
    """What a provider sees of requests that go as soon as they may."""

    limit: Buckets
    sent: list[tuple[float, float]] = field(default_factory=list)
    """When each arrived, and the tokens it used."""
    went: list[float] = field(default_factory=list)
    """When each was let go."""
    most_in_flight: int = 0
    ended_at: float = 0

    def play(self, made: list[Plan], held: bool = False) -> Run:
        limit, window = self.limit, self.limit.rates.window
        now, ends, numbers = START, [], itertools.count()
        queue: list[Plan] = []
        due = START
        arrivals = []
        for plan in made:
            due += plan.pause * window
            arrivals.append((due, plan))
        while arrivals or queue or ends:
            ready = limit.ready_at(now, queue[0].estimate) if queue else float("inf")
            if ready <= now:
                self._let_go(now, queue.pop(0), ends, numbers, held)
                continue
            times = [ready] if queue else []
            times += [arrivals[0][0]] if arrivals else []
            times += [ends[0][0]] if ends else []
            assert min(times) < float("inf"), "nothing will ever happen"
            now = max(now, min(times))
            while arrivals and arrivals[0][0] <= now:
                queue.append(arrivals.pop(0)[1])
            while ends and ends[0][0] <= now:
                self._end(now, *heapq.heappop(ends)[2:])
        self.ended_at = now
        return self

    def _let_go(self, now: float, plan: Plan, ends: list, numbers: object, held: bool) -> None:
        limit, window = self.limit, self.limit.rates.window
        self.went.append(now)
        reservation = limit.take(now, plan.estimate, held)
        if held:
            limit.sent(now, reservation)
        self.most_in_flight = max(self.most_in_flight, limit.in_flight)
        arrival = now + plan.transit * limit._transit
        if plan.fate != "cancelled":
            used = min(plan.estimate, limit.most_tokens) * plan.used
            self.sent.append((arrival, used if plan.fate == "sent" else 0))
        end = max(now + plan.latency * window, arrival)
        heapq.heappush(ends, (end, next(numbers), plan, reservation))  # type: ignore[call-overload]

    def _end(self, now: float, plan: Plan, reservation: Reservation) -> None:
        limit = self.limit
        if plan.fate == "cancelled":
            limit.give_back(now, reservation)
            return
        tokens = reservation.tokens * plan.used if plan.fate == "sent" else 0
        limit.settle(now, reservation, now, tokens)
        if plan.fate == "refused":
            limit.refused(now, reservation.at, None)

    def most_in_a_window(self, of_tokens: bool) -> float:
        window, seen = self.limit.rates.window, sorted(self.sent)
        # The last moment of a window belongs to the next one.
        return max(
            (
                sum(
                    tokens if of_tokens else 1
                    for at, tokens in seen
                    if start <= at < start + window - 1e-9
                )
                for start, _ in seen
            ),
            default=0,
        )


rates = st.fixed_dictionaries(
    {
        "requests": st.sampled_from([1, 2, 3, 7, 20]),
        "tokens": st.sampled_from([50, 200]),
        "window": st.sampled_from([0.7, 10.0, 60.0]),
        "burst": st.sampled_from([1 / 60, 0.3, 1.0]),
    }
)


@given(rates, st.lists(plans, max_size=60), st.booleans())
def test_no_window_sees_more_than_the_limit(rates, made, held) -> None:
    run = Run(buckets(**rates)).play(made, held)
    assert run.most_in_a_window(of_tokens=False) <= rates["requests"]
    assert run.most_in_a_window(of_tokens=True) <= rates["tokens"] + 1e-6


@given(rates, st.lists(plans, max_size=40), st.sampled_from([1, 3]))
def test_nothing_is_lost(rates, made, concurrency) -> None:
    limit = buckets(**rates, concurrency=concurrency)
    run = Run(limit).play(made)
    assert len(run.sent) == sum(plan.fate != "cancelled" for plan in made)
    assert run.most_in_flight <= concurrency
    later = run.ended_at + 20 * rates["window"]
    assert limit.in_flight == 0
    assert limit.requests_left(later) == rates["requests"]
    assert limit.tokens_left(later) == pytest.approx(rates["tokens"])
    assert limit.ready_at(later, 1) <= later


@given(
    st.sampled_from([5, 60, 600]),
    st.sampled_from([(60.0, 1.0, 0.3), (60.0, 0.1, 0.001), (2.0, 0.05, 0.01)]),
)
def test_most_of_the_limit_is_used(count: int, way: tuple[float, float, float]) -> None:
    window, transit, latency = way
    limit, before = buckets(requests=count, window=window), START - 2 * window
    limit.settle(before, limit.take(before), before, None)
    run = Run(limit).play([Plan(0, transit, latency, 0, 0, "sent")] * (count * 3))
    duration = run.went[-1] - run.went[0]
    assert (len(run.went) - 1) / duration * window >= 0.95 * count


def test_requests_are_spaced() -> None:
    run = Run(buckets(requests=60)).play([Plan(0, 0, 0, 0, 0, "sent")] * 10)
    gaps = [after - before for (before, _), (after, _) in itertools.pairwise(run.sent)]
    assert gaps == pytest.approx([0.75, *[1] * 8])


def test_before_the_first_reply_the_way_may_be_long() -> None:
    limit = buckets(requests=1)
    slow = limit.take(START)
    assert START + 70 <= limit.ready_at(START) < START + 71
    limit.settle(START + 20, slow, START + 9, None)
    assert START + 69 <= limit.ready_at(START + 20) < START + 70


def test_a_burst_goes_at_once() -> None:
    run = Run(buckets(requests=60, burst=1.0)).play([Plan(0, 0, 0, 0, 0, "sent")] * 61)
    assert run.sent[59][0] == START
    assert run.sent[60][0] >= START + 60


def test_a_request_larger_than_all_there_is_goes_alone() -> None:
    limit = buckets(tokens=100)
    small = limit.take(START, 10)
    limit.settle(START, small, START, 10)
    ready = limit.ready_at(START, 5_000)
    assert START + 60 <= ready < START + 61
    large = limit.take(ready, 5_000)
    assert limit.tokens_left(ready) == 0
    limit.settle(ready + 1, large, ready, 300)
    assert ready + 120 < limit.ready_at(ready + 1, 1) < ready + 200


def test_what_was_not_used_is_given_back() -> None:
    limit = buckets(tokens=1_000)
    reservation = limit.take(START, 900)
    assert limit.ready_at(START, 200) > START + 50
    limit.settle(START + 1, reservation, START, 100)
    assert limit.tokens_left(START + 1) == 900
    assert limit.ready_at(START + 6, 200) <= START + 6


def test_a_refusal_slows_down_and_wears_off() -> None:
    limit = buckets(requests=60)
    first, second = limit.take(START), limit.take(START)
    limit.refused(START + 1, first.at, 5)
    limit.refused(START + 1, second.at, 4)
    assert limit.paused_for(START + 1) == 5
    assert limit.ready_at(START + 1) == START + 6
    assert limit.share(START + 6) == pytest.approx(0.7)
    assert limit.spacing(START + 6) == pytest.approx(1 / 0.7)
    assert limit.share(START + 66) == pytest.approx(0.8)
    assert limit.share(START + 600) == 1


def test_refusals_without_a_time_wait_longer_and_longer() -> None:
    limit, now, waits = buckets(requests=60), START, []
    for _ in range(9):
        now = max(now + 1, limit.ready_at(now))
        at = limit.take(now).at
        limit.refused(now, at, None)
        waits.append(limit.paused_for(now))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    limit.accepted(now + 70)
    limit.refused(now + 80, now + 80, None)
    assert limit.paused_for(now + 80) == 1


def test_a_change_that_was_cut_short_is_repaired() -> None:
    limit = buckets(requests=10, tokens=100)
    limit.take(START, 30)
    limit._cells[3] += 5
    limit._cells[4] += 50
    limit.repair()
    assert limit.requests_left(START) == 9
    assert limit.tokens_left(START) == 70
