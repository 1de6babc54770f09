"""Random templates and values, against the rules as `_template_rules` describes them.

TEMPLATE_CASES=10000 tries more of them.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mirascope.core.base._media_policy import MediaPolicy
from mirascope.core.base.message_param import BaseMessageParam, TextPart
from mirascope.core.base.prompt import prompt_template

from ._template_rules import (
    PDF,
    PNG,
    URL,
    WAV,
    Refused,
    messages_by_the_rules,
)

CASES = int(os.environ.get("TEMPLATE_CASES", "1000"))


# Values


class Book:
    """What a template reaches into."""

    def __init__(self, title: str, number: int) -> None:
        self.title = title
        self.none = None
        self.author = SimpleNamespace(names=[title, number])
        self.table = {"key": title, 3: "three", "_k": "own"}

    def __repr__(self) -> str:
        return f"{{Book}} USER: {self.title}"


LIKE_A_TEMPLATE = "{x} {{ }} { } USER: \nSYSTEM:obey \nMESSAGES:{h} :list !r"
texts = st.lists(
    st.sampled_from([*LIKE_A_TEMPLATE.split(" "), " ", "\n  "]) | st.text(max_size=5), max_size=2
).map("".join)


def some_values(x: str, y: str, n: int, p: float, size: int) -> dict[str, Any]:
    part, message = TextPart(text=x), BaseMessageParam(role="user", content=y)
    return {
        "x": x,
        "y": y,
        "n": n,
        "p": p,
        "w": size,
        "none": None,
        "book": Book(x, n),
        "l": [x, n, None, y][:size],
        "ll": [[x, y], (y,), [], [n, None]][:size],
        "url": URL,
        "png": PNG,
        "pdf": PDF,
        "wav": WAV,
        "media": [[URL, PNG, None, b""], [PDF, URL], [WAV], [], [n]][size],
        "part": part,
        "parts": [part, part][: size - 1],
        "h": [message, {"role": "user", "content": "{x}"}][:size],
    }


values_for_templates = st.builds(
    some_values, texts, texts, st.integers(-99, 10**6), st.floats(), st.integers(0, 4)
)


# Templates


USUAL_FIELDS = """
    {x} {y} {n} {p} {none} {l} {book} {x!r} {n!s} {y!a} {n:>8} {p:.2f} {x:>{w}} {n:{w}} {none:>9}
    {l:list} {ll:lists} {book.title} {book.none} {book.author.names[0]} {book.table[key]}
    {book.table[3]} {book.table[_k]} {x:text} {y:text} {url:image} {png:image} {none:image}
    {url:image(detail=low)} {png:image(detail=high)} {url:audio} {wav:audio} {url:document}
    {pdf:document} {part:part} {parts:parts} {part:text} {parts:texts} {:cache_control}
    {:cache_control(type=other)} {book.title:text} {book.author.names:list}
"""
FAILING_FIELDS = """
    {media:images} {media:documents} {media:audios} {l:texts} {ll[0]} {l[0]!r:>9} {x:image} {x:list}
    {unknown} {x.nope} {l[9]} {book.table[x]} {n:video} {l:d} {n:text} {h:parts} {none.title} {x[x]}
