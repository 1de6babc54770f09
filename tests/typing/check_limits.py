"""What limits are and say."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from mirascope import llm


def check_limits() -> None:
    limit = llm.limit("openai", "gpt-4o*", requests_per_minute=500, tokens_per_minute=30_000)
    assert_type(limit, llm.Limit)
    assert_type(limit.state(), llm.LimitState)
    assert_type(limit.state().requests_left, int | None)
    assert_type(limit.state().paused_for, float)
    assert_type(limit.remove(), None)
    with llm.limit(concurrency=4, shared=Path("limit"), per=1, burst=0.5) as entered:
        assert_type(entered, llm.Limit)
    llm.limit(requests=500)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    llm.limit(concurrency="4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
