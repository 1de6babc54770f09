"""Made-up values that fit a JSON schema: always the same for the same schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mirascope.sandbox._json import Json, is_array, is_object

MAX_DEPTH = 12
"""How deep a recursive schema is followed before optional parts are left out."""

FORMATS = {
    "date-time": ("2025-01-15T09:30:00Z", "2025-06-01T18:00:00Z"),
    "date": ("2025-01-15", "2025-06-01"),
    "time": ("09:30:00Z", "18:00:00Z"),
    "duration": ("PT1H30M", "P1D"),
    "uuid": ("3f2b8c1e-5a4d-4e6f-9b7a-1c2d3e4f5a6b", "8d7c6b5a-4f3e-4d2c-8b1a-0f9e8d7c6b5a"),
    "email": ("ada@example.com", "alan@example.com"),
    "uri": ("https://example.com/", "https://example.org/"),
    "hostname": ("example.com", "example.org"),
    "ipv4": ("192.0.2.1", "192.0.2.2"),
    "ipv6": ("2001:db8::1", "2001:db8::2"),
}

WORDS = {
    "title": ("The Name of the Wind", "Mistborn: The Final Empire"),
    "author": ("Patrick Rothfuss", "Brandon Sanderson"),
    "genre": ("fantasy", "science fiction"),
    "first_name": ("Ada", "Alan"),
    "last_name": ("Lovelace", "Turing"),
    "name": ("Ada Lovelace", "Alan Turing"),
    "email": FORMATS["email"],
    "city": ("Paris", "Kyoto"),
    "country": ("France", "Japan"),
    "location": ("Paris, France", "Kyoto, Japan"),
    "address": ("1 Example Street, Paris", "2 Example Street, Kyoto"),
    "url": FORMATS["uri"],
    "date": FORMATS["date"],
    "time": ("09:30", "18:00"),
    "language": ("English", "French"),
    "currency": ("EUR", "USD"),
    "color": ("blue", "green"),
    "unit": ("celsius", "fahrenheit"),
    "phone": ("+1-555-0100", "+1-555-0101"),
    "query": ("fantasy books", "science fiction books"),
    "question": ("What is the best fantasy book?", "Who wrote it?"),
    "answer": ("The Name of the Wind", "Patrick Rothfuss"),
    "summary": ("A short summary.", "Another short summary."),
    "description": ("A short description.", "Another short description."),
    "expression": ("4200 + 42", "6 * 7"),
}
"""Property name, or the end of one, to plausible words. The first that fits is taken."""

NUMBERS = {"age": 42, "year": 2007, "pages": 662, "price": 9.99, "score": 5, "rating": 5}

PATTERN_WORDS = (
    "abc",
    "ABC",
    "123",
    "A1",
    "abc-123",
    "abc_123",
    "AB-1234",
    "#a1b2c3",
    "+15550100",
    "12345",
    "2025-01-15",
    "09:30",
    "a@example.com",
    "https://example.com/",
    "1.2.3",
)
"""Tried in turn for a `pattern`: a value is not made from a regular expression."""


def sample(schema: Json, name: str = "value") -> Any:
    """A value that fits `schema`; `name` suggests the words."""
    return _Sampler(schema).value(schema, name, 0, 0)


class _Sampler:
    """`index` counts the items of an array, so that its items differ; `depth` ends recursion."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._makers: dict[str, Callable[[Json, str, int, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": _string,
            "integer": _number,
            "number": _number,
            "boolean": _boolean,
            "null": _null,
        }

    def value(self, schema: Any, name: str, index: int, depth: int) -> Any:
        if not is_object(schema):
            return f"sample {name}"
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        for key in ("enum", "examples"):
            if options := schema.get(key):
                return options[index % len(options)]
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self.value(self._choose(branches, depth), name, index, depth)
        return self._makers.get(_type_of(schema), _string)(schema, name, index, depth)

    def _resolve(self, schema: Json) -> Json:
        """Follow `$ref`, merge `allOf`."""
        while "$ref" in schema:
            target: Any = self._root
            for step in schema["$ref"].removeprefix("#").strip("/").split("/"):
                if step:
                    target = target[step.replace("~1", "/").replace("~0", "~")]
            schema = {**target, **{k: v for k, v in schema.items() if k != "$ref"}}
        if "allOf" not in schema:
            return schema
        merged: Json = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            resolved = self._resolve(part)
            properties = {**merged.get("properties", {}), **resolved.get("properties", {})}
            required = [*merged.get("required", ()), *resolved.get("required", ())]
            merged = {**merged, **resolved, "properties": properties, "required": required}
        return merged

    def _choose(self, branches: list[Json], depth: int) -> Json:
        """The first branch that is not null; null where a recursive schema has gone deep enough."""
        null = next((branch for branch in branches if branch.get("type") == "null"), None)
        if null is not None and depth >= MAX_DEPTH // 4:
            return null
        return next((branch for branch in branches if branch is not null), branches[0])

    def _object(self, schema: Json, name: str, index: int, depth: int) -> Json:
        properties: Json = schema.get("properties") or {}
        required = schema.get("required", ())
        if not properties and isinstance(schema.get("additionalProperties"), dict):
            return {"sample": self.value(schema["additionalProperties"], name, index, depth + 1)}
        return {
            key: self.value(nested, key, index, depth + 1)
            for key, nested in properties.items()
            if key in required or depth < MAX_DEPTH // 4
        }

    def _array(self, schema: Json, name: str, index: int, depth: int) -> list[Any]:
        if depth >= MAX_DEPTH:
            return []
        items: list[Any] = list(schema.get("prefixItems") or ())
        most = schema.get("maxItems", 2 if depth < MAX_DEPTH // 4 else 0)
        count = max(schema.get("minItems", 0), min(2, most))
        if isinstance(schema.get("items"), dict):
            items += [schema["items"]] * (count - len(items))
        singular = name.removesuffix("s") or name
        values = [self.value(item, singular, at, depth + 1) for at, item in enumerate(items)]
        if not schema.get("uniqueItems"):
            return values
        return [value for at, value in enumerate(values) if value not in values[:at]]


def _type_of(schema: Json) -> str:
    kind = schema.get("type")
    if is_array(kind):
        return next((each for each in kind if each != "null"), "null")
    return kind or ("object" if "properties" in schema else "string")


def _string(schema: Json, name: str, index: int, depth: int) -> str:
    if options := FORMATS.get(schema.get("format", "")):
        return options[index % len(options)]
    if pattern := schema.get("pattern"):
        return next((word for word in PATTERN_WORDS if re.search(pattern, word)), "abc")
    text = _words(name.lower(), index)
    text = text.ljust(schema.get("minLength", 0), ".")
    return text[: schema.get("maxLength", len(text))]


def _words(name: str, index: int) -> str:
    for ending, options in WORDS.items():
        if name.endswith(ending):
            return options[index % len(options)]
    return f"sample {name}" if index == 0 else f"sample {name} {index + 1}"


def _number(schema: Json, name: str, index: int, depth: int) -> float:
    whole = schema.get("type") == "integer" or "integer" in schema.get("type", ())
    step = schema.get("multipleOf", 1 if whole else 0.5)
    value = next((n for key, n in NUMBERS.items() if name.lower().endswith(key)), 1) + index
    value = int(value) if whole else value
    low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    high, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    if high is not None or below is not None:
        value = min(value, high if high is not None else below - step)
    if low is not None or above is not None:
        value = max(value, low if low is not None else above + step)
    if below is not None and value >= below:  # a range narrower than a step
        value = (below + (low if low is not None else above)) / 2
    if "multipleOf" in schema:
        value = -(-value // step) * step
    return value


def _boolean(schema: Json, name: str, index: int, depth: int) -> bool:
    return True


def _null(schema: Json, name: str, index: int, depth: int) -> None:
    return None
