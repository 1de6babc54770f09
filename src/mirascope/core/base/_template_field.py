"""One `{field}` of a template: where its value comes from, and what it becomes in a message.

Everything is worked out when the template is parsed. A value is only ever inserted: it is never
parsed as a template itself.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any, TypeAlias

from ._media import audio_part, document_part, image_part
from ._narrow import is_list
from .message_param import PART_TYPES, CacheControlPart, Part, TextPart

_Parsed: TypeAlias = tuple[str, str | None, str | None, str | None]
Values: TypeAlias = Mapping[str, Any]
Place: TypeAlias = Callable[[str, int], str]
"""Says where the field (first argument) stands, given the line breaks before it (second)."""


class UnknownVariableError(KeyError):
    """A template names a variable that the prompt function does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


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


@dataclass(slots=True)
class Field:
    """A field whose value becomes text."""

    name: str
    path: tuple[tuple[bool, str | int], ...]
    """How to get from the variable to the value: (True, attribute) or (False, key) each."""
    conversion: str
    spec: str
    place: str

    def value(self, values: Values) -> Any:
        """The value of the field. Raises KeyError for an unknown variable."""
        try:
            value = values[self.name]
        except KeyError:
            known = ", ".join(f"`{name}`" for name in values) or "none"
            raise UnknownVariableError(
                f"{self.place}: there is no variable `{self.name}`. Known: {known}. "
                "Add it as an argument, or to `computed_fields` of the dynamic config."
            ) from None
        if not self.path:
            return value
        try:
            for is_attribute, key in self.path:
                value = getattr(value, str(key)) if is_attribute else value[key]
        except (AttributeError, LookupError, TypeError) as error:
            raise _located(error, self.place) from error
        return value

    def items(self, values: Values) -> list[Any]:
        """The value, which must be a list: ValueError otherwise."""
        value = self.value(values)
        if not is_list(value):
            raise ValueError(f"{self.place}: `:{self.spec}` needs a list, not {_typed(value)}.")
        return value

    def text(self, values: Values) -> str:
        """The value, converted and formatted as `str.format` would. None is no text."""
        value = self.value(values)
        if type(value) is str and not self.spec and not self.conversion:
            return value
        if self.conversion:
            value = _CONVERSIONS[self.conversion](value)
        elif value is None and not self.path:
            return ""
        try:
            return format(value, self.format_spec(values))
        except (ValueError, TypeError) as error:
            raise _located(error, self.place) from error

    def format_spec(self, values: Values) -> str:
        """What follows the colon."""
        return self.spec


@dataclass(slots=True)
class NestedField(Field):
    """A field whose format spec has fields of its own: `{title:>{width}}`."""

    inner: list[str | Field]

    def format_spec(self, values: Values) -> str:
        return joined(self.inner, values)


@dataclass(slots=True)
class ListField(Field):
    """`{items:list}`, one item a line, and `{groups:lists}`, with a blank line between groups."""

    def text(self, values: Values) -> str:
        items = self.items(values)
        if self.spec == "list":
            return _lines(items)
        for group in items:
            if not isinstance(group, list | tuple | set):
                raise ValueError(f"{self.place}: `:lists` needs lists in a list, not {group!r}.")
        return "\n\n".join(map(_lines, items))


@dataclass(slots=True)
class PartField(Field):
    """A field such as `{photo:image}`, whose value becomes a part (or several) of the message."""

    make: Callable[..., Part | None]
    several: bool
    options: dict[str, str]

    def parts(self, values: Values) -> list[Part]:
        """The parts that the value amounts to. Raises ValueError for one it cannot be."""
        if self.make is CacheControlPart:
            return [CacheControlPart(cache_type=self.options.get("type", "ephemeral"))]
        items = self.items(values) if self.several else [self.value(values)]
        try:
            parts = [self.make(item, **self.options) for item in items]
        except ValueError as error:
            raise ValueError(f"{self.place}: {error}") from error
        return [part for part in parts if part is not None]

    def text(self, values: Values) -> str:
        """What stands for the parts where only text can: the text itself, a URL, or a mark."""
        return " ".join(
            str(getattr(part, "text", getattr(part, "url", f"[{part.type}]")))
            for part in self.parts(values)
        )


def joined(pieces: Sequence[str | Field], values: Values) -> str:
    """The text that `pieces` come to."""
    return "".join([piece if isinstance(piece, str) else piece.text(values) for piece in pieces])


def _lines(items: Iterable[Any]) -> str:
    return "\n".join(map(str, items))


def _text_part(value: Any) -> Part:
    if isinstance(value, str):
        return TextPart(text=value)
    if isinstance(value, TextPart):
        return value
    raise ValueError(f"`:text` needs a `str` or a `TextPart`, not {_typed(value)}.")


def _any_part(value: Any) -> Part:
    if isinstance(value, PART_TYPES):
        return value
    raise ValueError(f"`:part` needs a part such as `ImagePart(...)`, not {_typed(value)}.")


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
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}

_PART_SPEC = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)
_NAME = re.compile(r"[^.\[\]]*")
_STEP = re.compile(r"\.([^.\[\]]+)|\[([^\]]+)\]")


def _field(name: str, spec: str, conversion: str, breaks: int, place: Place) -> Field:
    shown = f"{name}{conversion and '!' + conversion}{spec and ':' + spec}"
    where = place(f"`{{{shown}}}`", breaks)
    try:
        return _parsed_field(name, spec, conversion, where)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _parsed_field(name: str, spec: str, conversion: str, place: str) -> Field:
    if conversion and conversion not in _CONVERSIONS:
        raise ValueError(f"`!{conversion}` is no conversion: use `!r`, `!s` or `!a`.")
    match = _PART_SPEC.fullmatch(spec)
    kind = match[1] if match else ""
    if match and kind in _PART_SPECS:
        make, known, several = _PART_SPECS[kind]
        options = _options(match[2], known, place)
        variable, path = ("", ()) if make is CacheControlPart else _path(name)
        return PartField(variable, path, conversion, kind, place, make, several, options)
    variable, path = _path(name)
    if spec in ("list", "lists"):
        return ListField(variable, path, conversion, spec, place)
    if "{" in spec:
        inner = parse_fields(spec, lambda field, _: f"{field} in {place}")
        return NestedField(variable, path, conversion, spec, place, inner)
    return Field(variable, path, conversion, spec, place)


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


_LOCATED: Sequence[type[Exception]] = (
    AttributeError,
    KeyError,
    IndexError,
    TypeError,
    ValueError,
)


def _located(error: Exception, place: str) -> Exception:
    kind = next((kind for kind in _LOCATED if isinstance(error, kind)), ValueError)
    if kind is KeyError:
        return UnknownVariableError(f"{place}: there is no key {error}.")
    return kind(f"{place}: {error}.")


def _typed(value: Any) -> str:
    return f"a `{type(value).__name__}`"
