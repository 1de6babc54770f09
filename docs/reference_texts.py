"""What the reference says of names whose meaning is not in a docstring of their own.

A type checker has to see `llm.call` and the providers' `call` as objects with overloads; the
reader of the reference is better served by the function behind them. The aliases that providers
have for the types of their SDKs have one text in common. Fields that say by their name and type
what they are stand behind the text of their class.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Alias, Attribute, Class, Docstring, Extension, Function, Module

CALL = (
    "As [`llm.call`][mirascope.llm.call], without `provider`: `{module}.call(model, *, stream=…, "
    "tools=…, response_model=…, output_parser=…, json_mode=…, validation_retries=…, client=…, "
    "call_params=…)`. Responses and streams are of the types below."
)
TEXTS = {
    "DynamicConfig": "What a prompt function may return to configure one call.",
    "MessageParam": "A message in the provider's own form, as its SDK takes it.",
    "TypeDef": "A message in the provider's own form, as its SDK takes it.",
    "Provider": "The names of providers.",
    "JsonableType": "What a tool may return: anything that has a JSON form.",
    "budget": "`with llm.budget(usd=1.0, calls=20) as budget:` makes a `Budget`.",
}


WITH_FIELDS = {"BaseModel", "NamedTuple", "TypedDict", "_Part"}
"""Bases of classes whose annotated names are fields."""


class ReferenceTexts(Extension):
    """Completes what was read from the source, before it is rendered."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        function, alias = pkg["llm._call._call"], pkg["llm"].members["call"]
        assert isinstance(function, Function)
        assert isinstance(alias, Alias)
        function.name = "call"
        alias.target = function
        for name, provider in pkg["core"].members.items():
            if isinstance(provider, Module) and not name.startswith("_"):
                self.describe(provider)
        for name in ("core.base.types", "llm.budgets"):
            self.describe(pkg[name])

    def on_class(self, *, cls: Class, **_: Any) -> None:
        bases = {re.split(r"[.\[]", str(base))[-1] for base in cls.bases}
        if not cls.docstring or not (bases & WITH_FIELDS or "dataclass" in cls.labels):
            return
        fields = [
            field(member)
            for name, member in cls.members.items()
            if isinstance(member, Attribute) and is_field(name, member)
        ]
        if fields:
            cls.docstring.value += f"\n\nFields: {', '.join(fields)}."

    def describe(self, module: Module) -> None:
        """Give the attributes of `module` that have no docstring the text of their kind."""
        for name, member in module.members.items():
            if not isinstance(member, Attribute) or member.docstring:
                continue
            if name == "call":
                member.docstring = Docstring(CALL.format(module=module.name), parent=member)
            for ending, text in TEXTS.items():
                if name.endswith(ending):
                    member.docstring = Docstring(text, parent=member)


def is_field(name: str, member: Attribute) -> bool:
    """Whether an attribute is a field to be named; what tells classes of a union apart is not."""
    annotation = str(member.annotation or "")
    is_tag = annotation.startswith("Literal") and member.value is not None
    is_hidden = (
        name.startswith(("_", "model_config")) or annotation.startswith("ClassVar") or is_tag
    )
    return bool(annotation) and not is_hidden and not member.docstring


def field(member: Attribute) -> str:
    """A field with its type, and its default where that is short."""
    annotation = str(member.annotation)
    if wrapped := re.fullmatch(r"(Annotated|NotRequired|Required)\[(.*)\]", annotation):
        annotation = first_argument(wrapped[2])
    value = str(member.value or "")
    default = f" = {value}" if value and len(value) < 20 and "(" not in value else ""
    return f"`{member.name}: {annotation}{default}`"


def first_argument(text: str) -> str:
    """What is before the first comma that stands in no brackets."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and depth == 0:
            return text[:place]
    return text
