"""Every example runs as its reader runs it, and prints what it is there to show.

They run in processes of their own, against the sandbox that they start themselves. What is
stronger than a text that has to be there is tested of single ones, against a sandbox of the test's.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import sleep

import pytest

from mirascope import llm
from mirascope.core._providers import PROVIDERS, is_installed
from mirascope.sandbox import ReceivedRequest, Sandbox, sandbox

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"

SHOWS: dict[str, list[str]] = {
    "quickstart": [
        "text:   Sandbox reply to: Recommend a fantasy book",
        "stream: Sandbox reply to: Tell a two-sentence science fiction story.",
        "Patrick Rothfuss: on the shelf",
        "Book(title='The Name of the Wind', author='Patrick Rothfuss')",
        "  - Sandbox reply to: Recommend a history book",
    ],
    "call": ["Sandbox reply to: Recommend a fantasy book", "gpt-4o-mini ['stop']", "7 tokens in"],
    "prompt_templates": [
        "system: You are a librarian. Never recommend these:\nEragon\nStardust",
        "assistant: Short books, then?\nuser: Recommend a fantasy book for winter.",
        "-> Sandbox reply to: Recommend a fantasy book for winter.",
    ],
    "messages_list": [
        "['system', 'user', 'assistant', 'user', 'assistant', 'user']",
        "Sandbox reply to: Read it twice already.",
    ],
    "stream": [
        "Sandbox reply to: Tell a two-sentence science fiction story.\n['stop'] 9 tokens",
        "only the start: Sandbox",
    ],
    "async_calls": ["reply to: Recommend a fantasy book.", "reply to: Tell me about foxes.\n"],
    "gather_many": ["40 replies, the last: Sandbox reply to: Translate into French: word 39"],
    "tools": [
        "find: The Name of the Wind by Patrick Rothfuss: shelf 7",
        "opening_hours: On 2025-01-15 the library is open",
    ],
    "agent": [
        "tool: find_book {'title': 'The Name of the Wind'}",
        "answer: Sandbox reply with the tool's result: The Name of the Wind is on shelf 7.",
        "2 turns",
    ],
    "agent_loop": [
        "tool: {'title': 'The Name of the Wind'} -> The Name of the Wind: shelf 7",
        "answer: Sandbox reply with the tool's result: The Name of the Wind: shelf 7",
    ],
    "toolkits": [
        "the tool's result: 2 books about foxes since 2007",
        "file_system_ReadFile is called with {'path': ",
    ],
    "response_model": [
        "Book(title='The Name of the Wind', author='Patrick Rothfuss', year=2007)",
        "- Mistborn: The Final Empire by Brandon Sanderson",
        "fiction",
    ],
    "structured_stream": [
        "PartialBook(title='Th', author=None)",
        "PartialBook(title='The Name of the Wind', author='Patric')",
        "\nBook(title='The Name of the Wind', author='Patrick Rothfuss')",
    ],
    "json_mode": ["Book(title='The Name of the Wind', author='Patrick Rothfuss')"],
    "output_parser": ["1 Sandbox reply to: Name three fantasy books"],
    "dynamic_configuration": [
        "{'tags': {'member'}} The Name of the Wind: shelf 7",
        "{'tags': {'guest'}} Sandbox reply to: Where is ['length']",
    ],
    "override_and_context": [
        "openai gpt-4o-mini\nanthropic claude-haiku-4-5\n"
        "anthropic claude-sonnet-4-5\nopenai gpt-4o-mini\n"
    ],
    "chaining": [
        "reply to: Summarize The Name of the Wind by Patrick Rothfuss",
        "reply to: Translate into French: Sandbox reply to: Summarize The Name of the Wind",
    ],
    "conversation": [
        "I like pelicans.",
        "And how do they fish?",
        "['system', 'user', 'assistant', 'user', 'assistant', 'user', 'assistant']",
    ],
    "retries": [
        "Sandbox reply to: Recommend a fantasy book.",
        "failed before: ['RateLimitError', 'RateLimitError']",
        "Book(title='Emma', pages=474)",
    ],
    "fallback_models": [
        "openai\nanthropic\nopenai gpt-4o-mini InternalServerError",
        "anthropic claude-haiku-4-5 ",
        "Error code: 503",
        "openai gpt-4o InternalServerError",
    ],
    "rate_limits": [
        "234 requests left of limit on openai (240 requests per minute)\n",
        "after 0.00",
    ],
    "budgets": [
        "Recommend a mystery book.",
        "refused: The budget of 2 calls has no room",
        "spent 2 calls, $0.0000",
        "too late: The deadline of 0.2 seconds has passed",
    ],
    "costs": ["output_tokens=7", "one call: $0.00000", "two calls: $0.00000", "gpt-4o: $"],
    "media": [
        "['text', 'image', 'image']",
        "['text', 'document']",
        "['text', 'audio']\n-> Sandbox reply to: Write down what is said.",
    ],
    "thinking": ["thinking: One fox and one fox.\nanswer: Two.", "\nthinking '", "\ntext '"],
    "mcp_tools": ["['find_book']", "the tool's result: The Name of the Wind: shelf 7", "Whisper."],
    "custom_provider": ["library/owl-8b> -> Sandbox reply to: Name an owl.", "for: owl-8b"],
    "local_model": ["Recommend a fantasy book.\nollama llama3.2 cost: None"],
    "testing_with_sandbox": ["2 passed"],
    "providers/with_openai": [
        "The Name of the Wind: shelf 7\nanswer: Sandbox reply to: A fox meets a fox.",
        "tokens thought: 0",
        "spoken: Sandbox reply to: Say: Good evening. b'RIFF'",
    ],
    "providers/with_anthropic": [
        "cached: 0 answer: Ishmael.\ncached: 3000 answer: To sea.",
        "thought: By title. signed: True\nanswer: Sandbox reply with the tool's result: Emma: s",
    ],
    "providers/with_google": [
        "thought: Both are by Austen.\nanswer: Emma. ['STOP']\ntokens thought: 4",
        "by config: Emma\nheld back: '' ['content_filter']",
    ],
    "providers/with_groq": [
        "thought: Both are by Austen.\nanswer: Emma.",
        "before: 1000 requests left\nafter: 29 requests left",
    ],
    "providers/with_xai": [
        "thought: Both are by Austen.\nanswer: Emma.",
        "found: That it is funny.\n- https://example.com/emma\ncost: 0.025",
    ],
    "providers/with_mistral": ["summary: Attention is enough.\nthought: Both are by Austen."],
    "providers/with_cohere": ["shelf 7.\n'shelf 7' is from ['emma']\nbilled: 14.0 tokens in"],
    "providers/with_bedrock": [
        "answer: Ishmael. ['end_turn']",
        "stopped: I do not tell endings. ['content_filter']",
    ],
    "providers/with_azure": ["azure answers: Sandbox reply to: Recommend a fantasy book."],
    "providers/with_litellm": [
        "litellm answers: Sandbox reply to: Recommend a fantasy book.",
        "gpt-4o answers: Sandbox reply to: Recommend a mystery book.",
    ],
    "providers/with_ollama": ["Book(title='The Name of the Wind', author='Patrick Rothfuss')"],
    "providers/with_vllm": ["thought: Both are by Austen.\nanswer: Emma."],
}
"""By path below `examples/`: what its output holds, in this order."""


@dataclass(frozen=True)
class Run:
    """What a program has come to."""

    returncode: int | None
    stdout: str
    stderr: str


def environment(**variables: str) -> dict[str, str]:
    """The variables, without PROVIDER and the keys of whoever runs the tests."""
    own = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PROVIDER", "MODEL", "OLLAMA_BASE_URL", "VLLM_BASE_URL")
        and not name.endswith("_API_KEY")
    }
    return own | variables


def run(example: str, **variables: str) -> Run:
    """Run an example as its reader does."""
    by = ["-m", "pytest", "-p", "no:cacheprovider"] if example.startswith("testing_") else []
    result = subprocess.run(
        [sys.executable, *by, EXAMPLES / f"{example}.py"],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment(**variables),
    )
    return Run(result.returncode, result.stdout, result.stderr)


def run_forked(example: str, folder: Path, **variables: str) -> Run:
    """Run an example in a process that has imported the SDKs already: they take most of the time.

    It is forked off one in which no program has run. Where that cannot be, it is run as ever.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return run(example, **variables)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    told = {
        "program": str(EXAMPLES / f"{example}.py"),
        "environment": environment(**variables),
        "output": str(folder),
    }
    process = context.Process(
        target=runpy.run_path, args=(str(RUN_FORKED),), kwargs={"init_globals": told}
    )
    process.start()
    process.join(100)
    process.kill()
    process.join()
    outputs = [(folder / name).read_text() for name in ("stdout", "stderr")]
    returncode = process.exitcode
    process.close()
    return Run(returncode, *outputs)


