"""One call, ready to send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from ._narrow import is_object
from ._pickling import as_recipes, without_client
from ._secrets import masked
from .message_param import BaseMessageParam, ToolResultPart

if TYPE_CHECKING:
    from ._controls import Control
    from ._prompt_function import Prompt
    from ._provider import Provider
    from .tool import BaseTool


@dataclass(slots=True)
class Request:
    """Everything about one call but its reply. Made for that call alone and never shared."""

    provider: Provider
    model: str
    prompt: Prompt
    messages: list[Any]
    """The messages as they are sent, in the provider's form."""
    kwargs: dict[str, Any] = field(repr=False)
    """What the SDK is called with."""
    client: Any = field(repr=False)
    is_async: bool
    stream: bool
    call_params: Mapping[str, Any] = field(repr=False)
    """The decorator's parameters; `kwargs` has those of the dynamic config merged in."""
    tool_types: Sequence[type[BaseTool]] | None
    controls: tuple[Control, ...] = ()
    """What it has to pass before it is sent."""
    _size: int | None = field(default=None, init=False, repr=False)

    @property
    def size(self) -> int:
        """About how many tokens it takes."""
        if self._size is None:
            from ._token_estimates import tokens_in

            self._size = tokens_in(self.kwargs)
        return self._size

    def __getstate__(self) -> dict[str, Any]:
        # The client holds a key and open connections: it neither travels nor is copied.
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        prompt = self.prompt
        config = without_client(prompt.dynamic_config)
        prompt = replace(
            prompt,
            client=None,
            call_params=masked(prompt.call_params),
            dynamic_config=config and masked(config),
        )
        return {
            **state,
            "client": None,
            "controls": (),
            "kwargs": masked(self.kwargs),
            "call_params": masked(self.call_params),
            "prompt": prompt,
            "tool_types": as_recipes(self.tool_types),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def send(self) -> Any:
        """Call the SDK; awaitable where the client is async."""
        return self.provider.send(self.client, self.kwargs, self.stream)

    @property
    def user_message(self) -> Any:
        """The last message of the prompt as it was written, if it is the user's; else None."""
        last = self.prompt.messages[-1]
        role = last.get("role") if is_object(last) else getattr(last, "role", None)
        return last if role == "user" and not self._has_only_tool_results(last) else None

    def _has_only_tool_results(self, message: Any) -> bool:
        """Whether a message in the user's role is what tools gave: some providers have it there."""
        if not isinstance(message, BaseMessageParam):
            message = self.provider.decode_message(message)
        content: str | Sequence[Any] = message.content
        return (
            not isinstance(content, str)
            and bool(content)
            and all(isinstance(part, ToolResultPart) for part in content)
        )
