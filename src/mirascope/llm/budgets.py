"""Budgets: how much the calls inside a `with` block may spend."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from ..core.base._controls import Control, Permit, enter, leave
from ..core.base._flow import Flow
from ..core.costs._prices import states_prices
from ..core.costs._rates import Rates, rates
from ._shares import Share, Total
from ._shares import Spending as Spending

if TYPE_CHECKING:
    from ..core.base._request import Request

Cap = Literal["usd", "tokens", "calls"]

_CAPS: tuple[Cap, ...] = ("usd", "tokens", "calls")
_CUTTING: tuple[Cap, ...] = ("usd", "tokens")
"""Those that a stream may reach while it arrives."""
_EXPECTED = 500
"""How many tokens a reply is taken to need before there was one."""
_FREE = Rates(0, 0, 0, 0)


class Left(NamedTuple):
    """What is left under each cap; None where there is none."""

    usd: float | None
    tokens: int | None
    calls: int | None


class BudgetExceeded(RuntimeError):
    """A request was not sent, or a stream was cut, because a budget does not allow it."""

    budget: Budget
    """Which one."""
    cap: Cap
    """Which of its caps."""
    spent: Spending
    """How much of the budget was spent by then."""

    def __reduce__(self) -> Any:
        # The budget stays in its process.
        kept = {name: value for name, value in vars(self).items() if name != "budget"}
        return type(self), self.args, kept


class Budget(Control):
    """Hold the calls inside a block to a cap of dollars, tokens or calls, all of them together.

        with llm.budget(usd=1.0, calls=20) as budget:
            response = recommend_book("fantasy")
        print(budget.spent.usd, budget.left.calls)

    Every request that is made inside counts, whoever makes it: tools, tasks, chains, each attempt
    of a retry, a stream that is iterated over after the block. It counts against this budget and
    against all around it. One that does not fit is not sent, and a stream that reaches a cap is cut
    there: both raise `BudgetExceeded`. A budget without a cap only counts.

    A budget may be entered again, also by several tasks and threads at once: they share it. A
    thread starts without one unless it is run in a copy of the context.

    Args:
        usd: US dollars. A model whose price is not known is refused with ValueError, before
            anything is sent, unless `unknown_price` is given.
        tokens: Of requests and replies together.
        calls: Requests. What an SDK sends again by itself counts once.
        unknown_price: US dollars for a million tokens of a model whose price is not known; 0 for
            one that costs nothing.
        name: What errors and `repr` call it.

    Raises TypeError for a cap that is no number, ValueError for one that is negative or no whole
    number where it has to be.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        unknown_price: float | None = None,
        name: str | None = None,
    ) -> None:
        _check("usd", usd)
        _check("tokens", tokens, whole=True)
        _check("calls", calls, whole=True)
        _check("unknown_price", unknown_price)
        self.usd = usd
        self.tokens = tokens
        self.calls = calls
        self.name = name
        self.may_cut: bool = usd is not None or tokens is not None
        self.unknown_rates: Rates | None = None
        if unknown_price is not None:
            each = unknown_price / 1e6
            self.unknown_rates = Rates(each, each, each, each)
        self._lock = threading.Lock()
        self._spent, self._reserved, self._certain = Total(), Total(), Total()
        self._under_way = 0
        self._replies, self._output = 0, 0
        self._unpriced: set[tuple[str, str]] = set()
        """Models whose provider was to state the price, and did not."""

    # --- what is known about it

    @property
    def spent(self) -> Spending:
        """What the requests that are over have used."""
        return self._spent.now()

    @property
    def reserved(self) -> Spending:
        """What the requests under way are expected to use."""
        return self._reserved.now()

    @property
    def left(self) -> Left:
        """What is left under each cap, the requests under way left out."""
        spent, usd, tokens, calls = self.spent, self.usd, self.tokens, self.calls
        return Left(
            None if usd is None else max(0.0, usd - spent.usd),
            None if tokens is None else max(0, tokens - spent.tokens),
            None if calls is None else max(0, calls - spent.calls),
        )

    def __repr__(self) -> str:
        named = f" {self.name!r}" if self.name else ""
        return f"<Budget{named}: {', '.join(map(self._state, _CAPS))}>"

    def _state(self, cap: Cap) -> str:
        spent, limit = getattr(self.spent, cap), self._limit(cap)
        shown = _amount(cap, spent)
        return shown if limit is None else f"{shown} of {_amount(cap, limit)}"

    def _limit(self, cap: Cap) -> float | None:
        limit: float | None = getattr(self, cap)
        return limit

    # --- in force

    def __enter__(self) -> Self:
        enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        leave(self)

    def admit(self, request: Request, until: float | None) -> Flow[Permit]:
        return self._share_for(request)
        yield

    def _share_for(self, request: Request) -> Share:
        share = Share(self, request, self._rates(request), self._expected(request))
        with self._lock:
            if cap := self._too_small_for(share):
                raise self._refusal(share, cap)
            self._reserved.add(share.reserved)
            self._certain.add(share.certain)
            self._under_way += 1
        return share

    def _rates(self, request: Request) -> Rates:
        if self.usd is None:
            return _FREE
        provider, model = request.provider, request.model
        known = rates(provider.name, model) or self.unknown_rates
        if known is not None:
            return known
        if states_prices(provider.name) and (provider.name, model) not in self._unpriced:
            return _FREE
        raise ValueError(
            f"The price of `{model}` of {provider.title} is not known, so that {self._title('usd')}"
            " cannot hold it. Give the budget `unknown_price=`, in US dollars for a million tokens "
            "(0 for a model that costs nothing), or cap `tokens=` in the place of `usd=`."
        )

    def _expected(self, request: Request) -> int:
        """How many tokens the reply to a request is likely to take, by those before it."""
        expected = self._output // self._replies if self._replies else _EXPECTED
        return min(expected, _most(request) or expected)

    def _too_small_for(self, share: Share) -> Cap | None:
        for cap in _CAPS:
            limit = self._limit(cap)
            if limit is not None:
                taken = getattr(self._spent, cap) + getattr(self._reserved, cap)
                if taken >= limit or taken + getattr(share.certain, cap) > limit:
                    return cap
        return None

    # --- what becomes of a request

    def grow(self, share: Share, input_tokens: int, output_tokens: int) -> None:
        """More of a stream has arrived. Raises BudgetExceeded where that goes over a cap."""
        with self._lock:
            self._certain.take_off(share.certain)
            self._reserved.take_off(share.reserved)
            share.measure(input_tokens, output_tokens)
            self._certain.add(share.certain)
            self._reserved.add(share.reserved)
            if share.is_whole:
                # To be refused is what comes next: of this nothing would be saved.
                return
            for cap in _CUTTING:
                limit = self._limit(cap)
                used = getattr(self._spent, cap) + getattr(self._certain, cap)
                if limit is not None and used > limit:
                    raise self._cut(share, cap)

    def settle(
        self, share: Share, amount: Spending, output: int | None, *, has_price: bool = True
    ) -> None:
        """A request is over; `output` is what a reply took that came to its end."""
        with self._lock:
            self._spent.add(amount)
            self._reserved.take_off(share.reserved)
            self._certain.take_off(share.certain)
            self._under_way -= 1
            if not self._under_way:
                # Sums of fractions do not come out even.
                self._reserved.clear()
                self._certain.clear()
            if output is not None:
                self._replies += 1
                self._output += output
            if not has_price:
                self._unpriced.add((share.request.provider.name, share.request.model))

    # --- what is said about it

    def _refusal(self, share: Share, cap: Cap) -> BudgetExceeded:
        spent, reserved = getattr(self._spent, cap), getattr(self._reserved, cap)
        taken = f"{_amount(cap, spent)} spent"
        if reserved:
            taken += f", {_amount(cap, reserved)} reserved by requests under way"
        if cap != "calls":
            taken += f", about {_amount(cap, getattr(share.certain, cap))} wanted"
        way_out = "wait for those under way, or raise" if reserved else "raise"
        return self._exceeded(
            cap,
            f"{self._title(cap)} has no room for a request to `{share.request.model}`, which was "
            f"not sent: {taken}. To go on, {way_out} `{cap}=` of the budget.",
        )

    def _cut(self, share: Share, cap: Cap) -> BudgetExceeded:
        return self._exceeded(
            cap,
            f"{self._title(cap)} was reached by a stream of `{share.request.model}`, which was cut:"
            f" {_amount(cap, getattr(self._spent, cap))} spent before it, about "
            f"{_amount(cap, getattr(self._certain, cap))} under way. What had arrived can be read "
            f"off the stream. For more, raise `{cap}=` of the budget.",
        )

    def _exceeded(self, cap: Cap, message: str) -> BudgetExceeded:
        error = BudgetExceeded(message[0].upper() + message[1:])
        error.budget, error.cap, error.spent = self, cap, self.spent
        return error

    def _title(self, cap: Cap) -> str:
        named = f"budget `{self.name}`" if self.name else "budget"
        return f"the {named} of {_amount(cap, self._limit(cap) or 0)}"


budget = Budget


def _most(request: Request) -> int | None:
    """How many tokens a request allows its reply, where it says so by the common name."""
    places: tuple[Mapping[str, Any], ...] = (
        request.prompt.call_params,
        request.call_params,
        request.kwargs,
    )
    limits = (params.get("max_tokens") for params in places)
    return next((limit for limit in limits if isinstance(limit, int)), None)


def _amount(cap: Cap, amount: float) -> str:
    if cap == "usd":
        return f"${amount:,.6f}".rstrip("0").rstrip(".")
    unit = cap.removesuffix("s") if amount == 1 else cap
    return f"{amount:,} {unit}"


def _check(name: str, amount: float | None, *, whole: bool = False) -> None:
    """Raise for what is no amount."""
    if amount is None:
        return
    given: Any = amount
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise TypeError(f"`{name}` of a budget is a number, not {given!r}.")
    if not math.isfinite(amount) or amount < 0:
        raise ValueError(
            f"`{name}` of a budget is a number that is not negative, not {given!r}. Leave it out "
            "for no cap."
        )
    if whole and not isinstance(given, int):
        raise ValueError(f"`{name}` of a budget is a whole number, not {given!r}.")
