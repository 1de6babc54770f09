"""What is asked of Azure AI without the SDK's walk through it is what the SDK would ask."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference import models as azure_models
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.pipeline.policies import SansIOHTTPPolicy
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import azure
from mirascope.sandbox import Sandbox, sandbox

MODEL = "gpt-4o-mini"
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "find", "parameters": SCHEMA}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "book", "schema": SCHEMA, "strict": True}}
PARAMS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.25, "stop": ["a"]},
    {"temperature": 1, "seed": 1},
    {"temperature": 1.0, "seed": True},
    {"tools": [TOOL], "tool_choice": "required"},
    {"response_format": FORMAT},
    {"response_format": {"type": "json_object"}},
    {"model_extras": {"top_k": 3, "reasoning": {"a": [None, 1.5]}}},
    {"headers": {"X-Own": "1"}, "params": {"own": "2"}},
    {"read_timeout": 5, "retry_total": 0, "logging_enable": True},
]
TEXTS = ["one", 'two "quoted" \\', "three \N{SNOWMAN} \U0001f600", "\x00\x7f", ""]
CHANGING = {"x-ms-client-request-id": "", "date": ""}
JSON = {"content-type": "application/json"}


class Title(BaseModel):
    """The title of a book."""

    title: str


@pytest.fixture
def lenient() -> Iterator[Sandbox]:
    """A server that takes any request."""
    with sandbox(redirect=False, strict=False) as box:
        yield box


def new_client(box: Sandbox, is_async: bool = False, **options: Any) -> Any:
    made_by: Any = AsyncChatCompletionsClient if is_async else ChatCompletionsClient
    return made_by(box.base_url("azure"), AzureKeyCredential("k"), **options)


def sdk_form(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as the SDK wants to have them."""
    given = params.get("response_format")
    if given is None:
        return params
    schema = given.get("json_schema")
    made = azure_models.JsonSchemaFormat(schema) if schema else given["type"]
    return {**params, "response_format": made}


def as_asked(request: Any) -> Any:
    return request.path, request.body, {**request.headers, **CHANGING}


@pytest.mark.parametrize("params", PARAMS, ids=lambda params: "-".join(params) or "none")
@pytest.mark.parametrize(
    "options",
    [{}, {"top_p": 0.5, "model_extras": {"own": 1}, "user_agent": "own/1"}],
    ids=["plain", "with-defaults"],
)
def test_requests_are_those_of_the_sdk(
    lenient: Sandbox, params: dict[str, Any], options: dict[str, Any]
) -> None:
    with new_client(lenient, **options) as client:
        ask: Any = azure.call(MODEL, client=client, call_params={**params})(lambda text: text)
        for text in TEXTS:
            ask(text)
            messages = [{"role": "user", "content": text}]
            client.complete(messages=messages, model=MODEL, **sdk_form(params))
            own, expected = lenient.requests[-2:]
            assert as_asked(own) == as_asked(expected)


async def test_async_requests_and_streams_are_those_of_the_sdk(lenient: Sandbox) -> None:
    extras = {"stream_options": {"include_usage": True}}
    async with new_client(lenient, is_async=True) as client:

        @azure.call(MODEL, client=client, stream=True)
        async def stream(text: str) -> str:
            return text

        @azure.call(MODEL, client=client)
        async def ask(text: str) -> str:
            return text

        for text in TEXTS:
            messages: Any = [{"role": "user", "content": text}]
            await ask(text)
            await client.complete(messages=messages, model=MODEL)
            assert as_asked(lenient.requests[-2]) == as_asked(lenient.requests[-1])
            assert [item async for item in await stream(text)]
            async for _ in await client.complete(
                messages=messages, model=MODEL, stream=True, model_extras=extras
            ):
                pass
            assert as_asked(lenient.requests[-2]) == as_asked(lenient.requests[-1])


