"""The rules of a JSON schema marked `strict`: closed objects, everything required, no defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mirascope.sandbox._json import is_object

NESTED_LISTS = ("anyOf", "allOf", "prefixItems")
NESTED_MAPS = ("properties", "$defs", "definitions")
REFUSED = ("default", "oneOf", "patternProperties")


def strict_schema_problems(schema: Any, path: str) -> Iterator[str]:
    """Why `schema` would be refused; paths start with `path`."""
    if is_object(schema):
        yield from _problems(schema, path)


def _problems(schema: dict[str, Any], path: str) -> Iterator[str]:
    for key in REFUSED:
        if key in schema:
            yield f"{path}: a strict schema must not contain `{key}`"
    if schema.get("type") == "object" or "properties" in schema:
        if schema.get("additionalProperties") is not False:
            yield f"{path}: a strict schema needs `additionalProperties: false`"
        required = schema.get("required", ())
        if missing := [name for name in schema.get("properties", ()) if name not in required]:
            yield f"{path}: a strict schema must require every property; it leaves out {missing}"
    for key in NESTED_MAPS:
        nested: dict[str, Any] = schema.get(key) or {}
        for name, part in nested.items():
            yield from strict_schema_problems(part, f"{path}.{key}.{name}")
    for key in NESTED_LISTS:
        for index, part in enumerate(schema.get(key, ())):
            yield from strict_schema_problems(part, f"{path}.{key}[{index}]")
    yield from strict_schema_problems(schema.get("items"), f"{path}.items")
