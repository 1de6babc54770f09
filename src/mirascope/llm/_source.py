"""Where a response gets its request from: a prompt, and the call that it is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core.base._call import CallSpec, ready
from ..core.base._flow import Flow
from ..core.base._prompt_function import Prompt
from ..core.base._provider import Provider
from ..core.base._request import Request
from ..core.base._scope import Scope
from ..core.base.message_param import BaseMessageParam
from ._settings import Settings, within
from ._tool_runner import flat_tools

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
