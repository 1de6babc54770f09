"""What only Google has: one client for all calls, signatures, blocked prompts."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import Client, errors, types

from mirascope import BaseMessageParam, BaseTool, Messages, ToolCallPart, ToolResultPart
from mirascope.core import google
from mirascope.core._providers import is_installed
from mirascope.core.base import ProviderPart, ThinkingPart
from mirascope.core.base._clients import Endpoint, redirect
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

from .cases import Way
from .conftest import WAYS

GOOGLE = [way for way in WAYS if str(way.id).startswith("google")]
MODEL = "gemini-2.5-flash"
SIGNATURE = b"sandbox-thinking-signature"

# On its own class of aiohttp's the SDK makes aiohttp warn.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


@pytest.fixture(params=GOOGLE)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    return Way(*request.param, box)


def new_client(box: Sandbox, **http_options: Any) -> Client:
    options: Any = {"base_url": box.base_url("google"), **http_options}
    return Client(api_key="k", vertexai=False, http_options=options)


class FindBook(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return f"{self.title} is on shelf 3"


# Clients


def test_a_client_that_nobody_else_keeps(box: Sandbox) -> None:
    whole = google.call(MODEL, client=new_client(box))(lambda: "Hi")
    streamed = google.call(MODEL, stream=True)(
        lambda: {"messages": [Messages.User("Hi")], "client": new_client(box)}
    )
    gc.collect()
    assert whole().content == "Sandbox reply to: Hi"
    stream = streamed()
    gc.collect()
    assert "".join(chunk.content for chunk, _ in stream) == "Sandbox reply to: Hi"


@pytest.mark.parametrize("by_face", [False, True])
async def test_a_client_or_its_async_face(box: Sandbox, by_face: bool) -> None:
    client = new_client(box)

    @google.call(MODEL, client=client.aio if by_face else client)
    async def ask() -> str:
        return "Hi"

    assert (await ask()).content == "Sandbox reply to: Hi"
    await client.aio.aclose()
    with pytest.raises(TypeError, match=r"sync client of Google \(`Client`\), not `AsyncClient`"):
        google.call(MODEL, client=client.aio)(lambda: "Hi")


async def test_an_async_stream_of_the_users_client_closes(box: Sandbox) -> None:
    """The SDK's own `aclose` leaves the connection open."""
    box.reply("one two three four five six seven eight")
    box.slow(between_events=0.03)
    client = new_client(box)

    @google.call(MODEL, stream=True, client=client)
    async def ask() -> str:
        return "Hi"

    async with await ask() as stream:
        async for _ in stream:
            break
    await asyncio.sleep(0)
    assert box.wait_until(lambda: box.requests[0].disconnected, timeout=0.5)
    assert box.requests[0].events_sent < 6
    await client.aio.aclose()


async def test_an_async_stream_closes_although_more_has_arrived(box: Sandbox) -> None:
    box.reply(" ".join(map(str, range(200))))

    @google.call(MODEL, stream=True)
    async def ask() -> str:
        return "Hi"

    async with await ask() as stream:
        async for _ in stream:
            break
    assert stream.content == "0 "
    assert len(asyncio.all_tasks()) == 1


def nobody() -> Iterator[None]:
    undo = redirect({"google": Endpoint("http://127.0.0.1:9", "k")})
    yield
    undo()


no_server = pytest.fixture(nobody)


@pytest.mark.usefixtures("no_server")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_refused_connection_fails_at_once(stream: bool) -> None:
    """On aiohttp the SDK would sleep for up to ten seconds and try again."""

    @google.call(MODEL, stream=stream)
    async def ask() -> str:
        return "Hi"

    start = time.monotonic()
    with pytest.raises(Exception, match=r"onnect"):
        async for _ in await ask():
            pass
    assert time.monotonic() - start < 0.9


async def test_a_request_that_may_have_been_served_is_not_sent_again(async_way: Way) -> None:
    way = async_way
    if way.case.name != "google":
        return
    way.box.cut(before_headers=True)
    with pytest.raises(Exception, match=r".*"):
        await way.ask("Hi")
    assert len(way.box.requests) == 1


async def test_default_clients_have_a_time_limit(way: Way) -> None:
    await way.ask("Hi")
    assert way.box.requests[0].headers["x-server-timeout"] == "600"


@pytest.mark.skipif(not is_installed("aiohttp"), reason="needs aiohttp")
async def test_default_clients_are_made_without_warnings(box: Sandbox) -> None:
    ask = google.call(MODEL)(lambda: "Hi")
    start = time.perf_counter()
    ask()
    assert time.perf_counter() - start < 1


# What is sent


async def test_a_config_is_neither_changed_nor_shared(way: Way) -> None:
    config = types.GenerateContentConfig(top_k=3, system_instruction="Be brief.")
    before = config.model_copy(deep=True)
    call = way.decorate(
        lambda system: [Messages.System(system), Messages.User("Hi")],
        call_params={"config": config, "temperature": 0.2},
    )
    for system in ("One.", "Two."):
        await way.run(call, system)
        assert way.wire.system(way.body) == f"Be brief.\n\n{system}"
        assert (way.body["topK"], way.body["temperature"]) == (3, 0.2)
    assert config == before


