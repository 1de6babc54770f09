"""What only Amazon Bedrock has: clients that left their context, a binary stream, own blocks."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import EventStreamError, NoRegionError

from mirascope import BaseMessageParam, BaseTool, Messages, TextPart, prompt_template
from mirascope.core import bedrock
from mirascope.core.base import CacheControlPart, DocumentPart, ImageURLPart, ThinkingPart
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage
from mirascope.sandbox._event_stream import frame

NOVA = "amazon.nova-lite-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return "on shelf 3"


@pytest.fixture
def environment(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bare clients of the SDKs talk to the sandbox, too."""
    for name, value in box.environment().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)


@pytest.fixture
def no_leaks(box: Sandbox) -> Iterator[None]:
    """No connection outlives a test."""
    yield
    gc.collect()
    assert box.wait_until(lambda: box.open_connections <= 1), box.open_connections


def texts(box: Sandbox) -> list[str]:
    return [request.body["messages"][0]["content"][0]["text"] for request in box.requests]


# Clients


async def get_async_client() -> Any:
    """As the documentation of v1 writes it: the client leaves its context before it is used."""
    session = get_session()
    async with session.create_client("bedrock-runtime") as client:
        return client


@pytest.mark.usefixtures("environment", "no_leaks")
def test_an_async_client_that_left_its_context_works_again(box: Sandbox) -> None:
    @bedrock.call(HAIKU, client=asyncio.run(get_async_client()))
    async def recommend_book_async(genre: str) -> str:
        return f"Recommend a {genre} book"

    async def several() -> list[str]:
        genres = (f"{n}th" for n in range(25))
        return [r.content for r in await asyncio.gather(*map(recommend_book_async, genres))]

    for _ in range(3):
        answers = asyncio.run(several())
        assert answers == [f"Sandbox reply to: Recommend a {n}th book" for n in range(25)]
        assert box.wait_until(lambda: box.open_connections == 0)
    assert len(box.requests) == 75


@pytest.mark.usefixtures("environment", "no_leaks")
def test_it_streams_and_reuses_its_connection(box: Sandbox) -> None:
    client = asyncio.run(get_async_client())

    @bedrock.call(HAIKU, client=client, stream=True)
    async def recommend_book() -> str:
        return "Recommend a book"

    async def main() -> None:
        for _ in range(3):
            stream = await recommend_book()
            assert "".join([chunk.content async for chunk, _ in stream]) == stream.content
            assert stream.content == "Sandbox reply to: Recommend a book"

    asyncio.run(main())
    assert box.connections == 1


@pytest.mark.usefixtures("environment", "no_leaks")
def test_a_client_made_for_each_call_is_closed_again(box: Sandbox) -> None:
    @bedrock.call(HAIKU)
    @prompt_template("Recommend a {genre} book")
    async def recommend_book(genre: str) -> bedrock.AsyncBedrockDynamicConfig:
        return {"client": await get_async_client()}

    async def main() -> None:
        for genre in ("fantasy", "crime"):
            response = await recommend_book(genre)
            assert response.content == f"Sandbox reply to: Recommend a {genre} book"
            del response
            gc.collect()
            for _ in range(100):
                if not box.open_connections:
                    break
                await asyncio.sleep(0.01)
            assert box.open_connections == 0

    asyncio.run(main())


@pytest.mark.usefixtures("environment", "no_leaks")
def test_a_client_in_its_context_is_left_alone(box: Sandbox) -> None:
    async def main() -> None:
        async with get_session().create_client("bedrock-runtime") as client:

            @bedrock.call(HAIKU, client=client)
            async def recommend_book() -> str:
                return "Recommend a book"

            await asyncio.gather(recommend_book(), recommend_book())
            await recommend_book()
            assert client._endpoint.http_session._sessions
        assert client._endpoint.http_session._sessions is None
        # From here on it is ours to open.
        assert (await recommend_book()).content

    asyncio.run(main())
    assert len(box.requests) == 4