def assert_shows(output: str, expected: list[str]) -> None:
    rest = output
    for text in expected:
        _, found, rest = rest.partition(text)
        assert found, f"{text!r} is missing, or out of order, in:\n{output}"


RUN_FORKED = ROOT / "tests" / "run_forked.py"
PRELOADED = [
    "anthropic.resources.messages",
    "mirascope.core.anthropic",
    "mirascope.core.openai",
    "mirascope.llm",
    "mirascope.sandbox",
    "openai.resources.chat",
    "pytest",
]
IN_ITS_OWN = {"quickstart", "testing_with_sandbox"}
"""The programs that are started as their readers start them, at the price of their imports."""

NEEDS = {
    "thinking": ["anthropic"],
    "mcp_tools": ["mcp"],
    "providers/with_anthropic": ["anthropic"],
    "providers/with_google": ["google.genai"],
    "providers/with_groq": ["groq"],
    "providers/with_mistral": ["mistralai"],
    "providers/with_cohere": ["cohere"],
    "providers/with_azure": ["azure.ai.inference", "openai"],
    "providers/with_bedrock": ["boto3"],
    "providers/with_litellm": ["litellm"],
}
"""The packages that examples need, where it is another than OpenAI's SDK."""


@pytest.mark.parametrize("example", SHOWS)
def test_example_shows_what_it_is_for(example: str, tmp_path: Path) -> None:
    for package in NEEDS.get(example, ["openai"]):
        if not is_installed(package):
            pytest.skip(f"the package `{package}` is not installed")
    result = run(example) if example in IN_ITS_OWN else run_forked(example, tmp_path)
    assert result.returncode == 0, result.stderr
    assert not result.stderr
    assert_shows(result.stdout, SHOWS[example])


