"""What the names of a program for Mirascope v1 mean, and what became of them."""

from __future__ import annotations

import ast
from typing import NamedTuple

from ._importable import is_importable, is_private, public_home
from ._v1_names import PRIVATE, change_of

_TOLD_BY_USE = (
    *(".prompt_template", ".with_otel", ".middleware_factory", ".fallback"),
    *(".llm.call", ".llm.context", ".llm.override"),
)
"""What is reported where it is used, and only where the difference can show."""
_ONLY_BETTER = (
    *(".CallResponse", ".BaseCallResponse", ".Stream", ".BaseStream", ".BaseStructuredStream"),
    ".llm.Tool",
)
"""Types of what calls give, of which nothing is taken away: what differs shows elsewhere."""
_SDKS = {
    "mistralai.Mistral": "the SDK's current version has it in `mistralai.client`",
    "mistralai.models": "the SDK's current version has it in `mistralai.client.models`",
    "google.generativeai": "this SDK is retired: clients are those of `google.genai`",
    "vertexai": "this SDK is retired: clients are `google.genai.Client(vertexai=True, …)`",
    "langfuse.decorators": "Langfuse's current version has `observe` in `langfuse`",
}
"""What the SDKs on which this library is have moved or dropped since v1."""


class Finding(NamedTuple):
    """One place in a program."""

    path: str
    line: int
    kind: str
    """`gone`, `alias`, `fixed`: what became of a name or a way of writing; `sdk`: what became of
    something in a provider's SDK; `unreadable`."""
    message: str


class ImportReader(ast.NodeVisitor):
    """Knows what the names of a program mean, and reports those that have become something else."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.findings: list[Finding] = []
        self.of_sdks: list[Finding] = []
        self.uses_us = False
        self.known: dict[str, str] = {}
        """The program's names for what it imports, with the full names of that."""
        self._told: set[str] = set()
        """Full names of attributes that have been reported: once is enough."""

    # --- names

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.known[alias.asname or top] = alias.name if alias.asname else top
            if is_ours(alias.name):
                self.uses_us = True
                self.check_name(node, alias.name)
            else:
                self._check_sdk(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        if node.level:
            return
        for alias in node.names:
            full = f"{module}.{alias.name}"
            self.known[alias.asname or alias.name] = full
            if not is_ours(module):
                self._check_sdk(node, full)
                continue
            self.uses_us = True
            if not self.check_name(node, full if alias.name != "*" else module) and (
                change_of(module)
            ):
                self.check_name(node, module)

    def visit_Assign(self, node: ast.Assign) -> None:
        full = self.full_name(node.value)
        if full and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.known[node.targets[0].id] = full
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        full = self.full_name(node)
        if full and is_ours(full) and self._check_attribute(node, full):
            return
        self.generic_visit(node)

    def check_name(self, node: ast.stmt | ast.expr, full: str) -> bool:
        """Report what an imported name has become; whether there was something to report."""
        change = change_of(full)
        if change is None and not is_importable(full):
            self.add(node, "gone", _missing(full))
            return True
        if change is None or full.endswith((*_TOLD_BY_USE, *_ONLY_BETTER)):
            return False
        self.add(node, change.fate, f"`{full}`: {change.reason}")
        return True

    def _check_attribute(self, node: ast.Attribute, full: str) -> bool:
        """Report what an attribute of a module has become, once; whether that was done."""
        if change_of(full) is None and is_importable(full):
            return False
        if full in self._told:
            return True
        if self.check_name(node, full):
            change = change_of(full)
            if change is None or change.fate == "fixed":
                self._told.add(full)
            return True
        return False

    def _check_sdk(self, node: ast.stmt, full: str) -> None:
        for name, message in _SDKS.items():
            if full == name or full.startswith(f"{name}."):
                self.of_sdks.append(Finding(self.path, node.lineno, "sdk", f"`{full}`: {message}"))

    def full_name(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.known.get(node.id)
        if isinstance(node, ast.Attribute) and (base := self.full_name(node.value)):
            return f"{base}.{node.attr}"
        return None

    def add(self, node: ast.stmt | ast.expr, kind: str, message: str) -> None:
        self.findings.append(Finding(self.path, node.lineno, kind, message))


def is_ours(module: str) -> bool:
    return module == "mirascope" or module.startswith("mirascope.")


def _missing(full: str) -> str:
    """Why a name of v1 cannot be had, and what can."""
    name = full.rpartition(".")[2]
    why = "it was private" if is_private(full) else "there is no such name"
    if home := public_home(name):
        return f"`{full}`: {why}; import it from `{home}`"
    if instead := PRIVATE.get(name):
        return f"`{full}`: {why}; use instead {instead}"
    return f"`{full}`: {why}"
