"""What happens in a call, in order.

`CallOptions` is what a decorator was given. `CallSpec` is everything that follows from it and from
the prompt function, worked out once, at decoration. `prepare` turns one call into a `Request`; it
does no I/O. The flows at the end are the whole of a call, sync or async.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from . import _extract
from ._clients import default_client
from ._controls import controlled, with_those_everywhere
from ._extract import Extraction
from ._flow import Flow, as_function, raise_in_place_of, step
from ._media_parts import loaded, parts_to_load
from ._prompt_function import Prompt, PromptFunction
from ._provider import Draft, JsonMode, Provider
from ._request import Request
from ._scope import Scope, scope_now
from ._tool_types import tools_by_name
from ._transport import ONCE, Transport, retried_above, transport_in, without_transport
from ._unreadable import STUMBLES
from .call_response import BaseCallResponse
from .message_param import BaseMessageParam
from .stream import BaseStream
from .structured_stream import BaseStructuredStream, extracted
from .tool import BaseTool

if TYPE_CHECKING:
    from .stream_config import StreamConfig


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What a call decorator was given."""

    provider: Provider
    model: str
    stream: bool | StreamConfig = False
    tools: Sequence[Any] | None = None
    response_model: Any = None
    output_parser: Callable[..., Any] | None = None
    json_mode: bool = False
    validation_retries: int = 0
    client: Any = None
    call_params: Mapping[str, Any] | None = None

    def check(self) -> None:
        """Raise ValueError for options that do not go together."""
        if self.stream and self.output_parser:
            raise ValueError(
                "Cannot use `output_parser` with `stream=True`. Parse what the stream adds up to "
                "after the loop instead, for instance with `stream.construct_call_response()`."
            )
        if self.validation_retries:
            self._check_validation_retries()

    def _check_validation_retries(self) -> None:
        retries: Any = self.validation_retries
        if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
            raise ValueError(f"`validation_retries` is a number, 0 or more, not {retries!r}.")
        if self.stream:
            raise ValueError(
                "Cannot use `validation_retries` with `stream`: what has been shown cannot be "
                "taken back. Leave out one of them, or retry around the loop."
            )


