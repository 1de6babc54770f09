"""The automatic tool loop of functions that `llm.call` made."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, Unpack, overload

from ..core.base._call import CallSpec, prompt_for
from ..core.base._scope import scope_now
from ._asked import Asked
from ._chain import AsyncChainResponse, ChainResponse
from ._loops import Hooks, loop_of
from ._source import Source
from .call_response import CallResponse
from .models import AsyncModel, Model
from .stream import Stream

if TYPE_CHECKING:
    from ..core.base.structured_stream import BaseStructuredStream
    from ._options import HookOptions
    from ._settings import Settings

P = ParamSpec("P")
T = TypeVar("T")


@overload
def chain(
    fn: Callable[P, CallResponse], **options: Unpack[HookOptions]
) -> Callable[P, ChainResponse[CallResponse]]: ...
@overload
def chain(
    fn: Callable[P, Stream], **options: Unpack[HookOptions]
) -> Callable[P, ChainResponse[CallResponse]]: ...
@overload
def chain(
    fn: Callable[P, BaseStructuredStream[T]], **options: Unpack[HookOptions]
) -> Callable[P, ChainResponse[T]]: ...
@overload
def chain(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]
    fn: Callable[P, Coroutine[Any, Any, CallResponse]], **options: Unpack[HookOptions]
) -> Callable[P, AsyncChainResponse[CallResponse]]: ...
@overload
def chain(  # type: ignore[overload-overlap]
    fn: Callable[P, Coroutine[Any, Any, Stream]], **options: Unpack[HookOptions]
) -> Callable[P, AsyncChainResponse[CallResponse]]: ...
@overload
def chain(  # type: ignore[overload-overlap]
    fn: Callable[P, Coroutine[Any, Any, BaseStructuredStream[T]]], **options: Unpack[HookOptions]
) -> Callable[P, AsyncChainResponse[T]]: ...
@overload
def chain(  # type: ignore[overload-overlap]
    fn: Callable[P, Coroutine[Any, Any, T | CallResponse]], **options: Unpack[HookOptions]
) -> Callable[P, AsyncChainResponse[T]]: ...
@overload
def chain(
    fn: Callable[P, T | CallResponse], **options: Unpack[HookOptions]
) -> Callable[P, ChainResponse[T]]: ...
def chain(fn: Callable[..., Any], **options: Unpack[HookOptions]) -> Callable[..., Any]:
    """A function like `fn`, which `llm.call` made, that also runs the tools the model calls.

        answer = llm.chain(ask, before_call=approve)("Delete the old files").text()

    It takes what `fn` takes and gives an `llm.ChainResponse`; of an async function, an
    `llm.AsyncChainResponse`, without `await`. Without options, `fn.chain(...)` is the same.

    - `before_call(tool, tool_call)`: called before each tool, in the order of the calls; it may
      raise `CancelToolCall` or `PauseChain`. `tool` is None where there is none of that name.
    - `after_call(tool, tool_call, tool_result)`: called when the tools of a turn have ended.
    - `chain_limit`: how many replies to ask for at most: 10 unless given, and 0 for no limit.

    Raises TypeError for a function that `llm.call` did not make, and for an async hook of a sync
    function.
    """
    loop = loop_of(fn)
    if loop is None:
        raise TypeError(
            f"`llm.chain` needs a function that `llm.call` made, not {fn!r}. For a loop without a "
            "prompt function, use `llm.get_model(...).chain(...)`."
        )
    hooks = Hooks(options.get("before_call"), options.get("after_call"))
    limit = options.get("chain_limit")

    def start(*args: Any, **kwargs: Any) -> Any:
        return loop(hooks, limit, args, kwargs)

    return start


def function_chain(
    spec: CallSpec,
    settings: Settings | None,
    hooks: Hooks,
    limit: int | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """The chain for one call of a decorated function, under the settings that were in force."""
    scope, options = scope_now(), spec.options
    source = Source(
        provider=options.provider,
        tools=options.tools or (),
        spec_for=lambda stream: _loop_spec(spec, stream),
        make_prompt=lambda: prompt_for(spec.function, scope, args, dict(kwargs)),
        scope=scope,
        settings=settings,
    )
    model_type, chain_type, response_type = (
        (AsyncModel, AsyncChainResponse, AsyncModel._response_type)
        if spec.is_async
        else (Model, ChainResponse, Model._response_type)
    )
    model = model_type(options.provider.name, options.model, client=options.client)

    def respond(source: Source) -> Any:
        asked = Asked(
            tools=tuple(options.tools or ()),
            schema=options.response_model,
            options=options.call_params or {},
        )
        return response_type(model, source, asked)

    parser, corrections = options.output_parser, options.validation_retries
    return chain_type(source, respond, hooks, limit, parser, corrections)


@lru_cache(maxsize=256)
def _loop_spec(spec: CallSpec, stream: bool) -> CallSpec:
    """The spec of the same call in a loop, where the answer is text, or JSON for a model."""
    options = replace(
        spec.options,
        stream=stream,
        output_parser=None,
        json_mode=spec.options.json_mode or spec.extraction is not None,
    )
    return CallSpec(options, spec.function, respond_as=CallResponse, stream_as=Stream)