@pytest.mark.usefixtures("environment")
def test_a_client_survives_a_loop_that_was_merely_closed(box: Sandbox) -> None:
    client = asyncio.run(get_async_client())

    @bedrock.call(HAIKU, client=client)
    async def recommend_book() -> str:
        return "Recommend a book"

    loop = asyncio.new_event_loop()
    assert loop.run_until_complete(recommend_book()).content
    with pytest.raises(RuntimeError, match="open in another event loop"):
        asyncio.run(recommend_book())
    loop.run_until_complete(client.close())
    loop.run_until_complete(asyncio.sleep(0.05))
    loop.close()
    assert asyncio.run(recommend_book()).content


def test_default_clients_are_made_for_language_models(box: Sandbox) -> None:
    clients: list[Any] = []

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    @bedrock.call(NOVA)
    async def ask_async() -> str:
        return "Hi"

    async def response_async() -> Any:
        return await ask_async()

    for response in (ask(), asyncio.run(response_async())):
        clients.append(response._request.client)
    for client in clients:
        config = client.meta.config
        assert config.read_timeout == 600
        assert config.max_pool_connections >= 1000
        assert config.retries["total_max_attempts"] == 3
        assert config.retries["mode"] == "standard"
    assert clients[1].meta.config.connector_args["keepalive_timeout"] == 60


def test_a_hundred_and_fifty_calls_at_once(box: Sandbox) -> None:
    @bedrock.call(NOVA)
    async def ask(n: int) -> str:
        return f"Hi {n}"

    async def main() -> None:
        # The client is made in the midst of the rush, once.
        await asyncio.gather(*map(ask, range(150)))

    box.slow(first_byte=0.5)
    asyncio.run(main())
    assert len(box.requests) == 150
    assert box.connections == 150


def test_sync_calls_in_many_threads(box: Sandbox) -> None:
    @bedrock.call(NOVA)
    def ask(n: int) -> str:
        return f"Hi {n}"

    box.slow(first_byte=0.2)
    with ThreadPoolExecutor(30) as threads:
        list(threads.map(ask, range(60)))
    assert len(box.requests) == 60
    assert 10 < box.connections <= 30


def test_a_call_in_each_of_several_loops_is_sent_once(box: Sandbox) -> None:
    @bedrock.call(NOVA)
    async def ask() -> str:
        return "Hi"

    async def five() -> None:
        for _ in range(5):
            await ask()

    for _ in range(4):
        asyncio.run(five())
    assert len(box.requests) == 20
    assert box.connections == 4
    assert box.wait_until(lambda: box.open_connections == 0)


def test_what_a_reply_asks_to_wait_is_waited(box: Sandbox) -> None:
    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    ask()
    box.fail(429, retry_after=1.2)
    started = time.monotonic()
    assert ask().content == "Sandbox reply to: Hi"
    assert 1.2 <= time.monotonic() - started < 3
    # What is asked for is too long: the SDK decides.
    box.fail(503, retry_after=3600)
    assert ask().content == "Sandbox reply to: Hi"


