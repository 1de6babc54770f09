"""What limits read: the headers of replies, and how long a reply may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mirascope.core._providers import provider_named
from mirascope.llm._limit_headers import Stated, stated
from mirascope.llm._output_limit import most_output_tokens


def asks(provider: str, **kwargs: Any) -> Any:
    return SimpleNamespace(provider=provider_named(provider), kwargs=kwargs)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12),
        ("1.5", 1.5),
        ("120ms", 0.12),
        ("1s", 1),
        ("6m0s", 360),
        ("2m59.56s", 179.56),
        ("1h2m3s", 3723),
        ("1d", 86400),
        ("-3", 0),
        ("soon", None),
        ("nan", None),
        ("", 0),
    ],
)
def test_times_of_a_reset(text: str, seconds: float | None) -> None:
    told = stated({"x-ratelimit-reset-requests": text})["requests"].reset
    assert told == (None if text == "" else seconds)


@pytest.mark.parametrize("form", ["iso", "epoch"])
def test_moments_of_a_reset(form: str) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=30)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ") if form == "iso" else str(moment.timestamp())
    seconds = stated({"anthropic-ratelimit-tokens-reset": text})["tokens"].reset
    assert seconds is not None
    assert 28 < seconds <= 30


def test_headers_of_several_providers() -> None:
    assert stated(
        {
            "content-type": "application/json",
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-limit-tokens": "30000",
            "x-ratelimit-remaining-tokens": "x",
        }
    ) == {"requests": Stated(500, 499, 0.12), "tokens": Stated(30000)}
    assert stated(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-input-tokens-limit": "30000",
            "anthropic-ratelimit-output-tokens-limit": "8000",
        }
    ) == {"requests": Stated(50, 0)}
    assert stated(
        {"x-ratelimit-limit-req-minute": "60", "x-ratelimit-limit-tokens-month": "1"}
    ) == {"requests": Stated(60)}


@pytest.mark.parametrize(
    ("provider", "kwargs", "expected"),
    [
        ("openai", {"max_tokens": 7}, 7),
        ("openai", {"max_completion_tokens": 8}, 8),
        ("openai", {}, None),
        ("anthropic", {"max_tokens": 9}, 9),
        ("google", {"config": {"max_output_tokens": 10}}, 10),
        ("google", {"config": SimpleNamespace(max_output_tokens=11)}, 11),
        ("bedrock", {"inferenceConfig": {"maxTokens": 12}}, 12),
    ],
)
def test_how_long_a_reply_may_be(provider: str, kwargs: Any, expected: int | None) -> None:
    assert most_output_tokens(asks(provider, messages=[], **kwargs)) == expected