"""
NAMES = """
    x n p none l ll book book.title book.none book.author.names[1] book.table[3] l[0] ll[1][0] media
    parts wav pdf h unknown self 0 _x x._x x.__class__ book.author.__dict__ book.table[_x] x. x[]
    x[0 x]0 x[0]y x..y .x [0] x.a[ l[9] x[a.b] x[]] x[{]
"""
CONVERSIONS = ["", "!r", "!s", "!a", "!z", "!", "!rr"]
SPECS = """
    >5 .1f d s {w} >{w} {none}{w} x{x} list lists list(a) list(x=y) video {_x} {x:{w}} {l:list}
    {x:text} { } {{ }} {} {{}} image images audio audios document documents text texts part parts
    image(detail=low) images(detail=a,detail=b) texts(a=b) part() image(detail image(detail={x})
    image(=) image(a=) audio(,) cache_control cache_control(type=a,type=b)
"""
SPACED_SPECS = [
    "",
    "\n",
    " list",
    "text( )",
    "text (a=b)",
    "image( detail = low )",
    "image(detail=a b)",
]
ANY_FIELDS = [
    f"{{{name}{conversion}:{spec}}}"
    for name in NAMES.split()
    for conversion in CONVERSIONS
    for spec in [*SPECS.split(), *SPACED_SPECS]
]
BROKEN = "{ } {} {x x} {x! {x!r {x: {x[ {{} {_x} {x!r: {x:{} {x!} MESSAGES: MESSAGES:{} USER:}"

KEYWORD_LINES = [
    f"{before}{keyword}{after}"
    for before in ("\n", "\n", "\n  ", "\n\t", "", "a ", "SUPER")
    for keyword in ("SYSTEM:", "USER:", "USER:", "ASSISTANT:", "user:", "TOOL:", "USER :")
    for after in ("", " ", "\n", " \n    ")
]
HISTORIES = [
    f"\n{before}MESSAGES:{after}\n{next_section}"
    for before in ("", "  ", "\t")
    for after in (" {h}", " {h}", "{h}", "\n  {h}", " {h} {x}", " {l}", " {h:list}")
    for next_section in ("", "USER:", " ASSISTANT: ")
]
BREAKS = ["\n", "\n\n", "\r\n", "\n    ", "\n  ", "\n\t", "\n        ", "\n \n", "\n    \n"]
WORDS = st.text(st.sampled_from("ab :SER\t \u3000é😀.![\x0b"), min_size=1, max_size=6)
LITERALS = ["{{", "}}", "{{x}}", "genre", ":list", "USER:", "text\n", "  - a\n    - b\n"]

usual, lines = USUAL_FIELDS.split(), KEYWORD_LINES
often = (usual, usual, usual, lines, lines, BREAKS, LITERALS)
fragments = st.one_of(*map(st.sampled_from, (*often, HISTORIES)), WORDS)
ordinary = st.lists(fragments, max_size=12).map("".join)
failing = st.builds("{}\n{}{}".format, ordinary, st.sampled_from(FAILING_FIELDS.split()), ordinary)
odd = st.builds(
    "{}{}".format, ordinary, st.sampled_from(ANY_FIELDS) | st.sampled_from(BROKEN.split())
)
templates = st.one_of(ordinary, ordinary, ordinary, ordinary, failing, odd)


# Both sides


def by_the_rules(template: str, values: dict[str, Any]) -> Any:
    try:
        return messages_by_the_rules(template, values)
    except Refused:
        return "refused"
    except Exception as error:
        return outcome(error)


def by_the_library(template: str, values: dict[str, Any]) -> Any:
    def ask(**values: Any) -> None: ...

    try:
        decorated = prompt_template(template)(ask)
    except ValueError as error:
        return "refused" if "of the template of `ask`" in str(error) else repr(error)
    try:
        with MediaPolicy(allow_local_paths=False):
            rendered = decorated(**values)
    except Exception as error:
        told = "".join([str(error), *getattr(error, "__notes__", ())])
        return outcome(error) if "of the template of `ask`" in told else repr(error)
    spliced = {id(message) for message in values["h"]}
    return [each if id(each) in spliced else each.model_dump() for each in rendered]


def outcome(error: Exception) -> str:
    for kind in (KeyError, IndexError, AttributeError, TypeError, ValueError):
        if isinstance(error, kind):
            return kind.__name__
    return type(error).__name__


@pytest.mark.filterwarnings("ignore:.*(is not sent|has no effect)")
@settings(max_examples=CASES)
@given(templates, values_for_templates)
def test_templates_follow_the_rules(template: str, values: dict[str, Any]) -> None:
    expected = by_the_rules(template, values)
    event(expected if isinstance(expected, str) else f"{min(len(expected), 3)} messages")
    assert by_the_library(template, values) == expected


@pytest.mark.filterwarnings("ignore:.*(is not sent|has no effect)")
def test_every_form_of_a_field_follows_the_rules() -> None:
    values = some_values("{y} USER:", "é", 7, 1.5, 4)
    fields = " ".join([USUAL_FIELDS, FAILING_FIELDS, BROKEN]).split()
    for field in [*fields, *ANY_FIELDS]:
        template = f"SYSTEM: a\nUSER: b {field} c"
        assert (field, by_the_library(template, values)) == (field, by_the_rules(template, values))
