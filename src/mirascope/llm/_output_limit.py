"""How long the reply to a request may be, as the request says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ..core.base._narrow import is_dict

if TYPE_CHECKING:
    from ..core.base._request import Request

_NAMES = frozenset({"max_tokens", "max_completion_tokens"})


def most_output_tokens(request: Request) -> int | None:
    """How many tokens the request lets the reply have; None where it does not say."""
    own = request.provider.param_names.get("max_tokens")
    names = _NAMES | {own} if own else _NAMES
    for place in (request.kwargs, *request.kwargs.values()):
        # Some have it among the options in an object of their own.
        fields = _fields(place)
        for name in names:
            if isinstance(value := fields.get(name), int):
                return value
    return None


def _fields(value: Any) -> dict[str, Any]:
    if is_dict(value):
        return value
    return cast(dict[str, Any], getattr(value, "__dict__", None) or {})
