"""`python -m mirascope`, run as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mirascope import llm
from mirascope._commands._doctor import fits

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mirascope", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("command", ["", "doctor", "models", "cost", "migrate", "sandbox"])
def test_help(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert f"usage: python -m mirascope {command}".strip() in done.stdout


def test_without_a_command_it_says_which_there_are() -> None:
    assert run().returncode == 2
    assert "sandbox" in run().stderr
    for command in ("doctor", "models", "cost", "migrate", "sandbox"):
        assert re.search(rf"^ +{command} ", run("--help").stdout, re.MULTILINE)


def test_doctor_shows_no_key() -> None:
    secret = "sk-very-secret"
    done = run("doctor", "--json", OPENAI_API_KEY=secret)
    assert secret not in done.stdout + done.stderr + run("doctor", OPENAI_API_KEY=secret).stdout
    told = {row["provider"]: row for row in json.loads(done.stdout)["providers"]}
    assert told["openai"]["keys"]["OPENAI_API_KEY"] is True
    assert told["anthropic"]["keys"]["ANTHROPIC_API_KEY"] is False
    for row in told.values():
        assert (row["install"] is None) is (row["state"] == "ok")
        assert row["packages"], row["provider"]


def test_doctor_keeps_to_the_width_of_a_terminal_and_to_lines_elsewhere() -> None:
    narrow = run("doctor", COLUMNS="60").stdout.splitlines()
    assert max(map(len, narrow)) <= 60
    wide = run("doctor", COLUMNS="0").stdout
    [azure] = [line for line in wide.splitlines() if line.startswith("Azure AI")]
    assert "azure-core" in azure
    assert len(narrow) > len(wide.splitlines())
    [ollama] = [line for line in wide.splitlines() if line.startswith("Ollama")]
    assert "needs no key" in ollama or "set: " in ollama


@pytest.mark.parametrize("command", ["doctor", "models mini", "--help", "migrate --help"])
def test_nothing_has_colours_where_it_is_piped(command: str) -> None:
    assert "\x1b" not in run(*command.split(), FORCE_COLOR="").stdout


@pytest.mark.parametrize(
    ("version", "supported", "expected"),
    [
        ("2.0", ">=2,<4", True),
        ("3.57.0", ">=2,<4", True),
        ("4.0.0", "<4,>=2", False),
        ("1.99", ">=2", False),
        ("1.106.1", "!=1.106.1,<2", False),
        ("1.0.0b9", ">=1.0.0b9,<2", True),
    ],
)
def test_range_of_versions(version: str, supported: str, expected: bool) -> None:
    assert fits(version, supported) is expected


def test_models() -> None:
    done = run("models", "gpt-4o-mini", "--provider", "openai", "--json")
    models = {each["model"]: each for each in json.loads(done.stdout)}
    mini = models["gpt-4o-mini"]
    assert mini["context"] == 128_000
    assert mini["input"] < mini["output"]
    shown = run("models", "GPT-4o-mini")
    assert re.search(r"^openai +gpt-4o-mini +128000 +0\.15 +0\.60$", shown.stdout, re.MULTILINE)
    assert "dollars for a million tokens" in shown.stderr
    of_one = run("models", "gpt-4o-mini", "--provider", "openai").stdout
    assert re.search(r"^gpt-4o-mini +128000 +0\.15 +0\.60$", of_one, re.MULTILINE)
    assert run("models", "no-such-model").returncode == 1
    assert run("models", "--provider", "nobody").returncode == 2


def test_cost() -> None:
    done = run("cost", "openai", "gpt-4o-mini", "--input", "1_000_000", "--output", "500")
    counts = llm.CostMetadata(input_tokens=1_000_000, output_tokens=500)
    assert float(done.stdout) == pytest.approx(
        llm.calculate_cost("openai", "gpt-4o-mini", counts), abs=1e-6
    )
    unknown = run("cost", "openai", "no-such-model", "--input", "1")
    assert unknown.returncode == 1
    assert "models --provider openai" in unknown.stderr
    assert run("cost", "openai", "gpt-4o-mini", "--input", "-1").returncode == 2


def test_sandbox_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "mirascope", "sandbox"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        settings = [next(lines)]
        while settings[-1].startswith("export "):
            settings.append(next(lines))
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert any(line.startswith("export OPENAI_BASE_URL=") for line in settings)
    assert "listens on http://127.0.0.1:" in settings[-1]


OLD = '''
from mirascope import llm, prompt_template
from mirascope.core import gemini, xai
from mirascope.integrations.otel import with_otel
from mirascope.tools import DuckDuckGoSearch
import mirascope.beta.rag as rag
from mirascope.core.openai import openai_call

@with_otel()
@llm.call(provider="gemini", model="m", output_parser=str)
@prompt_template(
    """
    SYSTEM: You help.
    Tell the USER: hello
      indented
    """
)
def ask(): ...

if isinstance(ask().tool, DuckDuckGoSearch):
    raise RuntimeError("never run")
'''
EXPECTED = {
    (3, "alias", "core.gemini"),
    (3, "fixed", "core.xai"),
    (5, "gone", "DuckDuckGoSearch"),
    (6, "gone", "mirascope.beta.rag"),
    (9, "fixed", "content=True"),
    (10, "alias", "google"),
    (10, "fixed", "output_parser"),
    (12, "fixed", "indentation"),
    (14, "fixed", "USER:"),
    (20, "fixed", "isinstance"),
}


def test_migrate_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(OLD)
    (tmp_path / "new.py").write_text("import json\n")
    done = run("migrate", tmp_path, "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    for line, kind, text in EXPECTED:
        fitting = [f for f in found if (f["line"], f["kind"]) == (line, kind)]
        assert any(text in f["message"] for f in fitting), (line, kind, text)
    assert len(found) == len(EXPECTED)
    shown = run("migrate", tmp_path / "old.py")
    assert f"{tmp_path / 'old.py'}:5: gone: " in shown.stdout
    assert "10 findings in 1 file. " in shown.stderr


def test_migrate_finds_nothing_in_a_program_that_needs_no_change(tmp_path: Path) -> None:
    program = '''
        from mirascope import BaseTool, llm, prompt_template

        @llm.call(provider="openai", model="gpt-4o-mini")
        @prompt_template("""
            SYSTEM: You help.
            USER: {question}
        """)
        def ask(question: str): ...
    '''
    (tmp_path / "fine.py").write_text(textwrap.dedent(program))
    done = run("migrate", tmp_path, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_migrate_goes_on_after_a_file_that_is_no_python(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def (")
    (tmp_path / "old.py").write_text("import mirascope.v0\n")
    kinds = [each["kind"] for each in json.loads(run("migrate", tmp_path, "--json").stdout)]
    assert kinds == ["unreadable", "gone"]


def test_migrate_refuses_a_path_that_is_not_there(tmp_path: Path) -> None:
    done = run("migrate", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "does not exist" in done.stderr


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the programs are not here")
def test_migrate_reads_programs_of_the_documentation(tmp_path: Path) -> None:
    block = re.compile(r"^```python[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    for page in SEEDS.glob("*.txt"):
        for number, source in enumerate(block.findall(page.read_text())):
            (tmp_path / f"{page.stem}_{number}.py").write_text(textwrap.dedent(source))
    done = run("migrate", tmp_path, "--json")
    assert done.returncode in (0, 1)
    assert not [each for each in json.loads(done.stdout) if each["kind"] == "gone"]