async def test_configs_of_each_kind(way: Way) -> None:
    for config in ({"topK": 3}, {"top_k": 3}, types.GenerateContentConfig(top_k=3)):
        await way.ask("Hi", call_params={"config": config, "top_p": 0.9})
        assert (way.body["topK"], way.body["topP"]) == (3, 0.9)
    part = types.Part(text="Be brief.")
    for given in (types.Content(parts=[part]), [part], part, ["Be brief."], {"text": "Be brief."}):
        await way.ask(
            lambda: [Messages.System("Be kind."), Messages.User("Hi")],
            call_params={"system_instruction": given},
        )
        assert way.wire.system(way.body) == "Be brief.Be kind."


async def test_own_tools_go_beside_functions(way: Way) -> None:
    given = {"config": {"tools": [{"google_search": {}}]}}
    await way.ask("Hi", call_params=given, tools=[FindBook])
    search, functions = way.body["tools"]
    assert "FindBook" not in str(search)
    assert functions["functionDeclarations"][0]["name"] == "FindBook"
    await way.ask("Hi", call_params=given)
    assert len(way.body["tools"]) == 1


def test_functions_that_the_sdk_is_to_call_itself(box: Sandbox) -> None:
    def find(title: str) -> str:
        """Find a book."""
        return f"{title} is on shelf 3"

    find.__annotations__ = {"title": str, "return": str}
    box.reply(ToolCall("find", {"title": "Mistborn"}))
    ask = google.call(MODEL, call_params={"config": {"tools": [find]}})(lambda: "Where is it?")
    assert "shelf 3" in ask().content
    assert len(box.requests) == 2


async def test_native_messages_of_each_kind(way: Way) -> None:
    messages = [
        types.Content(role="user", parts=[types.Part(text="And this?")]),
        {"role": "model", "parts": [{"text": "A cat."}]},
        {"role": "user", "parts": [types.Part(text="Sure?")]},
    ]
    response = await way.ask(lambda: {"messages": messages})
    assert way.wire.turns(way.body) == [
        ("user", "And this?"),
        ("assistant", "A cat."),
        ("user", "Sure?"),
    ]
    assert [message.content for message in response.common_messages] == [
        "And this?",
        "A cat.",
        "Sure?",
    ]


async def test_results_without_ids_are_told_apart_by_their_order(way: Way) -> None:
    way.box.reply([ToolCall("FindBook", {"title": title}) for title in ("A", "B")])
    response = await way.ask("Hi", tools=[FindBook])
    assert [tool.id for tool in response.tools] == [None, None]
    results = response.tool_message_params([(tool, tool.call()) for tool in response.tools])
    history = [response.user_message_param, response.message_param, *results]
    await way.ask(lambda: history, tools=[FindBook])
    *_, last = way.body["contents"]
    texts = [part["functionResponse"]["response"]["result"] for part in last["parts"]]
    assert texts == ["A is on shelf 3", "B is on shelf 3"]
    assert {part["functionResponse"]["name"] for part in last["parts"]} == {"FindBook"}


async def test_a_result_needs_the_name_of_its_tool(way: Way) -> None:
    call = ToolCallPart(name="FindBook", args={}, id="call_1")
    for found in ("call_1", "call_2"):
        result = ToolResultPart(content="Shelf 3", id=found)
        messages = [
            Messages.User("Hi"),
            BaseMessageParam(role="assistant", content=[call]),
            BaseMessageParam(role="tool", content=[result]),
        ]
        if found == "call_1":
            await way.ask(lambda messages=messages: messages)
            assert way.wire.tool_results(way.body) == [("call_1", "Shelf 3")]
        else:
            with pytest.raises(ValueError, match=r"'call_2'.*`ToolResultPart` its `name`"):
                await way.ask(lambda messages=messages: messages)


# Reasoning


@pytest.mark.parametrize("stream", [False, True])
async def test_reasoning_and_signatures_go_back(way: Way, stream: bool) -> None:
    call = ToolCall("FindBook", {"title": "Mistborn"}, id="call_1")
    way.box.reply(Reply(thinking="Where may it be?", tool_calls=[call]))
    thinking = {"thinking_config": {"include_thoughts": True}}
    options: dict[str, Any] = {"tools": [FindBook], "call_params": thinking}
    reply = await way.ask("Hi", stream=stream, **options)
    if stream:
        items = await way.items(reply)
        assert "".join(chunk.thinking for chunk, _ in items) == "Where may it be?"
    assert reply.thinking == "Where may it be?"
    assert reply.content == ""
    if stream:
        reply = reply.construct_call_response()
        assert reply.thinking == "Where may it be?"
    if not way.agnostic:
        thought, called = reply.message_param["parts"]
        assert thought == {"text": "Where may it be?", "thought": True}
        assert called["thought_signature"] == SIGNATURE
    results = reply.tool_message_params([(reply.tool, reply.tool.call())])
    history = [Messages.User("Hi"), reply.message_param, *results]
    if way.agnostic:
        history = [BaseMessageParam.model_validate_json(m.model_dump_json()) for m in history]
    await way.ask(lambda: history, **options)
    thought, called = way.body["contents"][1]["parts"]
    assert thought["thought"] is True
    assert called["functionCall"]["name"] == "FindBook"
    assert called["thoughtSignature"] == "c2FuZGJveC10aGlua2luZy1zaWduYXR1cmU="


