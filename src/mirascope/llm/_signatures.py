"""The types of `llm.call`: what each set of options makes of a prompt function. No logic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload

from ..core.base._signatures import Decorator, Streamed, Tools
from ..core.base.call_params import CommonCallParams
from ..core.base.structured_stream import BaseStructuredStream
from ..core.base.types import LocalProvider, Provider
from .call_response import CallResponse
from .stream import Stream

T = TypeVar("T")
OutputT = TypeVar("OutputT")
ProviderName: TypeAlias = Provider | LocalProvider
Params: TypeAlias = CommonCallParams | Mapping[str, Any]


class Call(Protocol):
    """The call decorator that takes the provider by name."""

    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[CallResponse]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: Callable[[CallResponse], OutputT],
        json_mode: bool = False,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[OutputT]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: None = None,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[Stream]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[BaseStructuredStream[T]]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: None = None,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[T]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: None = None,
        response_model: type[T],
        output_parser: Callable[[T], OutputT],
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[OutputT]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools,
        response_model: type[T],
        output_parser: None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[T | CallResponse]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools,
        response_model: type[T],
        output_parser: Callable[[T], OutputT],
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[OutputT | CallResponse]: ...
    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Streamed,
        tools: Tools | None = None,
        response_model: Any,
        output_parser: None = None,
        json_mode: bool = False,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[BaseStructuredStream[Any]]:
        """For types that have no class, such as `int | None` and `Literal["a", "b"]`."""

    @overload
    def __call__(
        self,
        provider: ProviderName,
        model: str,
        *,
        stream: Literal[False] = False,
        tools: Tools | None = None,
        response_model: Any,
        output_parser: Callable[[Any], Any] | None = None,
        json_mode: bool = False,
        validation_retries: int = 0,
        client: object | None = None,
        call_params: Params | None = None,
    ) -> Decorator[Any]:
        """For types that have no class, such as `int | None` and `Literal["a", "b"]`."""
