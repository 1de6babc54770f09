"""What is kept of a request to Amazon Bedrock for the next one is what its SDK would send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aiobotocore.session import get_session
from botocore import client as botocore_client
from botocore.config import Config
from botocore.exceptions import ParamValidationError
from botocore.stub import Stubber

from mirascope import Messages, llm
from mirascope.core import _bedrock_clients, bedrock
from mirascope.core.base import CacheControlPart, TextPart, _clients
from mirascope.sandbox import Sandbox, sandbox

NOVA = "amazon.nova-lite-v1:0"
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
TOOLS = {"tools": [{"toolSpec": {"name": "find", "inputSchema": {"json": SCHEMA}}}]}
PARAMS: list[dict[str, Any]] = [
    {},
    {"inferenceConfig": {"temperature": 0.25, "stopSequences": ["a"]}},
    {"inferenceConfig": {"temperature": 1, "maxTokens": 10}},
    {"inferenceConfig": {"temperature": 1.0, "maxTokens": 10}},
    {"toolConfig": TOOLS},
    {"system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]},
    {"additionalModelRequestFields": {"top_k": 3, "a": [None, {"b": 1.5}]}},
    {"requestMetadata": {"a": "b"}, "performanceConfig": {"latency": "optimized"}},
]
TEXTS = ["one", 'two "quoted" \\', "three \N{SNOWMAN} \U0001f600", "\x00\x7f", " "]
OF_ONE_REQUEST = {"amz-sdk-invocation-id", "x-amz-date", "authorization"}


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A server that takes any request, and is where clients go."""
    with sandbox(redirect=False, strict=False) as box:
        monkeypatch.setattr(_clients, "_redirections", [])
        for name, value in box.environment().items():
            if name.startswith("AWS_"):
                monkeypatch.setenv(name, value)
        yield box


def new_client(**config: Any) -> Any:
    return boto3.client("bedrock-runtime", config=Config(**config))


def as_asked(request: Any) -> Any:
    headers = {name: value for name, value in request.headers.items() if name not in OF_ONE_REQUEST}
    words = sorted(headers.pop("user-agent").replace("m/", "").replace(",", " ").split())
    return request.path, request.body, headers, words


@pytest.mark.parametrize("params", PARAMS, ids=lambda params: "-".join(params) or "none")
def test_requests_are_those_of_the_sdk(lenient: Sandbox, params: dict[str, Any]) -> None:
    client = new_client()
    given = {**params}
    ask: Any = bedrock.call(NOVA, client=client, call_params=given)(lambda text: text)
    for text in TEXTS:
        ask(text)
        messages = [{"role": "user", "content": [{"text": text}]}]
        client.converse(modelId=NOVA, messages=messages, **params)
        own, expected = lenient.requests[-2:]
        assert as_asked(own) == as_asked(expected)


async def test_async_requests_and_streams_are_those_of_the_sdk(lenient: Sandbox) -> None:
    async with get_session().create_client("bedrock-runtime") as client:

        @bedrock.call(NOVA, client=client, stream=True)
        async def stream(text: str) -> str:
            return text

        @bedrock.call(NOVA, client=client)
        async def ask(text: str) -> str:
            return text

        for text in TEXTS:
            given: Any = {
                "modelId": NOVA,
                "messages": [{"role": "user", "content": [{"text": text}]}],
            }
            await ask(text)
            await client.converse(**given)
            assert as_asked(lenient.requests[-2]) == as_asked(lenient.requests[-1])
            assert [item async for item in await stream(text)]
            async for _ in (await client.converse_stream(**given))["stream"]:
                pass
            assert as_asked(lenient.requests[-2]) == as_asked(lenient.requests[-1])


