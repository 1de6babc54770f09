"""What is said about a call besides its prompt: tags, and anything else a caller wants to keep."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from typing_extensions import TypedDict

from ._prompt_function import as_prompt, is_call, with_tag_set

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Metadata(TypedDict, total=False):
    """The metadata of a call. Keys besides `tags` are kept as they are."""

    tags: set[str]


def metadata(values: Metadata | Mapping[str, Any]) -> Callable[[FunctionT], FunctionT]:
    """Give a prompt function, or a `BasePrompt` class, metadata: `response.metadata` has it again.

        @openai.call("gpt-4o-mini")
        @metadata({"tags": {"version:0001"}})
        def recommend_book(genre: str) -> str: ...

    It stands below the call decorator. The metadata of a dynamic config replaces it entirely.
    """
    tagged = with_tag_set(values)

    def decorate(fn: Any) -> Any:
        if isinstance(fn, type):
            setattr(fn, "_metadata", tagged)  # noqa: B010 (a class of any kind)
            return fn
        if is_call(fn):
            warnings.warn(
                f"`@metadata` has no effect above the call decorator of `{fn.__name__}`: "
                "put it below.",
                stacklevel=2,
            )
            return fn
        return as_prompt(fn, metadata=tagged)

    return decorate