class CallSpec:
    """Everything about the calls of one decorated function that is the same for all of them."""

    def __init__(
        self,
        options: CallOptions,
        function: PromptFunction,
        *,
        respond_as: Callable[[Any], Any] | None = None,
        stream_as: Callable[[Any], Any] | None = None,
    ) -> None:
        options.check()
        self.respond_as = respond_as
        self.stream_as = stream_as
        self.options = options
        self.function = function
        self.provider = provider = options.provider
        self.is_async = function.is_async
        self.partial_tools = isinstance(options.stream, Mapping) and bool(
            options.stream.get("partial_tools")
        )
        given = options.call_params or {}
        self.transport = transport_in(provider, given)
        self.params = provider.encode_params(
            {**provider.default_params, **without_transport(given)}
        )
        self.extraction: Extraction | None = None
        self.extraction_tool: type[BaseTool] | None = None
        if options.response_model is not None:
            model = options.response_model
            self.extraction = model if isinstance(model, Extraction) else Extraction(model)
            _warn_of_unused_strictness(self.extraction, options.json_mode)
            self.extraction_tool = self.extraction.tool_type(provider.tool_type)
        # A structured stream has room for nothing but the response model.
        tools = () if options.stream and self.extraction else options.tools or ()
        self.tool_types = provider_tools(provider, tools)
        if options.client is not None:
            provider.check_client(options.client, self.is_async)
            if self.transport:
                # What is made of the client is kept, and what it refuses is refused here.
                provider.with_transport(options.client, {}, self.transport)

    def flow(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
        """The flow that makes one call, under what is in force now."""
        scope = scope_now()
        if self.options.stream:
            return stream(self, scope, args, kwargs)
        return respond(self, scope, args, kwargs)


def _warn_of_unused_strictness(extraction: Extraction, json_mode: bool) -> None:
    if extraction.strict and not json_mode:
        warnings.warn(
            f"`{extraction.name}` asks for a strict response model, which takes effect with "
            "`json_mode=True`; without it a tool call is asked for.",
            stacklevel=2,
        )


def provider_tools(provider: Provider, tools: Sequence[Any]) -> list[type[BaseTool]]:
    """Tools as the provider's tool classes.

    Raises TypeError for what is no tool, ValueError for two tools of one name.
    """
    return [made for _, made in tools_by_name(tools, provider.tool_type).values()]


def decorated(options: CallOptions, fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function in the place of `fn` that makes the call: the core of every call decorator."""
    spec = CallSpec(options, PromptFunction(fn))
    call = as_function(fn, lambda *args, **kwargs: spec.flow(args, kwargs), spec.is_async)
    call.__dict__.update(__mirascope_call__=True, _model=options.model)
    return call


# --- from a prompt to a request


def prepare(spec: CallSpec, prompt: Prompt) -> Request:
    """One call, ready to send. Raises for everything that is wrong before anything is sent."""
    provider, options, extraction = spec.provider, spec.options, spec.extraction
    if extraction:
        _check_call_args(extraction, prompt)
    params, transport = spec.params, spec.transport
    if prompt.call_params:
        params = {**params, **provider.encode_params(without_transport(prompt.call_params))}
        if given := transport_in(provider, prompt.call_params):
            transport = given.over(transport)
    tools = spec.tool_types if prompt.tools is None else provider_tools(provider, prompt.tools)
    forced_tool, json_mode = _expectation(spec, params, bool(tools))
    messages = prompt.messages
    if json_mode and not json_mode.strict:
        instruction = extraction.json_instruction if extraction else _extract.JSON_INSTRUCTION
        messages = [*messages, BaseMessageParam(role="user", content=instruction)]
    draft = Draft(
        model=options.model,
        messages=provider.encode_messages(messages),
        params=dict(params),
        tools=[*tools, forced_tool] if forced_tool else tools,
        forced_tool=forced_tool,
        json=json_mode,
        stream=bool(options.stream),
    )
    kwargs = provider.finalize(draft)
    return Request(
        provider=provider,
        model=options.model,
        prompt=prompt,
        kwargs=kwargs,
        messages=draft.messages,
        client=_client(spec, prompt, kwargs, transport),
        is_async=spec.is_async,
        stream=draft.stream,
        call_params=spec.options.call_params or {},
        tool_types=None if extraction and draft.stream else list(draft.tools) or None,
    )


def _check_call_args(extraction: Extraction, prompt: Prompt) -> None:
    for name in extraction.call_args:
        if name not in prompt.fn_args:
            raise ValueError(
                f"Field `{name}` of `{extraction.name}` is marked `FromCallArgs`, but the call has "
                f"no argument `{name}`. Add the parameter to the function or remove the mark."
            )


def _expectation(
    spec: CallSpec, params: Mapping[str, Any], has_tools: bool
) -> tuple[type[BaseTool] | None, JsonMode | None]:
    """What to demand of the model: a call of the extraction tool, or JSON, or nothing."""
    extraction = spec.extraction
    if extraction is None:
        return None, JsonMode() if spec.options.json_mode else None
    provider = spec.provider
    # A tool call that arrives whole would leave nothing to show of what is under way.
    arrives_whole = spec.options.stream and not provider.streams_arguments
    # Offered other tools, the model must stay free to choose one of them or to answer.
    free = has_tools or arrives_whole or not provider.can_force_tool(params)
    if spec.options.json_mode or free:
        strict = extraction.strict and provider.has_strict_json
        return None, JsonMode(extraction.name, extraction.schema(strict), strict)
    return spec.extraction_tool, None


def _client(
    spec: CallSpec, prompt: Prompt, kwargs: dict[str, Any], transport: Transport | None
) -> Any:
    """The client to call with `kwargs`; both are what `transport` makes of them."""
    provider, client = spec.provider, prompt.client
    if client is not None:
        provider.check_client(client, spec.is_async)
    else:
        client = spec.options.client
    if client is None and retried_above.get():
        # Or each of our attempts would be several of the SDK's.
        transport = transport.over(ONCE) if transport else ONCE
    if client is None and transport and provider.has_transport_in_client:
        return default_client(provider, spec.is_async, transport=transport)
    if client is None:
        client = default_client(provider, spec.is_async)
    return provider.with_transport(client, kwargs, transport) if transport else client


# --- the flows


def request_for(
    spec: CallSpec, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Request]:
    """The request that one call of the prompt function amounts to."""
    prompt = yield from prompt_for(spec.function, scope, args, kwargs)
    return (yield from ready(spec, prompt, scope))


def prompt_for(
    function: PromptFunction, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Prompt]:
    """The prompt that one call of the prompt function amounts to."""
    fn_args = function.bind(args, kwargs)
    result = yield from step(function.fn, *args, **kwargs)
    return function.interpret(result, fn_args, scope.policy)


def ready(spec: CallSpec, prompt: Prompt, scope: Scope) -> Flow[Request]:
    """The request for a prompt, with its media loaded and its client open."""
    if wanted := parts_to_load(spec.provider, prompt.messages):
        policy = prompt.media_policy or scope.policy
        prompt.messages = yield from loaded(prompt.messages, wanted, policy, spec.is_async)
    request = prepare(spec, prompt)
    request.controls = with_those_everywhere(scope.controls)
    request.client = yield from spec.provider.open_client(request.client, spec.is_async)
    return request


def reply_to(request: Request) -> Flow[BaseCallResponse]:
    """Send a request, for a whole reply."""
    try:
        if request.controls:
            received = functools.partial(_received, request)
            return (yield from controlled(request, request.send, received))
        start_time = time.time() * 1000
        return _received(request, (yield from step(request.send)), start_time)
    except STUMBLES as error:
        raise_in_place_of(error, request.provider.misread(error))


def _received(request: Request, raw: Any, start_time: float) -> BaseCallResponse:
    provider = request.provider
    response: BaseCallResponse = provider.response_type._received(
        request, provider.receive(raw), start_time, time.time() * 1000
    )
    return response


def respond(
    spec: CallSpec, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Any]:
    """A whole reply: a call response, or what the response model and the parser make of it."""
    request = yield from request_for(spec, scope, args, kwargs)
    response = yield from reply_to(request)
    if spec.options.validation_retries:
        return (yield from _corrected(spec, scope, request, response))
    return _outcome(spec, request, response)


def _outcome(spec: CallSpec, request: Request, response: BaseCallResponse) -> Any:
    result = spec.respond_as(response) if spec.respond_as else response
    if spec.extraction is None:
        return _parsed(spec, result)
    offered = request.tool_types
    if offered and spec.extraction_tool not in offered and response.tools:
        return result
    return _parsed(spec, extracted(spec.extraction, response, request.prompt.fn_args))


def _corrected(
    spec: CallSpec, scope: Scope, request: Request, response: BaseCallResponse
) -> Flow[Any]:
    """The outcome, where the model may correct what does not fit."""
    from ._attempts import Attempt, note
    from ._corrections import correction

    attempts: list[Attempt] = []
    while True:
        seconds = (response.end_time - response.start_time) / 1000
        try:
            outcome = _outcome(spec, request, response)
        except ValueError as error:
            said = response._reply
            if said.refusal or len(attempts) == spec.options.validation_retries:
                note(error, attempts)
                raise
            attempts.append(Attempt(error, spec.provider.name, spec.options.model, seconds))
            more = correction(spec.provider, said, error)
        else:
            note(outcome, attempts)
            return outcome
        prompt = replace(request.prompt, messages=[*request.prompt.messages, *more])
        request = yield from ready(spec, prompt, scope)
        response = yield from reply_to(request)


def _parsed(spec: CallSpec, output: Any) -> Any:
    parser = spec.options.output_parser
    return parser(output) if parser else output


def stream(
    spec: CallSpec, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Any]:
    """A stream, of which nothing is sent yet."""
    request = yield from request_for(spec, scope, args, kwargs)
    reply: BaseStream = request.provider.stream_type(request, spec.partial_tools)
    if spec.extraction:
        return BaseStructuredStream[Any](reply, spec.extraction, request.prompt.fn_args)
    return spec.stream_as(reply) if spec.stream_as else reply
