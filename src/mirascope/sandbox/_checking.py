"""Checks a request body against an SDK's own parameter types, strictly and fast.

`pydantic.TypeAdapter` is no help here: it validates `Iterable` fields lazily, so that a wrong role
in `messages` passes, and it drops unknown keys of a TypedDict. So the types are compiled, once, to
plain functions that return what is wrong.
"""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions
from pydantic import BaseModel

from mirascope.sandbox._json import Json, is_array, is_object

Problem = tuple[str, str]
"""Where, relative to the value checked (`.messages[0].role`), and what is wrong there."""
Check = Callable[[Any], "list[Problem]"]

OK: list[Problem] = []
RETURNED_KEYS: dict[str, dict[str, Any]] = {
    "ChatCompletionAssistantMessageParam": {
        "annotations": list[Any],
        "reasoning": str,
        "reasoning_content": str,
    },
}
"""By type: keys of a response that an API takes back, though its request types leave them out."""
WRAPPERS = (typing_extensions.Required, typing_extensions.NotRequired, typing_extensions.ReadOnly)
ARRAYS = (list, tuple, collections.abc.Iterable, collections.abc.Sequence)
MAPPINGS = (dict, collections.abc.Mapping)


def problems_in(body: Json, kind: Any, extra_keys: Mapping[str, Any] | None = None) -> list[str]:
    """What keeps `body` from being a `kind`, one line each; empty where it fits.

    `extra_keys` are further keys that are allowed at the top, with their types.
    """
    extra = extra_keys or {}
    found: list[Problem] = []
    for key in extra.keys() & body.keys():
        found += [(f".{key}{path}", text) for path, text in check_for(extra[key])(body[key])]
    if extra:
        body = {key: value for key, value in body.items() if key not in extra}
    return [f"${path}: {text}" for path, text in (*found, *check_for(kind)(body))]