def test_a_user_decides_about_retries(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    box.fail(500)
    with pytest.raises(Exception, match="InternalServerException"):
        ask()
    assert len(box.requests) == 1


def test_no_region_is_the_sdks_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_REGION_NAME", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    @bedrock.call(NOVA)
    async def ask_async() -> str:
        return "Hi"

    with pytest.raises(NoRegionError):
        ask()

    async def twice() -> None:
        for _ in range(2):
            with pytest.raises(NoRegionError):
                await ask_async()

    asyncio.run(twice())


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_REGION_NAME", "AWS_DEFAULT_REGION"])
def test_the_region_from_the_environment(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "eu-west-3")

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    assert ask()._request.client.meta.region_name == "eu-west-3"


@pytest.mark.usefixtures("environment")
def test_a_wrong_kind_of_client() -> None:
    client = boto3.client("bedrock-runtime")
    with pytest.raises(TypeError, match="needs an async client of Amazon Bedrock"):

        @bedrock.call(NOVA, client=client)
        async def ask() -> str:
            return "Hi"

    with pytest.raises(TypeError, match="needs a sync client of Amazon Bedrock"):

        @bedrock.call(NOVA, client=asyncio.run(get_async_client()))
        def ask_sync() -> str:
            return "Hi"


# Programs of the documentation of v1


@pytest.fixture
def new_client(box: Sandbox, environment: None) -> Iterator[Callable[[], Any]]:
    """`boto3.client("bedrock-runtime")`, closed after the test."""
    made: list[Any] = []

    def new() -> Any:
        made.append(boto3.client("bedrock-runtime"))
        return made[-1]

    yield new
    for client in made:
        client.close()


def test_documented_programs(box: Sandbox, new_client: Callable[[], Any]) -> None:
    @bedrock.call(NOVA)
    def shorthand(genre: str) -> str:
        return f"Recommend a {genre} book"

    @bedrock.call(NOVA, client=new_client())
    @prompt_template("Recommend a {genre} book")
    def template(genre: str) -> None: ...

    @bedrock.call(NOVA)
    def own_client(genre: str) -> bedrock.BedrockDynamicConfig:
        return {
            "messages": [Messages.User(f"Recommend a {genre} book")],
            "client": new_client(),
        }

    @bedrock.call(NOVA)
    def own_messages(genre: str) -> bedrock.BedrockDynamicConfig:
        return {"messages": [{"role": "user", "content": [{"text": f"Recommend a {genre} book"}]}]}

    for program in (shorthand, template, own_client, own_messages):
        response: bedrock.BedrockCallResponse = program("fantasy")
        assert response.content == "Sandbox reply to: Recommend a fantasy book"
        assert response.message == {
            "role": "assistant",
            "content": [{"text": "Sandbox reply to: Recommend a fantasy book"}],
        }
    assert texts(box) == ["Recommend a fantasy book"] * 4


# What is sent


def bodies(prompt: Any, box: Sandbox, **options: Any) -> dict[str, Any]:
    @bedrock.call(NOVA, **options)
    def ask() -> Any:
        return prompt

    ask()
    body: dict[str, Any] = box.requests[-1].body
    return body


def test_parameters_meet_in_one_object(box: Sandbox) -> None:
    params = {"temperature": 0.1, "inferenceConfig": {"maxTokens": 9, "topP": 0.5}}
    prompt = {"messages": [Messages.User("Hi")], "call_params": {"max_tokens": 7, "stop": "END"}}
    assert bodies(prompt, box, call_params=params)["inferenceConfig"] == {
        "temperature": 0.1,
        "maxTokens": 7,
        "topP": 0.5,
        "stopSequences": ["END"],
    }


def test_system_blocks_are_joined_and_cached(box: Sandbox) -> None:
    system = BaseMessageParam(
        role="system", content=[TextPart(text="Be brief."), CacheControlPart()]
    )
    params = {"system": [{"text": "You are a librarian."}]}
    body = bodies([system, Messages.User("Hi")], box, call_params=params)
    assert body["system"] == [
        {"text": "You are a librarian."},
        {"text": "Be brief."},
        {"cachePoint": {"type": "default"}},
    ]


def test_a_cache_point_needs_something_before_it(box: Sandbox) -> None:
    with pytest.raises(ValueError, match="put it after the part"):
        bodies(BaseMessageParam(role="user", content=[CacheControlPart()]), box)


def test_cache_points_and_choices_among_the_tools(box: Sandbox) -> None:
    config = {"tools": [{"cachePoint": {"type": "default"}}], "toolChoice": {"any": {}}}
    body = bodies("Hi", box, tools=[Find], call_params={"toolConfig": config})
    spec, point = body["toolConfig"]["tools"]
    assert spec["toolSpec"]["name"] == "Find"
    assert point == {"cachePoint": {"type": "default"}}
    assert body["toolConfig"]["toolChoice"] == {"any": {}}


def test_a_strict_tool(box: Sandbox) -> None:
    class Strict(Find):
        tool_config = bedrock.BedrockToolConfig(strict=True)

    (tool,) = bodies("Hi", box, tools=[Strict])["toolConfig"]["tools"]
    assert tool["toolSpec"]["strict"] is True
    assert tool["toolSpec"]["inputSchema"]["json"]["additionalProperties"] is False


def test_tools_of_the_past_are_described(box: Sandbox) -> None:
    """A conversation in which tools were used is refused where a request offers none."""
    box.reply(ToolCall("Find", {"title": "Dune"}, id="t1"))

    @bedrock.call(NOVA, tools=[Find])
    def ask() -> str:
        return "Where is Dune?"

    response = ask()
    assert response.tool
    results = response.tool_message_params([(response.tool, "on shelf 3")])
    history = [response.user_message_param, response.message_param, *results]
    body = bodies({"messages": [*history, Messages.User("Thanks!")]}, box)
    assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["Find"]
    # What the user says after a tool stands in the same turn.
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][-1]["content"][-1] == {"text": "Thanks!"}