async def test_default_clients_say_who_they_are_as_the_sdk_does(
    lenient: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agents() -> tuple[Any, Any]:
        bedrock.call(NOVA)(lambda: "Hi")()
        list(bedrock.call(NOVA, stream=True)(lambda: "Hi")())
        return tuple(as_asked(request)[3] for request in lenient.requests[-2:])

    async def agent_async() -> Any:
        @bedrock.call(NOVA)
        async def ask() -> str:
            return "Hi"

        await ask()
        await ask()
        first, second = (as_asked(request)[3] for request in lenient.requests[-2:])
        assert first == second
        return second

    found = [agents(), agents(), await agent_async()]
    with monkeypatch.context() as patch:
        patch.setattr(_bedrock_clients, "remember_user_agents", lambda client: None)
        # Another setting has other clients.
        patch.setenv("AWS_MAX_ATTEMPTS", "3")
        patch.setenv("AWS_RETRY_MODE", "standard")
        expected = [agents(), agents(), await agent_async()]
    assert found == expected


def test_settings_that_are_nearly_the_same_stay_apart(lenient: Sandbox) -> None:
    client = new_client()
    seen: list[str] = []
    for params in (PARAMS[2], PARAMS[3], PARAMS[2], {}):
        given: Any = {**params}
        bedrock.call(NOVA, client=client, call_params=given)(lambda: "Hi")()
        seen.append(repr(lenient.requests[-1].body.get("inferenceConfig")))
    assert seen[0] == seen[2] == "{'maxTokens': 10, 'temperature': 1}"
    assert seen[1] == "{'maxTokens': 10, 'temperature': 1.0}"
    assert seen[3] == "None"


def test_wrong_parameters_are_refused_by_the_sdk(lenient: Sandbox) -> None:
    client = new_client()
    params: Any = {"system": [{"texts": 1}]}
    for _ in range(2):
        with pytest.raises(ParamValidationError, match="Unknown parameter in system") as caught:
            bedrock.call(NOVA, client=client, call_params=params)(lambda: "Hi")()
        with pytest.raises(ParamValidationError) as expected:
            client.converse(
                modelId=NOVA, messages=[{"role": "user", "content": [{"text": "Hi"}]}], **params
            )
        assert str(caught.value) == str(expected.value)
    assert not lenient.requests


def test_other_messages_than_texts_are_written_by_the_sdk(lenient: Sandbox) -> None:
    @bedrock.call(NOVA, client=new_client())
    def ask() -> Any:
        parts = [TextPart(text="Long."), CacheControlPart(cache_type="ephemeral")]
        return [Messages.User(parts), Messages.Assistant("Hm."), Messages.User("Go on.")]

    ask()
    assert [list(block) for block in lenient.requests[-1].body["messages"][0]["content"]] == [
        ["text"],
        ["cachePoint"],
    ]


def test_events_of_the_client_are_raised(lenient: Sandbox) -> None:
    client, seen = new_client(), []

    def note(event_name: str, **given: Any) -> None:
        seen.append(event_name.partition(".")[0])
        if seen[-1] == "provide-client-params":
            given["params"]["requestMetadata"] = {"tenant": f"t{len(lenient.requests)}"}
        if seen[-1] == "before-call":
            headers = given["params"]["headers"]
            headers["X-Calls"] = headers.get("X-Calls", "") + "I"

    names = (
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "before-sign",
        "request-created",
        "before-send",
        "response-received",
        "needs-retry",
        "after-call",
    )
    for name in names:
        client.meta.events.register(f"{name}.bedrock-runtime", note)
    ask = bedrock.call(NOVA, client=client)(lambda: "Hi")
    for n in range(2):
        ask()
        assert seen[-len(names) :] == list(names)
        assert lenient.requests[n].body["requestMetadata"] == {"tenant": f"t{n}"}
        assert lenient.requests[n].headers["x-calls"] == "I"


def test_a_stubber_stubs() -> None:
    client = new_client(region_name="us-east-1")
    message = {"role": "assistant", "content": [{"text": "Stubbed."}]}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    reply = {
        "output": {"message": message},
        "stopReason": "end_turn",
        "usage": usage,
        "metrics": {"latencyMs": 1},
    }
    expected = {"modelId": NOVA, "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
    with Stubber(client) as stubber:
        stubber.add_response("converse", reply, expected)
        assert bedrock.call(NOVA, client=client)(lambda: "Hi")().content == "Stubbed."
        stubber.assert_no_pending_responses()


def noted(function: Callable[..., Any], calls: list[Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        calls.append(args[0] if args else None)
        return function(*args, **kwargs)

    return wrapper


def test_the_users_own_way_of_asking_is_taken(
    lenient: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, calls = new_client(), []
    ask = llm.call("bedrock", NOVA, client=client)(lambda: "Hi")
    assert ask().content
    monkeypatch.setattr(client, "converse", noted(client.converse, calls))
    assert ask().content
    monkeypatch.undo()
    base = botocore_client.BaseClient
    monkeypatch.setattr(base, "_make_api_call", noted(base._make_api_call, calls))
    assert ask().content
    monkeypatch.undo()
    assert calls == [None, client]
    assert "converse" not in vars(client)
