"""What a call decorator makes of a function, and what it sends."""

from __future__ import annotations

import inspect
from typing import Any

import openai as openai_sdk
import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import anthropic, openai
from mirascope.sandbox import Sandbox

from ._world import CLAUDE, GPT, FormatBook, recommend, recommend_async


def test_a_providers_call_and_an_agnostic_one(box: Sandbox) -> None:
    box.reply("The Hobbit", times=2)
    own = openai.call(GPT)(recommend)()
    agnostic = llm.call("openai", GPT)(recommend)()
    assert isinstance(own, openai.OpenAICallResponse)
    assert isinstance(agnostic, llm.CallResponse)
    assert not isinstance(agnostic, openai.OpenAICallResponse)
    assert str(own) == own.content == str(agnostic) == "The Hobbit"


@pytest.mark.parametrize("decorator", [openai.call, lambda *a, **k: llm.call("openai", *a, **k)])
def test_a_parser_does_not_go_with_a_stream(decorator: Any) -> None:
    with pytest.raises(ValueError, match="Cannot use `output_parser` with `stream=True`"):
        decorator(GPT, stream=True, output_parser=str)(recommend)


def test_an_unknown_provider_is_refused_when_decorated() -> None:
    with pytest.raises(ValueError, match="Unsupported provider: nope"):
        llm.call("nope", "model")  # type: ignore[call-overload]


def test_call_params_are_merged_key_by_key(box: Sandbox) -> None:
    @openai.call(GPT, call_params={"temperature": 0.1, "seed": 1})
    def dynamic() -> Any:
        return {"messages": [{"role": "user", "content": "Hi"}], "call_params": {"seed": 2}}

    response = dynamic()
    assert response.call_params == {"temperature": 0.1, "seed": 1}
    assert response.call_kwargs["temperature"] == 0.1
    assert response.call_kwargs["seed"] == box.requests[0].body["seed"] == 2


def test_dynamic_tools_replace_those_of_the_decorator(box: Sandbox) -> None:
    def other(name: str) -> str:
        return name

    @openai.call(GPT, tools=[FormatBook])
    def dynamic(tools: Any) -> Any:
        return {"messages": [{"role": "user", "content": "Hi"}], "tools": tools}

    assert [tool._name() for tool in dynamic([other]).tool_types or ()] == ["other"]
    assert dynamic([]).tool_types is None
    assert "tools" not in box.requests[1].body
    # None means that the function has nothing to say about tools.
    assert [tool._name() for tool in dynamic(None).tool_types or ()] == ["FormatBook"]


def test_a_common_parameter_that_is_none_is_not_sent(box: Sandbox) -> None:
    openai.call(GPT, call_params={"temperature": None, "seed": 1})(recommend)()
    openai.call(GPT, call_params={"temperature": None, "store": False})(recommend)()
    assert all("temperature" not in request.body for request in box.requests)


def test_common_parameters_are_renamed_also_beside_others_and_dynamically(box: Sandbox) -> None:
    @anthropic.call(CLAUDE, call_params={"stop": "X", "metadata": {"user_id": "u"}})
    def static() -> str:
        return "Hi"

    @anthropic.call(CLAUDE)
    def dynamic() -> Any:
        return {"messages": [{"role": "user", "content": "Hi"}], "call_params": {"stop": ["Y"]}}

    static()
    dynamic()
    assert [r.body["stop_sequences"] for r in box.requests] == [["X"], ["Y"]]


def test_a_client_given_for_one_call_is_not_kept_for_the_next(box: Sandbox) -> None:
    base_url = box.base_url("openai")
    with openai_sdk.OpenAI(
        api_key="k", base_url=base_url, default_headers={"x-tenant": "one"}
    ) as client:

        @openai.call(GPT)
        def dynamic(own: bool) -> Any:
            messages = [{"role": "user", "content": "Hi"}]
            return {"messages": messages, "client": client} if own else {"messages": messages}

        dynamic(True)
        dynamic(False)
    assert [request.headers.get("x-tenant") for request in box.requests] == ["one", None]


