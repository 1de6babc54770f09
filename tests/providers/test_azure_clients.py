"""Clients of Azure AI: of two SDKs, one for each loop, and with retries that make sense."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import openai
import pytest
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference import models as azure_models
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from mirascope import BaseMessageParam, BaseTool, Messages, llm, prompt_template
from mirascope.core import azure
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage

MODEL = "gpt-4o-mini"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
DEFAULT_PATH = "/azure/chat/completions?api-version=2024-05-01-preview"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return "on shelf 3"


def path_of(kind: str) -> str:
    if kind == "deployment":
        return f"/azure/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21"
    return "/azure/openai/v1/chat/completions"


def openai_client(box: Sandbox, kind: str, is_async: bool = False) -> Any:
    if kind == "deployment":
        classic: Any = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
        return classic(azure_endpoint=box.base_url("azure"), api_key="k", api_version="2024-10-21")
    newer: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    return newer(base_url=f"{box.base_url('azure')}/openai/v1/", api_key="k")


# Clients of OpenAI's SDK


@pytest.mark.parametrize("agnostic", [False, True])
@pytest.mark.parametrize("kind", ["deployment", "v1"])
def test_clients_of_openais_sdk(box: Sandbox, kind: str, agnostic: bool) -> None:
    with openai_client(box, kind) as client:
        options: Any = {"client": client, "tools": [Find]}
        decorator = (
            llm.call("azure", MODEL, **options) if agnostic else azure.call(MODEL, **options)
        )

        @decorator
        def ask(history: list[Any]) -> Any:
            return [Messages.System("You are a librarian."), *history]

        box.reply(
            Reply(text="Hm.", tool_calls=[ToolCall("Find", {"title": "Dune"}, id="call_1")]),
            usage=Usage(input=10, output=5, cached=4),
        )
        response = ask([Messages.User("Where is Dune?")])
        assert box.requests[0].path == path_of(kind)
        assert response.provider == "azure"
        assert isinstance(response.response, ChatCompletion)
        assert (response.input_tokens, response.cached_tokens, response.output_tokens) == (10, 4, 5)
        assert isinstance(response.tool, Find)
        assert isinstance(response.tool, azure.AzureTool)
        results = response.tool_message_params([(response.tool, response.tool.call())])
        again = ask([response.user_message_param, response.message_param, *results])
        assert again.content == "Sandbox reply with the tool's result: on shelf 3"
        assert box.requests[1].problems == []


@pytest.mark.parametrize("kind", ["deployment", "v1"])
async def test_async_streams_of_openais_sdk(box: Sandbox, kind: str) -> None:
    async with openai_client(box, kind, is_async=True) as client:

        @azure.call(MODEL, client=client, stream=True, tools=[Find])
        async def ask() -> str:
            return "Find Dune"

        box.reply(ToolCall("Find", {"title": "Dune"}, id="call_1"))
        stream = await ask()
        items = [item async for item in stream]
        assert [tool.title for _, tool in items if tool] == ["Dune"]
        chunks = [chunk.chunk for chunk, _ in items if chunk.chunk is not None]
        assert {type(chunk) for chunk in chunks} == {ChatCompletionChunk}
        assert isinstance(stream.construct_call_response().response, ChatCompletion)
        assert stream.input_tokens
        box.fail(429)
        with pytest.raises(openai.RateLimitError):
            await (client_without_retries(client))()


def client_without_retries(client: Any) -> Any:
    @azure.call(MODEL, client=client.with_options(max_retries=0))
    async def ask() -> str:
        return "Hi"

    return ask


def test_azures_own_messages_go_through_openais_sdk(box: Sandbox) -> None:
    with openai_client(box, "v1") as client:

        @azure.call(MODEL, client=client)
        def ask() -> azure.AzureDynamicConfig:
            return {"messages": [azure_models.UserMessage(content="Hi")]}

        assert ask().content == "Sandbox reply to: Hi"
    assert box.requests[0].body["messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize("is_openai", [False, True])
def test_a_limit_by_the_name_that_the_model_knows(box: Sandbox, is_openai: bool) -> None:
    client = openai_client(box, "v1") if is_openai else None
    params: Any = {"max_tokens": 7}

    @azure.call("gpt-5-nano", client=client, call_params=params)
    def ask() -> str:
        return "Hi"

    ask()
    assert box.requests[0].body["max_completion_tokens"] == 7
    assert "max_tokens" not in box.requests[0].body
    if client:
        client.close()


# Clients


def test_the_wrong_kind_is_told_from_the_right_one_of_the_same_name(box: Sandbox) -> None:
    key = AzureKeyCredential("k")
    sync = ChatCompletionsClient(endpoint=box.base_url("azure"), credential=key)
    wrong = AsyncChatCompletionsClient(endpoint=box.base_url("azure"), credential=key)
    with pytest.raises(TypeError, match=r"an async client of Azure AI .*`aio\.ChatCompl"):

        @azure.call(MODEL, client=sync)
        async def ask_async() -> str:
            return "Hi"

    for client in (wrong, openai_client(box, "v1", is_async=True)):
        with pytest.raises(TypeError, match=r"a sync client of Azure AI .*`AzureOpenAI`"):

            @azure.call(MODEL, client=client)
            def ask() -> str:
                return "Hi"


def test_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_INFERENCE_ENDPOINT", raising=False)

    @azure.call(MODEL)
    def ask() -> str:
        return "Hi"

    with pytest.raises(KeyError, match="AZURE_INFERENCE_ENDPOINT"):
        ask()


def test_no_key(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_INFERENCE_ENDPOINT", "https://nowhere.invalid")
    monkeypatch.delenv("AZURE_INFERENCE_CREDENTIAL", raising=False)
    monkeypatch.setattr("mirascope.core.base._clients._redirections", [])

    @azure.call(MODEL)
    def ask() -> str:
        return "Hi"

    with pytest.raises(ImportError, match="pip install azure-identity"):
        ask()


def test_a_default_client_from_the_environment(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mirascope.core.base._clients._redirections", [])
    for name, value in box.environment().items():
        if name.startswith("AZURE_"):
            monkeypatch.setenv(name, value)

    @azure.call(MODEL)
    def ask() -> str:
        return "Hi"

    assert ask().content == "Sandbox reply to: Hi"
    assert box.requests[0].path == DEFAULT_PATH


def test_a_wrong_request_is_not_repeated(box: Sandbox) -> None:
    """The SDK repeats whatever failed with a `Retry-After`."""

    @azure.call(MODEL)
    def ask() -> str:
        return "Hi"

    @azure.call(MODEL)
    async def ask_async() -> str:
        return "Hi"

    async def response_async() -> Any:
        return await ask_async()

    for call in (ask, lambda: asyncio.run(response_async())):
        box.reset()
        box.fail(400, retry_after=0.01)
        with pytest.raises(HttpResponseError):
            call()
        assert len(box.requests) == 1
        box.fail(429, retry_after=0.01)
        assert call().content == "Sandbox reply to: Hi"
        assert len(box.requests) == 3


def test_a_stream_that_is_asked_for_again_gives_its_connection_back(box: Sandbox) -> None:
    @azure.call(MODEL, stream=True)
    def ask() -> str:
        return "Hi"

    box.fail(429, retry_after=0.01, times=2)
    assert "".join(chunk.content for chunk, _ in ask()) == "Sandbox reply to: Hi"
    assert len(box.requests) == 3
    gc.collect()
    assert box.wait_until(lambda: box.open_connections == 1)


def test_a_client_for_each_loop(box: Sandbox) -> None:
    """The SDK's own async client is dead after its first loop."""

    @azure.call(MODEL)
    async def ask() -> str:
        return "Hi"

    async def five() -> None:
        for _ in range(5):
            assert (await ask()).content == "Sandbox reply to: Hi"

    for _ in range(4):
        asyncio.run(five())
    assert len(box.requests) == 20
    assert box.connections == 4
    assert box.wait_until(lambda: box.open_connections == 0)


