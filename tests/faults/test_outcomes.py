"""The table in the documentation is the one that these tests go by.

`python -m pytest tests/faults/test_outcomes.py` fails where it is not, and says what it should be.
"""

from __future__ import annotations

from pathlib import Path

from mirascope import errors

from .outcomes import KINDS, OUTCOMES, Outcomes
from .setups import SETUPS

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
START, END = "<!-- outcomes -->\n", "<!-- end of outcomes -->\n"
LIKE_OPENAI = ("xai", "ollama", "vllm", "azure-openai")
TITLES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "google": "Google",
    "groq": "Groq",
    "mistral": "Mistral",
    "cohere": "Cohere",
    "azure": "Azure AI",
    "bedrock": "Amazon Bedrock",
}


def cell(outcomes: Outcomes, fault: str) -> str:
    outcome = outcomes.of(fault)
    names = dict.fromkeys(path.rpartition(":")[2].rpartition(".")[2] for path in outcome.paths)
    text = ", ".join(f"`{name}`" for name in names)
    return text if outcome.kind == KINDS[fault] else f"{text} ({outcome.kind})"


def table() -> str:
    rows = [["fault", "kind", *TITLES.values()], ["---"] * (len(TITLES) + 2)]
    for fault, kind in KINDS.items():
        rows.append([fault, f"`{kind}`", *(cell(OUTCOMES[name], fault) for name in TITLES)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def test_the_documented_table() -> None:
    shown = PAGE.read_text().partition(START)[2].partition(END)[0]
    assert shown == table()


def test_every_way_has_its_outcomes() -> None:
    assert set(SETUPS) <= set(OUTCOMES)
    assert {*TITLES, *LIKE_OPENAI, "litellm"} == set(OUTCOMES)
    for name in LIKE_OPENAI:
        assert OUTCOMES[name] == OUTCOMES["openai"]


def test_every_outcome_is_one_that_may_pass() -> None:
    for outcomes in OUTCOMES.values():
        for fault in KINDS:
            assert outcomes.of(fault).kind in errors.TRANSIENT
