"""What a function's docstring says: of the function, and of each parameter."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ._narrow import is_list

if TYPE_CHECKING:
    from docstring_parser import DocstringMeta


@dataclass(slots=True)
class Docstring:
    """A docstring in the parts that a tool needs."""

    description: str = ""
    """The text with the sections on what is returned and raised, without that on parameters."""
    parameters: dict[str, str] = field(default_factory=dict[str, str])
    examples: list[Any] = field(default_factory=list[Any])
    """The examples that are JSON; any other stays in the description."""


def parse_docstring(text: str | None) -> Docstring:
    """The parts of a docstring in Google, numpy, reST or epydoc style."""
    if not text or not text.strip():
        return Docstring()
    # Only tools made from functions need the parser.
    from docstring_parser import ParseError, parse
    from docstring_parser.common import DocstringExample, DocstringParam

    text = inspect.cleandoc(text)
    try:
        parsed = parse(text)
    except ParseError:
        return Docstring(text)
    result = Docstring()
    sections = [(parsed.description or "").strip()]
    for meta in parsed.meta:
        body = (meta.description or "").strip()
        if isinstance(meta, DocstringParam):
            if meta.args[0] != "attribute":
                result.parameters[meta.arg_name.lstrip("*")] = body
            continue
        if isinstance(meta, DocstringExample):
            if examples := _json_examples(body):
                result.examples += examples
                continue
            body = "\n".join(filter(None, (meta.snippet, body)))
        _add(sections, meta, body)
    result.description = "\n\n".join(filter(None, sections))
    return result


def _add(sections: list[str], meta: DocstringMeta, body: str) -> None:
    """Append a section, or a line to the section of the same title."""
    title = f"{meta.args[0].capitalize()}:"
    subject: str | None = getattr(meta, "type_name", None)
    entry = indent(f"{subject}: {body}" if subject else body, "    ")
    if not entry.strip():
        return
    if sections[-1].startswith(f"{title}\n"):
        sections[-1] += f"\n{entry}"
    else:
        sections.append(f"{title}\n{entry}")


def _json_examples(text: str) -> list[Any]:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return []
    return value if is_list(value) else [value]
