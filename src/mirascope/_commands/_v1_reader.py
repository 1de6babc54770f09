"""Reads the syntax tree of a program for Mirascope v1, and finds what behaves otherwise here."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ._v1_imports import Finding, ImportReader, is_ours
from ._v1_templates import template_findings

_CALLS = ("mirascope.llm.call", "mirascope.llm.override", "mirascope.llm.context")
_OLDER = {"gemini", "vertex"}
_LOCAL = {"ollama", "vllm"}
_EMPTY_LISTS = ("mirascope.core.anthropic", "mirascope.core.google")
"""Providers whose own responses had `[]` for `tools` where the model called none."""


def findings_in_tree(path: str, tree: ast.Module) -> list[Finding]:
    """What there is to say of a program, in the order of its lines."""
    reader = _Reader(path)
    reader.visit(tree)
    found = reader.findings + (reader.of_sdks if reader.uses_us else [])
    return sorted(set(found), key=lambda finding: (finding.line, finding.message))


class _Reader(ImportReader):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._without_call: set[str] = set()
        """Tools of the program that have no `call`."""
        self._local_provider = False
        self._guarded = 0
        """How many conditions around the place being read ask for tools."""

    # --- calls

    def visit_Call(self, node: ast.Call) -> None:
        full = self.full_name(node.func) or ""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if full in _CALLS:
            first = node.args[0] if node.args and full == "mirascope.llm.call" else None
            self._check_provider(node, keywords.get("provider", first))
        if full == "mirascope.llm.call" and "output_parser" in keywords:
            self.add(
                node,
                "fixed",
                "an `output_parser` under `llm.call` is given "
                "`llm.CallResponse`, not the provider's response",
            )
        if full.endswith(".prompt_template") and node.args:
            for line, message in template_findings(node.args[0]):
                self.findings.append(Finding(self.path, line, "fixed", message))
        if full == "mirascope.integrations.otel.with_otel" and "content" not in keywords:
            self.add(node, "fixed", "`with_otel()` records the messages only with `content=True`")
        if full == "mirascope.integrations.middleware_factory":
            self._check_middleware(node, set(keywords))
        if _is_fallback(full):
            self._check_backups(node)
        if full in ("importlib.import_module", "__import__") and node.args:
            self._check_import_module(node)
        if isinstance(tools := keywords.get("tools"), ast.List | ast.Tuple):
            self._check_tools(tools)
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "len") and node.args:
            self._check_built_in(node, node.func.id)
        self.generic_visit(node)

    def _check_provider(self, node: ast.expr, value: ast.expr | None) -> None:
        name = value.value if isinstance(value, ast.Constant) else None
        if name in _OLDER:
            self.add(node, "alias", f'`provider="{name}"` is deprecated: write "google"')
        if name == "xai":
            self.add(node, "fixed", "xAI needs `XAI_API_KEY`: the key of OpenAI is not sent to it")
        self._local_provider |= name in _LOCAL

    def _check_backups(self, node: ast.Call) -> None:
        """The providers that a fallback names."""
        for found in ast.walk(node):
            if isinstance(found, ast.Dict):
                for key, value in zip(found.keys, found.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == "provider":
                        self._check_provider(value, value)

    def _check_import_module(self, node: ast.Call) -> None:
        name = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if isinstance(name, str) and is_ours(name):
            self.uses_us = True
            self.check_name(node, name)

    def _check_middleware(self, node: ast.Call, keywords: set[str | None]) -> None:
        for suffix in ("", "_async"):
            if f"handle_response_model{suffix}" in keywords and (
                f"handle_call_response{suffix}" not in keywords
            ):
                self.add(
                    node,
                    "fixed",
                    f"`handle_response_model{suffix}` is not given responses: "
                    f"add `handle_call_response{suffix}`",
                )

    def _check_tools(self, tools: ast.List | ast.Tuple) -> None:
        for tool in tools.elts:
            if isinstance(tool, ast.Name) and tool.id in self._without_call:
                self.add(
                    tool, "fixed", f"`{tool.id}` has no `call`: that is refused when decorating"
                )

    def _check_built_in(self, node: ast.Call, function: str) -> None:
        first = node.args[0]
        if not isinstance(first, ast.Attribute) or not self.uses_us:
            return
        if function == "len" and first.attr == "tools":
            self._check_iterated(first)
        uses_llm = any(full.startswith("mirascope.llm") for full in self.known.values())
        if function == "isinstance" and first.attr == "tool" and uses_llm:
            self.add(
                node,
                "fixed",
                "`isinstance(….tool, …)` is true under `llm.call` for the "
                "tool's own class; in v1 it was false there, and the branch never ran",
            )

    # --- functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._check_decorators(node)
        self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        outer = self._decorators(node)
        if "mirascope.llm.call" in outer and any(
            name.startswith("tenacity.") for name in outer[: outer.index("mirascope.llm.call")]
        ):
            self.add(
                node.decorator_list[0],
                "fixed",
                "tenacity tries an async `llm.call` again: in v1 it never did",
            )
        self._check_decorators(node)
        self.generic_visit(node)

    def _check_decorators(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        names = self._decorators(node)
        for place, name in enumerate(names):
            below = names[place + 1 :]
            if _is_fallback(name) and any(_is_providers_call(each) for each in below):
                self.add(
                    node.decorator_list[place],
                    "fixed",
                    "`fallback` takes functions of `llm.call`: of a provider's own decorator "
                    "it is a ValueError; v1 asked the same provider again",
                )

    def _decorators(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
        functions = (
            decorator.func if isinstance(decorator, ast.Call) else decorator
            for decorator in node.decorator_list
        )
        return [self.full_name(function) or "" for function in functions]

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [self.full_name(base) or "" for base in node.bases]
        methods = {
            each.name: each
            for each in node.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        if len(bases) == 1 and is_ours(bases[0]):
            if bases[0].endswith(".BaseTool") and "call" not in methods:
                self._without_call.add(node.name)
            if bases[0].endswith(".BasePrompt") and "dynamic_config" in methods:
                self._check_dynamic_config(methods["dynamic_config"])
        self.generic_visit(node)

    def _check_dynamic_config(self, method: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        ignored = {"call_params", "tools", "computed_fields", "client"}
        for found in ast.walk(method):
            if isinstance(found, ast.Dict):
                keys = {key.value for key in found.keys if isinstance(key, ast.Constant)}
                for key in sorted(ignored & {key for key in keys if isinstance(key, str)}):
                    self.add(
                        found,
                        "fixed",
                        f"`{key}` in `dynamic_config` of a `BasePrompt` has effect: "
                        "v1 heeded `metadata` alone",
                    )

    # --- what is made of responses

    def visit_If(self, node: ast.If) -> None:
        self._visit_guarded(node.test, node.body)
        for other in node.orelse:
            self.visit(other)

    def _visit_guarded(self, test: ast.expr, body: Sequence[ast.AST]) -> None:
        self.visit(test)
        guards = any(
            isinstance(part, ast.Attribute) and part.attr in ("tools", "tool")
            for part in ast.walk(test)
        )
        self._guarded += guards
        for part in body:
            self.visit(part)
        self._guarded -= guards

    def visit_While(self, node: ast.While) -> None:
        self._visit_guarded(node.test, [*node.body, *node.orelse])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._visit_guarded(node.test, [node.body])
        self.visit(node.orelse)

    def visit_For(self, node: ast.For) -> None:
        self._check_iterated(node.iter)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._check_iterated(node.iter)
        self.generic_visit(node)

    def _check_iterated(self, value: ast.expr) -> None:
        if not isinstance(value, ast.Attribute) or value.attr != "tools" or self._guarded:
            return
        if any(full.startswith(_EMPTY_LISTS) for full in self.known.values()):
            self.add(
                value,
                "fixed",
                "`tools` is None where the model called none, with every provider: write "
                "`response.tools or []`",
            )

    def visit_Compare(self, node: ast.Compare) -> None:
        values = [node.left, *node.comparators]
        reads = any(
            isinstance(value, ast.Attribute) and value.attr == "provider" for value in values
        )
        names = any(isinstance(value, ast.Constant) and value.value == "openai" for value in values)
        if reads and names and self._local_provider:
            self.add(
                node, "fixed", "`provider` of a reply of Ollama or vLLM is that name, not `openai`"
            )
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        names = [
            self.full_name(item.context_expr.func)
            for item in node.items
            if isinstance(item.context_expr, ast.Call)
        ]
        if "mirascope.llm.context" in names:
            inside = {
                found.id
                for found in ast.walk(node)
                if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)
            }
            for found in ast.walk(node):
                if (
                    isinstance(found, ast.Await)
                    and isinstance(found.value, ast.Name)
                    and found.value.id not in inside
                ):
                    self.add(
                        found,
                        "fixed",
                        "a context holds from the call, not the `await`: a coroutine that was made "
                        "outside of it keeps what it was made with",
                    )
        self.generic_visit(node)


def _is_fallback(full: str) -> bool:
    return is_ours(full) and full.endswith(".fallback")


def _is_providers_call(full: str) -> bool:
    _, _, name = full.rpartition(".")
    return full.startswith("mirascope.core.") and (name == "call" or name.endswith("_call"))
