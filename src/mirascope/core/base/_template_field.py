"""One `{field}` of a template: what its value becomes in a message.

A value is only ever inserted: it is never parsed as a template itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from ._narrow import is_list
from .message_param import PART_TYPES, CacheControlPart, Part
from .messages import is_message

Values: TypeAlias = Mapping[str, Any]


class UnknownVariableError(KeyError):
    """A template names a variable that the prompt function does not have."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(slots=True)
class Field:
    """A field whose value becomes text."""

    name: str
    path: tuple[tuple[bool, str | int], ...]
    """How to get from the variable to the value: (True, attribute) or (False, key) each."""
    conversion: str
    spec: str
    place: str

    @property
    def names(self) -> frozenset[str]:
        """The variables that the field uses."""
        return frozenset((self.name,))

    @property
    def is_bare(self) -> bool:
        """Whether it is a variable and nothing else: `{title}`."""
        return not (self.path or self.conversion or self.spec)

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
        except Exception as error:
            raise_located(error, self.place)
        return value

    def messages(self, values: Values) -> list[Any]:
        """The value as the messages that `MESSAGES:` puts in."""
        value = self.value(values)
        try:
            messages = _list(value, "`MESSAGES:` needs a list of messages")
            for message in messages:
                if not is_message(message):
                    raise ValueError(
                        f"`MESSAGES:` needs messages in the list, not {typed(message)}"
                    )
            return list(messages)
        except Exception as error:
            raise_located(error, self.place)

    def text(self, values: Values) -> str:
        """The value, converted and formatted as `str.format` would. None is no text."""
        value = self.value(values)
        spec = self.format_spec(values)
        try:
            return self.formatted(value, spec)
        except Exception as error:
            raise_located(error, self.place)

    def format_spec(self, values: Values) -> str:
        """What follows the colon."""
        return self.spec

    def formatted(self, value: Any, spec: str) -> str:
        """`value` as text. What it raises is told without the place."""
        if self.conversion:
            value = CONVERSIONS[self.conversion](value)
        elif value is None and not self.path:
            return ""
        return format(value, spec)


@dataclass(slots=True)
class NestedField(Field):
    """A field whose format spec has fields of its own: `{title:>{width}}`."""

    inner: Text

    @property
    def names(self) -> frozenset[str]:
        return self.inner.names | {self.name}

    def format_spec(self, values: Values) -> str:
        return self.inner.filled(values)


@dataclass(slots=True)
class ListField(Field):
    """`{items:list}`, one item a line, and `{groups:lists}`, with a blank line between groups."""

    def formatted(self, value: Any, spec: str) -> str:
        items = _list(value, f"`:{spec}` needs a list")
        if spec == "list":
            return _lines(items)
        for group in items:
            if not issubclass(type(group), (list, tuple, set)):
                raise ValueError(f"`:lists` needs lists in a list, not {typed(group)}")
        return "\n\n".join(map(_lines, items))


@dataclass(slots=True)
class PartField(Field):
    """A field such as `{photo:image}`, whose value becomes a part (or several) of the message."""

    make: Callable[..., Part | None]
    several: bool
    options: dict[str, str]

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.name,)) if self.name else frozenset()

    def parts(self, values: Values) -> list[Part]:
        """The parts that the value amounts to. Raises ValueError for one it cannot be."""
        if self.make is CacheControlPart:
            return [CacheControlPart(cache_type=self.options.get("type", "ephemeral"))]
        value = self.value(values)
        try:
            items = _list(value, f"`:{self.spec}` needs a list") if self.several else [value]
            parts = [self._part(item) for item in items]
        except Exception as error:
            raise_located(error, self.place)
        return [part for part in parts if part is not None]

    def _part(self, item: Any) -> Part | None:
        part = self.make(item, **self.options)
        # `isinstance` believes what an object says of itself; a message would refuse it.
        if part is None or issubclass(type(part), PART_TYPES):
            return part
        raise ValueError(f"`:{self.spec}` cannot take {typed(item)}")

    def text(self, values: Values) -> str:
        """What stands for the parts where only text can: the text itself, a URL, or a mark."""
        return " ".join(
            str(getattr(part, "text", getattr(part, "url", f"[{part.type}]")))
            for part in self.parts(values)
        )


class Text:
    """Literal text with fields in it."""

    def __init__(self, pieces: Sequence[str | Field]) -> None:
        fields = [(at, piece) for at, piece in enumerate(pieces) if isinstance(piece, Field)]
        self.names = frozenset[str]().union(*(field.names for _, field in fields))
        self._frame = ["" if isinstance(piece, Field) else piece for piece in pieces]
        self._fields = [
            (at, field.name if type(field) is Field and field.is_bare else _NO_VARIABLE, field)
            for at, field in fields
        ]

    def filled(self, values: Values) -> str:
        """The text with the values of its fields."""
        texts = self._frame.copy()
        for at, variable, field in self._fields:
            value = values.get(variable)
            # Most fields are a bare `{name}` and most values a `str`: these need nothing more.
            texts[at] = value if type(value) is str else field.text(values)
        return "".join(texts)


_NO_VARIABLE: Any = object()
"""Looked up for a field that is more than a variable: it is in no mapping of values."""


def raise_located(error: Exception, place: str) -> NoReturn:
    """Raise `error`, which came up at `place` of a template, so that it says so.

    Built-in errors are raised again with the place in their message; any other comes from the
    value's own code and is raised as it is, with the place as a note.
    """
    kind = type(error)
    if isinstance(error, StopIteration):
        # The flow that asks for the text is a generator, which cannot let it pass.
        raise RuntimeError(f"{place}: the value raised `{kind.__name__}`.") from error
    if kind not in _LOCATED:
        error.add_note(f"{place}.")
        raise error
    message = str(error).rstrip(".")
    if kind is KeyError:
        kind, message = UnknownVariableError, f"there is no key {message}"
    raise kind(f"{place}: {message}.") from error


_LOCATED = frozenset({AttributeError, KeyError, IndexError, TypeError, ValueError})


def _list(value: Any, need: str) -> list[Any]:
    # A value that merely claims to be a list may have no end.
    if is_list(value) and list in type(value).__mro__:
        return value
    raise ValueError(f"{need}, not {typed(value)}")


def _lines(items: Iterable[Any]) -> str:
    return "\n".join(map(str, items))


CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


def typed(value: Any) -> str:
    """The type of `value`, in words."""
    return f"a `{type(value).__name__}`"