def test_results_of_parallel_tools_are_one_message(box: Sandbox) -> None:
    box.reply([ToolCall("Find", {"title": title}, id=title) for title in ("Dune", "Emma")])

    @bedrock.call(NOVA, tools=[Find])
    def ask() -> str:
        return "Where are they?"

    response = ask()
    done = [(tool, tool.call()) for tool in response.tools or ()]
    (message,) = response.tool_message_params(done)
    assert message == {
        "role": "user",
        "content": [
            {"toolResult": {"toolUseId": title, "content": [{"text": "on shelf 3"}]}}
            for title in ("Dune", "Emma")
        ],
    }


def test_documents_and_what_lies_in_s3(box: Sandbox) -> None:
    document = DocumentPart(media_type="text/csv", document=b"a,b")
    stored = ImageURLPart(url="s3://bucket/cat.jpg")
    content = ["What?", document, document.model_copy(update={"document": b"c"}), stored]
    blocks = bodies(Messages.User(content), box)["messages"][0]["content"]
    names = [block["document"]["name"] for block in blocks[1:3]]
    assert len(set(names)) == 2
    assert blocks[1]["document"] == {
        "format": "csv",
        "name": names[0],
        "source": {"bytes": "YSxi"},
    }
    assert blocks[3]["image"] == {
        "format": "jpeg",
        "source": {"s3Location": {"uri": "s3://bucket/cat.jpg"}},
    }
    with pytest.raises(ValueError, match=r"`s3://` addresses that end in `\.png`"):
        bodies(Messages.User(["What?", ImageURLPart(url="s3://bucket/cat.bmp")]), box)


# What comes back


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_its_signature_go_back(box: Sandbox, stream: bool) -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    params: Any = {"additionalModelRequestFields": fields}

    @bedrock.call(HAIKU, call_params=params, stream=stream, tools=[Find])
    def ask(history: list[Any]) -> Any:
        return [*history, Messages.User("Hi")]

    box.reply(Reply(thinking="Hm.", tool_calls=[ToolCall("Find", {"title": "Dune"}, id="t1")]))
    reply: Any = ask([])
    if stream:
        list(reply)
    thought = {"text": "Hm.", "signature": reply.signature}
    assert reply.thinking == "Hm."
    assert reply.signature
    reply = reply.construct_call_response() if stream else reply
    assert reply.message_param["content"][0] == {"reasoningContent": {"reasoningText": thought}}
    results = reply.tool_message_params([(reply.tool, "here")])
    ask_again = ask([Messages.User("Hi"), reply.common_message_param, *results])
    if stream:
        list(ask_again)
    sent = box.requests[-1].body["messages"][1]["content"][0]
    assert sent == {"reasoningContent": {"reasoningText": thought}}