@cache
def check_for(kind: Any) -> Check:
    """The compiled check for a type."""
    if typing_extensions.is_typeddict(kind):
        return _Object(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _Object(kind)
    return _compile(kind)


def _compile(kind: Any) -> Check:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is typing.Annotated or origin in WRAPPERS:
        return check_for(arguments[0])
    if origin is Union or origin is types.UnionType:
        return _Union(arguments)
    if origin is Literal:
        return _literal(arguments)
    if kind in ARRAYS or origin in ARRAYS or getattr(origin, "__name__", "") == "SequenceNotStr":
        return _array(check_for(arguments[0]) if arguments else _anything)
    if kind in MAPPINGS or origin in MAPPINGS:
        return _mapping(check_for(arguments[1]) if arguments else _anything)
    return SCALARS.get(kind, _never if isinstance(kind, type) else _anything)


class _Object:
    """The check for a TypedDict or a pydantic model. Its fields are compiled when first needed."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind
        self._fields: dict[str, Check] | None = None
        self._required: list[str] = []

    def __call__(self, value: Any) -> list[Problem]:
        if not is_object(value):
            return [("", f"expected an object ({self.kind.__name__}), not {_show(value)}")]
        fields = self._fields if self._fields is not None else self._compile_fields()
        found: list[Problem] = []
        for key, item in value.items():
            check = fields.get(key)
            if check is None:
                found.append((f".{key}", f"unknown key for {self.kind.__name__}"))
            elif problems := check(item):
                found += [(f".{key}{path}", text) for path, text in problems]
        for key in self._required:
            if key not in value:
                found.append(("", f"{self.kind.__name__} lacks `{key}`"))
        return found

    def _compile_fields(self) -> dict[str, Check]:
        hints = _hints(self.kind)
        self._required = [name for name, (_, required) in hints.items() if required]
        self._fields = {name: check_for(hint) for name, (hint, _) in hints.items()}
        for name, hint in RETURNED_KEYS.get(self.kind.__name__, {}).items():
            self._fields[name] = check_for(hint)
        return self._fields


@cache
def _hints(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The name on the wire of every field, its type and whether it is required."""
    if issubclass(kind, BaseModel):
        return {
            field.alias or name: (field.annotation, field.is_required())
            for name, field in kind.model_fields.items()
        }
    # String annotations hide `Required` from `__required_keys__`: the resolved hints show it.
    hints = get_type_hints(kind, include_extras=True)
    inherited: frozenset[str] = kind.__required_keys__
    return {
        _alias(hint) or name: (hint, _is_required(hint, name in inherited))
        for name, hint in hints.items()
    }


def _is_required(hint: Any, default: bool) -> bool:
    marks: dict[Any, bool] = {
        typing_extensions.Required: True,
        typing_extensions.NotRequired: False,
    }
    return marks.get(get_origin(hint), default)


def _alias(hint: Any) -> str | None:
    """SDKs say in an annotation where a field is called otherwise on the wire."""
    while get_origin(hint) in WRAPPERS:
        hint = get_args(hint)[0]
    metadata = getattr(hint, "__metadata__", ())
    return next(filter(None, (getattr(item, "alias", None) for item in metadata)), None)


class _Union:
    """The check for a union. Objects go straight to the members whose `type` or `role` fits."""

    def __init__(self, members: tuple[Any, ...]) -> None:
        checks = [check_for(member) for member in _flattened(members)]
        self._objects = [check for check in checks if isinstance(check, _Object)]
        self._others = [check for check in checks if not isinstance(check, _Object)]

    @cached_property
    def _tags(self) -> tuple[str, dict[str | None, list[_Object]]]:
        return _by_tag(self._objects)

    def __call__(self, value: Any) -> list[Problem]:
        candidates: list[Check] = [*self._others, *self._objects]
        if self._objects and is_object(value):
            key, table = self._tags
            tag = value.get(key)
            if table and isinstance(tag, str | None):
                candidates = [*table.get(tag, ()), *self._others]
                if tag not in table and not self._others:
                    return [(f".{key}", _none_of(tag, filter(None, table)))]
        best = OK
        for check in candidates:
            problems = check(value)
            if not problems:
                return OK
            # The member that got furthest into the value explains best what is wrong.
            if not best or _depth(problems) > _depth(best):
                best = problems
        return best


def _flattened(members: tuple[Any, ...]) -> list[Any]:
    flat: list[Any] = []
    for member in members:
        while get_origin(member) is typing.Annotated:
            member = get_args(member)[0]
        nested = get_origin(member) in (Union, types.UnionType)
        flat += _flattened(get_args(member)) if nested else [member]
    return list(dict.fromkeys(flat))


def _by_tag(objects: list[_Object]) -> tuple[str, dict[str | None, list[_Object]]]:
    """The key that tells the members of a union apart, and the members for each of its values."""
    for key in ("role", "type"):
        tags = [_tag_values(check, key) for check in objects]
        if all(tags):
            table: dict[str | None, list[_Object]] = {}
            for check, values in zip(objects, tags, strict=True):
                for value in values:
                    table.setdefault(value, []).append(check)
                if not _hints(check.kind)[key][1]:
                    table.setdefault(None, []).append(check)
            return key, table
    return "type", {}


def _tag_values(check: _Object, key: str) -> tuple[Any, ...]:
    hint: Any = _hints(check.kind).get(key, (None, False))[0]
    while get_origin(hint) in (*WRAPPERS, typing.Annotated):
        hint = get_args(hint)[0]
    if get_origin(hint) is Union:  # Optional[Literal[...]]
        hint = next((each for each in get_args(hint) if get_origin(each) is Literal), None)
    return get_args(hint) if get_origin(hint) is Literal else ()


def _depth(problems: list[Problem]) -> tuple[int, int]:
    return max(len(path) for path, _ in problems), -len(problems)


def _literal(values: tuple[Any, ...]) -> Check:
    known = frozenset(values)

    def check_literal(value: Any) -> list[Problem]:
        if isinstance(value, (str, int, bool)) and value in known:
            return OK
        return [("", _none_of(value, values))]

    return check_literal


def _array(check: Check) -> Check:
    def check_array(value: Any) -> list[Problem]:
        if not is_array(value):
            return [("", f"expected an array, not {_show(value)}")]
        return [
            (f"[{index}]{path}", text)
            for index, item in enumerate(value)
            for path, text in check(item)
        ]

    return check_array


def _mapping(check: Check) -> Check:
    def check_mapping(value: Any) -> list[Problem]:
        if not is_object(value):
            return [("", f"expected an object, not {_show(value)}")]
        if check is _anything:
            return OK
        return [
            (f".{key}{path}", text) for key, item in value.items() for path, text in check(item)
        ]

    return check_mapping


def _anything(value: Any) -> list[Problem]:
    return OK


def _never(value: Any) -> list[Problem]:
    """For types that only exist in Python, such as a file object."""
    return [("", f"{_show(value)} fits none of the types allowed here")]


def _scalar(kinds: tuple[type, ...], title: str) -> Check:
    def check_scalar(value: Any) -> list[Problem]:
        return OK if type(value) in kinds else [("", f"expected {title}, not {_show(value)}")]

    return check_scalar


SCALARS: dict[Any, Check] = {
    Any: _anything,
    object: _anything,
    str: _scalar((str,), "a string"),
    bool: _scalar((bool,), "a boolean"),
    int: _scalar((int,), "an integer"),
    float: _scalar((int, float), "a number"),
    type(None): _scalar((type(None),), "null"),
    None: _scalar((type(None),), "null"),
}


def _none_of(value: Any, known: Iterable[Any]) -> str:
    return f"{_show(value)} is none of {', '.join(map(repr, known))}"


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
