"""The applications among the examples, run as their users run them, against a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirascope.core._providers import is_installed
from mirascope.sandbox import Sandbox, ToolCall, sandbox

APPLICATIONS = Path(__file__).parent.parent / "examples" / "applications"

pytestmark = pytest.mark.skipif(
    not is_installed("openai"), reason="the package `openai` is not installed"
)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox for other processes: `environment` tells them of it."""
    with sandbox(redirect=False) as running:
        yield running


def run(
    box: Sandbox, application: str, *arguments: str | Path, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    program = APPLICATIONS / application / f"{application}.py"
    return subprocess.run(
        [sys.executable, program, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | box.environment() | variables,
    )


# --- notes_chat


def chat(box: Sandbox, folder: Path, *lines: str, model: str = "gpt-4o-mini") -> str:
    """What the chat prints when these lines are typed in."""
    result = run(box, "notes_chat", folder, "--model", model, stdin="\n".join(lines) + "\n")
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    return result.stdout


def write(path: str, content: str) -> ToolCall:
    return ToolCall("file_system_WriteFile", {"path": path, "content": content})


def test_notes_are_written_once_the_user_agrees(box: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    box.reply([write("birds.md", "Owls hunt at night."), write("spam.md", "Buy!")])
    box.reply("One of two is written.")
    printed = chat(box, folder, "Note that owls hunt at night.", "y", "n", "/quit")
    assert (folder / "birds.md").read_text() == "Owls hunt at night."
    assert not (folder / "spam.md").exists()
    assert "[WriteFile spam.md] Go ahead?" in printed
    assert "One of two is written." in printed
    # The model has been told what became of each.
    told = [message["content"] for message in box.requests[1].body["messages"][-2:]]
    assert "birds.md" in told[0]
    assert told[1] == "Cancelled: The user said no."


def test_a_chat_goes_on_another_day_with_another_model(box: Sandbox, tmp_path: Path) -> None:
    if not is_installed("anthropic"):
        pytest.skip("the package `anthropic` is not installed")
    (tmp_path / "birds.md").write_text("Owls hunt at night.")
    box.reply(ToolCall("file_system_ReadFile", {"path": "birds.md"}))
    box.reply("At night.")
    assert "[ReadFile birds.md]" in chat(box, tmp_path, "When do owls hunt?", "/quit")

    box.reply("By ear.")
    printed = chat(box, tmp_path, "And how?", "/cost", model="anthropic/claude-haiku-4-5")
    assert "Going on after 2 replies.\nTalking to anthropic/claude-haiku-4-5." in printed
    assert "3 replies, $0." in printed
    last = box.requests[-1]
    assert last.provider == "anthropic"
    assert "Owls hunt at night." in json.dumps(last.body["messages"])


def test_an_error_does_not_end_the_chat(box: Sandbox, tmp_path: Path) -> None:
    box.fail(401, message="That key is no good.")
    box.reply("Here again.")
    printed = chat(box, tmp_path, "Are you there?", "/model nobody/knows", "And now?")
    assert "(authentication: " in printed
    assert "That key is no good." in printed
    assert "knows" in printed
    assert "Here again." in printed
