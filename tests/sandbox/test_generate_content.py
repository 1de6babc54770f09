"""Google's protocol, as its bare SDK sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import Client, errors, types
from google.oauth2.credentials import Credentials

from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

MODEL = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OLDER_SCHEMA = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "Tell it.", "parameters_json_schema": SCHEMA}
CALL = {"function_call": {"name": "weather", "args": {"city": "Oslo"}}}
RESULT = {"function_response": {"name": "weather", "response": {"result": "sunny"}}}
USER = {"role": "user", "parts": [{"text": "Hello"}]}
NO_CALLS = {"disable": True}


@pytest.fixture
def client(box: Sandbox) -> Iterator[Client]:
    options: Any = {"base_url": box.base_url("google")}
    with Client(api_key="k", vertexai=False, http_options=options) as made:
        yield made


def ask(client: Any, contents: Any = "Hello", **config: Any) -> types.GenerateContentResponse:
    config.setdefault("automatic_function_calling", NO_CALLS)
    reply: types.GenerateContentResponse = client.models.generate_content(
        model=MODEL, contents=contents, config=config
    )
    return reply


def stream(client: Any, **config: Any) -> Iterator[types.GenerateContentResponse]:
    config.setdefault("automatic_function_calling", NO_CALLS)
    chunks: Iterator[types.GenerateContentResponse] = client.models.generate_content_stream(
        model=MODEL, contents="Hello", config=config
    )
    return chunks


def parts_of(reply: Any) -> list[Any]:
    return list(reply.candidates[0].content.parts or ())


# By rule


def test_a_text(client: Client) -> None:
    reply = ask(client, "Hello dear sandbox")
    assert reply.text == "Sandbox reply to: Hello dear sandbox"
    assert reply.model_version == MODEL
    assert reply.response_id
    assert reply.usage_metadata
    assert reply.usage_metadata.prompt_token_count == 3


def test_a_tool_and_its_result(client: Client) -> None:
    for declaration in (WEATHER, {"name": "weather", "parameters": OLDER_SCHEMA}):
        tools = [{"function_declarations": [declaration]}]
        (part,) = parts_of(ask(client, tools=tools))
        assert part.function_call.name == "weather"
        assert isinstance(part.function_call.args["city"], str)
        assert part.function_call.id is None
        history = [
            USER,
            {"role": "model", "parts": [CALL]},
            {"role": "user", "parts": [RESULT]},
        ]
        assert "sunny" in str(ask(client, history, tools=tools).text)


def test_tool_choices(client: Client) -> None:
    tools = [{"function_declarations": [WEATHER, {"name": "refresh"}]}]
    for calling, expected in (
        ({"mode": "ANY", "allowed_function_names": ["refresh"]}, "refresh"),
        ({"mode": "ANY"}, "weather"),
        ({"mode": "NONE"}, None),
    ):
        choice = {"function_calling_config": calling}
        (part,) = parts_of(ask(client, tools=tools, tool_config=choice))
        assert (part.function_call.name if part.function_call else None) == expected


@pytest.mark.parametrize(
    "given", [{"response_json_schema": SCHEMA}, {"response_schema": OLDER_SCHEMA}]
)
def test_json(client: Client, given: dict[str, Any]) -> None:
    reply = ask(client, response_mime_type="application/json", **given)
    assert '"city"' in str(reply.text)


def test_limits_and_candidates(client: Client) -> None:
    reply = ask(client, "one two three", max_output_tokens=2, candidate_count=2)
    assert [each.finish_reason for each in reply.candidates or ()] == ["MAX_TOKENS"] * 2


# By script


def test_all_that_a_reply_may_have(box: Sandbox, client: Client) -> None:
    usage = Usage(input=100, output=50, cached=40, reasoning=20)
    call = ToolCall("weather", {"city": "Oslo"}, id="call_1")
    box.reply(Reply(text="Well.", thinking="Hm.", tool_calls=[call], usage=usage), times=2)
    reply = ask(client)
    thought, text, called = parts_of(reply)
    assert (thought.text, thought.thought) == ("Hm.", True)
    assert text.text == "Well."
    assert (called.function_call.id, called.function_call.args) == ("call_1", {"city": "Oslo"})
    assert called.thought_signature
    assert reply.candidates
    assert reply.candidates[0].finish_reason == "STOP"
    *before, last = stream(client)
    for counts in (reply.usage_metadata, last.usage_metadata):
        assert counts
        assert (counts.prompt_token_count, counts.cached_content_token_count) == (100, 40)
        assert (counts.candidates_token_count, counts.thoughts_token_count) == (30, 20)
        assert counts.total_token_count == 150
    assert all(chunk.usage_metadata for chunk in before)
    parts = [part for chunk in (*before, last) for part in parts_of(chunk)]
    assert [part.text for part in parts if part.text] == ["Hm.", "Well."]
    assert [part.function_call.name for part in parts if part.function_call] == ["weather"]


def test_speech(box: Sandbox, client: Client) -> None:
    box.reply("Hello")
    (part,) = parts_of(ask(client, response_modalities=["AUDIO"]))
    assert part.inline_data.mime_type.startswith("audio/")
    assert part.inline_data.data


def test_vertex(box: Sandbox) -> None:
    options: Any = {"base_url": box.base_url("vertex")}
    credentials = Credentials(token="k")  # type: ignore[no-untyped-call]
    with Client(
        vertexai=True, project="p", location="l", credentials=credentials, http_options=options
    ) as client:
        assert ask(client).text == "Sandbox reply to: Hello"
        assert "".join(chunk.text or "" for chunk in stream(client)) == "Sandbox reply to: Hello"
    assert {request.provider for request in box.requests} == {"vertex"}


# On its own class of aiohttp's the SDK makes aiohttp warn.
@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
async def test_async(box: Sandbox) -> None:
    async def one(client: Any) -> str:
        reply = await client.models.generate_content(model=MODEL, contents="Hello")
        return str(reply.text)

    options: Any = {"base_url": box.base_url("google")}
    client = Client(api_key="k", vertexai=False, http_options=options)
    texts = await asyncio.gather(*(one(client.aio) for _ in range(5)))
    assert set(texts) == {"Sandbox reply to: Hello"}
    await client.aio.aclose()


# What goes wrong

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses(box: Sandbox, client: Client, status: int) -> None:
    box.fail(status, message="Because.", retry_after=7, times=2)
    for call in (ask, lambda client: list(stream(client))):
        with pytest.raises(errors.APIError) as caught:
            call(client)
        assert (caught.value.code, caught.value.status) == (status, STATUSES[status])
        assert caught.value.message == "Because."
        assert caught.value.response.headers["retry-after"] == "7"


def test_broken_streams(box: Sandbox, client: Client) -> None:
    arrived: list[Any] = []
    box.cut(2, reply="one two three four")
    with pytest.raises(Exception, match=r".") as caught:
        arrived.extend(stream(client))
    assert type(caught.value).__name__ == "RemoteProtocolError"
    assert len(arrived) == 2
    box.malformed(1, reply="one two three four")
    with pytest.raises(errors.UnknownApiResponseError):
        list(stream(client))
    box.error_event(2, status=503, reply="one two three four")
    with pytest.raises(errors.ServerError) as told:
        list(stream(client))
    assert (told.value.code, told.value.status) == (503, "UNAVAILABLE")
    box.malformed()
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        ask(client)


# What is refused

SOUND: list[dict[str, Any]] = [
    {"system_instruction": "Be brief.", "temperature": 0, "stop_sequences": ["END"]},
    {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]},
    {"thinking_config": {"include_thoughts": True, "thinking_budget": 0}},
    {"tools": [{"google_search": {}}], "cached_content": "cachedContents/1"},
    {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": b"PNG"}}]}]},
    {"contents": [USER, {"role": "model", "parts": [CALL]}, {"role": "user", "parts": [RESULT]}]},
]
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"foo": 1}, r"\$\.foo: unknown key"),
    ({"contents": []}, r"at least one content"),
    ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, r"'assistant' is none of"),
    ({"contents": [{"role": "user", "parts": []}]}, r"contents\[0\]\.parts: .* at least one part"),
    ({"contents": [{"role": "user", "parts": [{"txt": "x"}]}]}, r"contents\[0\]\.parts\[0\]\.txt"),
    ({"generationConfig": {"topK": "many"}}, r"generationConfig\.topK"),
    (
        {"contents": [USER, {"role": "user", "parts": [RESULT]}]},
        r"results are of \['weather'\], the calls just before were of \[\]",
    ),
    ({"contents": [USER, {"role": "model", "parts": [CALL]}, USER]}, r"have no results here"),
    (
        {"tools": [{"functionDeclarations": [{"name": "a"}, {"name": "a"}]}]},
        r"declared more than once: \['a'\]",
    ),
    (
        {"toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["a"]}}},
        r"only for mode 'ANY'.*no such functions: \['a'\]",
    ),
]


@pytest.mark.parametrize("config", SOUND)
def test_sound(client: Client, config: dict[str, Any]) -> None:
    config = dict(config)
    assert ask(client, config.pop("contents", "Hello"), **config).candidates


@pytest.mark.parametrize(("extra", "problem"), BROKEN)
def test_broken(box: Sandbox, client: Client, extra: dict[str, Any], problem: str) -> None:
    # By the SDK's own way past its checks.
    with pytest.raises(errors.ClientError, match=problem) as caught:
        ask(client, http_options={"extra_body": {"contents": [USER], **extra}})
    assert caught.value.code == 400
    assert len(box.requests[0].problems) >= 1
