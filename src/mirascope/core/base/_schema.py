"""JSON schemas for tools and response models: short, and strict where a provider asks for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from ._narrow import is_dict, is_list

JsonSchema = dict[str, Any]

_DEFINITION = "#/$defs/"
_FREE_FORM = (
    "`{path}` cannot be part of a strict schema: it allows {what}. "
    "Declare its fields in a model (without `extra='allow'`), or turn `strict` off."
)
_ALLOWING = (
    *("properties", "additionalProperties", "patternProperties", "required"),
    *("$ref", "allOf", "anyOf", "oneOf"),
)
_HAS_A_TYPE = frozenset({"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"})


class GenerateJsonSchemaNoTitles(GenerateJsonSchema):
    """pydantic's schema generator without the titles that only repeat a name.

    Titles given by hand (`Field(title=...)`) stay. The root loses its title and description: a
    tool or response format states its name and description beside its schema.
    """

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        json_schema = super().generate(schema, mode=mode)
        root = json_schema.pop("$ref", None)
        if root is not None:  # A recursive model: its root is a reference into `$defs`.
            json_schema = {**deepcopy(_definition(json_schema, root)), **json_schema}
        json_schema.pop("title", None)
        json_schema.pop("description", None)
        for name, definition in json_schema.get("$defs", {}).items():
            # Of two classes with one name, the keys here are the full paths.
            if name == definition.get("title") or name.endswith(f"__{definition.get('title')}"):
                del definition["title"]
        return json_schema

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def model_schema(model: type[BaseModel]) -> JsonSchema:
    """The JSON schema of what `model` accepts, without noise."""
    # Not `model.model_json_schema`: a user's class may override that for its own ends.
    return BaseModel.model_json_schema.__func__(  # type: ignore[attr-defined,no-any-return]
        model, schema_generator=GenerateJsonSchemaNoTitles
    )


def without_properties(schema: JsonSchema, names: frozenset[str]) -> JsonSchema:
    """`schema` without these properties, and without the definitions that only they used."""
    kept = {key: value for key, value in schema.items() if key not in ("properties", "required")}
    kept["properties"] = {
        name: value for name, value in schema.get("properties", {}).items() if name not in names
    }
    required = [name for name in schema.get("required", ()) if name not in names]
    if required:
        kept["required"] = required
    return _without_unused_definitions(kept)


def strict_schema(schema: JsonSchema) -> JsonSchema:
    """A copy of `schema` in the form that providers enforce ("strict" or structured outputs).

    Every object states all its properties as required and allows no other; defaults go, because
    the model always gives a value. Raises ValueError, naming the field, for a type whose shape is
    not known: a free-form dict, `Any`.
    """
    strict: JsonSchema = _strict_node({k: v for k, v in schema.items() if k != "$defs"}, "")
    if definitions := schema.get("$defs"):
        strict["$defs"] = {name: _strict_node(node, name) for name, node in definitions.items()}
    return strict


def takes_arguments(schema: JsonSchema) -> bool:
    """Whether a tool with this schema takes arguments; else the schema may be left out."""
    return any(schema.get(key) for key in _ALLOWING)


def public_name(name: str) -> str:
    """A name that providers accept for a tool: a generic `Page[Book]` becomes `Page_Book`."""
    return name if name.isidentifier() else re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_")


def _strict_node(node: Any, path: str) -> Any:
    if not is_dict(node):
        return node
    schema: JsonSchema = {key: value for key, value in node.items() if key != "default"}
    if "$ref" in schema and len(schema) > 1:
        # A reference stands alone in a strict schema; what was beside it goes around it.
        schema["anyOf"] = [{"$ref": schema.pop("$ref")}]
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
        schema.pop("discriminator", None)
    for key in ("anyOf", "allOf", "prefixItems"):
        if key in schema:
            schema[key] = [_strict_node(item, path) for item in schema[key]]
    if isinstance(schema.get("items"), dict):
        schema["items"] = _strict_node(schema["items"], f"{path}[]")
    if schema.get("type") == "object":
        return _strict_object(schema, path)
    if path and not _HAS_A_TYPE & schema.keys():
        raise ValueError(_FREE_FORM.format(path=path, what="any value"))
    return schema


def _strict_object(schema: JsonSchema, path: str) -> JsonSchema:
    properties: JsonSchema = schema.get("properties", {})
    if schema.get("additionalProperties", False) is not False or "patternProperties" in schema:
        raise ValueError(_FREE_FORM.format(path=path or "the model", what="properties of any name"))
    schema["properties"] = {
        name: _strict_node(value, f"{path}.{name}" if path else name)
        for name, value in properties.items()
    }
    schema["required"] = list(properties)
    schema["additionalProperties"] = False
    return schema


def _definition(schema: JsonSchema, reference: str) -> JsonSchema:
    definition: JsonSchema = schema["$defs"][reference.removeprefix(_DEFINITION)]
    return definition


def _without_unused_definitions(schema: JsonSchema) -> JsonSchema:
    definitions: JsonSchema = schema.pop("$defs", {})
    used: set[str] = set()
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in used and name in definitions:
            used.add(name)
            waiting += _references(definitions[name])
    if used:
        schema["$defs"] = {name: node for name, node in definitions.items() if name in used}
    return schema


def _references(node: Any) -> Iterator[str]:
    if is_dict(node):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_DEFINITION)
        for value in node.values():
            yield from _references(value)
    elif is_list(node):
        for item in node:
            yield from _references(item)
