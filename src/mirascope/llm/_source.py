"""Where a response gets its request from: a prompt, and the call that it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.base._call import CallSpec, ready
from ..core.base._flow import Flow
from ..core.base._prompt_function import Prompt
from ..core.base._provider import Provider
from ..core.base._request import Request
from ..core.base._scope import Scope
from ..core.base.message_param import BaseMessageParam
from ._settings import Settings, within
from ._tool_runner import flat_tools

if TYPE_CHECKING:
    from ..retries._tries import Tries

SpecFor = Callable[[bool], CallSpec]
"""What follows from the options of a call, for one that is streamed or not."""


@dataclass(slots=True)
class Source:
    """One request to come. Nothing is worked out before it is opened."""

    provider: Provider
    tools: Sequence[Any]
    """What the model may call, unless the prompt says something else."""
    spec_for: SpecFor
    make_prompt: Callable[[], Flow[Prompt]]
    scope: Scope
    settings: Settings | None = None
    """The settings that are in force while the prompt is made."""
    tries: tuple[Callable[[Source, bool], Tries[Source]], ...] = ()
    """What makes several attempts of one request, the innermost first."""
    _prompt: Prompt | None = None

    def prompt(self) -> Flow[Prompt]:
        """The prompt, made once."""
        if self._prompt is None:
            made = yield from within(self.settings, self.make_prompt())
            messages = [
                message
                if isinstance(message, BaseMessageParam)
                else self.provider.decode_message(message)
                for message in made.messages
            ]
            tools = flat_tools(self.tools if made.tools is None else made.tools)
            self._prompt = replace(made, messages=messages, tools=tools)
        return self._prompt

    def open(self, stream: bool) -> Flow[Request]:
        """The request, ready to be sent."""
        prompt = yield from self.prompt()
        # Loading media puts other messages into the prompt: those that are kept stay small.
        return (yield from ready(self.spec_for(stream), replace(prompt), self.scope))

    def with_messages(self, messages: Sequence[BaseMessageParam]) -> Source:
        """The same call, of a prompt that has been made already, with other messages."""
        assert self._prompt is not None
        prompt = replace(self._prompt, messages=list(messages))
        return replace(self, _prompt=prompt)

    def in_place_of(self, other: Source) -> Source:
        """This call, for the prompt of another one, which may be of another provider."""
        prompt = other._prompt
        if prompt is not None and self.provider is not other.provider:
            # A client belongs to its provider.
            prompt = replace(prompt, client=None)
        return replace(self, _prompt=prompt, tries=other.tries)

    def tried(
        self, make: Callable[[Source], Flow[Any]], is_async: bool, levels: int | None = None
    ) -> Flow[Any]:
        """What `make` makes of this source, or of one that is tried in its place."""
        levels = len(self.tries) if levels is None else levels
        if levels == 0:
            return (yield from make(self))
        from ..retries._tries import attempted

        def inner(source: Source) -> Flow[Any]:
            return source.tried(make, is_async, levels - 1)

        return (yield from attempted(self.tries[levels - 1](self, is_async), inner))
