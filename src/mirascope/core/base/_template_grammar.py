"""The fields of a template, read when it is parsed: what is wrong with one is told then."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from string import Formatter
from typing import Any, TypeAlias

from ._media import audio_part, document_part, image_part
from ._template_field import CONVERSIONS, Field, ListField, NestedField, PartField, Text, typed
from .message_param import PART_TYPES, CacheControlPart, Part, TextPart

_Parsed: TypeAlias = tuple[str, str | None, str | None, str | None]
Place: TypeAlias = Callable[[str, int], str]
"""Says where the field (first argument) stands, given the line breaks before it (second)."""


def parse_fields(text: str, place: Place) -> list[str | Field]:
    """The pieces of `text`: literal text (braces unescaped) and fields, in order.

    Raises ValueError, naming the place, for what no value could make right.
    """
    pieces: list[str | Field] = []
    breaks = 0
    for literal, name, spec, conversion in _parsed(text, place):
        if literal:
            pieces.append(literal)
            breaks += literal.count("\n")
        if name is not None:
            pieces.append(_field(name, spec or "", conversion or "", breaks, place))
            breaks += (spec or "").count("\n")
    return pieces


def _parsed(text: str, place: Place) -> list[_Parsed]:
    try:
        return list(Formatter().parse(text))
    except ValueError as error:
        where = place("", _breaks_before_error(text))
        raise ValueError(
            f"{where}: {error}. Write `{{{{` and `}}}}` for braces that are text."
        ) from None


def _breaks_before_error(text: str) -> int:
    for line_break in re.finditer("\n", text):
        try:
            list(Formatter().parse(text[: line_break.start()]))
        except ValueError:
            return text.count("\n", 0, line_break.start())
    return text.count("\n")


def _text_part(value: Any) -> Part:
    if isinstance(value, str):
        return TextPart(text=value)
    if isinstance(value, TextPart):
        return value
    raise ValueError(f"`:text` needs a `str` or a `TextPart`, not {typed(value)}")


def _any_part(value: Any) -> Part:
    if isinstance(value, PART_TYPES):
        return value
    raise ValueError(f"`:part` needs a part such as `ImagePart(...)`, not {typed(value)}")


# Each maker, the options it takes, and whether `<name>s` makes several.
_MAKERS: dict[str, tuple[Callable[..., Part | None], frozenset[str], bool]] = {
    "image": (image_part, frozenset({"detail"}), True),
    "audio": (audio_part, frozenset(), True),
    "document": (document_part, frozenset(), True),
    "text": (_text_part, frozenset(), True),
    "part": (_any_part, frozenset(), True),
    "cache_control": (CacheControlPart, frozenset({"type"}), False),
}
_PART_SPECS = {
    name + plural: (make, options, bool(plural))
    for name, (make, options, several) in _MAKERS.items()
    for plural in (("", "s") if several else ("",))
}
_LIST_SPECS = frozenset({"list", "lists"})

_NAME = re.compile(r"[^.\[\]]*")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\]]+)\]")


def _field(name: str, spec: str, conversion: str, breaks: int, place: Place) -> Field:
    shown = f"{{{name}{conversion and '!' + conversion}{spec and ':' + spec}}}"
    where = place(f"`{shortened(shown)}`", breaks)
    try:
        return _parsed_field(name, spec, conversion, where)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _parsed_field(name: str, spec: str, conversion: str, place: str) -> Field:
    if conversion and conversion not in CONVERSIONS:
        raise ValueError(f"`!{conversion}` is no conversion: use `!r`, `!s` or `!a`.")
    kind, options = _part_spec(spec)
    if conversion and (kind or spec in _LIST_SPECS):
        raise ValueError(f"`!{conversion}` does not go with `:{kind or spec}`: leave it out.")
    if kind:
        make, known, several = _PART_SPECS[kind]
        variable, path = ("", ()) if make is CacheControlPart else _path(name)
        known_options = _options(options, known, place)
        return PartField(variable, path, "", kind, place, make, several, known_options)
    variable, path = _path(name)
    if spec in _LIST_SPECS:
        return ListField(variable, path, "", spec, place)
    if "{" in spec:
        return NestedField(variable, path, conversion, spec, place, _inner(spec, place))
    return Field(variable, path, conversion, spec, place)


def _part_spec(spec: str) -> tuple[str, str | None]:
    """The kind of part that `spec` asks for, and its options; no kind for any other spec."""
    kind, opening, options = spec.partition("(")
    if kind not in _PART_SPECS:
        return "", None
    if not opening:
        return kind, None
    if not options.endswith(")"):
        raise ValueError(f"the options of `:{kind}` do not end with `)`.")
    return kind, options[:-1]


def _inner(spec: str, place: str) -> Text:
    """A format spec that has fields of its own, which have to be plain ones."""

    def inner_place(field: str, _: int) -> str:
        return f"{field or 'The format spec'} in {place}"

    for _, name, inner_spec, _ in _parsed(spec, inner_place):
        inner_spec = inner_spec or ""
        if "{" in inner_spec or inner_spec in _LIST_SPECS or _part_spec(inner_spec)[0]:
            stranger = shortened(f"{{{name}:{inner_spec}}}")
            raise ValueError(
                f"a format spec takes plain fields such as `{{width}}`, not `{stranger}`."
            )
    return Text(parse_fields(spec, inner_place))


def _path(name: str) -> tuple[str, tuple[tuple[bool, str | int], ...]]:
    match = _NAME.match(name)
    variable = match[0] if match else ""
    if not variable:
        raise ValueError("it names no variable. Write `{{` and `}}` for braces that are text.")
    steps: list[tuple[bool, str | int]] = []
    position = len(variable)
    while position < len(name):
        step = _STEP.match(name, position)
        if step is None:
            raise ValueError(f"`{name}` is not of the form `name.attribute[key]`.")
        attribute, key = step.groups()
        if attribute:
            steps.append((True, attribute))
        else:
            steps.append((False, int(key) if key.isdecimal() else key))
        position = step.end()
    for part in (variable, *(key for is_attribute, key in steps if is_attribute)):
        if str(part).startswith("_"):
            raise ValueError(
                f"a template cannot reach `{part}`: names that start with `_` are private. "
                "Return the value in `computed_fields` of the dynamic config."
            )
    return variable, tuple(steps)


def _options(text: str | None, known: frozenset[str], place: str) -> dict[str, str]:
    if text is None or not text.strip():
        return {}
    if "{" in text:
        raise ValueError("options are fixed text: they take no field.")
    options: dict[str, str] = {}
    for option in text.split(","):
        name, equals, value = (piece.strip() for piece in option.partition("="))
        if not (name and equals and value):
            raise ValueError(f"the option `{option.strip()}` is not of the form `name=value`.")
        if name in known:
            options[name] = value
        else:
            warnings.warn(f"{place}: the option `{name}` has no effect.", stacklevel=2)
    return options


def shortened(text: str) -> str:
    """`text` for an error message: 60 characters of it at most."""
    return text if len(text) <= 60 else text[:59] + "…"
