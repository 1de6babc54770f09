"""The grammar of templates, described a second time: what a template has to come to.

It reads a template line by line and character by character, and knows nothing of how the library
does it.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Any, NamedTuple

from mirascope.core.base.message_param import BaseMessageParam, TextPart

KEYWORDS = ("SYSTEM:", "USER:", "ASSISTANT:", "MESSAGES:")
SEVERAL = {"images", "audios", "documents", "texts", "parts"}
PARTS = SEVERAL | {"image", "audio", "document", "text", "part", "cache_control"}
LISTS = {"list", "lists"}

URL = "https://example.com/{x}?USER:"
PNG = b"\x89PNG\r\n\x1a\n"
PDF = b"%PDF-1.7\n"
WAV = b"RIFF\0\0\0\0WAVE"
MEDIA = {
    PNG: ("image", "image/png"),
    PDF: ("document", "application/pdf"),
    WAV: ("audio", "audio/wav"),
}


class Refused(Exception):
    """No values could fill the template: it is refused when a function is decorated with it."""


class Field(NamedTuple):
    """`{name!conversion:spec}`."""

    name: str
    conversion: str
    spec: str


def messages_by_the_rules(template: str, values: dict[str, Any]) -> list[Any]:
    """What the messages are, as dicts; spliced ones are given as they are.

    All that can be refused is refused before the first value is looked at.
    """
    parsed = [(role, pieces(text)) for role, text in sections(template)]
    for role, content in parsed:
        fields = [piece for piece in content if isinstance(piece, Field)]
        for field in fields:
            check(field)
        if role == "messages" and (not fields or fields[0].spec.startswith("cache_control")):
            raise Refused
    messages: list[Any] = []
    for role, content in parsed:
        if role == "messages":
            history = next(piece for piece in content if isinstance(piece, Field))
            messages += spliced(history, values)
        elif made := message_content(content, values):
            messages.append({"role": role, "content": made})
    return messages


def sections(template: str) -> Iterator[tuple[str, str]]:
    """A keyword at the start of a line begins a section; what is before the first is left out."""
    lines = block(without_source_indentation(template.replace("\r\n", "\n").split("\n")))
    starts = [at for at, line in enumerate(lines) if line.lstrip(" \t").startswith(KEYWORDS)]
    if not starts:
        yield "user", "\n".join(lines)
        return
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        keyword, _, rest = lines[start].lstrip(" \t").partition(":")
        if rest.strip():
            yield keyword.lower(), "\n".join([rest, *lines[start + 1 : end]]).strip()
        else:
            yield keyword.lower(), "\n".join(block(dedented(lines[start + 1 : end])))


def without_source_indentation(lines: list[str]) -> list[str]:
    """Text that begins right after the quotes is as indented as the closing quotes show."""
    if not lines[0].strip():
        return dedented(lines)
    if len(lines) > 1 and not lines[-1].strip():
        lines = [lines[0], *dedented([*lines[1:-1], lines[-1] + "|"])[:-1]]
    else:
        lines = dedented(lines)
    return [lines[0].lstrip(), *lines[1:]]


def dedented(lines: list[str]) -> list[str]:
    lines = [line if line.strip() else "" for line in lines]
    margins = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line]
    margin = min(margins, key=len, default="")
    while not all(each.startswith(margin) for each in margins):
        margin = margin[:-1]
    return [line[len(margin) :] for line in lines]


def block(lines: list[str]) -> list[str]:
    """The lines without blank ones around them and without white space at the end."""
    while lines and not lines[0].strip():
        lines = lines[1:]
    return "\n".join(lines).rstrip().split("\n")


def pieces(text: str) -> list[str | Field]:
    """Literal text and fields. `{{` and `}}` are braces."""
    found: list[str | Field] = [""]
    while text:
        if text[:2] in ("{{", "}}"):
            found[-1:] = [found[-1] + text[0]]  # type: ignore[operator, list-item]
            text = text[2:]
        elif text[0] == "{":
            field, text = first_field(text)
            found += [field, ""]
        elif text[0] == "}":
            raise Refused
        else:
            found[-1:] = [found[-1] + text[0]]  # type: ignore[operator, list-item]
            text = text[1:]
    return found


def first_field(text: str) -> tuple[Field, str]:
    """The field that `text` begins with, and the text after it."""
    at = 1
    while text[at : at + 1] not in ("", "!", ":", "{", "}"):
        at = text.find("]", at) + 1 or len(text) if text[at] == "[" else at + 1
    name, conversion, spec = text[1:at], "", ""
    if text[at : at + 1] == "!":
        conversion, at = text[at + 1 : at + 2], at + 2
    if text[at : at + 1] == ":":
        start, depth = at + 1, 1
        while depth:
            at += 1
            if at >= len(text):
                raise Refused
            depth += {"{": 1, "}": -1}.get(text[at], 0)
        spec = text[start:at]
    if text[at : at + 1] != "}":
        raise Refused
    return Field(name, conversion, spec), text[at + 1 :]


def kind_of(field: Field) -> str:
    """The kind of part or list that the spec asks for, if it does."""
    kind = field.spec.split("(")[0]
    return kind if kind in PARTS or field.spec in LISTS else ""


def check(field: Field, inner: bool = False) -> None:
    kind = kind_of(field)
    if field.conversion and (kind or field.conversion not in "rsa"):
        raise Refused
    if kind in PARTS:
        options(field)
    if kind != "cache_control":
        check_name(field.name)
    if inner and (kind or "{" in field.spec):
        raise Refused
    if not kind:
        for piece in pieces(field.spec) if "{" in field.spec else ():
            if isinstance(piece, Field):
                check(piece, inner=True)


def check_name(name: str) -> None:
    """`name.attribute[key]`, with no name that begins with an underscore."""
    first = name.replace("[", ".").split(".")[0]
    if not first or "]" in first or first.startswith("_"):
        raise Refused
    rest = name[len(first) :]
    while rest:
        if rest[0] == "[":
            key, closing, rest = rest[1:].partition("]")
            if not (key and closing):
                raise Refused
        else:
            attribute = rest[1:].replace("[", ".").split(".")[0]
            if rest[0] != "." or not attribute or "]" in attribute or attribute[0] == "_":
                raise Refused
            rest = rest[1 + len(attribute) :]


def options(field: Field) -> dict[str, str]:
    _, opening, rest = field.spec.partition("(")
    if not opening:
        return {}
    if not rest.endswith(")") or "{" in rest:
        raise Refused
    found = {}
    for option in rest[:-1].split(",") if rest[:-1].strip() else ():
        name, _, value = (side.strip() for side in option.partition("="))
        if not (name and value):
            raise Refused
        found[name] = value
    return found


def value_of(field: Field, values: dict[str, Any]) -> Any:
    variable = re.split(r"[.\[]", field.name)[0]
    value = {"value": values[variable]}
    return string.Formatter().get_field("value" + field.name[len(variable) :], (), value)[0]


def spliced(field: Field, values: dict[str, Any]) -> list[Any]:
    history = value_of(field, values)
    if not isinstance(history, list):
        raise ValueError
    if not all(isinstance(message, dict | BaseMessageParam) for message in history):
        raise ValueError
    return history


def message_content(content: list[str | Field], values: dict[str, Any]) -> Any:
    """A text, or a list of parts if a field asks for one; blank text is nothing."""
    if not any(isinstance(piece, Field) and kind_of(piece) in PARTS for piece in content):
        text = "".join(as_text(piece, values) for piece in content)
        return text if text.strip() else ""
    parts: list[Any] = []
    run: list[str | Field] = []
    for piece in [*content, None]:
        if piece is not None and not (isinstance(piece, Field) and kind_of(piece) in PARTS):
            run.append(piece)
            continue
        # White space of the template beside a part only keeps the two apart.
        for edge, strip in ((0, str.lstrip), (-1, str.rstrip)):
            if run and isinstance(run[edge], str):
                run[edge] = strip(run[edge])  # type: ignore[arg-type]
        text = "".join(as_text(each, values) for each in run)
        parts += [{"type": "text", "text": text}] if text.strip() else []
        parts += as_parts(piece, values) if piece else []
        run = []
    if len(parts) == 1 and parts[0]["type"] == "text":
        return parts[0]["text"] if parts[0]["text"].strip() else ""
    return parts


def as_text(piece: str | Field, values: dict[str, Any]) -> str:
    if isinstance(piece, str):
        return piece
    value = value_of(piece, values)
    if piece.spec in LISTS:
        groups = [value] if piece.spec == "list" else value
        if not isinstance(value, list) or not all(isinstance(g, list | tuple) for g in groups):
            raise ValueError
        return "\n\n".join("\n".join(str(item) for item in group) for group in groups)
    spec = piece.spec
    if "{" in spec:
        spec = "".join(as_text(inner, values) for inner in pieces(spec))
    if value is None and piece.name.isalnum() and not piece.conversion:
        return ""
    return format({"r": repr, "s": str, "a": ascii}.get(piece.conversion, lambda v: v)(value), spec)


def as_parts(field: Field, values: dict[str, Any]) -> list[Any]:
    kind, given = kind_of(field), options(field)
    if kind == "cache_control":
        return [{"type": kind, "cache_type": given.get("type", "ephemeral")}]
    value = value_of(field, values)
    if kind in SEVERAL and not isinstance(value, list):
        raise ValueError
    made = (
        part(kind.removesuffix("s"), each, given)
        for each in (value if kind in SEVERAL else [value])
    )
    return [each for each in made if each]


def part(kind: str, value: Any, given: dict[str, str]) -> Any:
    if isinstance(value, TextPart) and kind in ("text", "part"):
        return value.model_dump()
    if kind == "text" and isinstance(value, str):
        return {"type": "text", "text": value}
    if kind in ("text", "part"):
        raise ValueError
    detail = {"detail": given.get("detail")} if kind == "image" else {}
    if not value:
        return None
    if value == URL:
        return {"type": f"{kind}_url", "url": URL, **detail}
    shown, media_type = MEDIA[value] if isinstance(value, bytes) and value in MEDIA else ("", "")
    if shown != kind:
        raise ValueError
    return {"type": kind, "media_type": media_type, kind: value, **detail}