@pytest.mark.parametrize("decorator", [openai.call, lambda *a, **k: llm.call("openai", *a, **k)])
def test_the_sdks_errors_reach_the_caller_unchanged(box: Sandbox, decorator: Any) -> None:
    box.fail(429, message="Slow down.", retry_after=3)
    with (
        openai_sdk.OpenAI(api_key="k", base_url=box.base_url("openai"), max_retries=0) as client,
        pytest.raises(openai_sdk.RateLimitError, match="Slow down") as caught,
    ):
        decorator(GPT, client=client)(recommend)()
    assert caught.value.status_code == 429
    assert caught.value.response.headers["retry-after"] == "3"


def test_an_async_function_stays_a_coroutine_function() -> None:
    assert inspect.iscoroutinefunction(openai.call(GPT)(recommend_async))
    assert inspect.iscoroutinefunction(llm.call("openai", GPT)(recommend_async))
    assert not inspect.iscoroutinefunction(llm.call("openai", GPT)(recommend))


@pytest.mark.parametrize("decorator", [openai.call, lambda *a, **k: llm.call("openai", *a, **k)])
def test_a_decorated_function_is_a_plain_function(box: Sandbox, decorator: Any) -> None:
    decorated = decorator(GPT)(recommend)
    assert (decorated.__name__, decorated.__doc__) == ("recommend", "Recommends.")
    assert inspect.signature(decorated) == inspect.signature(recommend)

    class Library:
        genre = "poetry"

        @decorator(GPT)
        def of_instance(self) -> str:
            return f"A {self.genre} book"

        @classmethod
        @decorator(GPT)
        def of_class(cls) -> str:
            return f"A {cls.genre} book"

        @staticmethod
        @decorator(GPT)
        def of_nobody(genre: str) -> str:
            return f"A {genre} book"

    class Settings(BaseModel):
        genre: str

        @decorator(GPT)
        def _of_model(self) -> str:
            return f"A {self.genre} book"

    library = Library()
    assert library.of_instance().fn_args == {"self": library}
    Library.of_class()
    Library.of_nobody("crime")
    Settings(genre="history")._of_model()
    sent = [request.body["messages"][0]["content"] for request in box.requests]
    assert sent == ["A poetry book", "A poetry book", "A crime book", "A history book"]


def test_a_parser_is_given_the_response_of_its_decorator(box: Sandbox) -> None:
    given: list[Any] = []

    def parse(response: Any) -> int:
        given.append(response)
        return len(response.content)

    box.reply("four", times=2)
    assert openai.call(GPT, output_parser=parse)(recommend)() == 4
    assert llm.call("openai", GPT, output_parser=parse)(recommend)() == 4
    assert [type(response) for response in given] == [openai.OpenAICallResponse, llm.CallResponse]


def test_json_mode_asks_in_the_request_and_in_words(box: Sandbox) -> None:
    openai.call(GPT, json_mode=True)(recommend)()
    body = box.requests[0].body
    assert body["response_format"] == {"type": "json_object"}
    asked, words = body["messages"]
    assert asked == {"role": "user", "content": "Recommend a fantasy book"}
    assert words["role"] == "user"
    assert "JSON" in words["content"]


def test_the_users_own_messages_are_not_changed(box: Sandbox) -> None:
    messages = [{"role": "user", "content": "Hi"}]

    @anthropic.call(CLAUDE, json_mode=True)
    def own() -> Any:
        return {"messages": messages}

    own()
    own()
    assert messages == [{"role": "user", "content": "Hi"}]
    assert box.requests[0].body == box.requests[1].body


def test_a_wrong_config_costs_nothing(box: Sandbox) -> None:
    @openai.call(GPT)
    def wrong() -> Any:
        return {"messages": [{"role": "user", "content": "Hi"}], "tools": "none"}

    with pytest.raises(TypeError, match="tools"):
        wrong()
    assert not box.requests
