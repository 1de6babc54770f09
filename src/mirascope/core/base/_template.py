"""A prompt template: text with `{fields}`, split into messages by role keywords.

    SYSTEM: You are a librarian.
    MESSAGES: {history}
    USER: What is {book.title} about? {cover:image(detail=low)}

A keyword counts only at the start of a line of the template, never in a value.
"""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, TypeAlias

from ._template_field import Field, PartField, Text, Values
from ._template_grammar import parse_fields, shortened
from .message_param import BaseMessageParam, Part, TextPart

_KEYWORD = re.compile(r"^[ \t]*(SYSTEM|USER|ASSISTANT|MESSAGES):", re.MULTILINE)


class Template:
    """A template, parsed. `text` is the template without the indentation it had in the source.

    Raises ValueError for a template that no values could fill, naming `function` and the line.
    """

    def __init__(self, text: str, function: str) -> None:
        self.function = function
        self.text = dedent(text.replace("\r\n", "\n"))
        self._lines = self.text.split("\n")
        self._sections = self._parsed()

    def render(self, values: Values) -> list[Any]:
        """The messages, in order. A section that comes out empty is left out.

        Raises KeyError for an unknown variable, and ValueError for a value that a field such as
        `{photo:image}` or `MESSAGES: {history}` cannot take.
        """
        messages: list[Any] = []
        for section in self._sections:
            messages += section.render(values)
        return messages

    def fill(self, values: Values) -> str:
        """The whole text with its fields filled in, role keywords included."""
        return self._whole.filled(values)

    @property
    def names(self) -> frozenset[str]:
        """The variables that the template uses."""
        return self._whole.names

    @cached_property
    def _whole(self) -> Text:
        return Text(self._pieces(self.text, 1))

    def _parsed(self) -> list[Section]:
        keywords = list(_KEYWORD.finditer(self.text))
        if not keywords:
            return [self._content("user", self.text, 1)] if self.text else []
        self._warn_if_lost(self.text[: keywords[0].start()], "before its first role keyword")
        ends = [keyword.start() for keyword in keywords[1:]] + [len(self.text)]
        return [
            self._section(keyword[1], keyword.end(), end)
            for keyword, end in zip(keywords, ends, strict=True)
        ]

    def _section(self, keyword: str, start: int, end: int) -> Section:
        content = self.text[start:end]
        margin = content[: len(content) - len(content.lstrip())]
        line = self.text.count("\n", 0, start) + margin.count("\n") + 1
        # What follows a keyword that stands alone on its line may be indented as a block.
        is_block = "\n" in margin
        content = without_blank_edges(_dedented(content)) if is_block else content.strip()
        if keyword == "MESSAGES":
            return self._splice(content, line)
        return self._content(keyword.lower(), content, line)

    def _splice(self, content: str, line: int) -> Section:
        pieces = self._pieces(content, line)
        fields = [piece for piece in pieces if isinstance(piece, Field)]
        if not fields or not fields[0].name:
            raise ValueError(
                f"{self._place('`MESSAGES:`', line)}: it names no variable. "
                "Write `MESSAGES: {history}`."
            )
        if fields[0].conversion or fields[0].spec:
            warnings.warn(
                f"{fields[0].place}: what follows the variable has no effect on messages.",
                stacklevel=2,
            )
        lost = [piece if isinstance(piece, str) else piece.place for piece in pieces]
        lost.remove(fields[0].place)
        self._warn_if_lost("".join(lost), "beside the first variable of `MESSAGES:`")
        return SplicedSection(fields[0])

    def _content(self, role: str, content: str, line: int) -> Section:
        pieces = self._pieces(content, line)
        if not any(isinstance(piece, PartField) for piece in pieces):
            return TextSection(role, Text(pieces))
        runs: list[Text | PartField] = []
        for is_part, group in groupby(pieces, lambda piece: isinstance(piece, PartField)):
            if is_part:
                runs += [piece for piece in group if isinstance(piece, PartField)]
            else:
                runs.append(Text(_trimmed(list(group))))
        return PartsSection(role, runs)

    def _pieces(self, text: str, line: int) -> list[str | Field]:
        return parse_fields(text, lambda field, breaks: self._place(field, line + breaks))

    def _place(self, field: str, line: int) -> str:
        shown = shortened(self._lines[min(line, len(self._lines)) - 1].strip())
        subject = f"{field} in line" if field else "Line"
        return f"{subject} {line} of the template of `{self.function}` ({shown!r})"

    def _warn_if_lost(self, text: str, where: str) -> None:
        if text.strip():
            warnings.warn(
                f"The template of `{self.function}` has text {where}, which is not sent: "
                f"{text.strip()[:60]!r}.",
                stacklevel=2,
            )


@dataclass(slots=True)
class TextSection:
    """A message of text only."""

    role: str
    text: Text

    def render(self, values: Values) -> list[Any]:
        return _text_message(self.role, self.text.filled(values))


@dataclass(slots=True)
class PartsSection:
    """A message with parts, and text between them."""

    role: str
    runs: Sequence[Text | PartField]

    def render(self, values: Values) -> list[Any]:
        parts: list[Part] = []
        for run in self.runs:
            if isinstance(run, PartField):
                parts += run.parts(values)
            elif (text := run.filled(values)).strip():
                parts.append(TextPart(text=text))
        if len(parts) == 1 and isinstance(parts[0], TextPart):
            return _text_message(self.role, parts[0].text)
        return [BaseMessageParam(role=self.role, content=parts)] if parts else []


def _text_message(role: str, content: str) -> list[Any]:
    # A message of nothing but white space says nothing, and providers refuse it.
    return [BaseMessageParam(role=role, content=content)] if content.strip() else []


@dataclass(slots=True)
class SplicedSection:
    """A place where a list of messages is put in, unchanged."""

    field: Field

    def render(self, values: Values) -> list[Any]:
        return self.field.messages(values)


Section: TypeAlias = TextSection | PartsSection | SplicedSection


@lru_cache(maxsize=1024)
def parse_template(text: str, function: str) -> Template:
    """`Template(text, function)`, kept for the next time."""
    return Template(text, function)


def dedent(text: str) -> str:
    """`text` without the indentation it had in the source; indentation within it stays.

    Where the text starts right after the opening quotes, the closing quotes on a line of their own
    show how far it was indented in the source.
    """
    first, _, rest = text.partition("\n")
    if not first.strip():
        return without_blank_edges(_dedented(text))
    if rest and not rest.rpartition("\n")[2].strip():
        return f"{first}\n{_dedented(rest + '|')[:-1]}".strip()
    return _dedented(text).strip()


def _dedented(text: str) -> str:
    # What counts as a blank line for `textwrap` differs between versions of Python.
    lines = [line if line.strip() else "" for line in text.split("\n")]
    return textwrap.dedent("\n".join(lines))


def without_blank_edges(text: str) -> str:
    """`text` without blank lines before and white space after; its first line stays indented."""
    margin = text[: len(text) - len(text.lstrip())]
    return text[margin.rfind("\n") + 1 :].rstrip()


def _trimmed(run: list[str | Field]) -> list[str | Field]:
    """`run` without the white space that only kept it apart from the parts around it."""
    if isinstance(run[0], str):
        run = [run[0].lstrip(), *run[1:]]
    if isinstance(run[-1], str):
        run = [*run[:-1], run[-1].rstrip()]
    return run
