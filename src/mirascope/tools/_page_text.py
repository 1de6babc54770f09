"""The readable text of an HTML page.

Not by `html.parser`: a page may be hostile, and in many versions of Python a small one that was
made for it keeps that parser busy for minutes. Here each character is looked at a fixed number of
times, and nothing raises.

Source: https://html.spec.whatwg.org/multipage/parsing.html#tokenization
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

# Their text is not for readers; that of the second set stands beside what the page is about.
_UNSEEN = frozenset(
    {
        *("applet", "audio", "canvas", "datalist", "iframe", "math", "noembed", "noframes"),
        *("object", "script", "select", "style", "svg", "template", "video"),
    }
)
_BESIDE = frozenset({"aside", "dialog", "footer", "menu", "nav"})
# What is between these is text, whatever it looks like.
_RAW = frozenset({"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"})
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_PARAGRAPHS = frozenset(
    {
        *("article", "aside", "blockquote", "body", "details", "dl", "fieldset", "figure"),
        *("footer", "form", "header", "hr", "main", "nav", "p", "pre", "section", "table", "title"),
        *_HEADINGS,
    }
)
_LINES = frozenset(
    {
        *("address", "br", "caption", "dd", "div", "dt", "figcaption", "legend", "li", "ol"),
        *("option", "summary", "textarea", "tr", "ul"),
    }
)
_CELLS = frozenset({"td", "th"})

_OPENING = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
# A quotation mark counts after an equals sign only.
_ATTRIBUTES = re.compile(r"(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+>")
_COMMENT_END = re.compile(r"--!?>")


def page_text(page: str) -> str:
    """The text of a page: paragraphs apart, headings and items marked as Markdown does.

    Navigation and the like is left out, unless there is nothing else.
    """
    pieces = list(_pieces(page))
    return _written(pieces, _UNSEEN | _BESIDE) or _written(pieces, _UNSEEN)


class _Piece(NamedTuple):
    """A tag, or text between tags."""

    tag: str
    """Empty for text."""
    text: str
    is_end: bool = False


def _pieces(page: str) -> Iterator[_Piece]:
    at = 0
    while (start := page.find("<", at)) >= 0:
        if start > at:
            yield _Piece("", page[at:start])
        opening = _OPENING.match(page, start)
        if opening is None:
            at = _after_no_tag(page, start)
            if at == start + 1:
                yield _Piece("", "<")
            continue
        end = _ATTRIBUTES.match(page, opening.end())
        if end is None:
            return  # As in a browser, a tag that does not end takes the rest with it.
        at, tag, is_end = end.end(), opening[2].lower(), bool(opening[1])
        if not is_end and tag in ("svg", "math") and page.endswith("/>", start, at):
            continue
        yield _Piece(tag, "", is_end)
        if tag in _RAW and not is_end:
            close = _closing(tag).search(page, at)
            until = close.start() if close else len(page)
            yield _Piece("", page[at:until])
            at = until
    if at < len(page):
        yield _Piece("", page[at:])


def _after_no_tag(page: str, start: int) -> int:
    """Where a comment or the like ends; for a mere `<`, the place after it."""
    if page.startswith("<!--", start):
        if page.startswith((">", "->"), start + 4):
            return page.index(">", start + 4) + 1
        end = _COMMENT_END.search(page, start + 4)
        return end.end() if end else len(page)
    if page.startswith(("<!", "<?", "</"), start):
        return page.find(">", start) + 1 or len(page)
    return start + 1


@cache
def _closing(tag: str) -> re.Pattern[str]:
    return re.compile(rf"</{tag}(?=[\s/>])", re.IGNORECASE)


def _written(pieces: list[_Piece], left_out: frozenset[str]) -> str:
    text = _Text()
    skipped, depth, verbatim = "", 0, 0
    for tag, content, is_end in pieces:
        if skipped:
            if tag == skipped:
                depth += -1 if is_end else 1
                skipped = skipped if depth else ""
        elif tag in left_out:
            if not is_end:
                skipped, depth = tag, 1
        elif tag == "pre":
            text.gap("\n\n")
            verbatim = max(0, verbatim + (-1 if is_end else 1))
        elif tag:
            _mark(text, tag, is_end)
        elif verbatim:
            text.add_lines(_decoded(content))
        else:
            text.add(_decoded(content))
    return "".join(text.parts)


def _mark(text: _Text, tag: str, is_end: bool) -> None:
    if tag in _PARAGRAPHS:
        text.gap("\n\n")
        text.prefix = "" if is_end else _HEADINGS.get(tag, text.prefix)
    elif tag in _LINES:
        text.gap("\n")
        if tag == "li":
            text.prefix = "" if is_end else "- "
    elif tag in _CELLS and not is_end:
        text.gap(" | ")


def _decoded(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # The number of a character with more digits than Python reads.
        return text


class _Text:
    """Text as it is put together: what stands between two pieces is the widest gap asked for."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.prefix = ""
        """What the next piece starts with."""
        self._gap = ""

    def gap(self, gap: str) -> None:
        """Have at least this between what is there and what comes. Lines go before ` | `."""
        if _WIDTH[gap] > _WIDTH[self._gap]:
            self._gap = gap

    def add(self, text: str) -> None:
        """Text in which a space is like any other."""
        words = " ".join(text.split())
        if text[:1].isspace():
            self.gap(" ")
        if not words:
            return
        self._put(words)
        if text[-1:].isspace():
            self.gap(" ")

    def add_lines(self, text: str) -> None:
        """Text in which each space counts."""
        if not self.parts or self._gap:
            text = text.lstrip("\n")
        lines = text.rstrip("\n")
        if lines:
            self._put(lines)
        if lines != text:
            self.gap("\n")

    def _put(self, text: str) -> None:
        self.parts += (self._gap if self.parts else "", self.prefix, text)
        self.prefix = self._gap = ""


_WIDTH = {"": 0, " ": 1, " | ": 2, "\n": 3, "\n\n": 4}
