"""Models that are still arriving: built from incomplete JSON, never validated, never raising.

Each model is compiled once into small closures, one for each field.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Optional, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import (
    BaseModel,
    Field,
    PydanticSchemaGenerationError,
    PydanticUserError,
    RootModel,
    TypeAdapter,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, from_json
from typing_extensions import is_typeddict

from ._locks import lock_over_forks
from ._narrow import is_dict, is_list
from ._type_names import bare_type, is_class, is_union
from ._unreadable import NOT_JSON

ModelT = TypeVar("ModelT", bound=BaseModel)


class Settled:
    """What of a reply that is arriving will not change any more, and what was made of it.

    Without it the whole of a long list would be made again for each piece of its last item.
    """

    def __init__(self, closed: Mapping[int, Any]) -> None:
        self.closed = closed
        """The lists and dicts of the JSON data that are complete, by their `id`."""
        self.made: dict[tuple[int, object], Any] = {}
        self.items: defaultdict[tuple[int, object], list[Any]] = defaultdict(list)
        """Of lists that are arriving: all items but the last."""


Convert = Callable[[Any, Settled | None], Any]
"""JSON data as a value of some type; None where it does not fit (yet)."""

_CACHE = "__mirascope_partial__"
_set = object.__setattr__
_EXACT_TYPES: frozenset[Any] = frozenset({str, int, float, bool})
_SEQUENCES: dict[Any, Callable[[Iterable[Any]], Any]] = {
    list: list,
    Sequence: list,
    Iterable: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}
_MAPPINGS = (dict, Mapping)

_lock = lock_over_forks()
_compiling: dict[type[BaseModel], Plan] = {}
"""Plans that are not complete yet: a model may hold itself."""


@dataclass(slots=True)
class Plan:
    """How to build the partial form of one model."""

    model: type[BaseModel]
    empty: dict[str, Any]
    private: tuple[tuple[str, Callable[..., Any]], ...]
    extra: bool
    fields: dict[str, tuple[str, Convert]] = field(default_factory=dict[str, tuple[str, Convert]])
    """Key in the JSON to attribute and conversion."""

    def build(self, data: Any, settled: Settled | None = None) -> Any:
        """The partial model for a JSON object; None for anything else."""
        if not is_dict(data):
            return None
        values, fields = self.empty.copy(), self.fields
        seen: set[str] = set()
        for key, value in data.items():
            if key in fields:
                name, convert = fields[key]
                values[name] = convert(value, settled)
                seen.add(name)
        model = self.model.__new__(self.model)
        _set(model, "__dict__", values)
        _set(model, "__pydantic_fields_set__", seen)
        _set(model, "__pydantic_extra__", {} if self.extra else None)
        _set(model, "__pydantic_private__", _defaults(self.private) if self.private else None)
        return model


def partial_model(model: type[ModelT]) -> type[ModelT]:
    """The class `Partial<Model>`: a subclass of `model` whose fields are None until they arrive."""
    return cast(type[ModelT], plan_of(model).model)


def build_partial(model: type[ModelT], data: str | Mapping[str, Any]) -> ModelT | None:
    """The `Partial<Model>` for incomplete JSON text, or for decoded JSON.

    None where the text does not hold the beginning of an object. Never raises.
    """
    if isinstance(data, str):
        data = parse_partial(data)
    return cast(ModelT | None, plan_of(model).build(data))


def parse_partial(text: str) -> Any:
    """Incomplete JSON as far as it goes, unfinished strings included; None where there is none."""
    try:
        return from_json(text, allow_partial="trailing-strings")
    except NOT_JSON:
        return None


def plan_of(model: type[BaseModel]) -> Plan:
    """The plan for `model`, compiled on first use and kept on the model."""
    plan: Plan | None = model.__dict__.get(_CACHE)
    if plan is None:
        with _lock:
            plan = _compiling.get(model) or _compile(model)
    return plan


def converter(annotation: Any) -> Convert:
    """What turns JSON data into a partial value of the type; constraints do not count."""
    annotation = bare_type(annotation)
    if isinstance(annotation, type) and cast(Any, annotation) in _EXACT_TYPES:
        return _exact(annotation)
    if annotation is Any or annotation is object or isinstance(annotation, TypeVar):
        return _as_it_is
    if is_class(annotation, BaseModel):
        return _leaf(annotation) if _is_root(annotation) else _nested(annotation)
    if is_typeddict(annotation):
        return _typed_dict(annotation)
    if is_union(annotation):
        return _union(get_args(annotation))
    origin: Any = get_origin(annotation) or annotation
    if origin in _SEQUENCES:
        return _sequence(_SEQUENCES[origin], get_args(annotation))
    if origin in _MAPPINGS:
        return _mapping(get_args(annotation))
    return _leaf(annotation)


def _compile(model: type[BaseModel]) -> Plan:
    outermost = not _compiling
    plan = _compiling[model] = _empty_plan(model)
    try:
        for name, info in model.__pydantic_fields__.items():
            convert = converter(info.annotation)
            for key in json_keys(name, info):
                plan.fields.setdefault(key, (name, convert))
        if outermost:
            for compiled, its_plan in _compiling.items():
                setattr(compiled, _CACHE, its_plan)
    finally:
        if outermost:
            _compiling.clear()
    return plan


def _empty_plan(model: type[BaseModel]) -> Plan:
    if not model.__pydantic_complete__:
        model.model_rebuild()
    infos = model.__pydantic_fields__
    fields: dict[str, Any] = {
        name: (Optional[info.annotation], _optional(info))  # noqa: UP045
        for name, info in infos.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The model's own class statement gave them already.
        partial = create_model(
            f"Partial{model.__name__}",
            __base__=model,
            __module__=model.__module__,
            __doc__=model.__doc__,
            **fields,
        )
    return Plan(
        partial,
        empty=dict.fromkeys(infos),
        private=tuple(
            (name, attribute.default_factory or attribute.get_default)
            for name, attribute in model.__private_attributes__.items()
            if attribute.default is not PydanticUndefined or attribute.default_factory
        ),
        extra=model.model_config.get("extra") == "allow",
    )


def _defaults(private: Iterable[tuple[str, Callable[..., Any]]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, default in private:
        with suppress(Exception):  # A factory may need fields that have not arrived.
            values[name] = default()
    return values


def _optional(info: FieldInfo) -> Any:
    """The field without its constraints and with None as its default."""
    return Field(
        default=None,
        alias=info.alias,
        serialization_alias=info.serialization_alias,
        title=info.title,
        description=info.description,
        exclude=info.exclude,
        repr=info.repr,
    )


def json_keys(name: str, info: FieldInfo) -> list[str]:
    """The keys under which the field may stand in JSON, an alias before the name."""
    aliases = getattr(info.validation_alias, "choices", [info.validation_alias])
    return [*(alias for alias in (*aliases, info.alias) if isinstance(alias, str)), name]


def _once(convert: Convert) -> Convert:
    """The same, but for data that is complete made once."""

    def convert_once(value: Any, settled: Settled | None) -> Any:
        if settled is None or id(value) not in settled.closed:
            return convert(value, settled)
        key = id(value), convert
        if key not in settled.made:
            settled.made[key] = convert(value, settled)
        return settled.made[key]

    return convert_once


def _as_it_is(value: Any, settled: Settled | None) -> Any:
    if settled is None or not (is_dict(value) or is_list(value)) or id(value) in settled.closed:
        return value
    # What is arriving goes on growing, and what has been given out must not.
    return deepcopy(value)


@cache
def _exact(kind: Any) -> Convert:
    other = _leaf(kind)
    return lambda value, settled: value if type(value) is kind else other(value, settled)


def _nested(model: type[BaseModel]) -> Convert:
    return _once(plan_of(model).build)


def _sequence(kind: Callable[[Iterable[Any]], Any], args: tuple[Any, ...]) -> Convert:
    items = [converter(arg) for arg in args if arg is not Ellipsis]
    last = items[-1] if items else converter(Any)

    def convert_item(value: list[Any], index: int, settled: Settled | None) -> Any:
        return (items[index] if index < len(items) else last)(value[index], settled)

    def convert(value: Any, settled: Settled | None) -> Any:
        if not is_list(value):
            return None
        values: list[Any] = []
        if settled is not None and value:
            done, end = settled.items[id(value), convert], len(value) - 1
            done += [convert_item(value, index, settled) for index in range(len(done), end)]
            values += done[:end]
        values += [convert_item(value, index, settled) for index in range(len(values), len(value))]
        try:
            return kind(values)
        except TypeError:  # a set of what cannot be hashed
            return values

    return _once(convert)


def _mapping(args: tuple[Any, ...]) -> Convert:
    convert_key, convert_value = (converter(arg) for arg in (args or (Any, Any)))
    if not args or args[0] in (str, Any):
        convert_key = _as_it_is

    def convert(value: Any, settled: Settled | None) -> Any:
        if not is_dict(value):
            return None
        pairs = (
            (convert_key(key, settled), convert_value(item, settled)) for key, item in value.items()
        )
        return {key: item for key, item in pairs if key is not None}

    return _once(convert)


def _typed_dict(annotation: Any) -> Convert:
    items = {name: converter(hint) for name, hint in get_type_hints(annotation).items()}

    def convert(value: Any, settled: Settled | None) -> Any:
        if not is_dict(value):
            return None
        return {key: items[key](item, settled) for key, item in value.items() if key in items}

    return _once(convert)


def _union(members: tuple[Any, ...]) -> Convert:
    """Objects go to the model that knows most of their keys; of the rest, the first that fits."""
    bare = [bare_type(member) for member in members]
    models = [member for member in bare if is_class(member, BaseModel) and not _is_root(member)]
    plans = [plan_of(model) for model in models]
    others = [converter(member) for member in bare if member not in models]
    exact = _EXACT_TYPES & {member for member in bare if isinstance(member, type)}

    def convert(value: Any, settled: Settled | None) -> Any:
        if type(value) in exact:
            return value
        if plans and is_dict(value):
            return max(plans, key=lambda plan: _fit(plan, value)).build(value, settled)
        return next((v for v in (other(value, settled) for other in others) if v is not None), None)

    return _once(convert)


def _is_root(model: type[BaseModel]) -> bool:
    return RootModel in model.__mro__


def _fit(plan: Plan, data: Mapping[str, Any]) -> int:
    """How many of the keys the model knows and can read: a Literal tag tells models apart."""
    known = (plan.fields[key][1](value, None) for key, value in data.items() if key in plan.fields)
    return sum(value is not None for value in known)


def _leaf(annotation: Any) -> Convert:
    """A value that is all or nothing: a date, an enum, a Literal, a dataclass."""
    try:
        validate = TypeAdapter[Any](annotation).validator.validate_python
    except (PydanticSchemaGenerationError, PydanticUserError):
        return _as_it_is

    def convert(value: Any, settled: Settled | None) -> Any:
        try:
            return validate(value)
        except Exception:  # A type's own validator may raise anything.
            return None

    return _once(convert)
