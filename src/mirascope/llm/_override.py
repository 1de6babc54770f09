"""The same function with other settings."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, overload

from ..core.base._flow import Flow, as_function, step
from ._loops import loop_attributes, loop_of, under
from ._settings import Settings, active, check_pair, within

if TYPE_CHECKING:
    from ..core.base._signatures import Streamed, Tools
    from ..core.base.structured_stream import BaseStructuredStream
    from .call_response import CallResponse
    from .stream import Stream

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")


@overload
def override(  # pyright: ignore[reportOverlappingOverload]
    fn: Callable[P, Awaitable[Any]],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Streamed,
    tools: Tools | None = None,
    response_model: None = None,
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, Coroutine[Any, Any, Stream]]: ...
@overload
def override(
    fn: Callable[P, Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Streamed,
    tools: Tools | None = None,
    response_model: None = None,
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, Stream]: ...
@overload
def override(  # pyright: ignore[reportOverlappingOverload]
    fn: Callable[P, Awaitable[Any]],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Streamed,
    response_model: type[T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, Coroutine[Any, Any, BaseStructuredStream[T]]]: ...
@overload
def override(
    fn: Callable[P, Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Streamed,
    response_model: type[T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, BaseStructuredStream[T]]: ...
@overload
def override(
    fn: Callable[P, Awaitable[Any]],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Literal[False] | None = None,
    response_model: type[T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, Coroutine[Any, Any, T]]: ...
@overload
def override(
    fn: Callable[P, Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Literal[False] | None = None,
    response_model: type[T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, T]: ...
@overload
def override(
    fn: Callable[P, Awaitable[Any]],
    *,
    provider: str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    output_parser: Callable[[CallResponse], T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, Coroutine[Any, Any, T]]: ...
@overload
def override(
    fn: Callable[P, Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    output_parser: Callable[[CallResponse], T],
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, T]: ...
@overload
def override(
    fn: Callable[P, R],
    *,
    provider: str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    json_mode: bool | None = None,
    client: object | None = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[P, R]: ...
def override(
    fn: Callable[..., Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    stream: Any = None,
    tools: Any = None,
    response_model: Any = None,
    output_parser: Callable[..., Any] | None = None,
    json_mode: bool | None = None,
    client: Any = None,
    call_params: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """A function like `fn`, which `llm.call` made, that calls with other settings.

    `fn` itself stays as it is. A setting that is None stays the decorator's. Overriding `stream`,
    `response_model` or `output_parser` resets the others of these three. Where the provider
    changes, the decorator's client is not used. Raises ValueError for a provider without a model,
    and the reverse.
    """
    check_pair(
        provider,
        model,
        "Provider and model must both be overridden if either is overridden.",
    )
    settings = Settings(
        provider=provider,
        model=model,
        stream=stream,
        tools=tools,
        response_model=response_model,
        output_parser=output_parser,
        json_mode=json_mode,
        client=client,
        call_params=call_params,
    )
    latest: tuple[Settings | None, Settings] = (None, settings)

    def merged_settings() -> Settings:
        nonlocal latest
        outer, (known, merged) = active.get(), latest
        if known is not outer:
            merged = settings.inside(outer)
            # Kept, so that a function finds again what it worked out for these settings. In one
            # piece: another thread may be here with another context.
            latest = (outer, merged)
        return merged

    def start(*args: Any, **kwargs: Any) -> Flow[Any]:
        return within(merged_settings(), step(fn, *args, **kwargs))

    overridden = as_function(fn, start, inspect.iscoroutinefunction(fn))
    if inner := loop_of(fn):
        overridden.__dict__.update(loop_attributes(under(inner, merged_settings)))
    return overridden
