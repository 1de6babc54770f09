"""What the documentation points to is there: pages, headings, and what its shell blocks run."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<title>.+)$", re.MULTILINE)
SHELL = re.compile(r"^```sh\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"^(?P<name>[\w-]+):", re.MULTILINE)
ASSIGNMENT = re.compile(r"[A-Z_]+=")
EXTRAS = re.compile(r"\[(?P<names>[\w,-]+)\]$")


def place(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names by which the headings of a page are linked to."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = (match["title"].strip().lower() for match in HEADING.finditer(prose))
    return frozenset(re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles)


def broken(page: Path) -> Iterator[str]:
    """The links of a page that lead nowhere."""
    for match in LINK.finditer(CODE.sub("", page.read_text())):
        target = match["target"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    assert list(broken(page)) == []


def test_a_link_to_a_missing_heading_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title, `here`\n\n[a](#a-title-here) [b](#gone) [c](gone.md) `[d](e.md)`\n")
    assert list(broken(page)) == ["#gone", "gone.md"]


# --- shell blocks


@cache
def targets() -> frozenset[str]:
    return frozenset(TARGET.findall((ROOT / "Makefile").read_text()))


@cache
def extras() -> frozenset[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return frozenset(project["optional-dependencies"])


def wrong(command: str) -> str | None:
    """What a command refers to that is not there; None where all is."""
    words = shlex.split(command, comments=True)
    while words and ASSIGNMENT.match(words[0]):
        words.pop(0)
    match words:
        case []:
            return None
        case ["make", *names]:
            missing = [n for n in names if n not in targets() and not ASSIGNMENT.match(n)]
            return f"no target {missing[0]}" if missing else None
        # An environment that uv made has no module of that name.
        case ["python" | "python3", "-m", "pip", *rest]:
            return wrong(shlex.join(["pip", *rest]))
        case ["python" | "python3", "-m", module, *_]:
            return None if find_spec(module) else f"no module {module}"
        case ["python" | "python3", file, *_]:
            return None if (ROOT / file).is_file() else f"no file {file}"
        case ["pip" | "uv", *rest]:
            named = (match["names"] for word in rest if (match := EXTRAS.search(word)))
            asked = {name for names in named for name in names.split(",")}
            return f"no extra {min(asked - extras())}" if asked - extras() else None
        case [file, *_] if "/" in file:
            return None if (ROOT / file).is_file() else f"no file {file}"
        case ["export" | "cd" | "git" | "ollama" | "vllm" | "curl" | "pytest" | "source", *_]:
            return None
    return f"nothing is known of {words[0]}: add to this test how to check it"


@pytest.mark.parametrize("page", PAGES, ids=place)
def test_commands_of_shell_blocks_exist(page: Path) -> None:
    for block in SHELL.finditer(page.read_text()):
        for command in block["source"].replace("\\\n", " ").splitlines():
            assert wrong(command) is None, command


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("PROVIDER=openai make demo  # a comment", None),
        ("make gone", "no target gone"),
        ("python -m mirascope.sandbox --port 1", None),
        ("python -m mirascope.gone", "no module mirascope.gone"),
        ("python docs/gone.py", "no file docs/gone.py"),
        ('pip install ".[openai,gone]"', "no extra gone"),
        ('python -m pip install ".[openai,gone]"', "no extra gone"),
    ],
)
def test_a_command_that_does_not_exist_is_seen(command: str, problem: str | None) -> None:
    assert wrong(command) == problem
