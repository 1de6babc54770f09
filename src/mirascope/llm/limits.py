"""Limits that the calls of a program keep by themselves: how many at once, and how many a minute.

    limit = llm.limit("openai", "gpt-4o*", requests_per_minute=500, tokens_per_minute=30_000)

From then on every call of those models waits for its turn, until `limit.remove()`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..core._providers import provider_named
from ..core.base._controls import Control, Permit, put_in_force, take_out_of_force, used
from ..core.base._flow import Action, Flow
from ..core.costs._prices import counts
from ._buckets import Rates, Reservation
from ._gate import Gate
from ._limit_headers import Stated, stated
from ._output_limit import most_output_tokens

if TYPE_CHECKING:
    from ..core.base._reply_view import ReplyView
    from ..core.base._request import Request
    from ..errors import ErrorDescription

_log = logging.getLogger("mirascope")
_LOG_EVERY = 10.0
_FIRST_OUTPUT = 256
"""In tokens: what a reply is taken to have as long as none has told."""
_WEIGHT = 0.2
"""That of the latest reply in the average of a model's outputs."""
_NOT_SERVED = frozenset(
    {"authentication", "bad_request", "context_length", "not_found", "overloaded", "permission"}
    | {"rate_limit"}
)
"""Kinds of error for which the provider counts no tokens."""
_NO_PERMIT = Permit()
_Model = tuple[str, str]


def limit(
    provider: str | None = None,
    model: str | None = None,
    *,
    concurrency: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    shared: str | Path | None = None,
    burst: float = 1 / 60,
    per: float = 60.0,
) -> Limit:
    """Hold all calls of the process to a limit from now on; they wait for their turn.

        llm.limit("openai", requests_per_minute=500, tokens_per_minute=30_000)

        with llm.limit("anthropic", "claude-*", concurrency=4):
            ...

    It holds until `remove()`, or until the end of the `with` block. Where several limits are for
    one request, it waits for all of them.

    Args:
        provider: Only for this provider's models.
        model: Only for this model, or for those that fit a pattern such as `gpt-4o*`.
        concurrency: How many requests are under way at once, from sending to the end of the reply.
        requests_per_minute: No window of a minute has more, wherever it begins.
        tokens_per_minute: Input and output together. A request is counted by an estimate before it
            is sent (four characters a token, and `max_tokens` or what the model mostly replies),
            and by the provider's own figures when its reply has ended.
        shared: The file through which all processes of this machine that name it share the limit.
            It is made where there is none. On Linux and macOS.
        burst: The part of a minute's requests and tokens that may go at once after a pause: by
            default a second's worth, for providers that count by the second.
        per: What to count by in the place of a minute, in seconds. A limit that the provider states
            is taken to be for the same time.

    Raises ValueError for a limit that limits nothing, for figures that are not positive, for an
    unknown provider and for a `shared` file of another kind.
    """
    rates = {
        "concurrency": concurrency,
        "requests_per_minute": requests_per_minute,
        "tokens_per_minute": tokens_per_minute,
    }
    if all(rate is None for rate in rates.values()):
        raise ValueError(f"A limit needs one of {', '.join(f'`{name}`' for name in rates)}.")
    for name, value in {**rates, "per": per, "burst": burst}.items():
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"`{name}` of a limit is a number above 0, and not {value!r}.")
    made = Limit(
        provider if provider is None else provider_named(provider).name,
        model,
        Rates(requests_per_minute, tokens_per_minute, concurrency, per, min(burst, 1)),
        shared if shared is None else Path(shared),
    )
    put_in_force(made)
    return made


@dataclass(frozen=True, slots=True)
class LimitState:
    """What a limit has to do at one moment."""

    waiting: int
    """The requests of this process that wait."""
    in_flight: int
    """The requests under way, of all processes that share the limit."""
    requests_left: int | None
    """How many more the current window has room for; None where they are not limited."""
    tokens_left: int | None
    """How many more the current window has room for; None where they are not limited."""
    paused_for: float
    """The seconds for which nothing is sent because the provider asked for it."""
    share: float
    """The part of the limit that is in use: less than 1 for some time after the provider refused
    a request."""


