"""The calls and streams of `call_factory`: of providers written the way Mirascope v1 had it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, cast

from ._controls import controlled, with_those_everywhere
from ._extract import Extraction
from ._feed import Source
from ._flow import Flow, as_function, step
from ._narrow import is_object
from ._prompt_function import Prompt, PromptFunction
from ._provider import EventSource, Received
from ._request import Request
from ._scope import Scope, scope_now
from ._v1_replies import V1Adapter, own_tokens
from ._wire import Delta
from .call_response import BaseCallResponse
from .call_response_chunk import BaseCallResponseChunk
from .stream import BaseStream
from .structured_stream import BaseStructuredStream
from .tool import BaseTool

Setup = tuple[Callable[..., Any], "str | None", list[Any], "list[type[BaseTool]] | None", Any]


class SetupCall(Protocol):
    """Makes one call ready.

    It returns the function to call (with `stream` and the keyword arguments), the text of the
    prompt template or None, the messages in the provider's form, the provider's tool classes or
    None, and the keyword arguments.
    """

    def __call__(
        self,
        *,
        model: str,
        client: Any,
        fn: Callable[..., Any],
        fn_args: dict[str, Any],
        dynamic_config: Any,
        tools: list[Any] | None,
        json_mode: bool,
        call_params: Any,
        response_model: Any,
        stream: Any,
    ) -> Setup: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What `call_factory` was given."""

    response: type[BaseCallResponse]
    chunk: type[BaseCallResponseChunk]
    tool: type[BaseTool]
    stream: type[BaseStream[Any, Any]]
    params: Mapping[str, Any]
    setup_call: SetupCall
    get_json_output: Callable[[Any, bool], str]
    handle_stream: Callable[..., Iterable[Any]]
    handle_stream_async: Callable[..., AsyncIterator[Any]]


