"""Responses, chunks and tools can be pickled and copied: sent to a worker, kept in a cache."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import BaseTool
from mirascope.core import anthropic as core_anthropic
from mirascope.core import openai as core_openai
from mirascope.core.base import BaseDynamicConfig
from mirascope.sandbox import Sandbox, ToolCall

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-test"}
CALLS: dict[str, Any] = {"openai": core_openai.call, "anthropic": core_anthropic.call}

every_provider = pytest.mark.parametrize("provider", [*MODELS])
every_way = pytest.mark.parametrize(
    "again",
    [lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy],
    ids=["pickle", "copy"],
)


class Book(BaseModel):
    title: str


class FindBook(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return self.title


class Shelf(BaseModel):
    """A model with `call`, which is as good as a tool."""

    title: str

    def call(self) -> str:
        return self.title


def look_up(title: str) -> str:
    """Look a book up."""
    return title.upper()


class Librarian:
    def look_up(self, title: str) -> str:
        """Look a book up."""
        return title.lower()


def prompt(genre: Any) -> str:
    return "Recommend a book"


def llm_call(provider: str, **options: Any) -> Any:
    return llm.call(provider, MODELS[provider], **options)(prompt)


def own_call(provider: str, **options: Any) -> Any:
    return CALLS[provider](MODELS[provider], **options)(prompt)


every_front = pytest.mark.parametrize("make", [llm_call, own_call], ids=["llm", "own"])


def parts(response: Any) -> dict[str, Any]:
    names = (
        *("content", "model", "id", "finish_reasons", "usage", "cost", "messages", "fn_args"),
        *("message_param", "common_message_param", "common_messages", "user_message_param"),
        *("call_params", "call_kwargs", "start_time", "end_time", "provider", "metadata"),
        *("dynamic_config", "prompt_template", "tool_types"),
    )
    return {name: getattr(response, name) for name in names}


@every_provider
@every_front
@every_way
@pytest.mark.parametrize("read", [False, True], ids=["unread", "read"])
def test_responses(
    box: Sandbox, provider: str, make: Any, again: Callable[[Any], Any], read: bool
) -> None:
    response = make(provider)("fantasy")
    response.note = "mine"
    if read:
        parts(response), response.response, response.tools
    other = again(response)
    assert type(other) is type(response)
    assert parts(other) == parts(response)
    assert other.response == response.response
    assert other.note == "mine"
    assert other.model_dump_json() == response.model_dump_json()


@every_provider
@every_way
def test_a_copy_is_on_its_own(box: Sandbox, provider: str, again: Callable[[Any], Any]) -> None:
    response = own_call(provider)("fantasy")
    other = again(response)
    other.messages.append("more")
    other.metadata["tag"] = "more"
    assert "more" not in response.messages
    assert response.metadata == {}


@every_provider
@every_front
@every_way
@pytest.mark.parametrize("tool", [look_up, FindBook, Shelf, Librarian().look_up])
def test_tools(
    box: Sandbox, provider: str, make: Any, again: Callable[[Any], Any], tool: Any
) -> None:
    name = getattr(tool, "__name__", "")
    box.reply(ToolCall(name, {"title": "Emma"}), times=2)
    response = make(provider, tools=[tool])("fantasy")
    other = again(response)
    assert [t._name() for t in other.tool_types] == [name]
    assert other.tool.args == {"title": "Emma"}
    assert other.tool.call() == response.tool.call()
    assert again(response.tool).call() == response.tool.call()
    assert again(response.tool).tool_call == response.tool.tool_call


@every_way
def test_tools_of_no_provider(again: Callable[[Any], Any]) -> None:
    assert again(FindBook(title="Emma")) == FindBook(title="Emma")


@every_provider
@every_way
def test_response_models(box: Sandbox, provider: str, again: Callable[[Any], Any]) -> None:
    book = llm_call(provider, response_model=Book)("fantasy")
    other = again(book)
    assert other == book
    assert other._response.model == book._response.model
    assert book.model_copy(deep=True) == book


@every_provider
@every_front
@every_way
def test_chunks(box: Sandbox, provider: str, make: Any, again: Callable[[Any], Any]) -> None:
    stream = make(provider, stream=True)("fantasy")
    for chunk, _ in stream:
        other = again(chunk)
        assert other.content == chunk.content
        assert other.chunk == chunk.chunk
    response = stream.construct_call_response()
    assert again(response).content == response.content == stream.content


@every_way
def test_clients_stay_at_home(box: Sandbox, again: Callable[[Any], Any]) -> None:
    from openai import OpenAI

    with OpenAI(api_key="secret-key", base_url=box.base_url("openai")) as client:

        @llm.call("openai", MODELS["openai"])
        def recommend(genre: str) -> BaseDynamicConfig[Any, Any, Any]:
            return {"messages": [{"role": "user", "content": genre}], "client": client}

        response = recommend("fantasy")
        other = again(response)
        assert other.content == response.content
        assert "client" not in other.dynamic_config or again is copy.deepcopy
        assert b"secret-key" not in pickle.dumps(response)


def test_an_argument_that_cannot_be_pickled_is_named(box: Sandbox) -> None:
    lock = threading.Lock()
    response = llm_call("openai")(lock)
    with pytest.raises(TypeError, match="argument `genre`"):
        pickle.dumps(response)
    assert copy.deepcopy(response).fn_args["genre"] is lock
    assert response.model_dump_json()


def test_async_responses(box: Sandbox) -> None:
    @llm.call("openai", MODELS["openai"])
    async def recommend(genre: str) -> str:
        return "Recommend a book"

    response = asyncio.run(recommend("fantasy"))
    assert pickle.loads(pickle.dumps(response)).content == response.content


def test_a_call_of_a_test_double(box: Sandbox) -> None:
    class Completions:
        def create(self, **_: Any) -> Any:
            message = {"role": "assistant", "content": "Emma"}
            return {"id": "1", "choices": [{"index": 0, "message": message}], "model": "double"}

    class Double:
        chat = type("Chat", (), {"completions": Completions()})()

    response = llm_call("openai", client=Double())("fantasy")
    assert pickle.loads(pickle.dumps(response)).content == "Emma"