def test_settings_that_are_nearly_the_same_stay_apart(lenient: Sandbox) -> None:
    with new_client(lenient) as client:
        seen: list[str] = []
        for params in (PARAMS[1], PARAMS[2], PARAMS[3], PARAMS[1], {}):
            azure.call(MODEL, client=client, call_params=params)(lambda: "Hi")()
            body = lenient.requests[-1].body
            seen.append(json.dumps([body.get("temperature"), body.get("seed")]))
    assert seen == ["[0.25, null]", "[1, 1]", "[1.0, true]", "[0.25, null]", "[null, null]"]


def test_what_is_read_and_written_by_a_policy_is_the_request_of_one_call(box: Sandbox) -> None:
    seen: list[Any] = []

    class Own(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            sent = request.http_request
            seen.append(("request", json.loads(sent.content)["messages"][0]["content"]))
            sent.headers["X-Calls"] = sent.headers.get("X-Calls", "") + "I"

        def on_response(self, request: Any, response: Any) -> None:
            seen.append(("response", response.http_response.status_code))

    with new_client(box, per_call_policies=[Own()]) as client:
        ask = azure.call(MODEL, client=client)(lambda text: text)
        for text in ("one", "two"):
            assert ask(text).content == f"Sandbox reply to: {text}"
    assert seen == [("request", "one"), ("response", 200), ("request", "two"), ("response", 200)]
    assert [request.headers["x-calls"] for request in box.requests] == ["I", "I"]


def test_hooks_of_one_call(box: Sandbox) -> None:
    statuses: list[int] = []
    params: Any = {
        "raw_response_hook": lambda answer: statuses.append(answer.http_response.status_code)
    }
    azure.call(MODEL, call_params=params)(lambda: "Hi")()
    assert statuses == [200]


class Credential:
    """Gives a new token for each that has run out."""

    def __init__(self) -> None:
        self.given = 0

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.given += 1
        return AccessToken(
            f"token-{self.given}", int(time.time()) + (10 if self.given < 2 else 3600)
        )


def test_tokens_are_asked_for_anew(box: Sandbox) -> None:
    credential = Credential()
    # The SDK sends tokens over TLS only.
    client: Any = ChatCompletionsClient(box.base_url("azure"), credential, credential_scopes=["a"])
    params: Any = {"enforce_https": False}
    ask = azure.call(MODEL, client=client, call_params=params)(lambda: "Hi")
    for _ in range(3):
        ask()
    client.close()
    assert credential.given == 2


def noted(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        calls.append(type(args[0]).__name__ if args else "instance")
        return function(*args, **kwargs)

    return wrapper


def test_the_users_own_way_of_asking_is_taken(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    class Own(ChatCompletionsClient):
        complete = noted(ChatCompletionsClient.complete, calls)

    own = Own(box.base_url("azure"), AzureKeyCredential("k"))
    with own, new_client(box) as client:
        assert azure.call(MODEL, client=own)(lambda: "Hi")().content
        assert calls == ["Own"]
        ask = azure.call(MODEL, client=client)(lambda: "Hi")
        plain = ask()
        assert calls == ["Own"]
        monkeypatch.setattr(client, "complete", noted(client.complete, calls))
        assert ask().content == plain.content
        monkeypatch.undo()
        original = ChatCompletionsClient.complete
        monkeypatch.setattr(ChatCompletionsClient, "complete", noted(original, calls))
        assert ask().content == plain.content
    assert calls == ["Own", "instance", "ChatCompletionsClient"]


def test_an_instrumented_sdk_sees_every_call(box: Sandbox) -> None:
    tracing = pytest.importorskip("azure.ai.inference.tracing")
    instrumentor = tracing.AIInferenceInstrumentor()
    instrumentor.instrument()
    try:
        complete = ChatCompletionsClient.complete
        assert azure.call(MODEL)(lambda: "Hi")().content == "Sandbox reply to: Hi"
        assert complete.__globals__["__name__"] == "azure.ai.inference.tracing"
    finally:
        instrumentor.uninstrument()


def anatomy(native: Any) -> Any:
    """The fields of an object of the SDK, and of those in it, with their types."""
    if isinstance(native, list):
        return [anatomy(item) for item in native]
    if not hasattr(native, "as_dict"):
        return type(native), native
    names = type(native)._attr_to_rest_field
    return type(native), {name: anatomy(getattr(native, name)) for name in names}, native.as_dict()


@pytest.mark.parametrize("kind", ["text", "tool", "filtered"])
def test_the_sdks_object_is_made_of_the_reply(box: Sandbox, kind: str) -> None:
    message: dict[str, Any] = {"role": "assistant", "content": "Emma."}
    if kind == "tool":
        function = {"name": "find", "arguments": '{"title": "Emma"}'}
        call = {"id": "call_1", "type": "function", "function": function}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "message": message}
    if kind == "filtered":
        choice["content_filter_results"] = {"hate": {"filtered": False}}
    reply = {
        "id": "1",
        "created": 1700000000,
        "model": MODEL,
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "new": {"a": 1}},
    }
    with new_client(box) as client:
        box.native("azure", reply)
        response = azure.call(MODEL, client=client)(lambda: "Hi")()
        box.native("azure", reply)
        expected = client.complete(messages=[{"role": "user", "content": "Hi"}], model=MODEL)
    assert response.response is response.response
    assert anatomy(response.response) == anatomy(expected)
    assert response.response == expected
    assert response.response.created == expected.created


def outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception as error:
        status = getattr(error, "status_code", None)
        code = getattr(getattr(error, "error", None), "code", None)
        return type(error), str(error), status, code


FAILURES: list[tuple[Any, type[Exception]]] = [
    (401, ClientAuthenticationError),
    (404, ResourceNotFoundError),
    (400, HttpResponseError),
    (500, HttpResponseError),
    ("<html>", AzureError),
    ('{"choices": [', AzureError),
]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(("failure", "kind"), FAILURES, ids=lambda value: str(value)[:13])
def test_errors_are_those_of_the_sdk(
    box: Sandbox, failure: Any, kind: type[Exception], is_async: bool
) -> None:
    def prepare() -> None:
        box.reset()
        if isinstance(failure, int):
            box.fail(failure, message="No.")
        else:
            box.native("azure", failure, headers=JSON)

    async def by_library() -> Any:
        async with new_client(box, is_async=True, retry_total=0) as client:

            @azure.call(MODEL, client=client)
            async def ask() -> str:
                return "Hi"

            return await ask()

    async def by_sdk() -> Any:
        async with new_client(box, is_async=True, retry_total=0) as client:
            messages = [azure_models.UserMessage(content="Hi")]
            return await client.complete(messages=messages, model=MODEL)

    def run(asking: Callable[[], Awaitable[Any]]) -> Any:
        return outcome(lambda: asyncio.run(asking()))

    if not is_async:
        with new_client(box, retry_total=0) as client:
            prepare()
            found = outcome(azure.call(MODEL, client=client)(lambda: "Hi"))
            prepare()
            messages = [azure_models.UserMessage(content="Hi")]
            expected = outcome(lambda: client.complete(messages=messages, model=MODEL))
    else:
        prepare()
        found = run(by_library)
        prepare()
        expected = run(by_sdk)
    assert issubclass(found[0], kind)
    assert found == expected
    assert len(box.requests) == 1


async def test_replies_keep_no_object_of_the_sdk(box: Sandbox) -> None:
    @llm.call("azure", MODEL)
    def ask() -> str:
        return "Hi"

    @llm.call("azure", MODEL, response_model=Title, json_mode=True)
    async def extract() -> str:
        return "Emma"

    box.reply('{"title": "Emma"}')
    title = await extract()
    assert title.title == "Emma"
    response: Any = ask()
    assert response._raw.native is None
    assert isinstance(response.response, azure_models.ChatCompletions)
