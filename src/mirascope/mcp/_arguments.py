"""The arguments of a call, checked against the JSON schema that the server gives of its tool."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pydantic_core import InitErrorDetails, PydanticCustomError

_LONGEST = 300


class ArgumentsCheck:
    """What does not fit a schema; compiled when it is first used.

    Without the package `jsonschema`, and with a schema that it cannot use, everything fits: the
    server checks its arguments anyway.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._validator: Any = None
        self._is_compiled = False

    def faults(self, arguments: dict[Any, Any]) -> list[InitErrorDetails]:
        """What does not fit, in the form of which pydantic makes its errors."""
        if not self._is_compiled:
            self._validator = _validator(self._schema)
            self._is_compiled = True
        if self._validator is None:
            return []
        try:
            return [_fault(error) for error in self._validator.iter_errors(arguments)]
        except Exception:
            # A reference that leads out of the schema, a pattern that is none in Python.
            self._validator = None
            return []


def _validator(schema: dict[str, Any]) -> Any:
    try:
        validators: Any = import_module("jsonschema.validators")
        registry: Any = import_module("referencing").Registry()
    except ModuleNotFoundError:
        return None
    kind = validators.validator_for(schema, default=validators.Draft202012Validator)
    # An empty registry: a reference to another document is never fetched.
    return kind(schema, registry=registry)


def _fault(error: Any) -> InitErrorDetails:
    text = str(error.message)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    return InitErrorDetails(
        type=PydanticCustomError("json_schema", "{fault}", {"fault": text}),
        loc=tuple(error.absolute_path),
        input=error.instance,
    )
