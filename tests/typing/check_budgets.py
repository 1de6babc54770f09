"""Budgets and deadlines."""

from __future__ import annotations

from typing import Literal, assert_type

from mirascope import llm
from mirascope.llm.budgets import Left, Spending


def check_budgets() -> None:
    with llm.budget(usd=1.0, tokens=50_000, calls=20, unknown_price=0, name="report") as budget:
        assert_type(budget, llm.Budget)
    assert_type(budget.spent, Spending)
    assert_type(budget.spent.usd, float)
    assert_type(budget.reserved.tokens, int)
    assert_type(budget.left, Left)
    assert_type(budget.left.calls, int | None)
    assert_type(budget.usd, float | None)
    llm.budget(1.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    llm.budget(usd="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def check_errors() -> None:
    try:
        pass
    except llm.BudgetExceeded as error:
        assert_type(error.budget, llm.Budget)
        assert_type(error.cap, Literal["usd", "tokens", "calls"])
        assert_type(error.spent, Spending)
    except llm.DeadlineExceeded as error:
        _: TimeoutError = error


def check_deadlines() -> None:
    with llm.deadline(8) as running:
        assert_type(running.left, float)
        assert_type(running.seconds, float)
    assert_type(llm.deadline(8.5).seconds, float)
    llm.deadline("8")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
