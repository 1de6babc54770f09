"""Conversations: prompts that go on from the replies before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar, Unpack

from ..core.base._flow import Flow
from ..core.base.message_param import BaseMessageParam
from ._chain import AsyncChainResponse, ChainResponse
from ._options import ChainOptions, ConversationOptions, PromptOptions
from ._registry import model_object
from .models import AsyncModel, Model
from .response import AsyncResponse, Response

ResponseT = TypeVar("ResponseT", Response, AsyncResponse)

_OF_EVERY_PROMPT = ("tools", "key", "hide_reasoning")
_OF_EVERY_CHAIN = ("before_call", "after_call", "chain_limit")


class ConversationCore(Generic[ResponseT]):
    """What a conversation holds.

    - `model`: who is asked; another one, of any provider, may be put in its place midway.
    - `responses`: the replies so far, in the order in which they ended. One that was cut off has
      the status `failed` or `cancelled`, and is gone on from as far as it came.
    """

    is_async: ClassVar[bool]
    _response_type: ClassVar[Any]

    def __init__(self, model: Any, **options: Unpack[ConversationOptions]) -> None:
        self.model = model
        self.responses: list[ResponseT] = []
        self._options: dict[str, Any] = dict(options)
        self._begin: list[BaseMessageParam] = list(options.get("messages") or ())
        self._start = list(self._begin)
        if (text := options.get("system")) is not None:
            self._start.insert(0, BaseMessageParam(role="system", content=text))

    @property
    def system(self) -> str | None:
        """What the model is told about its task, unless a prompt tells it something else."""
        return self._options.get("system")

    @property
    def tools(self) -> Sequence[Any]:
        """The tools of all prompts that are given no others."""
        return self._options.get("tools") or ()

    def messages(self) -> list[BaseMessageParam]:
        """The conversation so far, as a prompt takes it."""
        for response in reversed(self.responses):
            history = response._history()
            if history is not None:
                return history
        return list(self._start)

    def _history(self) -> Flow[list[BaseMessageParam]]:
        return self.messages()
        yield

    def _given(self, names: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a prompt, with those of the conversation where it has none."""
        given = dict(options)
        for name in names:
            if given.get(name) is None and self._options.get(name) is not None:
                given[name] = self._options[name]
        if shared := self._options.get("options"):
            given["options"] = {**shared, **(given.get("options") or {})}
        return given

    def _prompt(self, prompt: Any, options: Mapping[str, Any]) -> Any:
        given = self._given(_OF_EVERY_PROMPT, options)
        return self.model._respond(prompt, given, self._history, self)

    def _chain(self, prompt: Any, options: Mapping[str, Any]) -> Any:
        given = self._given((*_OF_EVERY_PROMPT, *_OF_EVERY_CHAIN), options)
        return self.model._loop(prompt, given, self._history, self)

    def _record(self, response: Any) -> None:
        self.responses.append(response)

    # --- out of the process and back

    def to_dict(self) -> dict[str, Any]:
        """The conversation in JSON types, without loss. Tools are kept by name only."""
        before: list[BaseMessageParam] = self._start
        dumped: list[dict[str, Any]] = []
        for response in self.responses:
            sent = response.prompt.messages
            data = response.to_dict()
            # What a response has in common with the one before it is written once.
            known = len(before) if _begins_with(sent, before) else 0
            data["messages"] = data["messages"][known:]
            dumped.append({**data, "continues": known > 0})
            before = response._history() or before
        return {
            "version": 1,
            "model": self.model.model_id,
            "system": self.system,
            "begin": [message.model_dump(mode="json") for message in self._begin],
            "options": dict(self._options.get("options") or {}),
            "hide_reasoning": bool(self._options.get("hide_reasoning")),
            "responses": dumped,
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, model: Any = None, **options: Unpack[ConversationOptions]
    ) -> Self:
        """The conversation that `to_dict` made `data` from.

        Give the `tools` and hooks again; `model` is who is asked from now on, where that is to be
        another than before.
        """
        kept = {"options": data["options"], "hide_reasoning": data["hide_reasoning"]}
        begin = [BaseMessageParam.model_validate(message) for message in data["begin"]]
        given: Any = {"system": data["system"], "messages": begin, **kept, **options}
        conversation = cls(model or model_object(data["model"], cls.is_async), **given)
        before = conversation._start
        for each in data["responses"]:
            response = cls._response_type.from_dict(each, tools=conversation.tools)
            if each["continues"]:
                response.prompt.messages[:0] = before
            response.conversation = conversation
            conversation.responses.append(response)
            before = response._history() or before
        return conversation

    def __repr__(self) -> str:
        count = len(self.responses)
        return f"<{type(self).__name__} with {self.model.model_id}: {count} responses>"


def _begins_with(messages: Sequence[Any], beginning: Sequence[Any]) -> bool:
    return bool(beginning) and list(messages[: len(beginning)]) == list(beginning)


class Conversation(ConversationCore[Response]):
    """A conversation in sync code."""

    is_async: ClassVar[bool] = False
    _response_type: ClassVar[Any] = Response
    model: Model

    def prompt(self, prompt: Any = None, **options: Unpack[PromptOptions]) -> Response:
        """Ask the model, which is sent the conversation too; see `model.prompt`."""
        response: Response = self._prompt(prompt, options)
        return response

    def chain(self, prompt: Any = None, **options: Unpack[ChainOptions]) -> ChainResponse:
        """Ask the model, and run the tools that it calls; see `model.chain`.

        Without a prompt the tools are run that the last reply calls.
        """
        chain: ChainResponse = self._chain(prompt, options)
        return chain


class AsyncConversation(ConversationCore[AsyncResponse]):
    """A conversation in async code."""

    is_async: ClassVar[bool] = True
    _response_type: ClassVar[Any] = AsyncResponse
    model: AsyncModel

    def prompt(self, prompt: Any = None, **options: Unpack[PromptOptions]) -> AsyncResponse:
        """Ask the model, which is sent the conversation too; see `model.prompt`."""
        response: AsyncResponse = self._prompt(prompt, options)
        return response

    def chain(self, prompt: Any = None, **options: Unpack[ChainOptions]) -> AsyncChainResponse:
        """Ask the model, and run the tools that it calls; see `model.chain`.

        Without a prompt the tools are run that the last reply calls.
        """
        chain: AsyncChainResponse = self._chain(prompt, options)
        return chain
