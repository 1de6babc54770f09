"""`python -m mirascope migrate`: what in a program for Mirascope v1 behaves otherwise here.

The program is parsed and never run.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from ._v1_imports import Finding
from ._v1_reader import findings_in_tree

_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


def findings_in(path: Path) -> Iterator[Finding]:
    """What there is to say of a file, or of all Python files below a directory."""
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    for file in files:
        if not _SKIPPED & set(file.relative_to(path).parts):
            yield from _findings_in_file(file)


def _findings_in_file(file: Path) -> Iterator[Finding]:
    try:
        with warnings.catch_warnings():
            # What Python thinks of the program's own literals is no concern here.
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes(), str(file))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        yield Finding(str(file), line, "unreadable", f"cannot be parsed: {error}")
        return
    except OSError as error:
        yield Finding(str(file), 1, "unreadable", f"cannot be read: {error.strerror}")
        return
    yield from findings_in_tree(str(file), tree)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "migrate",
        help="say what in a program for Mirascope v1 behaves otherwise here",
        description="Parse Python files, without running them, and report what behaves otherwise "
        "here than in Mirascope v1. The exit status is 0 with nothing to report, 1 with findings, "
        "2 where the paths are wrong.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file or directory")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; the exit status."""
    paths: list[Path] = options.paths
    for path in paths:
        if not path.exists():
            print(f"migrate: `{path}` does not exist.", file=sys.stderr)
            return 2
    findings = [finding for path in paths for finding in findings_in(path)]
    if options.json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.path}:{finding.line}: {finding.kind}: {finding.message}")
        print(_summary(findings), file=sys.stderr)
    return 1 if findings else 0


def _summary(findings: list[Finding]) -> str:
    if not findings:
        return "Nothing behaves otherwise, as far as reading the files can tell."
    files = len({finding.path for finding in findings})
    return (
        f"{_counted(len(findings), 'finding')} in {_counted(files, 'file')}. "
        "More on each: docs/compatibility.md and docs/from_mirascope_v1.md"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
