"""What a prompt function may return to configure one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias

from typing_extensions import TypedDict, TypeVar

from ._media_policy import MediaPolicy
from .message_param import BaseMessageParam

MessageT = TypeVar("MessageT", default=Any)
CallParamsT = TypeVar("CallParamsT", default=Any)
ClientT = TypeVar("ClientT", default=Any)


class DynamicConfig(TypedDict, total=False):
    """The settings of one call, each of which wins over the decorator's.

    - `messages`: the prompt, in place of the template: `BaseMessageParam` or the provider's own.
    - `call_params`: merged key by key over the decorator's.
    - `tools`: replace the decorator's; an empty list removes them.
    - `client`: the SDK client that sends the call.
    - `metadata`: replaces that of `@metadata`.
    - `computed_fields`: variables for the template; they win over the arguments.
    - `media_policy`: what the media of this call may be loaded from.
    """

    messages: Sequence[Any]
    call_params: Mapping[str, Any]
    tools: Sequence[type[Any] | Callable[..., Any]] | None
    client: Any
    metadata: Mapping[str, Any]
    computed_fields: Mapping[str, Any]
    media_policy: MediaPolicy


class ProviderDynamicConfig(TypedDict, Generic[MessageT, CallParamsT, ClientT], total=False):
    """The same for one provider: its own messages, call params and clients."""

    messages: Sequence[BaseMessageParam | MessageT]
    call_params: CallParamsT
    tools: Sequence[type[Any] | Callable[..., Any]] | None
    client: ClientT | None
    metadata: Mapping[str, Any]
    computed_fields: Mapping[str, Any]
    media_policy: MediaPolicy


# Pyright cannot infer the type arguments of keys that a dict leaves out, and then refuses the dict:
# with `DynamicConfig` beside it, a config with any selection of keys is accepted.
BaseDynamicConfig: TypeAlias = (
    DynamicConfig | ProviderDynamicConfig[MessageT, CallParamsT, ClientT] | None
)
"""For annotations: `BaseDynamicConfig`, or `BaseDynamicConfig[Message, CallParams, Client]`."""


_EXPECTED: dict[str, tuple[type[Any], str]] = {
    "messages": (Sequence, "a list of messages"),
    "call_params": (Mapping, "a dict"),
    "tools": (Sequence, "a list of tool classes and functions"),
    "metadata": (Mapping, "a dict"),
    "computed_fields": (Mapping, "a dict"),
    "media_policy": (MediaPolicy, "a `MediaPolicy`"),
}


def check_dynamic_config(config: Mapping[str, Any], function: str) -> None:
    """Raise TypeError where a setting of `config`, returned by `function`, has a wrong type."""
    for key, (expected, described) in _EXPECTED.items():
        value = config.get(key)
        if value is None:
            continue
        if not isinstance(value, expected) or isinstance(value, (str, bytes)):
            raise TypeError(
                f"The dynamic config of `{function}` must have {described} under `{key}`, "
                f"not {value!r}."
            )
