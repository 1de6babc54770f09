"""Models as objects: one to prompt, to converse with, and to run tools for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from ..core._providers import provider_named
from ._asking import History, asked_and_source
from ._chain import AsyncChainResponse, ChainResponse
from ._loops import Hooks
from .response import AsyncResponse, Response

if TYPE_CHECKING:
    from ..core.base._flow import Flow
    from ..core.base._provider import Provider
    from ..core.base.message_param import BaseMessageParam
    from ..retries import RetryPolicy
    from ._options import ChainOptions, ConversationOptions, PromptOptions
    from ._reply_flows import ReplyFlows
    from ._source import Source
    from .conversation import AsyncConversation, Conversation, ConversationCore


class ModelCore:
    """A provider's model, with what its prompts have in common.

    - `provider`, `name`: which model it is.
    - `client`: the SDK client to use, in place of a default one.
    - `key`: the key to use, in place of the one in the environment.
    - `options`: parameters of all its calls, by their common names or by the provider's.
    - `retry`: how often, and for which errors, each request is tried again.
    """

    is_async: ClassVar[bool]
    _response_type: ClassVar[Any]
    _chain_type: ClassVar[Any]

    def __init__(
        self,
        provider: str,
        name: str,
        *,
        client: Any = None,
        key: str | None = None,
        options: Mapping[str, Any] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.provider = provider
        self.name = name
        self.client = client
        self.key = key
        self.options: dict[str, Any] = dict(options or {})
        self.retry = retry

    @property
    def model_id(self) -> str:
        """By which `get_model` finds it: provider and name."""
        return f"{self.provider}/{self.name}"

    @property
    def adapter(self) -> Provider:
        """What translates for its provider. Raises ImportError where the SDK is not installed."""
        return provider_named(self.provider)

    def _respond(
        self,
        prompt: Any,
        given: Mapping[str, Any],
        history: History | None = None,
        conversation: ConversationCore[Any] | None = None,
    ) -> Any:
        asked, source = asked_and_source(self, prompt, given, history)
        return self._response_type(self, source, asked, conversation)

    def _loop(
        self,
        prompt: Any,
        given: Mapping[str, Any],
        history: History | None = None,
        conversation: ConversationCore[Any] | None = None,
    ) -> Any:
        options = dict(given)
        hooks = Hooks(options.pop("before_call", None), options.pop("after_call", None))
        limit = options.pop("chain_limit", None)
        asked, source = asked_and_source(self, prompt, options, history)

        def respond(source: Source) -> Any:
            return self._response_type(self, source, asked.again(), conversation)

        return self._chain_type(source, respond, hooks, limit)

    def _continued(self, response: ReplyFlows, prompt: Any, given: Mapping[str, Any]) -> Any:
        def history() -> Flow[list[BaseMessageParam]]:
            return (yield from response._messages())

        given = {"tools": response.prompt.tools, **given}
        return self._respond(prompt, given, history, response.conversation)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.model_id}>"


class Model(ModelCore):
    """A model for sync code."""

    is_async: ClassVar[bool] = False
    _response_type: ClassVar[Any] = Response
    _chain_type: ClassVar[Any] = ChainResponse

    def prompt(self, prompt: Any = None, **options: Unpack[PromptOptions]) -> Response:
        """Ask the model. Nothing is sent before the response is read; see `PromptOptions`.

        `prompt` is what a prompt function may return: a text, messages, or a list of texts and
        parts.
        """
        response: Response = self._respond(prompt, options)
        return response

    def chain(self, prompt: Any = None, **options: Unpack[ChainOptions]) -> ChainResponse:
        """Ask the model, and run the tools that it calls until it calls no more.

        See `ChainOptions`. Where `messages` end with calls that have no result, these are run
        first.
        """
        chain: ChainResponse = self._loop(prompt, options)
        return chain

    def conversation(self, **options: Unpack[ConversationOptions]) -> Conversation:
        """A conversation: each prompt goes on from the replies before it."""
        from .conversation import Conversation

        return Conversation(self, **options)


class AsyncModel(ModelCore):
    """A model for async code."""

    is_async: ClassVar[bool] = True
    _response_type: ClassVar[Any] = AsyncResponse
    _chain_type: ClassVar[Any] = AsyncChainResponse

    def prompt(self, prompt: Any = None, **options: Unpack[PromptOptions]) -> AsyncResponse:
        """Ask the model. Nothing is sent before the response is read; see `PromptOptions`.

        `prompt` is what a prompt function may return: a text, messages, or a list of texts and
        parts.
        """
        response: AsyncResponse = self._respond(prompt, options)
        return response

    def chain(self, prompt: Any = None, **options: Unpack[ChainOptions]) -> AsyncChainResponse:
        """Ask the model, and run the tools that it calls until it calls no more.

        See `ChainOptions`. Where `messages` end with calls that have no result, these are run
        first.
        """
        chain: AsyncChainResponse = self._loop(prompt, options)
        return chain

    def conversation(self, **options: Unpack[ConversationOptions]) -> AsyncConversation:
        """A conversation: each prompt goes on from the replies before it."""
        from .conversation import AsyncConversation

        return AsyncConversation(self, **options)
