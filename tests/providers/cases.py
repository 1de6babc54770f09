"""The table of providers that the conformance tests go through: a new provider is one more row."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from mirascope import llm
from mirascope.core import metadata as with_metadata
from mirascope.core import prompt_template
from mirascope.core._providers import is_installed
from mirascope.sandbox import Sandbox

from .wires import AnthropicMessages, ChatCompletions, GroqCompletions, Json, Wire


@dataclass(frozen=True)
class Case:
    """One provider: its names, and what it makes of things that every provider has."""

    name: str
    prefix: str
    """What the names of its classes start with, in our module and for its clients."""
    model: str
    wire: Wire
    params: Mapping[str, Mapping[str, Any]]
    """Common parameter to what a request has for it."""
    own_params: Mapping[str, Any]
    """Parameters that only this provider has."""
    cost: float
    """US dollars for 1000 tokens in and 500 out, of `model`."""
    tool_call_class: str
    create: str
    """Where the client has the method that sends a request."""
    sdk_name: str = ""
    """The import name of its SDK where that is another than its own."""
    client_prefix: str = ""
    """What the names of the SDK's clients start with where that is not `prefix`."""
    overloaded: str = "InternalServerError"
    error_event: str = "APIError"
    takes_any_arguments: bool = True
    """Whether the protocol can carry arguments of a tool call that are not JSON."""
    has_strict_json: bool = False
    """Whether the provider can be made to keep to a JSON schema."""
    has_refusals: bool = False
    """Whether a refusal is something else than a text."""
    has_whole_tool_calls: bool = False
    """Whether a stream has each tool call in one piece."""

    @property
    def module(self) -> Any:
        return import_module(f"mirascope.core.{self.name}")

    @property
    def sdk(self) -> Any:
        return import_module(self.sdk_name or self.name)

    def of_module(self, suffix: str) -> Any:
        """One of the provider's classes: `CallResponse`, `Stream`, `Tool`, …"""
        return getattr(self.module, self.prefix + suffix)

    def new_client(self, box: Sandbox, is_async: bool, **options: Any) -> Any:
        name = self.client_prefix or self.prefix
        made_by = getattr(self.sdk, f"Async{name}" if is_async else name)
        given = {"api_key": "k", "base_url": box.base_url(self.name), "max_retries": 0, **options}
        return made_by(**given)


SAMPLING = {"temperature": 0.2, "max_tokens": 64, "top_p": 0.9}
SAME_NAMES = {
    **{name: {name: value} for name, value in SAMPLING.items()},
    "frequency_penalty": {"frequency_penalty": 0.1},
    "presence_penalty": {"presence_penalty": 0.3},
    "seed": {"seed": 7},
    "stop": {"stop": "END"},
}
"""What a request has for the common parameters where they are called the same."""

CASES = [
    Case(
        name="openai",
        prefix="OpenAI",
        model="gpt-4o-mini",
        wire=ChatCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "logprobs": True},
        cost=0.00045,
        tool_call_class="ChatCompletionMessageFunctionToolCall",
        create="chat.completions.create",
        has_strict_json=True,
        has_refusals=True,
    ),
    Case(
        name="anthropic",
        prefix="Anthropic",
        model="claude-haiku-4-5",
        wire=AnthropicMessages(),
        params={
            **{name: {name: value} for name, value in SAMPLING.items()},
            "stop": {"stop_sequences": ["END"]},
        },
        own_params={"top_k": 3, "metadata": {"user_id": "somebody"}},
        cost=0.0035,
        tool_call_class="ToolUseBlock",
        create="messages.create",
        overloaded="OverloadedError",
        error_event="APIStatusError",
        takes_any_arguments=False,
    ),
    Case(
        name="groq",
        prefix="Groq",
        model="openai/gpt-oss-120b",
        wire=GroqCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "reasoning_format": "parsed"},
        cost=0.00045,
        tool_call_class="ChatCompletionMessageToolCall",
        create="chat.completions.create",
        has_strict_json=True,
        has_whole_tool_calls=True,
    ),
    Case(
        name="xai",
        prefix="XAI",
        model="grok-3",
        wire=ChatCompletions(),
        params=SAME_NAMES,
        own_params={"user": "somebody", "logprobs": True},
        cost=0.0105,
        tool_call_class="ChatCompletionMessageFunctionToolCall",
        create="chat.completions.create",
        sdk_name="openai",
        client_prefix="OpenAI",
        has_strict_json=True,
        has_refusals=True,
        has_whole_tool_calls=True,
    ),
]

CASES = [case for case in CASES if is_installed(case.sdk_name or case.name)]

COMMON_PARAMS = {
    **SAMPLING,
    "frequency_penalty": 0.1,
    "presence_penalty": 0.3,
    "seed": 7,
    "stop": "END",
}


@dataclass
class Way:
    """One way to make a call: a provider, sync or async, by `llm.call` or its own decorator."""

    case: Case
    is_async: bool
    agnostic: bool
    box: Sandbox = field(repr=False)

    @property
    def wire(self) -> Wire:
        return self.case.wire

    @property
    def body(self) -> Json:
        """The JSON of the last request."""
        return self.box.requests[-1].body

    def decorator(self, **options: Any) -> Any:
        """The call decorator."""
        options.setdefault("model", self.case.model)
        if self.agnostic:
            return llm.call(provider=self.case.name, **options)
        return self.case.module.call(**options)

    def decorate(
        self,
        prompt: Any,
        *,
        template: str | None = None,
        metadata: Json | None = None,
        **options: Any,
    ) -> Any:
        """The call that `prompt` (a text, or a function) becomes."""
        function = self.prompt(prompt)
        if template is not None:
            function = prompt_template(template)(function)
        if metadata is not None:
            function = with_metadata(metadata)(function)
        return self.decorator(**options)(function)

    def prompt(self, prompt: Any) -> Any:
        """`prompt` as a prompt function of the right kind."""
        function: Callable[..., Any] = prompt if callable(prompt) else lambda: prompt
        if not self.is_async:
            return function

        async def ask(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        ask.__name__, ask.__doc__ = function.__name__, function.__doc__
        ask.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        return ask

    async def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what `decorate` made."""
        result = function(*args, **kwargs)
        assert inspect.iscoroutine(result) is self.is_async
        return await result if self.is_async else result

    async def ask(self, prompt: Any, *args: Any, **options: Any) -> Any:
        """Decorate and call at once."""
        return await self.run(self.decorate(prompt, **options), *args)

    async def items(self, stream: Any) -> list[Any]:
        """Everything that a stream yields."""
        into: list[Any] = []
        await self.gather(stream, into)
        return into

    async def gather(self, stream: Any, into: list[Any]) -> None:
        """Everything that a stream yields, kept also where it breaks off."""
        if not self.is_async:
            into.extend(stream)
            return
        async for item in stream:
            into.append(item)

    @asynccontextmanager
    async def client(self, *, wrong: bool = False, **options: Any) -> AsyncIterator[Any]:
        """A client of the user's own: no retries, and a header that tells it from others.

        The `wrong` one is sync for an async function, and the reverse.
        """
        is_async = self.is_async is not wrong
        options.setdefault("default_headers", {"x-whose": "the user's"})
        client = self.case.new_client(self.box, is_async, **options)
        try:
            yield client
        finally:
            await client.close() if is_async else client.close()

    def is_users(self, at: int = -1) -> bool:
        """Whether a request came by the client that `client` gave."""
        return self.box.requests[at].headers.get("x-whose") == "the user's"
