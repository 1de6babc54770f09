"""From the options of a prompt to the source of its request."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ..core._providers import PROVIDERS
from ..core.base._call import CallOptions, CallSpec
from ..core.base._clients import Endpoint, default_client, endpoint_of
from ..core.base._flow import Flow
from ..core.base._prompt_function import Prompt, PromptFunction
from ..core.base._scope import Scope, scope_now
from ..core.base.message_param import BaseMessageParam, TextPart
from ..core.base.messages import as_messages
from ._asked import Asked
from ._json_schema import extraction_for
from ._settings import active
from ._source import Source, SpecFor
from ._tool_runner import flat_tools
from .attachments import attached
from .call_response import CallResponse
from .stream import Stream
from .tool_calls import with_answers

if TYPE_CHECKING:
    from ._options import PromptOptions
    from .models import ModelCore

History = Callable[[], Flow[Sequence[BaseMessageParam]]]
"""Makes the flow that gives the conversation before a prompt."""

_OPTIONS = frozenset(
    {
        *("system", "attachments", "tools", "tool_results", "schema", "key", "options"),
        *("messages", "hide_reasoning", "stream"),
    }
)


def asked_and_source(
    model: ModelCore, prompt: Any, given: Mapping[str, Any], history: History | None
) -> tuple[Asked, Source]:
    """What is asked of a model, and where the request for it comes from.

    Raises TypeError where an option is given twice.
    """
    own = {name: value for name, value in given.items() if name in _OPTIONS}
    more = {name: value for name, value in given.items() if name not in _OPTIONS}
    options = cast("PromptOptions", own)
    params = {**model.options, **_merged(options.get("options") or {}, more)}
    asked = Asked(
        tools=tuple(flat_tools(options.get("tools") or ())),
        schema=options.get("schema"),
        options=params,
        hide_reasoning=bool(options.get("hide_reasoning")),
        stream=options.get("stream"),
    )
    scope = scope_now()

    def make_prompt() -> Flow[Prompt]:
        return _prompt(model, prompt, options, history, scope, asked)

    source = Source(
        provider=model.adapter,
        tools=asked.tools,
        spec_for=_spec_for(model, asked),
        make_prompt=make_prompt,
        scope=scope,
        settings=active.get(),
        tries=(model.retry.tries,) if model.retry else (),
    )
    return asked, source


def _merged(options: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    for name in more:
        if name in options:
            raise TypeError(f"`{name}` is given twice: by itself and in `options`.")
    return {**options, **more}


def _spec_for(model: ModelCore, asked: Asked) -> SpecFor:
    extraction = extraction_for(asked.schema)

    @cache
    def spec_for(stream: bool) -> CallSpec:
        options = CallOptions(
            provider=model.adapter,
            model=model.name,
            stream=stream,
            tools=asked.tools,
            response_model=extraction,
            json_mode=extraction is not None,
            client=None,
            call_params=asked.options,
        )
        return CallSpec(
            options, _function(model.is_async), respond_as=CallResponse, stream_as=Stream
        )

    return spec_for


@cache
def _function(is_async: bool) -> PromptFunction:
    """The prompt function that a model object has in the place of one."""

    def prompt() -> None: ...

    function = PromptFunction(prompt)
    function.is_async = is_async
    return function


def _prompt(
    model: ModelCore,
    prompt: Any,
    options: PromptOptions,
    history: History | None,
    scope: Scope,
    asked: Asked,
) -> Flow[Prompt]:
    given = options.get("messages")
    if given is None:
        given = (yield from history()) if history else ()
    messages = list(given)
    if (system := options.get("system")) is not None:
        others = [message for message in messages if message.role != "system"]
        messages = [BaseMessageParam(role="system", content=system), *others]
    messages += [result.message for result in options.get("tool_results") or ()]
    parts = yield from attached(options.get("attachments") or (), scope.policy, model.is_async)
    messages += _said(prompt, parts)
    if not messages or all(message.role == "system" for message in messages):
        raise ValueError("There is nothing to send: give a prompt, `messages` or `attachments`.")
    return Prompt(
        messages=with_answers(messages),
        fn_args={},
        dynamic_config=None,
        template=None,
        metadata={},
        tools=list(asked.tools),
        call_params={},
        client=_client(model, options.get("key")),
    )


def _said(prompt: Any, parts: Sequence[Any]) -> list[BaseMessageParam]:
    if prompt is None or prompt == "":
        said: list[BaseMessageParam] = []
    else:
        said = as_messages(prompt, "prompt")
    if not parts:
        return said
    if not said:
        return [BaseMessageParam(role="user", content=list(parts))]
    last = said[-1]
    content = [TextPart(text=last.content)] if isinstance(last.content, str) else last.content
    return [*said[:-1], BaseMessageParam(role=last.role, content=[*content, *parts])]


# --- clients


def _client(model: ModelCore, key: str | None) -> Any:
    if key is None and model.client is not None:
        return model.client
    key = key or model.key
    if key is None:
        return None
    return default_client(model.adapter, model.is_async, _endpoint(model.provider, key))


_ADDRESSES = ("_BASE_URL", "_API_URL", "INFERENCE_ENDPOINT")
"""How the names of the variables end that say where a provider is."""
_WITHOUT_KEY = frozenset({"bedrock", "litellm", "vertex"})


def _endpoint(provider: str, key: str) -> Endpoint:
    entry = PROVIDERS.get(provider)
    if entry is None or provider in _WITHOUT_KEY:
        raise ValueError(
            f"`key=` does not go with the provider `{provider}`. Make a client with the key, and "
            f'pass it: `llm.get_model("{provider}/…", client=…)`.'
        )
    redirected = endpoint_of(provider)
    named = [name for name in entry.environment if name.endswith(_ADDRESSES)]
    address = next(filter(None, map(os.environ.get, named)), entry.base_url)
    return Endpoint(redirected.base_url if redirected else address, key)
