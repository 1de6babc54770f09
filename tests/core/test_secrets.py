"""A key is nowhere to be seen: not in a text, a dump, a pickle, an error or a traceback."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import anthropic as core_anthropic
from mirascope.core import openai as core_openai
from mirascope.core.base import BaseDynamicConfig, _clients
from mirascope.core.base._clients import Endpoint
from mirascope.sandbox import Sandbox, ToolCall, sandbox

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-test"}
CALLS: dict[str, Any] = {"openai": core_openai.call, "anthropic": core_anthropic.call}
KEY = "sk-planted-51f1e8"
PASSWORD = "planted-pa55word"
PLANTED = (KEY, PASSWORD)
_made: list[Any] = []
SOURCES = ["environment", "client", "dynamic client", "context"]

every_provider = pytest.mark.parametrize("provider", [*MODELS])
every_source = pytest.mark.parametrize("source", SOURCES)


class Book(BaseModel):
    title: str
    pages: int


def look_up(title: str) -> str:
    """Look a book up."""
    return title


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox reached like a provider behind a gateway: by a key, and a password in the URL."""
    with sandbox(redirect=False) as running:
        for provider in MODELS:
            url = running.base_url(provider).replace("//", f"//user:{PASSWORD}@")
            monkeypatch.setenv(f"{provider.upper()}_API_KEY", KEY)
            monkeypatch.setenv(f"{provider.upper()}_BASE_URL", url)
        yield running
        while _made:
            _made.pop().close()
    _clients.close_default_clients()


def client_of(provider: str) -> Any:
    import anthropic
    import openai

    made_by: Any = {"openai": openai.OpenAI, "anthropic": anthropic.Anthropic}[provider]
    _made.append(made_by(max_retries=0))
    return _made[-1]


def made(provider: str, source: str, **options: Any) -> Any:
    """The result of a call whose key comes from `source`."""
    client = None if source == "environment" else client_of(provider)

    def prompt() -> BaseDynamicConfig[Any, Any, Any]:
        config: Any = {"messages": [{"role": "user", "content": "Hello"}]}
        return {**config, "client": client} if source == "dynamic client" else config

    if source == "client":
        options["client"] = client
    call = llm.call(provider, MODELS[provider], **options)(prompt)
    if source == "context":
        with llm.context(client=client):
            return call()
    return call()


def texts(value: Any) -> Iterator[str]:
    """Every text that a thing may end up as in a log, a file or a trace."""
    yield repr(value)
    yield str(value)
    yield f"{vars(value)}" if hasattr(value, "__dict__") else ""
    for name in ("model_dump", "model_dump_json"):
        if hasattr(value, name):
            yield str(getattr(value, name)())
    if hasattr(value, "model_dump"):
        yield str(value.model_dump(mode="json"))


def check(*values: Any) -> None:
    for value in values:
        for text in texts(value):
            for secret in PLANTED:
                assert secret not in text, type(value)


def check_pickle(*values: Any) -> None:
    for value in values:
        pickled = pickle.dumps(value)
        for secret in PLANTED:
            assert secret.encode() not in pickled, type(value)


def check_error(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error))
    shown += "".join(traceback.TracebackException.from_exception(error).format())
    seen: BaseException | None = error
    while seen is not None:
        shown += repr(seen) + str(seen) + str(seen.args)
        # What an SDK suppresses (`from None`) is shown nowhere.
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    for secret in PLANTED:
        assert secret not in shown


@every_provider
@every_source
def test_responses(box: Sandbox, provider: str, source: str) -> None:
    box.reply(ToolCall("look_up", {"title": "Emma"}))
    response = made(provider, source, tools=[look_up])
    assert response.tool.title == "Emma"
    own = response._response
    values = (response, own, own._request, own._raw, response.tool, own.response)
    check(*values, own._request.prompt)
    check(response.cost_metadata, response.usage, response.message_param)
    check_pickle(response, own, own._request, response.tool)


@every_provider
@every_source
def test_streams(box: Sandbox, provider: str, source: str) -> None:
    stream = made(provider, source, stream=True)
    check(stream, stream._request)
    for chunk, _ in stream:
        check(chunk, chunk.chunk)
        check_pickle(chunk)
    check(stream, stream._stream, stream._request, stream.construct_call_response())
    check_pickle(stream.construct_call_response())


@every_provider
@every_source
def test_response_models(box: Sandbox, provider: str, source: str) -> None:
    book = made(provider, source, response_model=Book)
    check(book, book._response)
    check_pickle(book)
    stream = made(provider, source, response_model=Book, stream=True)
    for partial in stream:
        check(partial, stream.stream)
    check(stream.stream)


@every_provider
@every_source
def test_extraction_errors(box: Sandbox, provider: str, source: str) -> None:
    box.reply({"title": "Emma", "pages": "many"})
    with pytest.raises(ValueError) as caught:
        made(provider, source, response_model=Book)
    check_error(caught.value)
    check(caught.value, getattr(caught.value, "_response"))  # noqa: B009


@every_provider
@every_source
@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_errors_of_the_provider(box: Sandbox, provider: str, source: str, status: int) -> None:
    box.fail(status, retry_after=0, times=3)
    with pytest.raises(Exception, match="sandbox") as caught:
        made(provider, source)
    check_error(caught.value)


@every_provider
@pytest.mark.parametrize("stream", [False, True])
def test_errors_of_the_connection(box: Sandbox, provider: str, stream: bool) -> None:
    box.cut(before_headers=not stream, times=3)
    with pytest.raises(Exception, match=r".") as caught:
        list(made(provider, "client", stream=stream))
    check_error(caught.value)
    box.malformed(times=3)
    with pytest.raises(Exception, match=r".") as caught:
        list(made(provider, "client", stream=stream))
    check_error(caught.value)


def test_errors_of_the_library(box: Sandbox) -> None:
    async_call = llm.call("openai", "m", client=None)
    with pytest.raises(TypeError) as wrong_kind:
        asyncio.run(async_call(_async_prompt_with(client_of("openai")))())
    check_error(wrong_kind.value)
    with pytest.raises(TypeError) as wrong_loop:
        aiter(made("openai", "client", stream=True))
    check_error(wrong_loop.value)


def _async_prompt_with(client: Any) -> Any:
    async def prompt() -> Any:
        return {"messages": [{"role": "user", "content": "Hello"}], "client": client}

    return prompt


@every_provider
def test_what_clients_are_kept_by(box: Sandbox, provider: str) -> None:
    made(provider, "environment")
    endpoint = Endpoint("http://127.0.0.1", KEY)
    check(endpoint, CALLS[provider], llm.context(client=client_of(provider)))
    assert KEY not in f"{endpoint}"


@every_provider
def test_nothing_is_logged(
    box: Sandbox, provider: str, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    with caplog.at_level(logging.DEBUG, logger="mirascope"):
        made(provider, "environment")
        box.fail(400)
        with pytest.raises(Exception, match="sandbox"):
            made(provider, "environment")
    ours = [record for record in caplog.records if record.name.startswith("mirascope")]
    out, err = capfd.readouterr()
    for secret in PLANTED:
        assert secret not in "".join(record.getMessage() for record in ours) + out + err


def test_the_sandbox_masks_keys(box: Sandbox) -> None:
    made("openai", "environment")
    check(box.requests[0], box.requests[0].headers)
