"""What a reply keeps in memory, counted in bytes that are allocated: no clock is read."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic_core import to_json

from mirascope import llm
from mirascope.sandbox import Sandbox

KIB = 1024
OWN = 4 * KIB
"""What a response may keep besides its reply, in bytes."""
MODELS: dict[str, str] = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-sonnet-4-6",
    "groq": "openai/gpt-oss-120b",
    "xai": "grok-3",
    "ollama": "llama3.2",
    "google": "gemini-2.5-flash",
    "mistral": "mistral-small-latest",
    "cohere": "command-a-03-2025",
    "azure": "gpt-4o-mini",
    "bedrock": "amazon.nova-lite-v1:0",
}


@contextmanager
def traced() -> Iterator[Callable[[], int]]:
    """Gives a function that says how many bytes are allocated and not let go of since."""
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]

    def kept() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before

    try:
        yield kept
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("words", [10, 2_000], ids=["small", "large"])
@pytest.mark.parametrize("provider", MODELS)
def test_a_response_keeps_its_reply_and_little_else(
    box: Sandbox, provider: Any, words: int
) -> None:
    text = "word " * words
    box.reply(text, times=480)

    @llm.call(provider, MODELS[provider])
    def ask() -> str:
        return "Hi"

    def read() -> Any:
        response = ask()
        assert response.content == text
        return response

    for _ in range(5):
        raw = read()._raw
    count = 30 if words < 100 else 5
    size = len(to_json(raw.data))
    allowed = 1.5 * size + OWN
    # What other threads allocate meanwhile only adds: what is too high is measured again.
    for _ in range(3):
        kept = average_of(read, count, box)
        if kept <= allowed:
            break
    assert kept > len(text)
    assert kept <= allowed, f"{kept:.0f} bytes for a reply of {size}"


def average_of(make: Callable[[], Any], count: int, box: Sandbox) -> float:
    """What is kept of each, in bytes."""
    with traced() as kept:
        few = [make() for _ in range(5)]
        box.requests.clear()
        after_few = kept()
        many = [make() for _ in range(count)]
        box.requests.clear()
        average = (kept() - after_few) / count
    assert len(few) + len(many) == 5 + count
    return average


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_a_stream_keeps_what_it_has_delivered_and_little_else(box: Sandbox, provider: Any) -> None:
    """A long stream of which nothing is kept by the reader, half way through."""

    @llm.call(provider, MODELS[provider], stream=True)
    def tell() -> str:
        return "Hi"

    def kept_after(events: int) -> int:
        box.reply("word " * (2 * events))
        with traced() as kept:
            stream = tell()
            items = iter(stream)
            for _ in range(events):
                next(items)
            found = kept()
            stream.close()
        return found

    kept_after(100)
    short, long = kept_after(500), kept_after(4_500)
    # The text of an event, its place in a list, and what the reader has not taken yet.
    assert (long - short) / 4_000 <= 420
