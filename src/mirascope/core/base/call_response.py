"""What a call gives back: the reply, and everything that is known about the call.

A response holds what it was given. All else (text, tools, cost, the SDK's own object) is worked out
when it is asked for, so that a reply that was paid for is never lost to an error in reading it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json, to_jsonable_python

from ._narrow import is_dict, is_list
from ._of_the_request import OfTheRequest
from ._pickling import as_recipes, check_arguments, without_client
from ._provider import Received
from ._reply_view import ReplyView
from ._request import Request
from ._secrets import masked
from ._unreadable import MISREAD, UnreadableReply, beginning, built, unreadable_reply
from ._v1_replies import V1Request, own_reply
from ._wire import Reply
from .tool import BaseTool

if TYPE_CHECKING:
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
_MAY_HOLD_SECRETS = ("call_params", "call_kwargs", "dynamic_config")
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
    "thinking",
)


def hold(response: BaseCallResponse, values: dict[str, Any]) -> None:
    """Have a response hold these values, without the work of a model that has fields."""
    _set(response, "__dict__", values)
    _set(response, "__pydantic_fields_set__", _NO_FIELDS)
    _set(response, "__pydantic_extra__", {})
    _set(response, "__pydantic_private__", None)


class BaseCallResponse(ReplyView, OfTheRequest, BaseModel):
    """The reply to one call, the same for every provider.

    Times are milliseconds since the epoch. Other attributes may be set freely.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        arbitrary_types_allowed=True, extra="allow", protected_namespaces=()
    )

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
        # A provider's adapter uses `_received`; this is for classes written the way v1 had it.
        super().__init__()
        vars(self).update(stored, _request=V1Request(type(self), stored))

    def __class_getitem__(cls, parameters: Any) -> Any:
        # v1 had type parameters here, for the types of properties that a subclass declares itself.
        return cls

    @classmethod
    def _received(
        cls, request: Request, received: Received, start_time: float, end_time: float
    ) -> Any:
        """The response to `request`, without any work that nobody has asked for yet."""
        self = cls.__new__(cls)
        values: dict[str, Any] = {
            "_request": request,
            "_raw": received,
            "start_time": start_time,
            "end_time": end_time,
        }
        if received.native is not None:
            values["response"] = received.native
        hold(self, values)
        return self

    if TYPE_CHECKING:
        _request: Request
        _raw: Received

    @computed_once
    def _reply(self) -> Reply:
        if "_raw" not in vars(self):
            return own_reply(self)
        data = self._raw.data
        try:
            return self._adapter.decode_reply(data).checked()
        except MISREAD as error:
            raise unreadable_reply(self._adapter.title, data, error) from error

    # --- the reply

    @computed_once
    def response(self) -> Any:
        """The SDK's own response object."""
        return built(self._adapter.native_response, self._adapter.title, self._raw)

    @property
    def usage(self) -> Any:
        """The SDK's own usage object, or None where the reply has none."""
        return getattr(self.response, "usage", None)

    @property
    def thinking(self) -> str | None:
        """The model's reasoning; None where it shows none."""
        return "".join(thought.text for thought in self._reply.thinking) or None

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
        return self._native_user_message()

    @property
    def common_tools(self) -> list[Any] | None:
        """The tools that the model called, or None."""
        return self.tools or None

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

        The values of headers and keys among the parameters are masked.

        `mode="json"` gives JSON types throughout: bytes as base64, and what has no JSON form as its
        `repr`.
        """
        names = (*_STORED, *_COMPUTED, *self._dumped, *(self.__pydantic_extra__ or {}))
        dumped = {
            name: self._shown(name)
            for name in names
            if (include is None or name in include) and (exclude is None or name not in exclude)
        }
        dumped = _without_secrets(dumped)
        if exclude_none:
            dumped = {name: value for name, value in dumped.items() if value is not None}
        if "tool_types" in dumped and dumped["tool_types"] is not None:
            dumped["tool_types"] = [
                {"type": "function", "name": tool_type._name()}
                for tool_type in dumped["tool_types"]
            ]
        if mode == "json":
            return {name: self._jsonable(name, value) for name, value in dumped.items()}
        return {name: _python(value) for name, value in dumped.items()}

    def _shown(self, name: str) -> Any:
        """What a dump has for an attribute, whatever the reply is like."""
        try:
            return getattr(self, name, None)
        except ValueError:
            return self._as_it_came() if name == "response" else None

    def _jsonable(self, name: str, value: Any) -> Any:
        """An attribute in JSON types, whatever the reply is like."""
        try:
            return to_jsonable_python(value, bytes_mode="base64", fallback=repr)
        except MISREAD:
            came = self._as_it_came() if name == "response" else None
            return beginning(value) if came in (None, value) else self._jsonable("", came)

    def _as_it_came(self) -> Any:
        raw: Received | None = getattr(self, "_raw", None)
        return raw and raw.data

    def model_dump_json(self, *, indent: int | None = None, **options: Any) -> str:
        """The response as a JSON text; see `model_dump`."""
        dumped = self.model_dump(mode="json", **options)
        try:
            return to_json(dumped, indent=indent).decode()
        except ValueError:  # half of a surrogate pair, which has to be escaped
            return json.dumps(dumped, indent=indent)

    def __getstate__(self) -> dict[Any, Any]:
        check_arguments(self.fn_args)
        computed = _computed_names(type(self))
        stored = {name: value for name, value in vars(self).items() if name not in computed}
        if "tool_types" in stored:
            stored["tool_types"] = as_recipes(stored["tool_types"])
        if "dynamic_config" in stored:
            stored["dynamic_config"] = without_client(stored["dynamic_config"])
        return {**super().__getstate__(), "__dict__": _without_secrets(stored)}

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        # What the prompt function was called with is the caller's own, and so is a client: a copy
        # of the response shares them.
        memo = {} if memo is None else memo
        request: Request | None = vars(self).get("_request")
        shared = [*self.fn_args.values(), request.prompt.client if request else None]
        memo.update((id(value), value) for value in shared)
        return super().__deepcopy__(memo)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


_set = object.__setattr__
_NO_FIELDS: set[str] = set()
"""Which fields were set: of classes without any, always the same."""


@cache
def _computed_names(response_type: type[BaseCallResponse]) -> frozenset[str]:
    """Under which names a response keeps what it worked out, and can work out again."""
    names = {name for base in response_type.__mro__ for name in vars(base)}
    members = {name: getattr_static(response_type, name) for name in names}
    return frozenset(n for n, member in members.items() if isinstance(member, cached_property))


def _without_secrets(values: dict[str, Any]) -> dict[str, Any]:
    shown = {name: values[name] for name in _MAY_HOLD_SECRETS if name in values}
    return values | {name: masked(value) for name, value in shown.items() if is_dict(value)}


def _python(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(warnings=False)
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


def decode_base64(text: str) -> bytes:
    """Bytes from base64 text. Raises UnreadableReply where it is none."""
    try:
        return base64.b64decode(text)
    except ValueError as error:
        raise UnreadableReply(f"The sound of the reply is not base64: {error}.") from error