async def test_many_calls_at_once(box: Sandbox) -> None:
    @azure.call(MODEL)
    async def ask(n: int) -> str:
        return f"Hi {n}"

    box.slow(first_byte=0.5)
    responses = await asyncio.gather(*map(ask, range(150)))
    assert [response.content for response in responses] == [
        f"Sandbox reply to: Hi {n}" for n in range(150)
    ]
    assert box.connections == 150


# Programs of the documentation of v1


def test_documented_programs(box: Sandbox) -> None:
    endpoint = f"{box.base_url('azure')}/openai/deployments/gpt-4o-mini/"

    clients: list[ChatCompletionsClient] = []

    def client() -> ChatCompletionsClient:
        made = ChatCompletionsClient(endpoint=endpoint, credential=AzureKeyCredential("..."))
        clients.append(made)
        return made

    @azure.call(MODEL)
    def shorthand(genre: str) -> str:
        return f"Recommend a {genre} book"

    @azure.call(MODEL, client=client())
    @prompt_template("Recommend a {genre} book")
    def template(genre: str) -> None: ...

    @azure.call(MODEL)
    def own_client(genre: str) -> azure.AzureDynamicConfig:
        return {"messages": [Messages.User(f"Recommend a {genre} book")], "client": client()}

    @azure.call(MODEL)
    def own_messages(genre: str) -> azure.AzureDynamicConfig:
        message = azure_models.UserMessage(content=f"Recommend a {genre} book")
        return {"messages": [message]}

    for program in (shorthand, template, own_client, own_messages):
        response: azure.AzureCallResponse = program("fantasy")
        assert response.content == "Sandbox reply to: Recommend a fantasy book"
        assert isinstance(response.response, azure_models.ChatCompletions)
    deployed = "/azure/openai/deployments/gpt-4o-mini/chat/completions"
    paths = [request.path.partition("?")[0] for request in box.requests]
    assert paths == ["/azure/chat/completions", deployed, deployed, "/azure/chat/completions"]
    for used in clients:
        used.close()


async def test_documented_async_programs(box: Sandbox) -> None:
    def client() -> AsyncChatCompletionsClient:
        return AsyncChatCompletionsClient(
            endpoint=box.base_url("azure"), credential=AzureKeyCredential("your-credentials")
        )

    mine = client()

    @azure.call(MODEL, client=mine)
    async def recommend_book_async(genre: str) -> str:
        return f"Recommend a {genre} book"

    @azure.call(MODEL)
    async def recommend_book(genre: str) -> azure.AsyncAzureDynamicConfig:
        return {
            "messages": [BaseMessageParam(role="user", content=f"Recommend a {genre} book")],
            "client": mine,
        }

    for program in (recommend_book_async, recommend_book):
        response = await program("fantasy")
        assert response.content == "Sandbox reply to: Recommend a fantasy book"
    await mine.close()
