"""Clients of Amazon Bedrock: opened, revived, given back; made for language models."""

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
from botocore.exceptions import NoRegionError

from mirascope import Messages, prompt_template
from mirascope.core import bedrock
from mirascope.sandbox import Sandbox

NOVA = "amazon.nova-lite-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


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


# Clients of other kinds, streams that are left


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
