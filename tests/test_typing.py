"""What the type checkers say of the library, and of `tests/typing`: what users write."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYRIGHT = ["-m", "pyright", "--pythonpath", sys.executable]
OVERLOAD = re.compile(r"^ *@(?:typing\.)?overload$", re.MULTILINE)
CHECKERS = {"pyright": PYRIGHT, "mypy": ["-m", "mypy"]}


def check(checker: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    if find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed")
    # Where it verifies a package, pyright finds the SDKs by this path only.
    path = os.pathsep.join([str(ROOT / "src"), sysconfig.get_path("purelib")])
    return subprocess.run(
        [sys.executable, *CHECKERS[checker], *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )


@pytest.mark.timeout(400)
@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checker_agrees(checker: str) -> None:
    run = check(checker, "tests/typing")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.timeout(400)
def test_all_that_is_public_has_a_type() -> None:
    run = check("pyright", "--verifytypes", "mirascope", "--ignoreexternal", "--outputjson")
    report = json.loads(run.stdout)["typeCompleteness"]
    without = [
        f"{symbol['name']}: {diagnostic['message']}"
        for symbol in report["symbols"]
        for diagnostic in symbol["diagnostics"]
        if diagnostic["severity"] == "error"
    ]
    assert not without, "\n".join(without)
    assert report["completenessScore"] == 1
    # That there is something to complete: hundreds of names, each with members.
    assert report["exportedSymbolCounts"]["withKnownType"] > 1000


def test_overloads_stay_few() -> None:
    # Each is shown to a user whose call fits none, and checked for each call.
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    count = sum(len(OVERLOAD.findall(source)) for source in sources)
    assert 0 < count < 60