def test_reasoning_that_would_be_refused_is_left_out(box: Sandbox) -> None:
    thoughts = [
        ThinkingPart(thinking="Hm.", signature="s", provider="anthropic"),
        ThinkingPart(thinking="Hm.", provider="bedrock"),
    ]
    said = BaseMessageParam(role="assistant", content=[*thoughts, TextPart(text="Yes.")])
    body = bodies([Messages.User("Hi"), said, Messages.User("Sure?")], box)
    assert body["messages"][1]["content"] == [{"text": "Yes."}]


def test_a_response_model_is_asked_for_as_json_where_the_model_thinks(box: Sandbox) -> None:
    fields = {"thinking": {"type": "adaptive"}}
    params = {"additionalModelRequestFields": fields}
    box.reply('["Dune"]')

    @bedrock.call(HAIKU, response_model=list[str], call_params=params)  # type: ignore[arg-type]
    def ask() -> str:
        return "Recommend books"

    assert ask() == ["Dune"]
    assert "toolConfig" not in box.requests[-1].body


def test_tokens_read_from_the_cache_and_written_to_it(box: Sandbox) -> None:
    box.reply("Yes.", usage=Usage(input=1000, output=5, cached=600, cache_write=300))

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    response = ask()
    assert response.usage == {
        "inputTokens": 100,
        "outputTokens": 5,
        "totalTokens": 1005,
        "cacheReadInputTokens": 600,
        "cacheWriteInputTokens": 300,
    }
    assert (response.input_tokens, response.cached_tokens) == (100, 600)
    assert response.cost_metadata.cache_write == 300


@pytest.mark.parametrize(
    ("reason", "common"),
    [
        ("guardrail_intervened", ["content_filter"]),
        ("model_context_window_exceeded", ["length"]),
        ("malformed_tool_use", None),
    ],
)
def test_further_finish_reasons(box: Sandbox, reason: str, common: list[str] | None) -> None:
    box.reply("Well.", finish_reason=reason)

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Hi"

    response = ask()
    assert response.finish_reasons == [reason]
    assert response.common_finish_reasons == common


def in_stream(*events: tuple[str, dict[str, Any]]) -> list[bytes]:
    end = [
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}}),
    ]
    start = ("messageStart", {"role": "assistant"})
    return [frame(kind, data) for kind, data in (start, *events, *end)]


def delta(index: int, **piece: Any) -> tuple[str, dict[str, Any]]:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": piece}


def stop(index: int) -> tuple[str, dict[str, Any]]:
    return "contentBlockStop", {"contentBlockIndex": index}


def streamed(box: Sandbox, *events: tuple[str, dict[str, Any]]) -> Any:
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    box.native("bedrock", in_stream(*events), headers=headers)

    @bedrock.call(NOVA, stream=True, tools=[Find])
    def ask() -> str:
        return "Hi"

    stream = ask()
    stream.items = list(stream)  # type: ignore[attr-defined]
    return stream


def test_reasoning_that_is_not_shown_goes_back(box: Sandbox) -> None:
    stream = streamed(
        box,
        delta(0, reasoningContent={"redactedContent": "YWI="}),
        delta(0, reasoningContent={"redactedContent": "Yw=="}),
        stop(0),
        delta(1, text="Yes."),
        stop(1),
    )
    assert stream.content == "Yes."
    assert stream.thinking == ""
    assert stream.message_param["content"] == [
        {"reasoningContent": {"redactedContent": b"abc"}},
        {"text": "Yes."},
    ]
    back = stream.common_message_param
    assert bedrock.PROVIDER.encode_messages([back]) == [stream.message_param]


