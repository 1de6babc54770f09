"""Whole replies of Mistral as they came.

The SDK gives its own object and nothing of the HTTP response. The methods of a chat are called here
on a twin that takes down the response on its way; the object, whose making is the SDK's check of
the reply, is let go of and made again when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple, cast

from pydantic_core import from_json

from ._small_replies import kept_json
from .base._narrow import is_object
from .base._provider import Received

_MODULE = "mistralai.client.chat"


class Answer(NamedTuple):
    """A whole reply as it came, which the SDK has found right."""

    received: Received


class _Sender:
    """In the place of a method that sends a request: takes down what it gives."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self.http_response: Any = None

    def send(self, *args: Any, **kwargs: Any) -> Any:
        self.http_response = self._send(*args, **kwargs)
        return self.http_response

    async def send_async(self, *args: Any, **kwargs: Any) -> Any:
        self.http_response = await self._send(*args, **kwargs)
        return self.http_response

    def answer(self, made: Any) -> Any:
        """The reply that `made` was made of; that itself where it cannot be had."""
        try:
            body = self.http_response.content
            data = from_json(body)
        except (AttributeError, ValueError):
            return made
        return Answer(kept_json(data, body)) if is_object(data) else made


def complete(chat: Any, kwargs: dict[str, Any]) -> Any:
    """An `Answer` where everything of the chat is the SDK's own, else what it gives itself."""
    if not _is_plain(chat, "complete", "do_request"):
        return chat.complete(**kwargs)
    sender = _Sender(chat.do_request)
    return sender.answer(_twin(chat, "do_request", sender.send).complete(**kwargs))


def complete_async(chat: Any, kwargs: dict[str, Any]) -> Any:
    """The same, to be awaited."""
    if not _is_plain(chat, "complete_async", "do_request_async"):
        return chat.complete_async(**kwargs)
    return _complete_async(chat, kwargs)


async def _complete_async(chat: Any, kwargs: dict[str, Any]) -> Any:
    sender = _Sender(chat.do_request_async)
    twin = _twin(chat, "do_request_async", sender.send_async)
    return sender.answer(await twin.complete_async(**kwargs))


def _twin(chat: Any, sending: str, send: Callable[..., Any]) -> Any:
    """The same chat with something in the place of what it sends requests with."""
    twin: Any = object.__new__(chat.__class__)
    twin.__dict__.update(vars(chat))
    twin.__dict__[sending] = send
    return twin


def _is_plain(chat: Any, name: str, sending: str) -> bool:
    """Whether a method of this chat is the SDK's own: not replaced, wrapped or instrumented."""
    made_by = cast(Any, type(chat))
    function = getattr(made_by, name, None)
    return (
        made_by.__module__ == _MODULE
        and isinstance(function, FunctionType)
        and function.__globals__.get("__name__") == _MODULE
        and name not in vars(chat)
        and hasattr(made_by, sending)
    )