def test_every_provider_has_an_example() -> None:
    old = {name for name, entry in PROVIDERS.items() if entry.instead}
    named = {name.removeprefix("providers/with_") for name in SHOWS if "/with_" in name}
    assert named == set(PROVIDERS) - old


def test_every_program_is_tested() -> None:
    programs = {
        path.relative_to(EXAMPLES).with_suffix("").as_posix()
        for path in EXAMPLES.rglob("*.py")
        if not path.name.startswith("_") and "applications" not in path.parts
    }
    assert programs == set(SHOWS)


@pytest.mark.parametrize("example", ["quickstart", "call"])
def test_a_missing_key_is_asked_for_in_a_sentence(example: str) -> None:
    result = run(example, PROVIDER="openai")
    assert result.returncode == 1
    assert "OPENAI_API_KEY" in result.stderr
    assert "Traceback" not in result.stderr


def test_another_provider_is_asked_where_it_is_named(box: Sandbox, tmp_path: Path) -> None:
    result = run_forked("call", tmp_path, PROVIDER="anthropic", **box.environment())
    assert result.returncode == 0, result.stderr
    assert [request.provider for request in box.requests] == ["anthropic"]
    assert_shows(result.stdout, ["Sandbox reply to: Recommend a fantasy book", "claude-haiku-4-5"])


# --- what single ones promise


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox for other processes, which plays OpenAI."""
    with sandbox(redirect=False) as running:
        yield running


def run_against(box: Sandbox, example: str, folder: Path) -> str:
    """What an example prints when OpenAI answers it, whom `box` plays."""
    result = run_forked(example, folder, PROVIDER="openai", **box.environment())
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_json_mode_asks_for_json_and_for_a_schema(box: Sandbox, tmp_path: Path) -> None:
    box.reply('{"title": "Emma", "author": "Jane Austen"}')
    box.reply({"title": "Dune", "author": "Frank Herbert"})
    first, second = run_against(box, "json_mode", tmp_path).splitlines()
    assert json.loads(first) == {"title": "Emma", "author": "Jane Austen"}
    assert second == "Book(title='Dune', author='Frank Herbert')"
    formats = [request.body["response_format"] for request in box.requests]
    assert [form["type"] for form in formats] == ["json_object", "json_schema"]
    assert formats[1]["json_schema"]["strict"] is True


def test_gather_many_has_eight_under_way_at_most(box: Sandbox, tmp_path: Path) -> None:
    lock, now, most = Lock(), 0, 0

    def answer(request: ReceivedRequest) -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        sleep(0.05)
        with lock:
            now -= 1
        return "mot"

    box.reply_always(answer)
    assert "40 replies, the last: mot\n40 calls, " in run_against(box, "gather_many", tmp_path)
    assert 2 <= most <= 8
    assert len(box.requests) == 40


def test_rate_limits_have_the_calls_wait(box: Sandbox, tmp_path: Path) -> None:
    printed = run_against(box, "rate_limits", tmp_path)
    sent = [float(seconds) for seconds in re.findall(r"after ([\d.]+) seconds: Sandbox", printed)]
    assert len(sent) == len(box.requests) == 6
    # Four at once, then one in a quarter of a second; clocks are read a little after.
    assert sent[4] >= 0.2
    assert sent[5] >= 0.4


def test_costs_add_up_by_the_prices_of_the_day(box: Sandbox, tmp_path: Path) -> None:
    printed = run_against(box, "costs", tmp_path)
    one, two = (float(cost) for cost in re.findall(r"calls?: \$([\d.]+)", printed))
    assert 0 < one < 0.001
    assert two == pytest.approx(2 * one)
    million = llm.CostMetadata(input_tokens=1_000_000, output_tokens=100_000)
    for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5")):
        cost = llm.calculate_cost(provider, model, million)
        assert cost
        assert f"{model}: ${cost:.2f}\n" in printed
