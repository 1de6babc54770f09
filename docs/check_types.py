"""Check the Python blocks of the documentation with pyright, mypy (both strict) and ty.

Each page becomes one module, with the blocks on the lines that they have in the page, so that what
a checker says of `docs/calls.py:40` is about line 40 of `docs/calls.md`. Run by `make types`;
with names of pages as arguments it checks these.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```python\n(?P<source>.*?)^```$", re.MULTILINE | re.DOTALL)
# Blocks follow each other as a reader meets them: a later one may define a name anew, and a bare
# expression is what one would type to see a value.
PYRIGHT = {
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    "enableTypeIgnoreComments": False,
    "reportRedeclaration": "none",
    "reportUnusedExpression": "none",
    "reportPrivateUsage": "none",
    "extraPaths": [str(ROOT / "src"), str(ROOT)],
}

# All that is not a page is checked as by `make types`, so that the two share mypy's cache.
MYPY = """
[mypy]
strict = true
python_version = 3.11
enable_error_code = ignore-without-code
explicit_package_bases = true

[mypy-README,docs.*]
allow_redefinition = true
disable_error_code = no-redef
"""


def module_of(page: Path) -> str | None:
    """The page's blocks as one module, each on its lines; None where it has none."""
    text = page.read_text()
    lines = [""] * (text.count("\n") + 1)
    for block in BLOCK.finditer(text):
        first = text[: block.start("source")].count("\n")
        source = block["source"].splitlines()
        lines[first : first + len(source)] = source
    return "\n".join(lines).rstrip() + "\n" if any(lines) else None


def modules(pages: list[Path], directory: Path) -> Iterator[Path]:
    for page in pages:
        source = module_of(page)
        if source is not None:
            module = directory / page.relative_to(ROOT).with_suffix(".py")
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_text(source)
            yield module


def main() -> int:
    pages = [Path(name).resolve() for name in sys.argv[1:]]
    pages = pages or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    python = sys.executable
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        files = [str(file) for file in modules(pages, directory)]
        (directory / "pyrightconfig.json").write_text(json.dumps(PYRIGHT))
        (directory / "mypy.ini").write_text(MYPY)
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), sysconfig.get_path("purelib")])
        environment = {**os.environ, "PYTHONPATH": path, "MYPYPATH": f"{ROOT / 'src'}:{ROOT}"}
        ty = ["--python", python, "--output-format", "concise", "--extra-search-path", str(ROOT)]
        commands = {
            "pyright": [python, "-m", "pyright", "--pythonpath", python, "--project", name],
            "mypy": [
                *(python, "-m", "mypy", "--config-file", "mypy.ini"),
                *("--cache-dir", str(ROOT / ".mypy_cache")),
                *files,
            ],
            "ty": [python, "-m", "ty", "check", *ty, *files],
        }

        def run(command: list[str]) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command, cwd=directory, capture_output=True, text=True, env=environment
            )

        with ThreadPoolExecutor(2) as pool:
            runs = dict(zip(commands, pool.map(run, commands.values()), strict=True))
    for checker, result in runs.items():
        output = (result.stdout + result.stderr).replace(f"{name}{os.sep}", "").rstrip()
        print(f"{checker}, {len(files)} pages: {'ok' if not result.returncode else 'failed'}")
        if result.returncode:
            print(output)
    return max(abs(result.returncode) for result in runs.values())


if __name__ == "__main__":
    sys.exit(main())
