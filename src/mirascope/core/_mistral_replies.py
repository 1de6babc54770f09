"""Whole replies of Mistral as they came.

The SDK gives its own object and nothing of the HTTP response. The methods of a chat are called here
on a twin that takes down the response on its way; the object, whose making is the SDK's check of
the reply, is let go of and made again when somebody asks for it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from ._own_methods import is_own, twin_of
from ._small_replies import kept_json
from .base._flow import Flow, run, run_async, step
from .base._provider import Received

_MODULE = "mistralai.client.chat"


class Answer(NamedTuple):
    """A whole reply as it came, which the SDK has found right."""

    received: Received


def complete(chat: Any, kwargs: dict[str, Any], is_async: bool) -> Any:
    """An `Answer` where everything of the chat is the SDK's own, else what it gives itself;
    awaitable where the call is async."""
    suffix = "_async" if is_async else ""
    asking, sending = f"complete{suffix}", f"do_request{suffix}"
    made_by = cast(Any, type(chat))
    is_plain = made_by.__module__ == _MODULE and is_own(chat, asking, _MODULE)
    if not (is_plain and hasattr(made_by, sending)):
        return getattr(chat, asking)(**kwargs)
    flow = _completed(chat, asking, sending, kwargs, is_async)
    return run_async(flow) if is_async else run(flow)


def _completed(
    chat: Any, asking: str, sending: str, kwargs: dict[str, Any], is_async: bool
) -> Flow[Any]:
    taken: list[Any] = []

    def sent(*args: Any, **options: Any) -> Flow[Any]:
        http_response = yield from step(getattr(chat, sending), *args, **options)
        taken.append(http_response)
        return http_response

    def send(*args: Any, **options: Any) -> Any:
        flow = sent(*args, **options)
        return run_async(flow) if is_async else run(flow)

    made = yield from step(getattr(twin_of(chat, **{sending: send}), asking), **kwargs)
    received = kept_json(taken[-1].content) if taken else None
    return made if received is None else Answer(received)
