"""What a call gives back: the reply, and everything that is known about the call.

A response holds what it was given. All else (text, tools, cost, the SDK's own object) is worked out
when it is asked for, so that a reply that was paid for is never lost to an error in reading it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json, to_jsonable_python

from ._narrow import is_list
from ._provider import Received
from ._request import Request
from ._wire import Reply, Tokens, ToolCall
from .message_param import BaseMessageParam, ToolResultPart
from .tool import BaseTool
from .tool_outputs import tool_output_text
from .types import CostMetadata, FinishReason, Usage

if TYPE_CHECKING:
    from ._provider import Provider

    computed_once = property
else:
    from functools import cached_property as computed_once

_STORED = (
    "metadata",
    "response",
    "tool_types",
    "prompt_template",
    "fn_args",
    "dynamic_config",
    "messages",
    "call_params",
    "call_kwargs",
    "user_message_param",
    "start_time",
    "end_time",
)
_COMPUTED = (
    "content",
    "finish_reasons",
    "model",
    "id",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "cost_metadata",
    "cost",
    "message_param",
)


class BaseCallResponse(BaseModel):
    """The reply to one call, the same for every provider.

    Times are milliseconds since the epoch. Other attributes may be set freely.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow", protected_namespaces=())

    _provider: ClassVar[str] = ""
    _dumped: ClassVar[tuple[str, ...]] = ()
    """Names of a provider's own properties that a dump includes."""

    if TYPE_CHECKING:
        metadata: Mapping[str, Any]
        tool_types: Sequence[type[BaseTool]] | None
        prompt_template: str | None
        fn_args: dict[str, Any]
        dynamic_config: Any
        call_params: Mapping[str, Any]
        call_kwargs: dict[str, Any]
        start_time: float
        end_time: float

    def __init__(self, **stored: Any) -> None:
        # A provider's adapter uses `_received`; this is for classes written for other providers.
        super().__init__()
        vars(self).update(stored)

    @classmethod
    def _received(
        cls, request: Request, received: Received, start_time: float, end_time: float
    ) -> Any:
        """The response to `request`, without any work that nobody has asked for yet."""
        self = cls.__new__(cls)
        prompt = request.prompt
        values: dict[str, Any] = {
            "_request": request,
            "_raw": received,
            "metadata": prompt.metadata,
            "tool_types": request.tool_types,
            "prompt_template": prompt.template,
            "fn_args": prompt.fn_args,
            "dynamic_config": prompt.dynamic_config,
            "call_params": request.call_params,
            "call_kwargs": request.kwargs,
            "start_time": start_time,
            "end_time": end_time,
        }
        if received.native is not None:
            values["response"] = received.native
        _set(self, "__dict__", values)
        _set(self, "__pydantic_fields_set__", set[str]())
        _set(self, "__pydantic_extra__", {})
        _set(self, "__pydantic_private__", None)
        return self

    if TYPE_CHECKING:
        _request: Request
        _raw: Received

    @property
    def _adapter(self) -> Provider:
        return self._request.provider

    @computed_once
    def _reply(self) -> Reply:
        return self._adapter.decode_reply(self._raw.data)

    # --- the reply

    @computed_once
    def response(self) -> Any:
        """The SDK's own response object."""
        return self._adapter.native_response(self._raw)

    @property
    def content(self) -> str:
        """The text of the reply; empty where there is none."""
        return self._reply.text

    @property
    def finish_reasons(self) -> list[Any] | None:
        """Why the reply ended, in the provider's words, one for each choice."""
        return self._reply.finish_reasons

    @property
    def model(self) -> str | None:
        """The model that replied, or the one that was asked where the reply does not say."""
        return self._reply.model or self._request.model

    @property
    def id(self) -> str | None:
        """The provider's identifier of the reply."""
        return self._reply.id

    @property
    def provider(self) -> str:
        """The name of the provider that replied."""
        return self._adapter.name

    def __str__(self) -> str:
        return self.content

    # --- usage and cost

    @property
    def usage(self) -> Any:
        """The SDK's own usage object, or None where the reply has none."""
        return getattr(self.response, "usage", None)

    @property
    def _tokens(self) -> Tokens:
        return self._reply.tokens or Tokens()

    @property
    def input_tokens(self) -> int | float | None:
        """The number of tokens of the request."""
        return self._tokens.input

    @property
    def cached_tokens(self) -> int | float | None:
        """The number of tokens of the request that the provider read from its cache."""
        return self._tokens.cached

    @property
    def output_tokens(self) -> int | float | None:
        """The number of tokens of the reply."""
        return self._tokens.output

    @property
    def cost_metadata(self) -> CostMetadata:
        """What the cost is worked out from."""
        return cost_metadata(self._tokens)

    @property
    def cost(self) -> float | None:
        """The price of the call in US dollars; None where it is not known."""
        return cost_of(self.provider, self.model, self._tokens)

    # --- tools

    @computed_once
    def tools(self) -> list[Any] | None:
        """The tools that the model called, as instances of their classes; None if it called none.

        Raises pydantic.ValidationError or ValueError where the arguments do not fit, and ValueError
        with the model's words where it refused to answer.
        """
        return tools_of(self._reply, self.tool_types)

    @property
    def tool(self) -> Any:
        """The first tool that the model called, or None."""
        return self.tools[0] if self.tools else None

    @classmethod
    def tool_message_params(cls, tools_and_outputs: Sequence[tuple[BaseTool, Any]]) -> list[Any]:
        """The messages that tell the model what its tools gave, in the provider's form."""
        from .._providers import provider_named

        return provider_named(cls._provider).encode_messages(tool_results(tools_and_outputs))

    # --- messages

    @computed_once
    def messages(self) -> list[Any]:
        """The messages as they were sent, in the provider's form."""
        return self._request.messages

    @computed_once
    def message_param(self) -> Any:
        """The assistant's turn in the provider's form, ready to be sent back."""
        return self._adapter.message_param(self._reply)

    @computed_once
    def user_message_param(self) -> Any:
        """The last message of the request in the provider's form if it is the user's, else None."""
        message = self._request.user_message
        if message is None:
            return None
        return self._adapter.encode_messages([message])[0]

    # --- in common terms

    @property
    def common_finish_reasons(self) -> list[FinishReason] | None:
        """Why the reply ended, in terms common to all providers."""
        return self._adapter.common_finish_reasons(self._reply.finish_reasons)

    @property
    def common_message_param(self) -> BaseMessageParam:
        """The assistant's turn as a common message."""
        return self._adapter.reply_message(self._reply)

    @property
    def common_user_message_param(self) -> BaseMessageParam | None:
        """The last message of the request as a common message if it is the user's, else None."""
        message = self._request.user_message
        return None if message is None else common_message(self._adapter, message)

    @property
    def common_messages(self) -> list[BaseMessageParam]:
        """The messages of the prompt as common messages."""
        return [common_message(self._adapter, m) for m in self._request.prompt.messages]

    @property
    def common_tools(self) -> list[Any] | None:
        """The tools that the model called, or None."""
        return self.tools or None

    @property
    def common_usage(self) -> Usage | None:
        """The token counts, or None where the reply has none."""
        return common_usage(self._reply.tokens)

    # --- out of the process

    def model_dump(
        self,
        *,
        mode: Literal["json", "python"] | str = "python",
        include: Any = None,
        exclude: Any = None,
        exclude_none: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        """The response as a dict: what was sent, what came back, and what is read off it.

        `mode="json"` gives JSON types throughout: bytes as base64, and what has no JSON form as its
        `repr`.
        """
        names = (*_STORED, *_COMPUTED, *self._dumped, *(self.__pydantic_extra__ or {}))
        dumped = {
            name: getattr(self, name, None)
            for name in names
            if (include is None or name in include) and (exclude is None or name not in exclude)
        }
        if exclude_none:
            dumped = {name: value for name, value in dumped.items() if value is not None}
        if "tool_types" in dumped and dumped["tool_types"] is not None:
            dumped["tool_types"] = [
                {"type": "function", "name": tool_type._name()}
                for tool_type in dumped["tool_types"]
            ]
        if mode == "json":
            return cast(
                dict[str, Any], to_jsonable_python(dumped, bytes_mode="base64", fallback=repr)
            )
        return {name: _python(value) for name, value in dumped.items()}

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """The response as a JSON text; see `model_dump`."""
        return to_json(self.model_dump(mode="json", **options), indent=indent).decode()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r}, content={self.content!r})"

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


