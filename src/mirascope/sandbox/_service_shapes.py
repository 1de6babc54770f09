"""Checks a request body against the service model that an AWS SDK brings along."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from mirascope.sandbox._json import is_array, is_object

SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int,), "an integer"),
    "long": ((int,), "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}


def shape_problems(body: Any, service: str, operation: str) -> Iterator[str]:
    """What keeps `body` from being a request of an operation, one line each.

    Raises ImportError where botocore is not installed.
    """
    yield from _problems(body, _input_shape(service, operation), "$")


@cache
def _input_shape(service: str, operation: str) -> Any:
    session = import_module("botocore.session").get_session()
    return session.get_service_model(service).operation_model(operation).input_shape


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        if not getattr(shape, "is_document_type", False):
            yield from _structure_problems(value, shape, path)
    elif shape.type_name == "list":
        yield from _list_problems(value, shape, path)
    elif shape.type_name == "map":
        yield from _map_problems(value, shape, path)
    elif shape.type_name == "blob":
        if not _is_base64(value):
            yield f"{path}: expected base64 text, not {_show(value)}"
    else:
        yield from _scalar_problems(value, shape, path)


def _structure_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if not is_object(value):
        yield f"{path}: expected an object ({shape.name}), not {_show(value)}"
        return
    for key, item in value.items():
        if key in shape.members:
            yield from _problems(item, shape.members[key], f"{path}.{key}")
        else:
            yield f"{path}.{key}: unknown key for {shape.name}"
    in_body = (
        k for k in shape.required_members if "location" not in shape.members[k].serialization
    )
    for key in in_body:
        if key not in value:
            yield f"{path}: {shape.name} lacks `{key}`"
    if shape.is_tagged_union and len(value) != 1:
        yield f"{path}: {shape.name} has exactly one key, not {len(value)}"


def _list_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if not is_array(value):
        yield f"{path}: expected an array, not {_show(value)}"
        return
    for index, item in enumerate(value):
        yield from _problems(item, shape.member, f"{path}[{index}]")


def _map_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    if not is_object(value):
        yield f"{path}: expected an object, not {_show(value)}"
        return
    for key, item in value.items():
        yield from _problems(item, shape.value, f"{path}.{key}")


def _scalar_problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    kinds, title = SCALARS.get(shape.type_name, ((object,), "anything"))
    allowed: list[str] = getattr(shape, "enum", None) or []
    limits: dict[str, Any] = shape.metadata
    if object not in kinds and type(value) not in kinds:
        yield f"{path}: expected {title}, not {_show(value)}"
    elif allowed and value not in allowed:
        yield f"{path}: {value!r} is none of {', '.join(map(repr, allowed))}"
    elif isinstance(value, str):
        if len(value) < limits.get("min", 0):
            yield f"{path}: a text of at least {limits['min']} letters is wanted"
    elif value < limits.get("min", value) or value > limits.get("max", value):
        yield f"{path}: {value!r} is out of the range that is allowed"


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(base64.b64decode(value, validate=True) or not value)
    except binascii.Error:
        return False


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
