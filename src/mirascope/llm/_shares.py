"""What one request has of a budget: reserved while it is under way, settled when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..core.base._controls import Permit, used
from ..core.base._flow import Action
from ..core.base._token_estimates import tokens_out
from ..core.base._wire import Tokens
from ..core.costs._prices import counts
from ..core.costs._rates import Rates, price_of

if TYPE_CHECKING:
    from ..core.base._reply_view import ReplyView
    from ..core.base._request import Request
    from .budgets import Budget


class Spending(NamedTuple):
    """An amount of each thing that a budget counts."""

    usd: float
    """US dollars, as far as prices are known."""
    tokens: int
    """Of requests and replies together."""
    calls: int
    """Requests that were sent, also those that failed."""


NOTHING = Spending(0.0, 0, 0)


class Total:
    """A sum that changes."""

    __slots__ = ("calls", "tokens", "usd")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.usd, self.tokens, self.calls = NOTHING

    def add(self, amount: Spending) -> None:
        self.usd += amount.usd
        self.tokens += amount.tokens
        self.calls += amount.calls

    def take_off(self, amount: Spending) -> None:
        self.usd -= amount.usd
        self.tokens -= amount.tokens
        self.calls -= amount.calls

    def now(self) -> Spending:
        return Spending(self.usd, self.tokens, self.calls)


class Share(Permit):
    """The share of one request, and how it learns what the request comes to."""

    def __init__(self, budget: Budget, request: Request, each: Rates, expected: int) -> None:
        self.request = request
        self.certain: Spending = NOTHING
        self.reserved: Spending = NOTHING
        self.was_sent: bool = False
        self.is_whole: bool = False
        """All of the reply has arrived."""
        self._has_begun = False
        self._budget = budget
        self._rates = each
        self._expected = expected
        self.measure(request.size, 0)

    def measure(self, input_tokens: int, output_tokens: int) -> None:
        """Put into `certain` what is used already, into `reserved` what is likely to be."""
        self.certain = self._amount(input_tokens, output_tokens)
        self.reserved = (
            self.certain
            if output_tokens >= self._expected
            else self._amount(input_tokens, self._expected)
        )

    def _amount(self, input_tokens: int, output_tokens: int) -> Spending:
        each = self._rates
        usd = input_tokens * each.input + output_tokens * each.output
        return Spending(usd, input_tokens + output_tokens, 1)

    # --- what it is told

    def sending(self, action: Action, request: Request) -> Action:
        self.was_sent = True
        return action

    def received(self, headers: Mapping[str, str]) -> None:
        self._has_begun = True

    def arrived(self, stream: ReplyView) -> None:
        if self._budget.may_cut:
            tokens = self._tokens_of(stream)
            self.is_whole = bool(stream._reply.finish_reasons)
            counted = counts(self.request.provider.name, tokens)
            self._budget.grow(self, counted.input, counted.output)

    def end(self, reply: ReplyView | None, error: BaseException | None) -> None:
        output: int | None = None
        usd: float | None = 0.0
        amount = Spending(0.0, 0, int(self.was_sent))
        try:
            if tokens := self._used(reply, error):
                counted = counts(self.request.provider.name, tokens)
                output = None if error else counted.output
                usd = self._price(reply, tokens)
                amount = Spending(usd or 0.0, counted.input + counted.output, 1)
        except Exception:
            # A reply that cannot be read has been paid for all the same.
            amount = self.certain
        self._budget.settle(self, amount, output, has_price=usd is not None)

    # --- what it comes to

    def _used(self, reply: ReplyView | None, error: BaseException | None) -> Tokens | None:
        if not self.was_sent:
            return None
        if self._has_begun and reply is not None:
            return self._tokens_of(reply)
        charged = self._has_begun or (error is not None and _may_be_charged(error))
        return Tokens(input=self.request.size) if charged else None

    def _tokens_of(self, reply: ReplyView) -> Tokens:
        """The provider's counts; our estimate where there are none yet."""
        counted = used(reply) or Tokens()
        so_far = reply._reply
        input_tokens, output = counted.input, counted.output
        # The count of a stream that is not at its end may be of what was there at its beginning.
        if output is None or (self.request.stream and not so_far.finish_reasons):
            output = max(output or 0, tokens_out(so_far))
        if input_tokens is None:
            input_tokens = self.request.size
        return replace(counted, input=input_tokens, output=output)

    def _price(self, reply: ReplyView | None, tokens: Tokens) -> float | None:
        provider = self.request.provider.name
        asked: str = self.request.model
        for model in dict.fromkeys((getattr(reply, "model", None) or asked, asked)):
            price = price_of(provider, model, tokens)
            if price is not None:
                return price
        each = self._budget.unknown_rates
        if each is None:
            return None
        counted = counts(provider, tokens)
        return counted.input * each.input + counted.output * each.output


def _may_be_charged(error: BaseException) -> bool:
    """Whether the provider may go on with a request that failed here: cancelled, or timed out."""
    from ..errors import describe

    return not isinstance(error, Exception) or describe(error).kind == "timeout"
