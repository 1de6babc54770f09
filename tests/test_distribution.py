"""What is published: what the wheel and the sdist hold, and that the wheel works on its own."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mirascope.core._providers import PROVIDERS

ROOT = Path(__file__).parent.parent
# What a source distribution holds beside the library: enough to test it and to build its pages.
SOURCES = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md"),
    *(".gitignore", "Makefile", "PKG-INFO", "mkdocs.yml", "pyproject.toml"),
    *("benchmarks", "docs", "examples", "src", "tests"),
}
NOT_SOURCE = re.compile(r"__pycache__|\.py[co]$|\.egg-info|(^|/)\.(?!gitignore)")
# Programs in pages about Mirascope v1, as they were published; they are no part of this repository.
SEEDS = Path(os.environ.get("EVERSCOPE_SEEDS", ROOT.parent / "shared" / "seeds"))
PROGRAM = re.compile(
    r"^```(?:python)?\n(import asyncio\n.*?^asyncio\.run\(main\(\)\)\n)```$", re.M | re.S
)

V1_PROGRAM = '''
from mirascope.core import BaseMessageParam, BaseTool, openai, prompt_template
from pydantic import BaseModel


class Book(BaseModel):
    title: str
    author: str


class FindBook(BaseTool):
    """Find a book in the library."""

    title: str

    def call(self) -> str:
        return f"{self.title}: shelf 7"


@openai.call("gpt-4o-mini")
@prompt_template("Recommend a {genre} book")
def recommend(genre: str): ...


@openai.call("gpt-4o-mini", response_model=Book)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


@openai.call("gpt-4o-mini", tools=[FindBook])
def librarian(question: str) -> str:
    return question


@openai.call("gpt-4o-mini", stream=True)
def tell(animal: str) -> list[BaseMessageParam]:
    return [BaseMessageParam(role="user", content=f"Tell a story about {animal}")]


print(recommend("fantasy").content)
book = extract("The Name of the Wind by Patrick Rothfuss")
print(isinstance(book, Book), isinstance(book._response, openai.OpenAICallResponse))
tool = librarian("Where is Emma?").tool
print(isinstance(tool, FindBook), tool.call().endswith(": shelf 7"))
print("".join(chunk.content for chunk, _ in tell("a fox")))
'''


@dataclass(frozen=True)
class Distribution:
    wheel: Path
    sdist: Path


def build(directory: Path, target: Path, *kinds: str) -> list[Path]:
    kinds = tuple(argument for kind in kinds for argument in ("-t", kind))
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target), *kinds]
    subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return sorted(target.iterdir())


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    pytest.importorskip("hatchling")
    sdist, wheel = build(ROOT, tmp_path_factory.mktemp("dist"), "sdist", "wheel")[::-1]
    if wheel.suffix != ".whl":
        sdist, wheel = wheel, sdist
    return Distribution(wheel, sdist)


@pytest.fixture(scope="module")
def python(built: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel, and with what it depends on, but no source tree."""
    pytest.importorskip("installer")
    directory = tmp_path_factory.mktemp("environment")
    venv.create(directory, symlinks=True)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = directory / scripts / "python"
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    run = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    # A path in a `.pth` file is searched, but its own `.pth` files are not read: an editable
    # installation of the source tree stays out.
    site = sysconfig.get_path("purelib")
    (Path(run.stdout.strip()) / "dependencies.pth").write_text(site)
    subprocess.run([python, "-m", "installer", built.wheel], check=True, env=clean())
    return python


def clean(**more: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more


RUN_EACH = "import runpy, sys; [runpy.run_path(path, run_name='__main__') for path in sys.argv[1:]]"


def output_of(python: Path, directory: Path, box: Any, *programs: str) -> str:
    """What the programs print, run one after the other in one process."""
    paths = [directory / f"program_{index}.py" for index in range(len(programs))]
    for path, program in zip(paths, programs, strict=True):
        path.write_text(program)
    run = subprocess.run(
        [python, "-c", RUN_EACH, *paths],
        cwd=directory,
        env=clean(**box.environment()),
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_wheel_holds_the_package_and_nothing_else(built: Distribution) -> None:
    source = ROOT / "src"
    package = {
        path.relative_to(source).as_posix()
        for path in (source / "mirascope").rglob("*")
        if path.is_file() and not NOT_SOURCE.search(path.relative_to(source).as_posix())
    }
    about = f"everscope-{importlib.metadata.version('everscope')}.dist-info"
    held = set(contents(built.wheel))
    assert held - package == {
        f"{about}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")
    }
    assert package <= held
    assert "mirascope/py.typed" in held


def test_the_source_distribution_holds_what_belongs(built: Distribution) -> None:
    with tarfile.open(built.sdist) as archive:
        files = [name.partition("/")[2] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in files} == SOURCES
    assert not [name for name in files if NOT_SOURCE.search(name)]


def test_the_source_distribution_builds_the_same_wheel(built: Distribution, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    (wheel,) = build(unpacked, tmp_path / "dist", "wheel")
    assert contents(wheel) == contents(built.wheel)


def test_metadata(built: Distribution) -> None:
    (name,) = [name for name in contents(built.wheel) if name.endswith("/METADATA")]
    metadata = contents(built.wheel)[name].decode()
    assert "\nRequires-Python: >=3.11\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    requirement = re.compile(r"^Requires-Dist: (.+?); extra == '(.+)'$", re.MULTILINE)
    extras: dict[str, set[str]] = {}
    for requires, extra in requirement.findall(metadata):
        extras.setdefault(extra, set()).add(requires)
    provided = set(re.findall(r"^Provides-Extra: (.+)$", metadata, re.MULTILINE))
    assert provided == set(extras)
    assert {spec.extra for spec in PROVIDERS.values()} < provided
    everything = extras.pop("all")
    # Who sends traces somewhere uses one such service: these are installed by their own names.
    for extra in ("hyperdx", "langfuse", "logfire"):
        del extras[extra]
    assert everything == set().union(*extras.values())


def test_the_wheel_is_what_is_imported(
    python: Path, built: Distribution, tmp_path: Path, box: Any
) -> None:
    program = (
        "import importlib.metadata, sys, mirascope\n"
        "print(mirascope.__file__)\n"
        "print(importlib.metadata.version('everscope') == mirascope.__version__)\n"
    )
    place, agrees = output_of(python, tmp_path, box, program).splitlines()
    assert Path(place).is_relative_to(python.parents[1])
    assert agrees == "True"


def test_a_program_written_for_v1_runs(python: Path, tmp_path: Path, box: Any) -> None:
    printed = output_of(python, tmp_path, box, V1_PROGRAM)
    assert printed.splitlines() == [
        "Sandbox reply to: Recommend a fantasy book",
        "True True",
        "True True",
        "Sandbox reply to: Tell a story about a fox",
    ]


def test_published_programs_run_as_they_are(python: Path, tmp_path: Path, box: Any) -> None:
    programs = [
        program
        for page in sorted(SEEDS.glob("*.txt"))
        for program in PROGRAM.findall(page.read_text())
        if "from mirascope" in program
    ]
    if not programs:
        pytest.skip("there are no published programs; `EVERSCOPE_SEEDS` names a directory of pages")
    assert output_of(python, tmp_path, box, *programs).strip()
    assert len(box.requests) >= len(programs)
