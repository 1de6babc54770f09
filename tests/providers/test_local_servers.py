"""Ollama and vLLM: servers on one's own machine, by OpenAI's SDK."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from mirascope import Messages, llm
from mirascope.core._providers import provider_named
from mirascope.core.openai import OpenAICallResponse
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage, sandbox

LOCAL = {"ollama": "http://localhost:11434/v1/", "vllm": "http://localhost:8000/v1/"}

pytestmark = pytest.mark.parametrize("name", LOCAL)


class Book(BaseModel):
    title: str


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


def test_where_it_is_and_that_it_takes_any_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    client = provider_named(name).new_client(False, None)
    assert (str(client.base_url), client.api_key) == (LOCAL[name], "ollama")
    client.close()


def test_another_address_and_a_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox(redirect=False) as box:
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", box.base_url(name))
        monkeypatch.setenv(f"{name.upper()}_API_KEY", "mine")
        assert llm.call(name, "llama3.2")(lambda: "Hi")().content == "Sandbox reply to: Hi"
        assert box.requests[0].http.headers["authorization"] == "Bearer mine"


def test_a_call_has_no_price(name: str, box: Sandbox) -> None:
    box.reply("Hello", usage=Usage(input=10, output=5))
    # A name that OpenAI has a price for.
    response = llm.call(name, "gpt-4o-mini")(lambda: "Hi")()
    assert isinstance(response, llm.CallResponse)
    assert isinstance(response._response, OpenAICallResponse)
    assert (response.provider, response.cost, response.output_tokens) == (name, None, 5)
    assert box.requests[0].provider == name
    stream = llm.call(name, "gpt-4o-mini", stream=True)(lambda: "Hi")()
    list(stream)
    assert stream.cost is stream.construct_call_response().cost is None


@pytest.mark.parametrize("is_async", [False, True])
def test_each_shape_of_a_call(name: str, is_async: bool, box: Sandbox) -> None:
    def run(**options: Any) -> Any:
        def prompt() -> str:
            return "Hi"

        async def prompt_async() -> str:
            return "Hi"

        call = llm.call(name, "llama3.2", **options)
        if not is_async:
            return list(call(prompt)()) if options.get("stream") else call(prompt)()

        async def main() -> Any:
            result = await call(prompt_async)()
            return [item async for item in result] if options.get("stream") else result

        return asyncio.run(main())

    box.reply("Hello there")
    assert run(call_params={"max_tokens": 9, "stop": "END"}).content == "Hello there"
    assert {"max_tokens": 9, "stop": "END"}.items() <= box.requests[-1].body.items()
    assert run(tools=[find]).tool.call().endswith("shelf 3")
    box.reply(ToolCall("find", {"title": "Dune"}))
    tools = [tool for _, tool in run(tools=[find], stream=True) if tool is not None]
    assert [tool.call() for tool in tools] == ["Dune: shelf 3"]
    for json_mode in (False, True):
        box.reply(Book(title="Dune"), times=2)
        assert run(response_model=Book, json_mode=json_mode) == Book(title="Dune")
        assert run(response_model=Book, json_mode=json_mode, stream=True)[-1].title == "Dune"


def test_the_agent_loop_gives_reasoning_back_under_the_key_it_came_by(
    name: str, box: Sandbox
) -> None:
    call = ToolCall("find", {"title": "Dune"}, id="call_1")
    box.reply(Reply(thinking="Look it up.", tool_calls=[call]))
    ask = llm.call(name, "qwen3", tools=[find])(lambda history: history)
    first = ask([Messages.User("Where?")])
    assert first.thinking == "Look it up."
    results = first.tool_message_params([(first.tool, first.tool.call())])
    ask([first.user_message_param, first.message_param, *results])
    assert box.requests[1].body["messages"][1]["reasoning"] == "Look it up."


def test_a_client_of_the_users_own(name: str, box: Sandbox) -> None:
    with openai.OpenAI(base_url=box.base_url("openai"), api_key="mine") as client:
        response = llm.call(name, "llama3.2", client=client)(lambda: "Hi")()
    assert box.requests[0].provider == "openai"
    assert response.provider == name


def test_moving_there_and_back(name: str, box: Sandbox) -> None:
    call = llm.call("openai", "gpt-4o-mini")(lambda: "Hi")
    with llm.context(provider=name, model="llama3.2"):
        call()
    call()
    assert [request.provider for request in box.requests] == [name, "openai"]


def test_nobody_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{name.upper()}_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(openai.APIConnectionError):
        llm.call(name, "llama3.2", call_params={"timeout": 2})(lambda: "Hi")()
