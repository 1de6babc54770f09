"""What a response says of its request, without a place of its own for it in every response."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._request import Request


class _Read:
    """Reads off the request what the response was not given itself.

    It has no `__set__`: what is in the response's own `__dict__` comes first, and may be put there.
    """

    def __init__(self, read: Callable[[Request], Any]) -> None:
        self._read = read

    def __get__(self, response: Any, owner: type[Any]) -> Any:
        return self if response is None else self._read(response._request)


class OfTheRequest:
    """A base of responses."""

    if not TYPE_CHECKING:
        metadata = _Read(lambda request: request.prompt.metadata)
        tool_types = _Read(lambda request: request.tool_types)
        prompt_template = _Read(lambda request: request.prompt.template)
        fn_args = _Read(lambda request: request.prompt.fn_args)
        dynamic_config = _Read(lambda request: request.prompt.dynamic_config)
        call_params = _Read(lambda request: request.call_params)
        call_kwargs = _Read(lambda request: request.kwargs)
