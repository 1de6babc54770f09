"""What the reference says of names whose meaning is not in a docstring of their own.

A type checker has to see `llm.call` and the providers' `call` as objects with overloads; the
reader of the reference is better served by the function behind them. The aliases that providers
have for the types of their SDKs have one text in common.
"""

from __future__ import annotations

from typing import Any

from griffe import Alias, Attribute, Docstring, Extension, Function, Module

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
