"""The rules of a JSON schema marked `strict`: closed objects, everything required, no defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NESTED_LISTS = ("anyOf", "allOf", "prefixItems")
NESTED_MAPS = ("properties", "$defs", "definitions")
REFUSED = ("default", "oneOf", "patternProperties")


def strict_schema_problems(schema: Any, path: str) -> Iterator[str]:
    """Why `schema` would be refused; paths start with `path`."""
    if not isinstance(schema, dict):
        return
    for key in REFUSED:
        if key in schema:
            yield f"{path}: a strict schema must not contain `{key}`"
    if schema.get("type") == "object" or "properties" in schema:
        properties: dict[str, Any] = schema.get("properties") or {}
        if schema.get("additionalProperties") is not False:
            yield f"{path}: a strict schema needs `additionalProperties: false`"
        if missing := [name for name in properties if name not in schema.get("required", ())]:
            yield f"{path}: a strict schema must require every property; it leaves out {missing}"
    for key in NESTED_MAPS:
        for name, nested in (schema.get(key) or {}).items():
            yield from strict_schema_problems(nested, f"{path}.{key}.{name}")
    for key in NESTED_LISTS:
        for index, nested in enumerate(schema.get(key) or ()):
            yield from strict_schema_problems(nested, f"{path}.{key}[{index}]")
    yield from strict_schema_problems(schema.get("items"), f"{path}.items")
