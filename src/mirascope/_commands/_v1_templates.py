"""What is read otherwise in a prompt template than Mirascope v1 read it."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from inspect import cleandoc

_ROLE_WITHIN = re.compile(r"^[^\n]*\S[^\n]*?\b(SYSTEM|USER|ASSISTANT|MESSAGES):", re.MULTILINE)


def template_findings(value: ast.expr) -> Iterator[tuple[int, str]]:
    """The lines of a program that a template concerns, and what there is to say."""
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return
    text = value.value
    for match in _ROLE_WITHIN.finditer(text):
        message = (
            f"`{match[1]}:` within a line is plain text here: a role counts only where a line "
            "starts with it"
        )
        yield value.lineno + text.count("\n", 0, match.start(1)), message
    if any(line[:1].isspace() and line.strip() for line in cleandoc(text).splitlines()):
        yield value.lineno, "lines of a template keep their indentation: v1 stripped each"
    if refusal := _refusal(text):
        yield value.lineno, f"the template is refused when decorating: {refusal}"


def _refusal(text: str) -> str | None:
    """What the library itself says of a template that no values could fill."""
    from ..core.base._template import Template

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            Template(text, "…")
        except ValueError as error:
            return str(error).replace(" of the template of `…`", "")
    return None
