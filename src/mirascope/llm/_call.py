"""`llm.call`: a prompt function becomes a call of the provider that is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..core._providers import provider_named
from ..core.base._call import CallOptions, CallSpec
from ..core.base._flow import Flow, as_function
from ..core.base._prompt_function import PromptFunction
from ._loops import Hooks, loop_attributes
from ._settings import Settings, active, within
from .call_response import CallResponse
from .stream import Stream

if TYPE_CHECKING:
    from ._signatures import Call

_MOST_SPECS = 32
"""How many sets of settings a function remembers what it worked out for."""


def _call(
    provider: str,
    model: str,
    *,
    stream: Any = False,
    tools: Any = None,
    response_model: Any = None,
    output_parser: Callable[..., Any] | None = None,
    json_mode: bool = False,
    validation_retries: int = 0,
    client: Any = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turn a prompt function into a call of a provider's model.

    - `provider`: the name of the provider, such as `openai` or `anthropic`.
    - `model`: the name of the model.
    - `stream`: yield the reply as it arrives; `{"partial_tools": True}` also yields tools while
      their arguments arrive.
    - `tools`: what the model may call: `BaseTool` classes and functions.
    - `response_model`: have the reply extracted as an instance of this type.
    - `output_parser`: what to make of the response (or of the response model's instance).
    - `json_mode`: ask for JSON; with a `response_model`, in place of a tool call.
    - `validation_retries`: how often the model is told what was wrong with an answer that does not
      fit the response model, and asked again.
    - `client`: the SDK client to use; an async function needs an async one.
    - `call_params`: further parameters, by their common names or by the provider's.

    Raises ValueError for an unknown provider, for options that do not go together and for a
    response model of a type that cannot be asked for; TypeError for a tool that is none and for a
    client of the wrong kind; ImportError where the provider's SDK is not installed.
    """
    options = CallOptions(
        provider=provider_named(provider),
        model=model,
        stream=stream,
        tools=tools,
        response_model=response_model,
        output_parser=output_parser,
        json_mode=json_mode,
        validation_retries=validation_retries,
        client=client,
        call_params=call_params,
    )
    options.check()
    return lambda fn: _decorated(options, fn)


if TYPE_CHECKING:
    call: Call
else:
    call = _call
    call.__name__ = call.__qualname__ = "call"


def _decorated(options: CallOptions, fn: Callable[..., Any]) -> Callable[..., Any]:
    function = PromptFunction(fn)
    base = _spec(options, function)
    specs: dict[int, tuple[Settings, CallSpec]] = {}

    def spec_under(settings: Settings) -> CallSpec:
        # By identity, and with the settings kept, so that an identity is never used again.
        known = specs.get(id(settings))
        if known is None:
            if len(specs) >= _MOST_SPECS:
                specs.clear()
            known = specs[id(settings)] = settings, _spec(settings.applied_to(options), function)
        return known[1]

    def start(*args: Any, **kwargs: Any) -> Flow[Any]:
        settings = active.get()
        spec = base if settings is None else spec_under(settings)
        flow = spec.flow(args, kwargs)
        # What runs when the coroutine is awaited is to see what was in force at the call.
        return within(settings, flow) if spec.is_async else flow

    def loop(hooks: Hooks, limit: int | None, args: Any, kwargs: Any) -> Any:
        from ._function_chain import function_chain

        settings = active.get()
        spec = base if settings is None else spec_under(settings)
        return function_chain(spec, settings, hooks, limit, args, kwargs)

    decorated = as_function(fn, start, function.is_async)
    decorated.__dict__.update(
        loop_attributes(loop),
        __mirascope_call__=True,
        _model=options.model,
        _original_fn=fn,
        _original_call_args={
            "provider": options.provider.name,
            "model": options.model,
            "stream": options.stream,
            "tools": options.tools,
            "response_model": options.response_model,
            "output_parser": options.output_parser,
            "json_mode": options.json_mode,
            "client": options.client,
            "call_params": options.call_params,
        },
    )
    return decorated


def _spec(options: CallOptions, function: PromptFunction) -> CallSpec:
    return CallSpec(options, function, respond_as=CallResponse, stream_as=Stream)
