"""What limits learn from each provider: its refusals, and the headers that its SDK shows."""

from __future__ import annotations

from typing import Any

import pytest

from mirascope import llm

from .cases import Way

HIDES_HEADERS = {"azure", "cohere", "litellm", "mistral"}
"""Providers whose SDK gives a whole reply without its headers."""
HIDES_STREAMED_HEADERS = {"azure", "google", "litellm"}


def heard(limit: llm.Limit) -> bool:
    return limit.state().requests_left == 3


async def test_headers_of_a_reply(llm_way: Way) -> None:
    llm_way.box.limit(requests=4)
    with llm.limit(llm_way.case.name, requests_per_minute=1_000) as limit:
        await llm_way.reply(llm_way.fn())
        assert limit.state().in_flight == 0
        assert heard(limit) is (llm_way.case.name not in HIDES_HEADERS)


async def test_headers_of_a_stream(llm_way: Way) -> None:
    llm_way.box.limit(requests=4)
    with llm.limit(llm_way.case.name, requests_per_minute=1_000) as limit:
        await llm_way.items(llm_way.fn(stream=True))
        assert limit.state().in_flight == 0
        assert heard(limit) is (llm_way.case.name not in HIDES_STREAMED_HEADERS)
