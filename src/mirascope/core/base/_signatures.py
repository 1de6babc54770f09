"""The types of a call decorator: what each set of options makes of a prompt function. No logic.

A decorated function keeps its parameters. What it returns follows from the options, and an
`async def` gives an awaitable of it.
"""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    Sequence,
)
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from .messages import Messages
from .stream_config import StreamConfig
from .structured_stream import BaseStructuredStream
from .tool import BaseTool

P = ParamSpec("P")
T = TypeVar("T")
OutputT = TypeVar("OutputT")
ResultT_co = TypeVar("ResultT_co", covariant=True)
ResponseT_co = TypeVar("ResponseT_co", covariant=True)
StreamT_co = TypeVar("StreamT_co", covariant=True)
ParamsT_contra = TypeVar("ParamsT_contra", contravariant=True)

Tools: TypeAlias = Sequence[type[BaseTool] | type[Any] | Callable[..., Any]]
Prompted: TypeAlias = Messages.Type | Sequence[Any] | Mapping[str, object] | None
Streamed: TypeAlias = Literal[True] | StreamConfig


class Decorator(Protocol[ResultT_co]):
    """Turns a prompt function into a call that returns `ResultT_co`, or an awaitable of it."""

    @overload
    def __call__(
        self, fn: Callable[P, Awaitable[Any]], /
    ) -> Callable[P, Coroutine[Any, Any, ResultT_co]]: ...
    @overload
    def __call__(self, fn: Callable[P, Prompted], /) -> Callable[P, ResultT_co]: ...


class ProviderCall(Protocol, Generic[ResponseT_co, StreamT_co, ParamsT_contra]):
    """The call decorator of one provider."""

    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[ResponseT_co]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: Callable[[ResponseT_co], OutputT],
        json_mode: bool = False,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[OutputT]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[StreamT_co]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[BaseStructuredStream[T]]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: None = None,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[T]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: None = None,
        response_model: type[T],
        output_parser: Callable[[T], OutputT],
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[OutputT]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[T | ResponseT_co]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools,
        response_model: type[T],
        output_parser: Callable[[T], OutputT],
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[OutputT | ResponseT_co]: ...
    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: Any,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[BaseStructuredStream[Any]]:
        """For types that have no class, such as `int | None` and `Literal["a", "b"]`."""

    @overload
    def __call__(
        self,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: Any,
        output_parser: Callable[[Any], Any] | None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: ParamsT_contra | None = None,
    ) -> Decorator[Any]:
        """For types that have no class, such as `int | None` and `Literal["a", "b"]`."""
