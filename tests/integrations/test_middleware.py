"""Handlers are told of each call, in the order that v1 had."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.integrations import middleware_factory

CALL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o-mini"}


class Book(BaseModel):
    title: str


class Log(list[Any]):
    """What happened, in order, with a middleware that writes it."""

    @contextmanager
    def context(self, fn: Any) -> Iterator[str]:
        self.append(f"enter {fn.__name__}")
        try:
            yield "the context"
        finally:
            self.append("exit")

    def write(self, kind: str) -> Any:
        return lambda result, fn, context: self.append((kind, result, fn.__name__, context))

    def write_async(self, kind: str) -> Any:
        async def handler(result: Any, fn: Any, context: Any) -> None:
            self.append((kind, result, fn.__name__, context))

        return handler

    def middleware(self, **more: Any) -> Any:
        kinds = ("call_response", "stream", "response_model", "structured_stream")
        sync = {f"handle_{kind}": self.write(kind) for kind in kinds}
        both = sync | {f"handle_{kind}_async": self.write_async(kind) for kind in kinds}
        return middleware_factory(custom_context_manager=self.context, **both | more)


@pytest.fixture
def log() -> Log:
    return Log()


def test_response(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL)
    def ask(topic: str) -> str:
        """Asks."""
        return f"Say {topic}"

    result = ask("hello")
    assert log == ["enter ask", ("call_response", result, "ask", "the context"), "exit"]
    assert ask.__name__ == "ask"
    assert ask.__doc__ == "Asks."
    assert ask._model == "gpt-4o-mini"


async def test_async_response_awaits_the_async_handler(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL)
    async def ask() -> str:
        return "Say hello"

    assert inspect.iscoroutinefunction(ask)
    result = await ask()
    assert log == ["enter ask", ("call_response", result, "ask", "the context"), "exit"]


def test_stream_is_handled_when_its_pass_has_ended(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL, stream=True)
    def ask() -> str:
        return "Say hello"

    stream = ask()
    assert type(stream) is llm.Stream
    text = ""
    for chunk, _ in stream:
        assert log == ["enter ask"]
        text += chunk.content
    assert log == ["enter ask", ("stream", stream, "ask", "the context"), "exit"]
    assert stream.construct_call_response().content == text != ""
    assert list(stream) == []
    assert len(log) == 3


def test_stream_that_is_left(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL, stream=True)
    def ask() -> str:
        return "Say hello"

    stream = ask()
    for _ in stream:
        break
    assert [entry if isinstance(entry, str) else entry[0] for entry in log] == [
        "enter ask",
        "stream",
        "exit",
    ]


async def test_async_stream(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL, stream=True)
    async def ask() -> str:
        return "Say hello"

    stream = await ask()
    text = "".join([chunk.content async for chunk, _ in stream])
    assert log == ["enter ask", ("stream", stream, "ask", "the context"), "exit"]
    assert stream.content == text != ""


@pytest.mark.parametrize("stream", [False, True])
def test_response_model(box: Any, log: Log, stream: bool) -> None:
    @log.middleware()
    @llm.call(**CALL, response_model=Book, stream=stream)
    def ask() -> str:
        return "A book"

    result = ask()
    if stream:
        last = list(result)[-1]
        assert result.constructed_response_model is last
        assert isinstance(last, Book)
    kind = "structured_stream" if stream else "response_model"
    assert log == ["enter ask", (kind, result, "ask", "the context"), "exit"]


def test_a_response_is_no_response_model(box: Any, log: Log) -> None:
    @middleware_factory(handle_response_model=log.write("response_model"))
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    ask()
    assert log == []


def test_parsed_output_goes_to_the_handler_of_response_models(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL, output_parser=lambda response: response.content.upper())
    def ask() -> str:
        return "Say hello"

    result = ask()
    assert log[1] == ("response_model", result, "ask", "the context")


def test_an_error_passes_through_the_context(box: Any, log: Log) -> None:
    box.fail(401)

    @log.middleware()
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    with pytest.raises(openai.AuthenticationError):
        ask()
    assert log == ["enter ask", "exit"]


def test_what_the_error_handler_gives_is_the_result(box: Any, log: Log) -> None:
    box.fail(401)

    @log.middleware(handle_error=lambda error, fn, context: f"{context}: {type(error).__name__}")
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    result: Any = ask()
    assert result == "the context: AuthenticationError"
    assert log == ["enter ask", ("response_model", result, "ask", "the context"), "exit"]


async def test_async_error_handler_ends_a_stream(box: Any, log: Log) -> None:
    box.fail(401)
    errors: list[Exception] = []

    async def handle(error: Exception, fn: Any, context: Any) -> None:
        errors.append(error)

    @log.middleware(handle_error_async=handle)
    @llm.call(**CALL, stream=True)
    async def ask() -> str:
        return "Say hello"

    assert [item async for item in await ask()] == []
    assert [type(error) for error in errors] == [openai.AuthenticationError]
    assert log[-1] == "exit"


def test_custom_decorator_wraps_the_whole(box: Any, log: Log) -> None:
    def announced(fn: Any) -> Any:
        def decorator(call: Any) -> Any:
            def announcing(*args: Any) -> Any:
                log.append(f"before {fn.__name__}")
                return call(*args)

            return announcing

        return decorator

    @log.middleware(custom_decorator=announced)
    @llm.call(**CALL)
    def ask() -> str:
        return "Say hello"

    ask()
    assert log[:2] == ["before ask", "enter ask"]
    assert ask._model == "gpt-4o-mini"


def test_the_context_of_a_call_reaches_it_when_awaited_later(box: Any, log: Log) -> None:
    @log.middleware()
    @llm.call(**CALL)
    async def ask() -> str:
        return "Say hello"

    with llm.context(provider="anthropic", model="claude-sonnet-4-6"):
        coroutine = ask()

    import asyncio

    assert asyncio.run(coroutine).model == "claude-sonnet-4-6"