def call_decorator(parts: Parts) -> Any:
    """The decorator that `call_factory` gives."""
    stream_type = _stream_type(parts.stream)
    parts = replace(parts, stream=stream_type)

    def call(
        model: str,
        *,
        stream: Any = False,
        tools: list[Any] | None = None,
        response_model: Any = None,
        output_parser: Callable[..., Any] | None = None,
        json_mode: bool = False,
        client: Any = None,
        call_params: Mapping[str, Any] | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        if stream and output_parser:
            raise ValueError("Cannot use `output_parser` with `stream=True`.")

        def decorator(fn: Callable[..., Any]) -> Callable[..., Any]:
            made = _Call(
                parts,
                PromptFunction(fn),
                fn,
                model,
                stream,
                tools,
                Extraction(response_model) if response_model is not None else None,
                output_parser,
                json_mode,
                client,
                call_params or {},
            )
            function = as_function(fn, made.flow, made.function.is_async)
            function.__dict__.update(__mirascope_call__=True, _model=model)
            return function

        return decorator

    return call


@dataclass(frozen=True, slots=True)
class _Call:
    """One decorated function."""

    parts: Parts
    function: PromptFunction
    fn: Callable[..., Any]
    model: str
    stream: Any
    tools: list[Any] | None
    extraction: Extraction | None
    output_parser: Callable[..., Any] | None
    json_mode: bool
    client: Any
    call_params: Mapping[str, Any]

    def flow(self, *args: Any, **kwargs: Any) -> Flow[Any]:
        """The flow that makes one call, under what is in force now."""
        return self._called(scope_now(), args, kwargs)

    def _called(self, scope: Scope, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
        fn_args = self.function.bind(args, kwargs)
        result = yield from step(self.function.fn, *args, **kwargs)
        request, create = self._request(self.function.interpret(result, fn_args))
        request.controls = with_those_everywhere(scope.controls)
        if self.stream:
            return self._streamed(request, create)
        send = partial(create, stream=False, **request.kwargs)
        received = partial(self._received, request)
        if request.controls:
            response = yield from controlled(request, send, received)
        else:
            start_time = time.time() * 1000
            response = received((yield from step(send)), start_time)
        return self._outcome(response, request)

    def _received(self, request: Request, raw: Any, start_time: float) -> BaseCallResponse:
        return self.parts.response(
            metadata=request.prompt.metadata,
            response=raw,
            tool_types=request.tool_types,
            prompt_template=request.prompt.template,
            fn_args=request.prompt.fn_args,
            dynamic_config=request.prompt.dynamic_config,
            messages=request.messages,
            call_params=request.call_params,
            call_kwargs=request.kwargs,
            user_message_param=_user_message(request.messages),
            start_time=start_time,
            end_time=time.time() * 1000,
        )

    def _request(self, prompt: Prompt) -> tuple[Request, Callable[..., Any]]:
        """One call, ready to send, and the function that sends it."""
        tools = self.tools if prompt.tools is None else prompt.tools
        if self.stream and self.extraction:
            tools = None
        setup = self.parts.setup_call(
            model=self.model,
            client=self.client if prompt.client is None else prompt.client,
            fn=self.fn,
            fn_args=prompt.fn_args,
            dynamic_config={**(prompt.dynamic_config or {}), "messages": prompt.messages},
            tools=self._offered(tools),
            json_mode=self._asks_for_json(tools),
            call_params={**self.parts.params, **self.call_params, **prompt.call_params},
            response_model=self.extraction and self.extraction.response_model,
            stream=self.stream,
        )
        create, template, messages, tool_types, kwargs = setup
        prompt.template = template
        request = Request(
            provider=cast(Any, V1Adapter(self.parts.response)),
            model=self.model,
            prompt=prompt,
            messages=list(messages),
            kwargs=dict(kwargs),
            client=None,
            is_async=self.function.is_async,
            stream=bool(self.stream),
            call_params={**self.parts.params, **self.call_params},
            tool_types=tool_types,
        )
        return request, create

    def _asks_for_json(self, tools: list[Any] | None) -> bool:
        # Offered other tools, the model must stay free to choose one of them or to answer.
        return self.json_mode or bool(self.extraction and tools)

    def _offered(self, tools: list[Any] | None) -> list[Any] | None:
        if self.extraction and not self._asks_for_json(tools):
            return [self.extraction.tool_type(self.parts.tool)]
        return tools

    def _outcome(self, response: BaseCallResponse, request: Request) -> Any:
        output: Any = response
        tools = request.prompt.tools if request.prompt.tools is not None else self.tools
        if self.extraction and tools and response.tools:
            return response
        if self.extraction:
            text = self.parts.get_json_output
            json_mode = self._asks_for_json(tools)
            output = _extracted(
                self.extraction, response, request, lambda: text(response, json_mode)
            )
        return self.output_parser(output) if self.output_parser else output

    def _streamed(self, request: Request, create: Callable[..., Any]) -> Any:
        stream = cast(Any, self.parts.stream.__new__(self.parts.stream))
        partial_tools = is_object(self.stream) and bool(self.stream.get("partial_tools"))
        BaseStream.__init__(stream, request, partial_tools)
        stream._create, stream._parts = create, self.parts
        if self.extraction is None:
            return stream
        structured = _StructuredStream(stream, self.extraction, request.prompt.fn_args)
        structured.parts, structured.json_mode = self.parts, self.json_mode
        return structured


def _user_message(messages: Sequence[Any]) -> Any:
    last: Any = messages[-1] if messages else None
    role = last.get("role") if is_object(last) else getattr(last, "role", None)
    return last if role == "user" else None


def _extracted(
    extraction: Extraction, response: Any, request: Request, text: Callable[[], str]
) -> Any:
    try:
        output = extraction.from_text(text(), request.prompt.fn_args)
    except ValueError as error:
        vars(error)["_response"] = response
        raise
    if not extraction.is_built_in:
        object.__setattr__(output, "_response", response)
    return output


# --- streams


def _stream_type(declared: type[BaseStream[Any, Any]]) -> type[BaseStream[Any, Any]]:
    """The stream's class, with a pass that takes what the provider's own function yields."""
    return type(declared.__name__, (_Stream, declared), {"__doc__": declared.__doc__})


class _Stream(BaseStream[Any, Any]):
    _create: Callable[..., Any]
    _parts: Parts
    _last_reasons: Any = None

    def open(self) -> Flow[Source]:
        self._tool_calls: list[Any] = []
        return super().open()

    def _send(self) -> Any:
        return self._create(stream=True, **self._request.kwargs)

    def _events_of(self, raw: Any) -> EventSource:
        handle = self._parts.handle_stream_async if self._is_async else self._parts.handle_stream
        items = handle(raw, self.tool_types, partial_tools=self._partial_tools)
        return _Items(raw, items, self._is_async)

    def feed(self, event: Any) -> Iterator[tuple[Any, Any]]:
        chunk, tool = event
        self._builder.add(
            Delta(
                id=chunk.id,
                model=chunk.model,
                text=chunk.content or "",
                finish_reasons=[str(reason) for reason in chunk.finish_reasons or ()] or None,
                tokens=own_tokens(chunk),
                usage=chunk.usage,
            )
        )
        self._last_reasons = chunk.common_finish_reasons or self._last_reasons
        if tool is not None and not getattr(tool, "delta", None):
            self._tool_calls.append(tool.tool_call)
        common = self._common_chunk_type
        yield (common(chunk) if common else chunk), tool
        if self._permits is not None:
            self._permits.arrived(self)

    def finish(self) -> Iterator[tuple[Any, Any]]:
        if self._permits and (failure := self._permits.failure()):
            raise failure
        return iter(())

    @property
    def call_response_type(self) -> type[BaseCallResponse]:
        return self._parts.response

    @property
    def common_finish_reasons(self) -> Any:
        return self._last_reasons

    @property
    def user_message_param(self) -> Any:
        return _user_message(self.messages)

    @property
    def message_param(self) -> Any:
        if not self._over:
            raise AttributeError("message_param: the stream has not been consumed")
        construct = cast(Any, self)._construct_message_param
        return construct(self._tool_calls or None, self.content or None)


class _Items(EventSource):
    """What the provider's own function yields."""

    done = True

    def __init__(self, raw: Any, items: Any, is_async: bool) -> None:
        self._raw, self._given, self._is_async = raw, items, is_async

    def __iter__(self) -> Iterator[Any]:
        return iter(self._given)

    def __aiter__(self) -> AsyncIterator[Any]:
        return cast(AsyncIterator[Any], aiter(self._given))

    def decode(self, event: Any) -> Iterable[Received]:
        return ()

    def close(self) -> Flow[None]:
        names = ("aclose", "close") if self._is_async else ("close",)
        for opened in (self._given, self._raw):
            close = next(filter(None, (getattr(opened, name, None) for name in names)), None)
            if close is not None:
                yield from step(close)


class _StructuredStream(BaseStructuredStream[Any]):
    parts: Parts
    json_mode: bool
    _text: str = ""

    def feed(self, event: Any) -> Iterator[Any]:
        for chunk, _ in self.stream.feed(event):
            self._text += self.parts.get_json_output(chunk, self.json_mode) or ""
        yield from self._grown()

    def finish(self) -> Iterator[Any]:
        for _ in self.stream.finish():
            pass
        self.stream.stop()
        response = self.stream.construct_call_response()
        text = self._text
        request = self.stream._request
        answer = _extracted(self._extraction, response, request, lambda: text)
        self.constructed_response_model = answer
        yield answer

    def _grown(self) -> Iterator[Any]:
        if len(self._text) == self._seen:
            return
        self._seen = len(self._text)
        partial = self._arriving.read(self._text)
        if partial is not None:
            yield partial
