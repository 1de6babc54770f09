"""What only LiteLLM has."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import threading
from typing import Any

import pytest

pytest.importorskip("litellm", exc_type=ImportError)

import litellm as sdk
import openai

from mirascope import BaseTool, Messages, llm
from mirascope.core import litellm
from mirascope.core.base import ThinkingPart
from mirascope.core.base._flow import run_async
from mirascope.core.litellm import LiteLLMCallResponse, LiteLLMStream
from mirascope.core.openai import OpenAICallResponse
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._services import SERVICES

MODEL = "gpt-4o-mini"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return f"{self.title}: shelf 3"


@litellm.call(MODEL)
def ask() -> str:
    return "Hi"


@litellm.call(MODEL)
async def ask_async() -> str:
    return "Hi"


# Importing

IMPORT = """
import socket, sys

def refuse(*args, **kwargs):
    print("NETWORK", args)
    raise OSError("no network")

socket.getaddrinfo = socket.create_connection = refuse
socket.socket.connect = refuse
from mirascope import llm
from mirascope.core import litellm
assert "litellm" not in sys.modules
call = litellm.call("gpt-4o-mini", call_params={"mock_response": "Mistborn"})(lambda: "Hi")
assert "litellm" not in sys.modules
response = call()
print(response.content, response.cost)
import litellm
print(litellm.suppress_debug_info, bool(litellm.model_cost))
"""


def test_importing_it_fetches_nothing_and_happens_at_the_first_call() -> None:
    environment = {k: value for k, value in os.environ.items() if not k.startswith("LITELLM_")}
    command = [sys.executable, "-W", "ignore", "-c", IMPORT]
    output = subprocess.check_output(command, text=True, env=environment)
    first, second = output.splitlines()
    content, cost = first.split()
    assert content == "Mistborn"
    assert float(cost) > 0
    assert second == "True True"


# Cost


@pytest.mark.parametrize("stream", [False, True])
def test_the_cost_is_litellms_own(box: Sandbox, stream: bool, monkeypatch: Any) -> None:
    price = {"input_cost_per_token": 0.01, "output_cost_per_token": 0.1, "mode": "chat"}
    price["litellm_provider"] = "openai"
    monkeypatch.setitem(sdk.model_cost, "parrot-1", price)
    monkeypatch.setattr(sdk, "open_ai_chat_completion_models", {"parrot-1"}, raising=False)
    box.reply("Hello", usage=Usage(input=100, output=10))
    reply = litellm.call("parrot-1", stream=stream)(lambda: "Hi")()
    if stream:
        assert reply.cost is None
        list(reply)
        assert reply.construct_call_response().cost == pytest.approx(2.0)
    assert reply.cost == pytest.approx(2.0)
    assert reply.cost_metadata.cost == pytest.approx(2.0)


def test_a_model_without_a_price(box: Sandbox) -> None:
    response = litellm.call("openai/unheard-of")(lambda: "Hi")()
    assert response.content == "Sandbox reply to: Hi"
    assert response.cost is None


# Replies


def test_the_classes_are_those_of_openais_protocol(box: Sandbox) -> None:
    response: litellm.LiteLLMCallResponse = ask()
    assert type(response) is LiteLLMCallResponse
    assert isinstance(response, OpenAICallResponse)
    assert type(response.response) is sdk.ModelResponse
    assert response.response._hidden_params["custom_llm_provider"] == "openai"
    assert response.provider == "litellm"


def test_a_refusal(box: Sandbox) -> None:
    """LiteLLM keeps it beside the message."""
    box.reply(Reply(refusal="I would rather not."))
    response = litellm.call(MODEL, tools=[Find])(lambda: "Hi")()
    with pytest.raises(ValueError, match="rather not"):
        _ = response.tools
    assert response.message_param["refusal"] == "I would rather not."


def anthropic(box: Sandbox, **params: Any) -> dict[str, Any]:
    """Parameters with which LiteLLM talks to the sandbox as to Anthropic."""
    return {
        "api_base": box.base_url("anthropic"),
        "api_key": "k",
        "custom_llm_provider": "anthropic",
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "max_tokens": 2048,
        **params,
    }


@pytest.mark.parametrize("stream", [False, True])
def test_signed_reasoning_is_given_back(box: Sandbox, stream: bool) -> None:
    call = ToolCall("Find", {"title": "Dune"}, id="toolu_1")
    box.reply(Reply(thinking="Look it up.", tool_calls=[call]), provider="anthropic")
    options: dict[str, Any] = {"tools": [Find], "call_params": anthropic(box)}
    asking = litellm.call("claude-sonnet-4-5", stream=stream, **options)(lambda history: history)
    first = asking([Messages.User("Where is Dune?")])
    tools = [tool for _, tool in first if tool] if stream else first.tools
    response = first.construct_call_response() if stream else first
    assert response.thinking == "Look it up."
    thought = response.common_message_param.content[0]
    assert isinstance(thought, ThinkingPart)
    assert thought.thinking == "Look it up."
    assert thought.signature
    assert [tool.call() for tool in tools] == ["Dune: shelf 3"]
    results = first.tool_message_params([(tools[0], "shelf 3")])
    for message in (first.message_param, first.common_message_param):
        again = litellm.call("claude-sonnet-4-5", **options)(lambda history: history)
        again([Messages.User("Where is Dune?"), message, *results])
        said = box.requests[-1].body["messages"][1]["content"]
        assert [block["type"] for block in said] == ["thinking", "tool_use"]
        assert (said[0]["thinking"], said[0]["signature"]) == ("Look it up.", thought.signature)


def test_cached_and_written_tokens(box: Sandbox) -> None:
    box.reply("Hi", usage=Usage(input=100, output=5, cached=60, cache_write=20))
    params = anthropic(box, thinking={"type": "disabled"})
    response = litellm.call("claude-sonnet-4-5", call_params=params)(lambda: "Hi")()
    assert response.cached_tokens == 60
    assert response.cost_metadata.cache_write == 20
    assert response.cost


# Clients


@pytest.mark.parametrize("is_async", [False, True])
def test_a_client_of_openais_sdk_keeps_its_settings(box: Sandbox, is_async: bool) -> None:
    made_by: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    box.fail(429, retry_after=5)
    client = made_by(api_key="k", base_url=box.base_url("litellm"), max_retries=0, timeout=30)

    call = litellm.call(MODEL, client=client)

    async def main() -> None:
        with pytest.raises(sdk.RateLimitError):
            await call(ask_async.__wrapped__)() if is_async else call(ask.__wrapped__)()
        await client.close() if is_async else client.close()

    asyncio.run(main())
    assert len(box.requests) == 1
    assert box.requests[0].headers["x-stainless-read-timeout"] == "30.0"
    assert (client.max_retries, client.timeout) == (0, 30)


async def close_clients_of_the_router() -> None:
    """Those that LiteLLM made below it, in this event loop: it closes none of them."""
    await run_async(litellm.PROVIDER.close_client(None, is_async=True))


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_a_router(box: Sandbox, is_async: bool, stream: bool) -> None:
    params = {"model": f"openai/{MODEL}", "api_base": box.base_url("openai"), "api_key": "k"}
    router = sdk.Router(model_list=[{"model_name": "clever", "litellm_params": params}])
    call = litellm.call("clever", client=router, stream=stream)

    async def main() -> str:
        result = await call(ask_async.__wrapped__)()
        chunks = [chunk.content async for chunk, _ in result] if stream else [result.content]
        await close_clients_of_the_router()
        return "".join(chunks)

    if is_async:
        text = asyncio.run(main())
    else:
        result = call(ask.__wrapped__)()
        text = "".join(c.content for c, _ in result) if stream else result.content
    assert text == "Sandbox reply to: Hi"
    assert box.requests[0].body["model"] == MODEL
    assert box.requests[0].provider == "openai"


def test_each_event_loop_has_one_connection_which_is_closed_with_it(box: Sandbox) -> None:
    async def main() -> None:
        for _ in range(5):
            await ask_async()

    for _ in range(4):
        asyncio.run(main())
        assert box.wait_until(lambda: box.open_connections == 0)
    assert (len(box.requests), box.connections) == (20, 4)


def test_the_end_of_a_loop_leaves_the_clients_of_others_alone(box: Sandbox) -> None:
    ready, ended = threading.Event(), threading.Event()
    contents: list[str] = []

    async def long() -> None:
        contents.append((await ask_async()).content)
        ready.set()
        await asyncio.to_thread(ended.wait, 10)
        contents.append((await ask_async()).content)

    other = threading.Thread(target=asyncio.run, args=(long(),))
    other.start()
    assert ready.wait(10)

    async def short() -> None:
        await ask_async()

    asyncio.run(short())
    ended.set()
    other.join(20)
    assert contents == ["Sandbox reply to: Hi"] * 2
    assert (len(box.requests), box.connections) == (3, 2)


def test_sync_calls_share_a_connection(box: Sandbox) -> None:
    for _ in range(20):
        ask()
    assert (len(box.requests), box.connections) == (20, 1)


# Streams


def test_an_end_that_litellm_made_up_is_no_end(box: Sandbox) -> None:
    """It makes none up for OpenAI's protocol, and Anthropic's; for Google's it does."""
    question = Question(model="gemini-2.5-flash", stream=True)
    reply = Reply("Hello you there, my friend.")
    events = list(SERVICES["google"].protocol.events(question, [reply], Stamp(1, 1)))
    box.native("google", events[:3])
    params: Any = {
        "api_base": f"{box.base_url('google')}/v1beta",
        "api_key": "k",
        "custom_llm_provider": "gemini",
    }
    stream = litellm.call("gemini-2.5-flash", stream=True, call_params=params)(lambda: "Hi")()
    assert isinstance(stream, LiteLLMStream)
    with pytest.raises(sdk.APIConnectionError, match="before the reply was complete"):
        list(stream)
    assert (stream.content, stream.finish_reasons) == ("Hello you there, ", None)


