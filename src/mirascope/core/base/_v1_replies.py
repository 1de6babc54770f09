"""Replies of providers that were written for Mirascope v1, and for nothing else.

Their classes read their SDK's objects themselves, by properties of their own. What they inherit
(cost, common messages, `repr`, dumps) is worked out from those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._narrow import is_object
from ._reply_view import ReplyView, TokenCounts
from ._wire import Reply, Tokens
from .message_param import BaseMessageParam

if TYPE_CHECKING:
    from ._provider import EventSource
    from .call_response import BaseCallResponse
    from .types import FinishReason

_COUNTS = {"input": "input_tokens", "cached": "cached_tokens", "output": "output_tokens"}


class V1Adapter:
    """Stands where other classes have their provider's adapter."""

    def __init__(self, owner: type[Any]) -> None:
        self.name: str = getattr(owner, "_provider", "") or ""
        self.title = self.name or owner.__name__
        self._converter: Any = converter_of(owner)

    def reply_headers(self, raw: Any) -> Mapping[str, str]:
        """Empty: where its SDK has them is not known."""
        return {}

    def misread(self, error: Exception) -> Exception:
        """The error itself: what reads the replies is the provider's own code."""
        return error

    def source(self, raw: Any, is_async: bool) -> EventSource:
        """What closes a stream that nobody will read."""
        from .._sdk_objects import ObjectEvents

        return ObjectEvents(raw, is_async)

    def common_finish_reasons(
        self, reasons: list[str] | None, calls_tools: bool = False
    ) -> list[FinishReason] | None:
        """None: such a class maps its finish reasons itself."""
        return None

    def reply_message(self, reply: Reply) -> BaseMessageParam:
        return BaseMessageParam(role="assistant", content=reply.text)

    def encode_messages(self, messages: Iterable[Any]) -> list[Any]:
        given = list(messages)
        return list(self._converter.to_provider(given)) if self._converter else given

    def decode_message(self, message: Any) -> BaseMessageParam:
        if self._converter:
            converted: BaseMessageParam = self._converter.from_provider([message])[0]
            return converted
        role, content = (_read(message, name) for name in ("role", "content"))
        return BaseMessageParam(role=role, content=content or "")


def _read(message: Any, name: str) -> Any:
    return message.get(name) if is_object(message) else getattr(message, name, None)


class V1Request:
    """Stands where other responses have their request."""

    def __init__(self, owner: type[Any], stored: Mapping[str, Any]) -> None:
        self.provider = V1Adapter(owner)
        self.model = None
        self.prompt = self
        self.messages: list[Any] = list(stored.get("messages") or ())
        self.user_message = stored.get("user_message_param")
        self.client: Any = None


def converter_of(owner: type[Any]) -> Any:
    """The class's `_message_converter`; pydantic makes it a private attribute of instances."""
    private: Mapping[str, Any] = getattr(owner, "__private_attributes__", {})
    if "_message_converter" in private:
        return private["_message_converter"].get_default()
    return getattr(owner, "_message_converter", None)


def own_tokens(view: TokenCounts) -> Tokens | None:
    """The token counts that a class's own properties give; None where they give none."""
    counts = {
        name: getattr(view, attribute)
        for name, attribute in _COUNTS.items()
        if getattr(type(view), attribute) is not getattr(TokenCounts, attribute)
    }
    return None if all(count is None for count in counts.values()) else Tokens(**counts)


def own_reply(response: BaseCallResponse) -> Reply:
    """The reply as a class's own properties tell it."""
    reply = Reply(tokens=own_tokens(response))
    own = {
        name: getattr(response, name)
        for name in ("id", "model", "content", "finish_reasons")
        if getattr(type(response), name) is not getattr(ReplyView, name)
    }
    reply.id, reply.model = own.get("id"), own.get("model")
    reply.finish_reasons = own.get("finish_reasons")
    reply.parts = [own.get("content") or ""]
    return reply
