"""A sandbox that keeps a rate limit, as the real SDKs see it."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from mirascope.sandbox import Sandbox

USER = {"role": "user", "content": "Hello dear sandbox"}
CLAUDE = {"model": "claude-test", "max_tokens": 1024, "messages": [USER]}


def ask(client: Any, **options: Any) -> Any:
    raw = client.chat.completions.with_raw_response
    return raw.create(model="gpt-4o", messages=[USER], **options)


def test_requests(box: Sandbox, openai_client: Any) -> None:
    limit = box.limit(requests=2, per=30)
    box.reply("Only one", times=3)
    told = [ask(openai_client).headers, ask(openai_client, stream=True).headers]
    with pytest.raises(openai.RateLimitError) as caught:
        ask(openai_client)
    assert [headers["x-ratelimit-limit-requests"] for headers in told] == ["2", "2"]
    assert [headers["x-ratelimit-remaining-requests"] for headers in told] == ["1", "0"]
    refusal = caught.value.response.headers
    assert 20 < float(refusal["retry-after"]) <= 30
    assert 20 < float(refusal["x-ratelimit-reset-requests"].removesuffix("s")) <= 30
    assert (limit.accepted, limit.refused) == (2, 1)
    assert box.unused == 1


def test_a_place_is_free_when_the_window_is_over(box: Sandbox, openai_client: Any) -> None:
    limit = box.limit(requests=1, per=0.2)
    ask(openai_client)
    with pytest.raises(openai.RateLimitError):
        ask(openai_client)
    assert box.wait_until(lambda: limit.wait() == 0)
    ask(openai_client)
    assert (limit.accepted, limit.refused) == (2, 1)


def test_tokens(box: Sandbox, openai_client: Any) -> None:
    box.reply("Hello", usage={"input": 60, "output": 30}, times=2)
    box.limit(tokens=100)
    assert ask(openai_client).headers["x-ratelimit-remaining-tokens"] == "10"
    assert ask(openai_client).headers["x-ratelimit-remaining-tokens"] == "0"
    with pytest.raises(openai.RateLimitError):
        ask(openai_client)


def test_replies_that_a_function_makes_are_counted(box: Sandbox, openai_client: Any) -> None:
    box.reply(lambda request: "one two three")
    box.limit(tokens=100)
    assert ask(openai_client).headers["x-ratelimit-remaining-tokens"] == "94"


def test_each_provider_has_its_own(
    box: Sandbox, openai_client: Any, anthropic_client: anthropic.Anthropic
) -> None:
    box.limit(requests=1, provider="anthropic")
    for _ in range(2):
        assert ask(openai_client).headers["x-ratelimit-limit-requests"] != "1"
    headers = anthropic_client.messages.with_raw_response.create(**CLAUDE).headers  # type: ignore[call-overload]
    assert headers["anthropic-ratelimit-requests-limit"] == "1"
    assert headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert headers["anthropic-ratelimit-requests-reset"].startswith("20")
    with pytest.raises(anthropic.RateLimitError):
        anthropic_client.messages.create(**CLAUDE)  # type: ignore[call-overload]
    box.reset()
    anthropic_client.messages.create(**CLAUDE)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="does not speak for `opnai`"):
        box.limit(requests=1, provider="opnai")