def test_tools_that_bedrock_runs_itself(box: Sandbox) -> None:
    use = {"toolUseId": "s1", "name": "nova_grounding", "type": "server_tool_use"}
    result = {"toolUseId": "s1", "type": "nova_grounding_result", "status": "success"}
    stream = streamed(
        box,
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": use}}),
        delta(0, toolUse={"input": '{"query":'}),
        delta(0, toolUse={"input": '"Dune"}'}),
        stop(0),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": result}}),
        delta(1, toolResult=[{"text": "A book."}]),
        stop(1),
        delta(2, text="A book."),
        stop(2),
        (
            "contentBlockStart",
            {"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "Find"}}},
        ),
        delta(3, toolUse={"input": '{"title":"Dune"}'}),
        stop(3),
    )
    assert [tool.title for _, tool in stream.items if tool] == ["Dune"]
    assert [tool.title for tool in stream.construct_call_response().tools] == ["Dune"]
    assert stream.message_param["content"] == [
        {"toolUse": {**use, "input": {"query": "Dune"}}},
        {"toolResult": {**result, "content": [{"text": "A book."}]}},
        {"text": "A book."},
        {"toolUse": {"toolUseId": "t1", "name": "Find", "input": {"title": "Dune"}}},
    ]


def test_parallel_tools_of_a_stream_are_told_apart(box: Sandbox) -> None:
    box.reply([ToolCall("Find", {"title": title}, id=title) for title in ("Dune", "Emma", "Ubik")])

    @bedrock.call(NOVA, stream=True, tools=[Find])
    def ask() -> str:
        return "Find them"

    stream = ask()
    assert [tool.title for _, tool in stream if tool] == ["Dune", "Emma", "Ubik"]
    assert stream.finish_reasons == ["tool_use"]
    assert stream.input_tokens


def test_cited_text_is_text(box: Sandbox) -> None:
    cited = {"citationsContent": {"content": [{"text": "On shelf 3."}], "citations": []}}
    content = [{"text": "Look: "}, cited]
    box.native(
        "bedrock",
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": "end_turn",
            "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        },
    )

    @bedrock.call(NOVA)
    def ask() -> str:
        return "Where is Dune?"

    response = ask()
    assert response.content == "Look: On shelf 3."
    assert response.message_param["content"] == content


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "throttlingException"),
        (400, "validationException"),
        (500, "internalServerException"),
        (529, "serviceUnavailableException"),
    ],
)
def test_an_exception_in_a_stream(box: Sandbox, status: int, code: str) -> None:
    box.error_event(2, status=status, message="Sorry.")

    @bedrock.call(NOVA, stream=True)
    def ask() -> str:
        return "Hi"

    with pytest.raises(EventStreamError) as caught:
        list(ask())
    assert caught.value.response["Error"]["Code"] == code


@pytest.mark.usefixtures("environment")
def test_doubles_and_wrapped_clients(box: Sandbox) -> None:
    class Double:
        def converse(self, **kwargs: Any) -> Any:
            block = {"text": f"Asked {kwargs['modelId']}"}
            return {"output": {"message": {"role": "assistant", "content": [block]}}}

        def converse_stream(self, **kwargs: Any) -> Any:
            yielded = [{"messageStart": {"role": "assistant"}}]
            yielded += [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "Hi"}}}]
            return {"stream": [*yielded, {"messageStop": {"stopReason": "end_turn"}}]}

    @bedrock.call(NOVA, client=Double())
    def ask() -> str:
        return "Hi"

    @bedrock.call(NOVA, client=Double(), stream=True)
    def ask_streaming() -> str:
        return "Hi"

    response = ask()
    assert (response.content, response.id, response.usage) == (f"Asked {NOVA}", None, None)
    stream = ask_streaming()
    assert [chunk.content for chunk, _ in stream] == ["", "Hi", ""]
    assert stream.finish_reasons == ["end_turn"]


@pytest.mark.usefixtures("environment")
def test_an_abandoned_stream_gives_its_connection_back(box: Sandbox) -> None:
    client = boto3.client("bedrock-runtime", config=Config(max_pool_connections=1))

    @bedrock.call(NOVA, stream=True, client=client)
    def ask() -> str:
        return "Hi"

    box.slow(between_events=0.05)
    for chunk, _ in ask():
        if chunk.content:
            break
    gc.collect()
    assert box.wait_until(lambda: box.requests[0].disconnected)
    box.slow()
    assert "".join(chunk.content for chunk, _ in ask()) == "Sandbox reply to: Hi"
    client.close()
