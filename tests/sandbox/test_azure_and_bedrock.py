"""Azure's and Amazon's own SDKs against the sandbox: their replies, streams and errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import openai
import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage
from mirascope.sandbox._event_stream import broken, frame
from mirascope.sandbox._services import service_at

FIND = {
    "toolSpec": {
        "name": "find",
        "description": "Find a book.",
        "inputSchema": {"json": {"type": "object", "properties": {"title": {"type": "string"}}}},
    }
}
ASKED = {"role": "user", "content": [{"text": "Hello"}]}
HELLO: list[Any] = [ASKED]
MODEL = "us.amazon.nova-micro-v1:0"


@pytest.fixture
def azure(box: Sandbox) -> Iterator[Any]:
    credential = AzureKeyCredential("k")
    address = box.base_url("azure")
    with ChatCompletionsClient(address, credential, model="m", retry_total=0) as client:
        yield client


@pytest.fixture
def bedrock(box: Sandbox) -> Iterator[Any]:
    client = boto3.session.Session().client(
        "bedrock-runtime",
        endpoint_url=box.base_url("bedrock"),
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="k",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    yield client
    client.close()


# Azure


def test_azure_answers(box: Sandbox, azure: Any) -> None:
    reply = azure.complete(messages=[{"role": "user", "content": "Hello"}])
    assert reply.choices[0].message.content == "Sandbox reply to: Hello"
    assert reply["choices"][0]["content_filter_results"]["hate"]["filtered"] is False
    assert box.requests[0].provider == "azure"
    assert box.requests[0].problems == []


def test_azure_streams(box: Sandbox, azure: Any) -> None:
    box.reply("A b c", usage=Usage(input=7, output=3))
    updates = list(
        azure.complete(
            messages=[{"role": "user", "content": "Hello"}],
            stream=True,
            model_extras={"stream_options": {"include_usage": True}},
        )
    )
    said = [u.choices[0].delta.content for u in updates if u.choices]
    assert "".join(filter(None, said)) == "A b c"
    assert updates[-1].usage.prompt_tokens == 7


@pytest.mark.parametrize(
    "path",
    [
        "/azure/chat/completions",
        "/azure/models/chat/completions",
        "/azure/openai/v1/chat/completions",
        "/azure/openai/deployments/gpt/chat/completions",
        "/azure/deployments/gpt/chat/completions",
    ],
)
def test_each_address_of_azure(path: str) -> None:
    service = service_at(path)
    assert service is not None
    assert service.name == "azure"


def test_azure_takes_openais_sdk(box: Sandbox) -> None:
    with openai.AzureOpenAI(
        azure_endpoint=box.base_url("azure"), api_key="k", api_version="2024-10-21"
    ) as client:
        reply = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hello"}]
        )
    assert reply.choices[0].message.content == "Sandbox reply to: Hello"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, ClientAuthenticationError, "401"),
        (429, HttpResponseError, "RateLimitReached"),
        (500, HttpResponseError, "InternalServerError"),
    ],
)
def test_azure_fails(box: Sandbox, azure: Any, status: int, kind: Any, code: str) -> None:
    box.fail(status, message="No.")
    with pytest.raises(kind, match=r"No\.") as caught:
        azure.complete(messages=[{"role": "user", "content": "Hello"}])
    assert caught.value.status_code == status
    assert caught.value.error.code == code


def test_azure_refuses_what_it_does_not_know(azure: Any) -> None:
    with pytest.raises(HttpResponseError, match="unknown key"):
        azure.complete(messages=[{"role": "user", "content": "Hello"}], model_extras={"n_o": 1})


# Bedrock


def test_bedrock_answers(box: Sandbox, bedrock: Any) -> None:
    reply = bedrock.converse(modelId=MODEL, messages=HELLO)
    assert reply["output"]["message"]["content"] == [{"text": "Sandbox reply to: Hello"}]
    assert reply["stopReason"] == "end_turn"
    assert reply["ResponseMetadata"]["RequestId"] == "req_sandbox00000001"
    assert box.requests[0].provider == "bedrock"
    assert box.requests[0].problems == []


def test_bedrock_calls_tools(bedrock: Any) -> None:
    config = {"tools": [FIND], "toolChoice": {"tool": {"name": "find"}}}
    reply = bedrock.converse(modelId=MODEL, messages=HELLO, toolConfig=config)
    (block,) = reply["output"]["message"]["content"]
    assert block["toolUse"]["name"] == "find"
    assert isinstance(block["toolUse"]["input"]["title"], str)
    assert reply["stopReason"] == "tool_use"


def test_bedrock_keeps_to_limits_and_schemas(bedrock: Any) -> None:
    inference = {"maxTokens": 2, "stopSequences": ["Hello"]}
    reply = bedrock.converse(modelId=MODEL, messages=HELLO, inferenceConfig=inference)
    assert reply["output"]["message"]["content"] == [{"text": "Sandbox reply"}]
    assert reply["stopReason"] == "max_tokens"
    schema = '{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}'
    output = {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}
    }
    reply = bedrock.converse(modelId=MODEL, messages=HELLO, outputConfig=output)
    assert reply["output"]["message"]["content"][0]["text"].startswith('{"n":')


def test_bedrock_streams(box: Sandbox, bedrock: Any) -> None:
    box.reply(Reply(text="A b", thinking="C d", tool_calls=[ToolCall("find", {"title": "Dune"})]))
    reply = bedrock.converse_stream(modelId=MODEL, messages=HELLO, toolConfig={"tools": [FIND]})
    events = list(reply["stream"])
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 3,
        "contentBlockStop",
        *["contentBlockDelta"] * 2,
        "contentBlockStop",
        "contentBlockStart",
        *["contentBlockDelta"] * 2,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert deltas[0] == {"reasoningContent": {"text": "C "}}
    assert deltas[3:5] == [{"text": "A "}, {"text": "b"}]
    assert "".join(d["toolUse"]["input"] for d in deltas[5:]) == '{"title":"Dune"}'
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ValidationException"),
        (403, "AccessDeniedException"),
        (429, "ThrottlingException"),
        (500, "InternalServerException"),
        (503, "ServiceUnavailableException"),
    ],
)
def test_bedrock_fails(box: Sandbox, bedrock: Any, status: int, code: str) -> None:
    box.fail(status, message="No.")
    with pytest.raises(ClientError, match=r"No\.") as caught:
        bedrock.converse(modelId=MODEL, messages=HELLO)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert type(caught.value) is getattr(bedrock.exceptions, code)


def test_bedrock_fails_in_a_stream(box: Sandbox, bedrock: Any) -> None:
    box.error_event(2, status=429, message="Slow down.")
    stream = bedrock.converse_stream(modelId=MODEL, messages=HELLO)["stream"]
    with pytest.raises(EventStreamError, match=r"throttlingException.*Slow down"):
        list(stream)
    stream.close()


def test_a_broken_event_is_sound_but_for_its_json() -> None:
    event = frame("messageStop", {"stopReason": "end_turn"})
    buffer = EventStreamBuffer()
    buffer.add_data(event + broken(event))
    whole, half = list(buffer)
    assert whole.headers == half.headers
    assert whole.headers[":event-type"] == "messageStop"
    assert whole.payload == b'{"stopReason":"end_turn"}'
    assert whole.payload.startswith(half.payload)
    assert 0 < len(half.payload) < len(whole.payload)
    buffer.add_data(event[:-1] + b"\x00")
    with pytest.raises(ChecksumMismatch):
        list(buffer)


def use(name: str = "t1") -> dict[str, Any]:
    block = {"toolUse": {"toolUseId": name, "name": "find", "input": {"any": 1}}}
    return {"role": "assistant", "content": [block]}


def result(name: str = "t1") -> dict[str, Any]:
    block = {"toolResult": {"toolUseId": name, "content": [{"text": "x"}]}}
    return {"role": "user", "content": [block]}


TOOLS = {"toolConfig": {"tools": [FIND]}}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": "tool", "content": []}]}, "'tool' is none of 'user', 'assistant'"),
    ({"messages": [{"content": []}]}, "Message lacks `role`"),
    ({"messages": HELLO, "n_o": 1}, r"\$\.n_o: unknown key for ConverseRequest"),
    ({"messages": [{"role": "user", "content": "Hello"}]}, "expected an array"),
    ({"messages": [{"role": "user", "content": [{"text": 1}]}]}, "expected a string"),
    ({"messages": [{"role": "user", "content": [{}]}]}, "exactly one key, not 0"),
    (
        {"messages": [{"role": "user", "content": [{"text": "a", "cachePoint": {}}]}]},
        "CachePointBlock lacks `type`",
    ),
    ({"messages": HELLO, "inferenceConfig": {"temperature": 3}}, "out of the range"),
    ({"messages": HELLO, "inferenceConfig": {"maxTokens": 1.5}}, "expected an integer"),
    ({"messages": HELLO, "requestMetadata": [1]}, "expected an object"),
    ({"messages": HELLO, "system": [{"text": ""}]}, "at least 1 letters"),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"image": {"format": "png", "source": {"bytes": "%"}}}],
                }
            ]
        },
        "expected base64 text",
    ),
    ({"messages": [use(), result()], **TOOLS}, "must start with a user's message"),
    ({"messages": [ASKED, use(), ASKED], **TOOLS}, "'t1' has no `toolResult` here"),
    ({"messages": [ASKED, result()], **TOOLS}, "'t1' has no `toolUse` just before it"),
    ({"messages": [ASKED, use(), result()]}, "`toolConfig` must be defined"),
    ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "blank `text`"),
]


@pytest.mark.parametrize(("body", "problem"), WRONG)
def test_bedrock_refuses_what_is_wrong(
    box: Sandbox, bedrock: Any, body: dict[str, Any], problem: str
) -> None:
    def replace(params: Any, **_: Any) -> None:
        params["body"] = json.dumps(body).encode()

    # Past the checks of the SDK itself.
    bedrock.meta.events.register("before-call.bedrock-runtime.Converse", replace)
    with pytest.raises(ClientError, match=problem):
        bedrock.converse(modelId=MODEL, messages=HELLO)


def test_bedrock_takes_what_is_right(box: Sandbox, bedrock: Any) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    asked = {
        "role": "user",
        "content": [{"text": "Hi"}, image, {"cachePoint": {"type": "default"}}],
    }
    reply = bedrock.converse(
        modelId=MODEL,
        messages=[asked, use(), result()],
        additionalModelRequestFields={"anything": [1, {"b": None}]},
        requestMetadata={"a": "b"},
        **TOOLS,
    )
    assert box.requests[0].problems == []
    assert "tool's result: x" in reply["output"]["message"]["content"][0]["text"]
