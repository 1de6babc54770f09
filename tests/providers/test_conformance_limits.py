"""What limits learn from each provider: its refusals, and the headers that its SDK shows."""

from __future__ import annotations

import pytest

from mirascope import llm

from .cases import Way

HIDES_HEADERS = {"litellm", "mistral"}
"""Providers whose SDK gives a whole reply without its headers."""
HIDES_STREAMED_HEADERS = {"litellm"}


def has_heard(limit: llm.Limit) -> bool:
    return limit.state().requests_left == 3


async def test_headers_of_a_reply(way: Way) -> None:
    way.box.limit(requests=4)
    with llm.limit(way.case.name, requests_per_minute=1_000) as limit:
        await way.ask("Hi")
        assert limit.state().in_flight == 0
        assert has_heard(limit) is (way.case.name not in HIDES_HEADERS)


async def test_headers_of_a_stream(way: Way) -> None:
    way.box.limit(requests=4)
    with llm.limit(way.case.name, requests_per_minute=1_000) as limit:
        await way.items(await way.ask("Hi", stream=True))
        assert limit.state().in_flight == 0
        assert has_heard(limit) is (way.case.name not in HIDES_STREAMED_HEADERS)


async def test_tokens(way: Way) -> None:
    way.box.reply("Hello", usage={"input": 70, "output": 30})
    with llm.limit(way.case.name, tokens_per_minute=10_000) as limit:
        await way.ask("Hi")
        assert limit.state().tokens_left == 9_900


async def test_a_refusal(way: Way) -> None:
    way.box.fail(429, retry_after=0.1, times=way.case.attempts)
    with llm.limit(way.case.name, requests_per_minute=1_000) as limit:
        with pytest.raises(way.case.error("RateLimitError")):
            await way.ask("Hi")
        state = limit.state()
    assert state.paused_for <= 0.1
    assert state.share == pytest.approx(0.7)
