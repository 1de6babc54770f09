"""Clients that are another's in everything but one option: they share its connections.

For the SDKs of OpenAI, Anthropic and Groq, whose clients have `with_options`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

_FROM_ENVIRONMENT = ("organization", "project", "admin_api_key")
"""What a client of OpenAI's takes from the environment besides its key, address and headers."""

_retrying: MutableMapping[Any, dict[int, Any]] = WeakKeyDictionary()
"""What was made of a client, by the number of retries, for as long as the client lives."""


def with_max_retries(
    title: str, client: Any, max_retries: int, is_bare: Callable[[Any], bool]
) -> Any:
    """The client that sends a request again so often at most.

    `is_bare` tells whether nobody has replaced or wrapped what the client sends with. Raises
    TypeError for a client that has no `with_options`, or loses what it is wrapped in by it.
    """
    if getattr(client, "max_retries", None) == max_retries:
        return client
    made: dict[int, Any] = {}
    # What wraps a client may be neither hashable nor weakly referable.
    with suppress(TypeError):
        made = _retrying.setdefault(client, made)
    if max_retries not in made:
        made[max_retries] = _made(title, client, max_retries, is_bare)
    return made[max_retries]


def _made(title: str, client: Any, max_retries: int, is_bare: Callable[[Any], bool]) -> Any:
    with_options = getattr(client, "with_options", None)
    if with_options is None:
        raise TypeError(
            f"`max_retries` needs a client of {title} that has `with_options`, which this "
            f"`{type(client).__name__}` lacks. Set `max_retries` where that client is made."
        )
    made = with_options(max_retries=max_retries)
    if is_bare(made) and not is_bare(client):
        raise TypeError(
            f"`max_retries` does not go with this `{type(client).__name__}`: what wraps the client "
            f"of {title} is lost in its `with_options`. Set `max_retries` where it is made."
        )
    # The SDK looks into the environment again for what the client has none of.
    forget_environment(made, but_for=client)
    return made


def is_native_timeout(value: Any, sdk_name: str) -> bool:
    """Whether a value is an HTTP library's `Timeout`, or the SDK's own for one that is left out."""
    # Not by the name of its module: each SDK that exports the class gives it its own.
    stacks = (sys.modules.get(name) for name in ("httpx", "httpx2"))
    if any(isinstance(value, getattr(stack, "Timeout", ())) for stack in stacks):
        return True
    return type(value).__module__.partition(".")[0] == sdk_name


def forget_environment(client: Any, but_for: Any = None) -> None:
    """Take from a client what is nobody's business but OpenAI's, unless another one has it, too."""
    for name in _FROM_ENVIRONMENT:
        if getattr(client, name, None) is not None and getattr(but_for, name, None) is None:
            setattr(client, name, None)