async def test_the_signature_of_a_text(way: Way) -> None:
    way.box.reply("Shelf 3.", thinking="Hm.", times=2)
    response = await way.ask("Hi")
    stream = await way.ask("Hi", stream=True)
    await way.items(stream)
    kinds = [part.type for part in response.common_message_param.content]
    assert kinds == ["thinking", "thinking", "text"]
    for reply in (response, stream):
        await way.ask(lambda reply=reply: [Messages.User("Hi"), reply.message_param])
        parts = way.body["contents"][1]["parts"]
        assert "".join(part["text"] for part in parts[1:]) == "Shelf 3."
        assert [part for part in parts if "thoughtSignature" in part] == [parts[-1]]


async def test_reasoning_stays_with_google(way: Way) -> None:
    foreign = ThinkingPart(thinking="Hm.", signature="c2ln", provider="anthropic")
    block = ProviderPart(provider="anthropic", data={"type": "redacted_thinking"})
    said = BaseMessageParam(role="assistant", content=[foreign, block])
    said.content = [*said.content, Messages.Assistant(["A"]).content[0]]
    await way.ask(lambda: [Messages.User("Hi"), said, Messages.User("Go on")])
    assert way.body["contents"][1]["parts"] == [{"text": "A"}]


async def test_parts_that_only_google_knows_go_back(way: Way) -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c2ln"}
    image = {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    content = {"role": "model", "parts": [code, {"text": "Here."}, image]}
    body = {"candidates": [{"content": content, "finishReason": "STOP"}]}
    way.box.native("google", body)
    response = await way.ask("Draw it")
    assert response.content == "Here."
    await way.ask(lambda: [Messages.User("Hi"), response.message_param, Messages.User("Again")])
    sent = way.wire.messages(way.body)[1]["parts"]
    assert sent[0]["executable_code"] == {"language": "PYTHON", "code": "1"}
    assert sent[0]["thought_signature"] == "c2ln"
    assert sent[2]["inline_data"] == {"mime_type": "image/png", "data": "iVBORw=="}


# What comes back

BLOCKED = {
    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
    "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
    "modelVersion": MODEL,
}


async def test_a_prompt_that_is_blocked(way: Way) -> None:
    way.box.native("google", BLOCKED)
    response = await way.ask("Hi", tools=[FindBook])
    assert (response.content, response.tools) == ("", None)
    assert response.common_finish_reasons == ["content_filter"]
    assert (
        response._response.finish_reasons
        if way.agnostic
        else response.finish_reasons == ["PROHIBITED_CONTENT"]
    )
    assert response.response.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    assert response.input_tokens == 9
    assert response.message_param
    way.box.native("google", [f"data: {response.response.model_dump_json(by_alias=True)}\r\n\r\n"])
    stream = await way.ask("Hi", stream=True)
    assert len(await way.items(stream)) == 1
    assert stream.common_finish_reasons == ["content_filter"]


async def test_counts_are_running_totals_and_thoughts_are_paid_for(way: Way) -> None:
    usage = Usage(input=1000, output=500, reasoning=300)
    way.box.reply("one two three", usage=usage, times=2)
    response = await way.ask("Hi")
    stream = await way.ask("Hi", stream=True)
    await way.items(stream)
    for reply in (response, stream):
        assert (reply.input_tokens, reply.output_tokens) == (1000, 200)
        assert reply.cost == pytest.approx(0.00155)  # as for 500 tokens of output


async def test_candidates_are_not_mixed(way: Way) -> None:
    way.box.reply("one two", times=2)
    several = {"candidate_count": 2}
    response = await way.ask("Hi", call_params=several)
    assert response.content == "one two"
    assert len(response.finish_reasons) == 2
    stream = await way.ask("Hi", call_params=several, stream=True)
    await way.items(stream)
    assert stream.content == "one two"


async def test_where_it_was_found_stays_with_a_stream(way: Way) -> None:
    grounding = '"groundingMetadata": {"webSearchQueries": ["ruby"]}'
    content = '"content": {"role": "model", "parts": [{"text": "4.0"}]}'
    event = f'{{"candidates": [{{{content}, "finishReason": "STOP", {grounding}}}]}}'
    way.box.native("google", [f"data: {event}\r\n\r\n"])
    stream = await way.ask("Hi", stream=True)
    await way.items(stream)
    response = stream.construct_call_response().response
    assert response.candidates[0].grounding_metadata.web_search_queries == ["ruby"]


def test_errors_tell_what_google_said(box: Sandbox) -> None:
    box.fail(429, retry_after=3, message="Slow down.")
    with pytest.raises(errors.ClientError) as caught:
        google.call(MODEL)(lambda: "Hi")()
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert caught.value.message == "Slow down."
