"""Middleware: functions of one's own that are told of every call and what came of it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias, TypeVar, cast

from ..core.base._flow import Flow, step
from ..core.base.call_response import BaseCallResponse
from ..core.base.stream import BaseStream
from ..core.base.structured_stream import BaseStructuredStream
from ._watching import Watch, watched

__all__ = ["middleware_factory"]

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])
Context: TypeAlias = Callable[[Any], AbstractContextManager[Any]]
Handler: TypeAlias = Callable[[Any, Any, Any], Any]
AsyncHandler: TypeAlias = Callable[[Any, Any, Any], Awaitable[Any]]
Handlers: TypeAlias = Mapping[str, Handler | AsyncHandler | None]


def middleware_factory(
    *,
    custom_context_manager: Context | None = None,
    custom_decorator: Callable[[Any], Callable[[Any], Any]] | None = None,
    handle_call_response: Handler | None = None,
    handle_call_response_async: AsyncHandler | None = None,
    handle_stream: Handler | None = None,
    handle_stream_async: AsyncHandler | None = None,
    handle_response_model: Handler | None = None,
    handle_response_model_async: AsyncHandler | None = None,
    handle_structured_stream: Handler | None = None,
    handle_structured_stream_async: AsyncHandler | None = None,
    handle_error: Handler | None = None,
    handle_error_async: AsyncHandler | None = None,
) -> Callable[[FunctionT], FunctionT]:
    """A decorator that stands above a call decorator and tells the handlers of every call.

        saved = middleware_factory(handle_call_response=save, handle_error=report)

        @saved
        @llm.call(provider="openai", model="gpt-4o-mini")
        def recommend(genre: str) -> str: ...

    Each handler is called with `(result, fn, context)`: what the call gave, the call's function,
    and what `custom_context_manager(fn)` yielded (None without one), which is open for as long as
    the call takes, and for a stream until its pass has ended. Functions that are async have their
    `…_async` handlers awaited.

    - `handle_call_response`: responses.
    - `handle_stream`, `handle_structured_stream`: streams whose pass has ended, whether or not all
      had arrived; `construct_call_response()` has what did.
    - `handle_response_model`: everything else: response models, plain values, parsed output.
    - `handle_error(error, fn, context)`: its result takes the place of the call's, and is given to
      the other handlers; it raises where there is to be none. An error within a stream ends the
      pass, quietly if it does not raise. Without it errors pass through.
    - `custom_decorator`: `custom_decorator(fn)` is applied to the whole.

    What a handler raises is raised by the call.
    """
    handlers = {
        "call_response": (handle_call_response, handle_call_response_async),
        "stream": (handle_stream, handle_stream_async),
        "response_model": (handle_response_model, handle_response_model_async),
        "structured_stream": (handle_structured_stream, handle_structured_stream_async),
        "error": (handle_error, handle_error_async),
    }

    def decorate(fn: FunctionT) -> FunctionT:
        is_async = inspect.iscoroutinefunction(fn)
        chosen: Handlers = {kind: each[is_async] for kind, each in handlers.items()}

        def start() -> Watch:
            context = custom_context_manager(fn) if custom_context_manager else nullcontext()
            return _Handled(fn, chosen, context)

        handled = watched(fn, start, in_stream_too=chosen["error"] is not None)
        if custom_decorator is None:
            return handled
        outermost = cast(FunctionT, custom_decorator(fn)(handled))
        outermost.__dict__.update({**vars(handled), **vars(outermost)})
        return outermost

    return decorate


class _Handled(Watch):
    def __init__(
        self,
        fn: Callable[..., Any],
        handlers: Handlers,
        manager: AbstractContextManager[Any],
    ) -> None:
        self._fn = fn
        self._handlers = handlers
        self._manager = manager
        self._entered = False
        self._context: Any = None

    def calling(self, call: Flow[Any]) -> Flow[Any]:
        self._context = self._manager.__enter__()
        self._entered = True
        return (yield from call)

    def replied(self, result: Any) -> Flow[None]:
        if handler := self._handlers[_kind(result)]:
            yield from step(handler, result, self._fn, self._context)

    def failed(self, error: Exception) -> Flow[Any]:
        handler = self._handlers["error"]
        if handler is None or not self._entered:
            raise error
        return (yield from step(handler, error, self._fn, self._context))

    def leave(self, error: BaseException | None) -> None:
        if self._entered:
            self._entered = False
            if error is None:
                self._manager.__exit__(None, None, None)
            else:
                self._manager.__exit__(type(error), error, error.__traceback__)


def _kind(result: Any) -> str:
    if isinstance(result, BaseStructuredStream):
        return "structured_stream"
    if isinstance(result, BaseStream):
        return "stream"
    return "call_response" if isinstance(result, BaseCallResponse) else "response_model"
