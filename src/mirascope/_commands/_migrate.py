"""`python -m mirascope migrate`: what in a program for Mirascope v1 behaves otherwise here.

The program is parsed and never run.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import warnings
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path
from typing import NamedTuple

from ._v1_names import change_of

_SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})
_ROLE_WITHIN = re.compile(r"^[^\n]*\S[^\n]*?\b(SYSTEM|USER|ASSISTANT|MESSAGES):", re.MULTILINE)
_TOLD_BY_USE = (".prompt_template", ".with_otel", ".middleware_factory", ".llm.call")
"""What is reported where it is used, and only where the difference can show."""
_OLDER = {"gemini", "vertex"}


class Finding(NamedTuple):
    """One place in a program."""

    path: str
    line: int
    kind: str
    """`gone`, `alias`, `fixed`: what became of a name or a way of writing; `unreadable`."""
    message: str


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
    reader = _Reader(str(file))
    reader.visit(tree)
    yield from sorted(set(reader.findings), key=lambda finding: (finding.line, finding.message))


class _Reader(ast.NodeVisitor):
    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self._known: dict[str, str] = {}
        """The program's names for what it imports, with the full names of that."""

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            if _is_ours(alias.name):
                name = alias.name if alias.asname else "mirascope"
                self._known[alias.asname or "mirascope"] = name
                self._check_name(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level or not _is_ours(module):
            return
        for alias in node.names:
            full = f"{module}.{alias.name}"
            self._known[alias.asname or alias.name] = full
            self._check_name(node, full if alias.name != "*" else module)
            if not change_of(full) and change_of(module):
                self._check_name(node, module)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self._full_name(node)
        change = change_of(full) if full else None
        if change is not None and change.fate in ("gone", "alias"):
            self._add(node, change.fate, f"`{full}`: {change.reason}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        full = self._full_name(node.func) or ""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if full in ("mirascope.llm.call", "mirascope.llm.override", "mirascope.llm.context"):
            self._check_provider(node, keywords.get("provider"))
        if full == "mirascope.llm.call" and "output_parser" in keywords:
            self._add(
                node,
                "fixed",
                "an `output_parser` under `llm.call` is given "
                "`llm.CallResponse`, not the provider's response",
            )
        if full.endswith(".prompt_template") and node.args:
            self._check_template(node.args[0])
        if full == "mirascope.integrations.otel.with_otel" and "content" not in keywords:
            self._add(node, "fixed", "`with_otel()` records the messages only with `content=True`")
        if full == "mirascope.integrations.middleware_factory":
            self._check_middleware(node, set(keywords))
        if isinstance(node.func, ast.Name) and node.func.id == "isinstance" and node.args:
            self._check_isinstance(node)
        self.generic_visit(node)

    def _check_name(self, node: ast.stmt, full: str) -> None:
        change = change_of(full)
        if change is not None and not full.endswith(_TOLD_BY_USE):
            self._add(node, change.fate, f"`{full}`: {change.reason}")

    def _check_provider(self, node: ast.Call, value: ast.expr | None) -> None:
        name = value.value if isinstance(value, ast.Constant) else None
        if name in _OLDER:
            self._add(node, "alias", f'`provider="{name}"` is deprecated: write "google"')
        if name == "xai":
            self._add(node, "fixed", "xAI needs `XAI_API_KEY`: the key of OpenAI is not sent to it")

    def _check_template(self, value: ast.expr) -> None:
        if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
            return
        text = value.value
        for match in _ROLE_WITHIN.finditer(text):
            line = value.lineno + text.count("\n", 0, match.start(1))
            message = (
                f"`{match[1]}:` within a line is plain text here: a role counts only where a line "
                "starts with it"
            )
            self.findings.append(Finding(self.path, line, "fixed", message))
        if any(line[:1].isspace() and line.strip() for line in cleandoc(text).splitlines()):
            message = "lines of a template keep their indentation: v1 stripped each"
            self._add(value, "fixed", message)

    def _check_middleware(self, node: ast.Call, keywords: set[str | None]) -> None:
        for suffix in ("", "_async"):
            if f"handle_response_model{suffix}" in keywords and (
                f"handle_call_response{suffix}" not in keywords
            ):
                self._add(
                    node,
                    "fixed",
                    f"`handle_response_model{suffix}` is not given responses: "
                    f"add `handle_call_response{suffix}`",
                )

    def _check_isinstance(self, node: ast.Call) -> None:
        first = node.args[0]
        if isinstance(first, ast.Attribute) and first.attr == "tool" and self._known:
            self._add(
                node,
                "fixed",
                "`isinstance(….tool, …)` is true under `llm.call` for the "
                "tool's own class; in v1 it was false there, and the branch never ran",
            )

    def _full_name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self._known.get(node.id)
        if isinstance(node, ast.Attribute) and (base := self._full_name(node.value)):
            return f"{base}.{node.attr}"
        return None

    def _add(self, node: ast.stmt | ast.expr, kind: str, message: str) -> None:
        self.findings.append(Finding(self.path, node.lineno, kind, message))


def _is_ours(module: str) -> bool:
    return module == "mirascope" or module.startswith("mirascope.")


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
    return f"{len(findings)} findings in {files} files. Why: docs/compatibility.md"