def test_the_agnostic_call(box: Sandbox) -> None:
    box.reply(ToolCall("Find", {"title": "Dune"}))
    response = llm.call("litellm", MODEL, tools=[Find])(lambda: "Hi")()
    assert isinstance(response.tool, Find)
    assert type(response.tool.tool_call) is sdk.types.utils.ChatCompletionMessageToolCall


@pytest.mark.parametrize("is_async", [False, True])
def test_retries_with_a_client_of_openai_and_with_a_router(box: Sandbox, is_async: bool) -> None:
    def attempts(client: Any, model: str) -> int:
        box.fail(500, retry_after=0.01, times=math.inf)
        call = litellm.call(model, client=client, call_params={"max_retries": 1, "timeout": 5})

        async def main() -> None:
            try:
                await call(ask_async.__wrapped__)()
            finally:
                await close_clients_of_the_router()
                if isinstance(client, openai.AsyncOpenAI):
                    await client.close()

        with pytest.raises(openai.InternalServerError):
            asyncio.run(main()) if is_async else call(ask.__wrapped__)()
        count = len(box.requests)
        box.reset()
        return count

    made_by: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    client = made_by(api_key="k", base_url=box.base_url("openai"), max_retries=0)
    assert attempts(client, MODEL) == 2
    assert client.max_retries == 0
    params = {"model": f"openai/{MODEL}", "api_base": box.base_url("openai"), "api_key": "k"}
    models = [{"model_name": "clever", "litellm_params": params}]
    assert attempts(sdk.Router(model_list=models, num_retries=0), "clever") == 2
