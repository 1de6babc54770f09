"""What may be given to a prompt, a chain and a conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from ..core.base.call_params import CommonCallParams
from ..core.base.message_param import BaseMessageParam
from .attachments import Attachment
from .tool_calls import AfterCall, BeforeCall, ToolResult


class PromptOptions(TypedDict, total=False):
    """The options of a prompt.

    - `system`: what the model is told about its task; it takes the place of an earlier one.
    - `attachments`: files that go with the prompt.
    - `tools`: what the model may call: functions, `BaseTool` classes, instances of toolkits.
    - `tool_results`: what the tools gave that the last reply called.
    - `schema`: have the reply written as JSON that fits a type, or a JSON schema (a dict).
    - `key`: the key to use in place of the one in the environment.
    - `options`: parameters of the call, by their common names or by the provider's.
    - `messages`: the conversation so far, in place of any other.
    - `hide_reasoning`: leave reasoning out of what the response yields.
    - `stream`: whether the reply is streamed; by default it is where it is iterated over.
    """

    system: str | None
    attachments: Sequence[Attachment] | None
    tools: Sequence[Any] | None
    tool_results: Sequence[ToolResult] | None
    schema: Any
    key: str | None
    options: CommonCallParams | Mapping[str, Any] | None
    messages: Sequence[BaseMessageParam] | None
    hide_reasoning: bool
    stream: bool | None


class HookOptions(TypedDict, total=False):
    """The options of an automatic loop.

    - `before_call(tool, tool_call)`: called before each tool, in the order of the calls; it may
      raise `CancelToolCall` or `PauseChain`. `tool` is None where there is none of that name.
    - `after_call(tool, tool_call, tool_result)`: called when the tools of a turn have ended.
    - `chain_limit`: how many replies to ask for at most: 10 unless given, and 0 for no limit.
    """

    before_call: BeforeCall | None
    after_call: AfterCall | None
    chain_limit: int | None


class ChainOptions(PromptOptions, HookOptions, total=False):
    """The options of a prompt and of the automatic loop."""


class ConversationOptions(HookOptions, total=False):
    """What holds for all prompts of a conversation, unless a prompt is given another.

    - `system`, `tools`, `key`, `options`, `hide_reasoning`: as for a prompt.
    - `messages`: how the conversation begins.
    """

    system: str | None
    tools: Sequence[Any] | None
    key: str | None
    options: CommonCallParams | Mapping[str, Any] | None
    messages: Sequence[BaseMessageParam] | None
    hide_reasoning: bool