class Limit(Control):
    """A limit in force; `llm.limit` makes it."""

    def __init__(
        self, provider: str | None, model: str | None, rates: Rates, shared: Path | None
    ) -> None:
        self.provider = provider
        self.model = model
        self.rates = rates
        self.shared = shared
        self._gate = Gate(rates, shared)
        self._is_for: dict[_Model, bool] = {}
        self._outputs: dict[_Model, float] = {}
        self._logged_at = 0.0
        self._removed = False

    def remove(self) -> None:
        """Hold no more calls to it. Those that wait already still wait for their turn."""
        if not self._removed:
            self._removed = True
            take_out_of_force(self)
            self._gate.change(self._close_if_idle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()

    def state(self) -> LimitState:
        """Who waits, what is under way and what is left, at this moment."""
        gate, now = self._gate, time.monotonic()
        with gate.locked():
            buckets, rates = gate.buckets, self.rates
            return LimitState(
                waiting=gate.waiting,
                in_flight=buckets.in_flight,
                requests_left=int(buckets.requests_left(now)) if rates.requests else None,
                tokens_left=int(buckets.tokens_left(now)) if rates.tokens else None,
                paused_for=buckets.paused_for(now),
                share=buckets.share(now),
            )

    def __str__(self) -> str:
        rates = self.rates
        figures = [f"{rates.concurrency} at once"] if rates.concurrency else []
        window = "minute" if rates.window == 60 else f"{rates.window:g} s"
        for count, name in ((rates.requests, "requests"), (rates.tokens, "tokens")):
            if count:
                figures.append(f"{count:g} {name} per {window}")
        names = "/".join(filter(None, (self.provider, self.model))) or "all models"
        return f"limit on {names} ({', '.join(figures)})"

    def __repr__(self) -> str:
        state = self.state()
        told = [f"{state.waiting} waiting", f"{state.in_flight} in flight"]
        for left, name in ((state.requests_left, "requests"), (state.tokens_left, "tokens")):
            if left is not None:
                told.append(f"{left} {name} left")
        if state.paused_for:
            told.append(f"paused for {state.paused_for:.1f} s")
        return f"<{self}: {', '.join(told)}>"

    # --- a request

    def admit(self, request: Request, until: float | None) -> Flow[Permit]:
        """Wait until the request may be sent. Raises TimeoutError where `until` comes first."""
        name = (request.provider.name, request.model)
        concerns = self._is_for.get(name)
        if concerns is None:
            concerns = self._is_for[name] = self._fits(*name)
        if not concerns:
            return _NO_PERMIT
        gate = self._gate
        gate.reopen_after_fork()
        tokens = self._estimate(request, name) if self.rates.tokens else 0
        hold = len(request.controls) > 1
        try:
            reservation = yield from gate.entered(
                tokens, request.is_async, until, hold, self._tell_of_wait
            )
        except TimeoutError:
            raise TimeoutError(
                f"The deadline came while a request to `{request.model}` waited for the {self}. "
                f"{gate.waiting} more are waiting. Ask for less at once, or allow more time."
            ) from None
        return LimitPermit(self, name, reservation, hold)

    def _fits(self, provider: str, model: str) -> bool:
        return self.provider in (None, provider) and (
            self.model is None or self.model == model or fnmatchcase(model, self.model)
        )

    def _estimate(self, request: Request, name: _Model) -> float:
        output = most_output_tokens(request)
        if output is None:
            output = int(self._outputs.get(name, _FIRST_OUTPUT))
        return request.size + output

    def _tell_of_wait(self, seconds: float) -> None:
        now = time.monotonic()
        if now < self._logged_at + _LOG_EVERY or not _log.isEnabledFor(logging.INFO):
            return
        self._logged_at = now
        _log.info("A request has waited %.0f s for its turn: %r", seconds, self)

    # --- what is learned from replies

    def _learn_output(self, name: _Model, output: int) -> None:
        before = self._outputs.get(name)
        self._outputs[name] = output if before is None else before + _WEIGHT * (output - before)

    def _hear(self, headers: Mapping[str, str]) -> None:
        """Take over what the provider says of its own limits, where they are those of one model."""
        buckets, rates = self._gate.buckets, self.rates
        if sum(self._is_for.values()) != 1:
            buckets.most_requests = rates.requests or math.inf
            buckets.most_tokens = rates.tokens or math.inf
            return
        told = stated(headers)
        if rates.requests and (entry := told.get("requests")):
            if entry.limit:
                buckets.most_requests = min(rates.requests, entry.limit)
            self._pause_if_spent(entry)
        if rates.tokens and (entry := told.get("tokens")):
            if entry.limit:
                buckets.most_tokens = min(rates.tokens, entry.limit)
            self._pause_if_spent(entry)

    def _pause_if_spent(self, entry: Stated) -> None:
        if entry.remaining is not None and entry.remaining < 1 and entry.reset:
            until = time.monotonic() + entry.reset
            self._gate.change(lambda now: self._gate.buckets.pause(until))

    def _close_if_idle(self, now: float) -> None:
        gate = self._gate
        if self._removed and not gate.waiting and not gate.buckets.is_busy:
            gate.close()


class LimitPermit(Permit):
    """What one request holds of a limit."""

    def __init__(self, limit: Limit, name: _Model, reservation: Reservation, is_held: bool) -> None:
        self._limit = limit
        self._gate = limit._gate
        self._buckets = limit._gate.buckets
        self._name = name
        self._reservation = reservation
        self._is_held = is_held
        self._sent = False
        self._arrived_at: float | None = None

    def sending(self, action: Action, request: Request) -> Action:
        self._sent = True
        if self._is_held:
            buckets, reservation = self._buckets, self._reservation
            self._gate.change(lambda now: buckets.sent(now, reservation))
        return action

    def received(self, headers: Mapping[str, str]) -> None:
        self._arrived_at = time.monotonic()
        if headers:
            self._limit._hear(headers)

    def end(self, reply: ReplyView | None, error: BaseException | None) -> None:
        if not self._sent:
            self._gate.change(self._give_back)
            return
        problem = _described(error)
        total: int | None = None
        if (tokens := used(reply)) and (tokens.input or tokens.output):
            counted = counts(self._name[0], tokens)
            total = counted.input + counted.output
            if error is None and counted.output:
                self._limit._learn_output(self._name, counted.output)
        elif problem and problem.kind in _NOT_SERVED:
            total = 0
        self._gate.change(partial(self._settle, total, problem))

    def _give_back(self, now: float) -> None:
        self._buckets.give_back(now, self._reservation)
        self._limit._close_if_idle(now)

    def _settle(self, tokens: int | None, problem: ErrorDescription | None, now: float) -> None:
        buckets, reservation = self._buckets, self._reservation
        buckets.settle(now, reservation, self._arrived_at or now, tokens)
        if problem is None:
            buckets.accepted(reservation.at)
        elif problem.kind == "rate_limit" and problem.code != "insufficient_quota":
            # No waiting helps where the account has no more to spend.
            buckets.refused(now, reservation.at, problem.retry_after)
        self._limit._close_if_idle(now)


def _described(error: BaseException | None) -> ErrorDescription | None:
    if not isinstance(error, Exception):
        return None
    from ..errors import describe

    return describe(error)