_set = object.__setattr__


def _python(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if is_list(value):
        return [_python(item) for item in value]
    return value


def tools_of(reply: Reply, tool_types: Sequence[type[BaseTool]] | None) -> list[BaseTool] | None:
    """The tools that a reply calls, as instances of the classes that were offered."""
    if reply.refusal:
        raise ValueError(reply.refusal)
    calls = reply.tool_calls
    if not calls or not tool_types:
        return None
    by_name = {tool_type._name(): tool_type for tool_type in tool_types}
    return [by_name[call.name]._from_call(call) for call in calls if call.name in by_name]


def tool_results(tools_and_outputs: Sequence[tuple[BaseTool, Any]]) -> list[BaseMessageParam]:
    """One common message for each tool's output."""
    return [
        BaseMessageParam(
            role="tool",
            content=[
                ToolResultPart(
                    name=tool._name(), content=tool_output_text(output), id=tool_call_id(tool)
                )
            ],
        )
        for tool, output in tools_and_outputs
    ]


def tool_call_id(tool: BaseTool) -> str | None:
    """The id of the call that `tool` was made from, also where it has an argument named `id`."""
    call: ToolCall | None = getattr(tool, "_call", None)
    return call.id if call else None


def common_message(provider: Provider, message: Any) -> BaseMessageParam:
    """A message as a common one, whichever form it has."""
    if isinstance(message, BaseMessageParam):
        return message
    return provider.decode_message(message)


def common_usage(tokens: Tokens | None) -> Usage | None:
    """Token counts in the common form; None where there are none."""
    if tokens is None or (tokens.input is None and tokens.cached is None and tokens.output is None):
        return None
    return Usage(
        input_tokens=int(tokens.input or 0),
        cached_tokens=int(tokens.cached or 0),
        output_tokens=int(tokens.output or 0),
        total_tokens=int(tokens.input or 0) + int(tokens.output or 0),
    )


def cost_metadata(tokens: Tokens) -> CostMetadata:
    """What the cost of a call is worked out from."""
    return CostMetadata(
        input_tokens=tokens.input,
        output_tokens=tokens.output,
        cached_tokens=tokens.cached,
        cache_write=tokens.cache_write,
        cost=tokens.cost,
    )


def cost_of(provider: str, model: str | None, tokens: Tokens) -> float | None:
    """The price of a call in US dollars; None where the model or the counts are not known."""
    if model is None or (tokens.input is None and tokens.output is None):
        return None
    from ..costs import calculate_cost

    return calculate_cost(provider, model, cost_metadata(tokens))


def decode_base64(text: str) -> bytes:
    """Bytes from base64 text."""
    return base64.b64decode(text)
