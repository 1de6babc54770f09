"""Both faces of models, responses and chains, so that a test is written once."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from mirascope import llm


@dataclass(frozen=True)
class Face:
    """Sync or async."""

    is_async: bool

    def model(self, name: str = "openai/gpt-4o-mini", **options: Any) -> Any:
        """A model object."""
        return (llm.get_async_model if self.is_async else llm.get_model)(name, **options)

    @property
    def response_type(self) -> Any:
        return llm.AsyncResponse if self.is_async else llm.Response

    @property
    def conversation_type(self) -> Any:
        return llm.AsyncConversation if self.is_async else llm.Conversation

    async def get(self, value: Any) -> Any:
        """What a method gives: awaited where it has to be, and only there."""
        assert inspect.isawaitable(value) is self.is_async
        return await value if self.is_async else value

    async def items(self, iterable: Any) -> list[Any]:
        """Everything that it yields."""
        if self.is_async:
            return [item async for item in iterable]
        return list(iterable)

    async def gather(self, iterable: Any, into: list[Any]) -> None:
        """Everything that it yields, kept also where it breaks off."""
        if not self.is_async:
            into.extend(iter(iterable))
            return
        async for item in iterable:
            into.append(item)

    async def first(self, iterable: Any) -> Any:
        """The first thing that it yields."""
        if self.is_async:
            return await anext(aiter(iterable))
        return next(iter(iterable))

    def function(self, function: Any) -> Any:
        """A prompt function of the right kind."""
        if not self.is_async:
            return function

        async def prompt(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        prompt.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        return prompt
