"""Testing a program of yours: the real SDK, and a server in the test.

python -m pytest examples/testing_with_sandbox.py
"""

from collections.abc import Generator

import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox, sandbox


@llm.call(provider="openai", model="gpt-4o-mini", call_params={"max_retries": 0})
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def recommend_or_apologize(genre: str) -> str:
    try:
        return recommend(genre).content
    except Exception:
        return "Nothing comes to mind."


@pytest.fixture
def box() -> Generator[Sandbox]:
    with sandbox() as box:
        yield box


def test_the_genre_is_asked_for(box: Sandbox) -> None:
    box.reply("Emma")
    assert recommend_or_apologize("romance") == "Emma"
    assert box.requests[0].body["messages"] == [
        {"role": "user", "content": "Recommend a romance book."}
    ]


def test_a_failure_is_an_apology(box: Sandbox) -> None:
    box.fail(500)
    assert recommend_or_apologize("romance") == "Nothing comes to mind."
