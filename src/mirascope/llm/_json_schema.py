"""A JSON schema, kept as it is, in the place of a response model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic_core import from_json

from ..core.base._extract import Extraction
from ..core.base._narrow import is_object
from ..core.base.tool import GENERIC_DESCRIPTION


class JsonSchema(Extraction):
    """What the reply is to be an instance of. It is read as JSON, and not validated."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.response_model = dict(schema)
        self.is_built_in = True
        self.is_wrapped = False
        self.name = str(schema.get("title") or "output")
        self.description = str(schema.get("description") or GENERIC_DESCRIPTION)
        self.strict = False
        self.call_args = {}
        self._tools = {}

    def schema(self, strict: bool = False) -> dict[str, Any]:
        schema: dict[str, Any] = self.response_model
        return schema

    @cached_property
    def _schema(self) -> dict[str, Any]:
        return self.schema()

    def from_arguments(self, arguments: str | Mapping[str, Any], fn_args: Mapping[str, Any]) -> Any:
        return from_json(arguments) if isinstance(arguments, str) else dict(arguments)


def extraction_for(schema: Any) -> Extraction | None:
    """What is to become of a `schema`: a type, a JSON schema as a dict, or None."""
    if schema is None or isinstance(schema, Extraction):
        return schema
    return JsonSchema(schema) if is_object(schema) else Extraction(schema)
