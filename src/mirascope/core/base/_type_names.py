"""What a type is, looking through the ways to write it."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeGuard, TypeVar, Union, get_args, get_origin

from ._schema import public_name

T = TypeVar("T")


def bare_type(annotation: Any) -> Any:
    """The type without `Annotated`, aliases and `NewType`: what values of it really are."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif type(annotation).__name__ == "TypeAliasType":  # typing's, or typing_extensions'
            annotation = annotation.__value__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def is_class(value: Any, base: type[T]) -> TypeGuard[type[T]]:
    """Whether the value is a class derived from `base`."""
    return isinstance(value, type) and issubclass(value, base)


def is_union(annotation: Any) -> bool:
    """Whether the type is a union, written either way."""
    return get_origin(annotation) in (Union, UnionType)


def type_name(annotation: Any) -> str:
    """A name for the type, fit to be a tool's: `Book`, `list`, `Union`, `Optional`, `Literal`."""
    annotation = bare_type(annotation)
    if is_union(annotation):
        members = [member for member in get_args(annotation) if member is not NoneType]
        return "Union" if len(members) > 1 else "Optional"
    origin = get_origin(annotation)
    if origin is Literal:
        return "Literal"
    return public_name(getattr(origin or annotation, "__name__", "Value"))
