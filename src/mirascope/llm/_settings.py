"""The settings that are in force in a context, and what they make of a decorator's options.

They live in a `ContextVar`: each task and each thread sees its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from ..core._providers import provider_named
from ..core.base._call import CallOptions
from ..core.base._flow import Flow

T = TypeVar("T")

_STRUCTURE = ("stream", "response_model", "output_parser")


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """Settings that win over those of the decorator; None leaves a setting as it is."""

    provider: str | None = None
    model: str | None = None
    stream: Any = None
    tools: Sequence[Any] | None = None
    response_model: Any = None
    output_parser: Callable[..., Any] | None = None
    json_mode: bool | None = None
    client: Any = None
    call_params: Mapping[str, Any] | None = None
    outer: Settings | None = None
    """The settings in force around these."""

    def given(self) -> dict[str, Any]:
        """The settings that are not None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: value for k, value in values.items() if value is not None and k != "outer"}

    def inside(self, outer: Settings | None) -> Settings:
        """These settings where `outer` is in force already: what is not set here is inherited."""
        if outer is None:
            return replace(self)
        given = self.given()
        if self.provider is not None and self.provider != outer.provider:
            # A client belongs to its provider.
            given.setdefault("client", None)
        return replace(outer, **given, outer=outer)

    def applied_to(self, options: CallOptions) -> CallOptions:
        """The options of a decorator under these settings."""
        given = self.given()
        changes: dict[str, Any] = {}
        if any(name in given for name in _STRUCTURE):
            changes.update(stream=False, response_model=None, output_parser=None)
        if "response_model" in given:
            changes["tools"] = None
        name = given.pop("provider", options.provider.name)
        if name != options.provider.name:
            changes.update(provider=provider_named(name), client=None)
        return replace(options, **{**changes, **given})


active: ContextVar[Settings | None] = ContextVar("mirascope_settings", default=None)


def within(settings: Settings | None, flow: Flow[T]) -> Flow[T]:
    """The flow, run while `settings` are in force."""
    before = active.get()
    active.set(settings)
    try:
        return (yield from flow)
    finally:
        active.set(before)


def check_pair(provider: str | None, model: str | None, message: str) -> None:
    """Raise ValueError for a provider without a model, and the reverse, and for an unknown one."""
    if (provider is None) is not (model is None):
        raise ValueError(message)
    if provider is not None:
        provider_named(provider)
