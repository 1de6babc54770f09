"""The applications among the examples, run as their users run them, against a sandbox."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from mirascope.core._providers import is_installed
from mirascope.sandbox import ReceivedRequest, Sandbox, ToolCall, sandbox

if TYPE_CHECKING:
    import httpx

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
        timeout=100,
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


def test_a_model_that_calls_tools_without_end_does_not_end_the_chat(
    box: Sandbox, tmp_path: Path
) -> None:
    box.reply(ToolCall("file_system_ListDirectory", {"path": "."}), times=10)
    box.reply("Here again.")
    printed = chat(box, tmp_path, "What is there?", "And now?")
    assert "(ChainLimitError: Chain limit of 10 exceeded." in printed
    assert "Here again." in printed
    assert len(box.requests) == 11


# --- story_endpoint, summary_service


@contextmanager
def served(box: Sandbox, application: str, **variables: str) -> Generator[httpx.Client]:
    """The application under uvicorn, at a port of its own, and a client to ask it."""
    if not is_installed("fastapi") or not is_installed("uvicorn"):
        pytest.skip("the packages `fastapi` and `uvicorn` are not installed")
    httpx = pytest.importorskip("httpx")
    command = [sys.executable, "-m", "uvicorn", f"{application}:app", "--port", "0"]
    with subprocess.Popen(
        [*command, "--app-dir", APPLICATIONS / application],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | box.environment() | variables,
    ) as server:
        assert server.stderr
        try:
            printed = ""
            for line in server.stderr:
                printed += line
                if found := re.search(r"running on (http://[\d.:]+)", line):
                    # Its pipe is emptied from now on, so that it never waits for us.
                    Thread(target=server.stderr.read, daemon=True).start()
                    with httpx.Client(base_url=found[1], timeout=30) as client:
                        yield client
                    return
            pytest.fail(f"{application} did not start:\n{printed}")
        finally:
            server.terminate()


def told(client: httpx.Client, **wish: Any) -> list[tuple[str, Any]]:
    """The events that a wish is answered with."""
    response = client.post("/stories", json=wish)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    events = re.findall(r"^event: (\w+)\ndata: (.*)$", response.text, re.MULTILINE)
    return [(name, json.loads(data)) for name, data in events]


def test_a_story_is_streamed_to_its_end_or_to_an_error(box: Sandbox) -> None:
    with served(box, "story_endpoint") as client:
        *texts, (last, end) = told(client, topic="a fox", sentences=2)
        assert {name for name, _ in texts} == {"text"}
        assert len(texts) > 3
        story = "".join(data["text"] for _, data in texts)
        assert story == "Sandbox reply to: Tell a story about a fox."
        assert last == "end"
        assert end["finish_reasons"] == ["stop"]
        assert end["output_tokens"] > 0
        assert box.requests[0].body["messages"][0] == {
            "role": "system",
            "content": "You tell stories to children, in 2 sentences.",
        }

        box.fail(400, message="The account of Jane Doe is closed.")
        assert told(client, topic="a fox") == [
            ("error", {"kind": "bad_request", "retry_after": None})
        ]

        box.cut(after_events=4, reply="Once upon a time there was a hare")
        *texts, (last, error) = told(client, topic="a hare")
        assert "".join(data["text"] for _, data in texts).startswith("Once upon")
        assert (last, error["kind"]) == ("error", "connection")

        assert client.post("/stories", json={"topic": " "}).status_code == 422
        assert len(box.requests) == 3


def test_a_reader_who_leaves_ends_the_request_to_the_provider(box: Sandbox) -> None:
    with served(box, "story_endpoint") as client:
        box.stall(after_events=4, reply="Once upon a time there was a hare")
        with client.stream("POST", "/stories", json={"topic": "a hare"}) as response:
            # Named, because the connection is closed with the iterator.
            lines = (line for line in response.iter_lines() if line)
            assert next(lines) == "event: text"
            assert not box.requests[0].disconnected
        assert box.wait_until(lambda: box.requests[0].disconnected, timeout=20)


def test_another_provider_sums_up_while_the_first_is_down(box: Sandbox) -> None:
    models = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]
    if not is_installed("anthropic"):
        pytest.skip("the package `anthropic` is not installed")
    with served(box, "summary_service", MODELS=",".join(models), COOLDOWN="600") as client:

        def sum_up() -> httpx.Response:
            return client.post("/summaries", json={"text": "Owls hunt at night."})

        assert sum_up().json() == {
            "summary": "Sandbox reply to: Sum this up in one sentence:\n\nOwls hunt at night.",
            "model": models[0],
            "failed_before": [],
        }
        box.fail(401, provider="openai")
        answer = sum_up().json()
        assert (answer["model"], answer["failed_before"]) == (models[1], models[:1])
        # It cools down: the other one is asked at once.
        assert sum_up().json()["failed_before"] == []

        box.fail(503, times=2, retry_after=700)
        response = sum_up()
        assert (response.status_code, response.headers["retry-after"]) == (503, "700")
        assert client.get("/models").json() == {
            models[0]: {"answered": 1, "failed": {"authentication": 1, "overloaded": 1}},
            models[1]: {"answered": 2, "failed": {"overloaded": 1}},
        }


def test_a_summary_takes_no_longer_than_its_deadline(box: Sandbox) -> None:
    with served(box, "summary_service", MODELS="openai/gpt-4o-mini", DEADLINE="0.5") as client:
        box.stall(before_headers=True)
        response = client.post("/summaries", json={"text": "Owls hunt at night."})
        assert (response.status_code, response.json()["detail"]) == (
            504,
            "No model answered within 0.5 seconds.",
        )


# --- receipt_reader

SAMPLES = APPLICATIONS / "receipt_reader" / "samples"


def receipt(shop: str, total: str, **items: str) -> dict[str, Any]:
    bought = [{"name": name, "amount": amount} for name, amount in items.items()]
    return {
        "shop": shop,
        "day": "2025-03-14",
        "currency": "EUR",
        "items": bought,
        "total": total,
    }


def test_receipts_are_read_and_what_is_wrong_is_read_again(box: Sandbox, tmp_path: Path) -> None:
    png, pdf = SAMPLES / "cafe.png", SAMPLES / "bookshop.pdf"
    corrected: list[str] = []

    def read(request: ReceivedRequest) -> Any:
        """What a model answers that misreads the image at first."""
        sent = json.dumps(request.body["messages"])
        if base64.b64encode(pdf.read_bytes()).decode() in sent:
            return receipt("Owl", "15.99", Emma="7.50", Wind="9.99", Discount="-1.50")
        assert base64.b64encode(png.read_bytes()).decode() in sent
        if "the items add up to 4.30, and not to the total of 4.80" not in sent:
            return receipt("Cafe", "4.80", Espresso="2.40", Croissant="1.90")
        corrected.append(request.body["messages"][0]["content"])
        return receipt("Cafe", "4.30", Espresso="2.40", Croissant="1.90")

    box.reply_always(read)
    text = tmp_path / "list.txt"
    text.write_text("milk")
    files = [png, text, tmp_path / "gone.png", pdf]
    result = run(box, "receipt_reader", *files)
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "file,shop,day,item,amount,currency",
        "cafe.png,Cafe,2025-03-14,Espresso,2.40,EUR",
        "cafe.png,Cafe,2025-03-14,Croissant,1.90,EUR",
        "bookshop.pdf,Owl,2025-03-14,Emma,7.50,EUR",
        "bookshop.pdf,Owl,2025-03-14,Wind,9.99,EUR",
        "bookshop.pdf,Owl,2025-03-14,Discount,-1.50,EUR",
    ]
    assert f"{text}: this is neither an image nor a PDF\n" in result.stderr
    assert "gone.png: [Errno 2]" in result.stderr
    assert "3 calls, $0." in result.stderr
    assert len(corrected) == 1


def test_a_receipt_that_never_adds_up_is_left_out(box: Sandbox) -> None:
    if not is_installed("anthropic"):
        pytest.skip("the package `anthropic` is not installed")
    box.reply_always(receipt("Cafe", "9", Espresso="2.40"))
    model = ["--model", "anthropic/claude-haiku-4-5"]
    result = run(box, "receipt_reader", SAMPLES / "cafe.png", *model)
    assert result.returncode == 1
    assert result.stdout.splitlines() == ["file,shop,day,item,amount,currency"]
    assert "cafe.png: Value error, the items add up to 2.4" in result.stderr
    assert [request.provider for request in box.requests] == ["anthropic"] * 3


def test_receipts_are_read_for_so_much_money_only(box: Sandbox) -> None:
    result = run(box, "receipt_reader", SAMPLES / "cafe.png", "--usd", "0")
    assert result.returncode == 1
    assert "cafe.png: The budget of $0" in result.stderr
    assert not box.requests


# --- review_notebook


def execute(notebook: Path, folder: Path, **variables: str) -> list[list[str]]:
    """Run a notebook in a kernel of its own; what each of its code cells shows."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    if not is_installed("ipykernel"):
        pytest.skip("the package `ipykernel` is not installed")
    read = nbformat.read(notebook, as_version=4)
    # Nothing is left in the home of whoever runs the tests.
    folders = {name: str(folder) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    environment = {name: text for name, text in os.environ.items() if name != "OPENAI_API_KEY"}
    client = nbclient.NotebookClient(read, timeout=100, kernel_name="python3")
    client.execute(env=environment | folders | variables)
    return [list(map(shown, cell.outputs)) for cell in read.cells if cell.cell_type == "code"]


def shown(output: Any) -> str:
    """An output of a cell, in the richest form that it has."""
    if output.output_type == "stream":
        assert output.name == "stdout", output.text
        return str(output.text)
    return str(output.data.get("text/markdown") or output.data["text/plain"])


NOTEBOOK = APPLICATIONS / "review_notebook" / "reviews.ipynb"


def test_the_notebook_runs_from_top_to_bottom(box: Sandbox, tmp_path: Path) -> None:
    def sort(request: ReceivedRequest) -> Any:
        pleased = "since school" in request.body["messages"][-1]["content"]
        return {
            "mood": "pleased" if pleased else "annoyed",
            "topics": ["people"] if pleased else ["stock", "coffee"],
            "wish": None,
        }

    box.reply(sort, times=3)
    box.reply("Kind **people**, empty shelves.")
    box.reply("Fill the *shelves*.")
    first, _, table, moods, summary, answer, cost = execute(NOTEBOOK, tmp_path, **box.environment())
    assert first == ["OpenAI answers.\n"]
    assert (
        "| The owner found me a book I had been looking for since school. | pleased |" in table[0]
    )
    assert "| Fair prices. The coffee is cold. | annoyed | stock, coffee |  |" in table[0]
    assert moods == ["Counter({'annoyed': 2, 'pleased': 1})"]
    assert summary == ["Kind **people**, empty shelves."]
    assert answer == ["Fill the *shelves*."]
    assert cost[0].startswith("4 calls, $0.")


def test_the_notebook_runs_without_a_key(tmp_path: Path) -> None:
    first, *_, summary, _, cost = execute(NOTEBOOK, tmp_path)
    assert first == ["The sandbox answers.\n"]
    assert summary[0].startswith("Sandbox reply to: Sum up in one sentence")
    assert cost[0].startswith("4 calls, $0.")


# --- all of them


def test_every_application_is_tested_and_listed() -> None:
    listed = (APPLICATIONS.parent / "README.md").read_text()
    tests = Path(__file__).read_text()
    for folder in APPLICATIONS.iterdir():
        assert (folder / "README.md").is_file()
        assert f"(applications/{folder.name}/" in listed
        assert f'"{folder.name}"' in tests
