"""Settings for a scope: `llm.context` and `llm.override`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from mirascope import llm
from mirascope.core import anthropic, openai
from mirascope.sandbox import Sandbox

from ._world import BOOK, CLAUDE, GPT, Book, FormatBook, recommend, recommend_async

plain = llm.call("openai", GPT)(recommend)
plain_async = llm.call("openai", GPT)(recommend_async)


def models(box: Sandbox) -> list[str]:
    return [request.body["model"] for request in box.requests]


@pytest.mark.parametrize("given", [{"provider": "openai"}, {"model": GPT}])
def test_provider_and_model_go_together(given: Any) -> None:
    with pytest.raises(ValueError, match="must both be specified"):
        llm.context(**given)
    with pytest.raises(ValueError, match="must both be overridden"):
        llm.override(plain, **given)


def test_a_context_holds_for_the_calls_inside(box: Sandbox) -> None:
    plain()
    with llm.context(provider="anthropic", model=CLAUDE):
        inside = plain()
    plain()
    assert models(box) == [GPT, CLAUDE, GPT]
    assert inside.provider == "anthropic"


def test_params_of_a_context_replace_the_decorators(box: Sandbox) -> None:
    with_params = llm.call("openai", GPT, call_params={"seed": 1, "temperature": 0.5})(recommend)
    with llm.context(call_params={"seed": 2}):
        with_params()
    assert box.requests[0].body["seed"] == 2
    assert "temperature" not in box.requests[0].body


def test_leaving_an_inner_context_keeps_the_outer_one(box: Sandbox) -> None:
    with llm.context(provider="openai", model="outer"):
        with llm.context(provider="openai", model="inner"):
            plain()
        plain()
    plain()
    assert models(box) == ["inner", "outer", GPT]


def test_an_inner_context_inherits_what_it_does_not_set(box: Sandbox) -> None:
    with (
        llm.context(provider="openai", model="outer", call_params={"seed": 3}),
        llm.context(provider="openai", model="inner"),
    ):
        plain()
    assert box.requests[0].body["model"] == "inner"
    assert box.requests[0].body["seed"] == 3


def test_an_override_is_another_function(box: Sandbox) -> None:
    streamed = llm.override(plain, stream=True)
    extracted = llm.override(plain, response_model=Book)
    assert streamed.__name__ == extracted.__name__ == "recommend"
    assert isinstance(streamed(), llm.Stream)
    box.reply(BOOK)
    assert extracted() == BOOK
    assert isinstance(plain(), llm.CallResponse)


def test_an_override_with_a_parser_takes_the_place_of_a_response_model(box: Sandbox) -> None:
    extracting = llm.call("openai", GPT, response_model=Book)(recommend)
    box.reply("five!")
    assert llm.override(extracting, output_parser=lambda r: len(r.content))() == 5
    assert "tools" not in box.requests[0].body


def test_an_override_can_take_the_tools_away(box: Sandbox) -> None:
    with_tools = llm.call("openai", GPT, tools=[FormatBook])(recommend)
    llm.override(with_tools, tools=[])()
    assert "tools" not in box.requests[0].body


def test_overrides_reach_the_calls_inside_the_function(box: Sandbox) -> None:
    @llm.call("openai", GPT)
    def outer() -> str:
        return f"Improve this: {plain().content}"

    llm.override(outer, provider="anthropic", model=CLAUDE)()
    outer()
    assert models(box) == [CLAUDE, CLAUDE, GPT, GPT]


def test_another_provider_does_not_get_the_client(box: Sandbox) -> None:
    import openai as sdk

    with sdk.OpenAI(api_key="k", base_url=box.base_url("openai")) as client:
        own = llm.call("openai", GPT, client=client)(recommend)
        assert llm.override(own, provider="anthropic", model=CLAUDE)().provider == "anthropic"


async def test_tasks_do_not_see_each_others_settings(box: Sandbox) -> None:
    overridden = llm.override(plain_async, provider="openai", model="other")
    first, second = await asyncio.gather(overridden("a"), plain_async("b"))
    asked = {r.body["messages"][0]["content"]: r.body["model"] for r in box.requests}
    assert asked == {"Recommend a a book": "other", "Recommend a b book": GPT}
    assert (first.provider, second.provider) == ("openai", "openai")


async def test_ten_thousand_calls_of_two_tasks_keep_apart(box: Sandbox) -> None:
    @llm.call("openai", GPT)
    async def say(text: str) -> str:
        return text

    async def talk(outer: str, inner: str) -> None:
        with llm.context(provider="openai", model=outer):
            for turn in range(63):
                with llm.context(provider="openai", model=inner):
                    calls = [say(inner) for _ in range(20)]
                await asyncio.gather(*calls, *(say(outer) for _ in range(20)))
                if turn % 25 == 0:
                    with llm.context(provider="openai", model=inner):
                        assert (await llm.get_async_model().prompt(inner).call_response()).content
        assert (await say(GPT)).content

    await asyncio.gather(talk("a", "b"), talk("c", "d"))
    await asyncio.gather(talk("e", "f"), talk("g", "h"))
    assert len(box.requests) > 10_000
    assert all(r.body["model"] == r.body["messages"][0]["content"] for r in box.requests)


async def test_the_settings_are_those_of_the_moment_of_the_call(box: Sandbox) -> None:
    with llm.context(provider="openai", model="inside"):
        called_inside = plain_async()
    called_outside = plain_async()
    await called_inside
    with llm.context(provider="openai", model="too late"):
        await called_outside
    assert models(box) == ["inside", GPT]


def test_a_thread_has_its_own_settings_unless_given_a_copy(box: Sandbox) -> None:
    with ThreadPoolExecutor(1) as pool, llm.context(provider="openai", model="here"):
        pool.submit(plain).result()
        pool.submit(copy_context().run, plain).result()
    assert models(box) == [GPT, "here"]


def test_calls_of_a_providers_own_module_are_not_affected(box: Sandbox) -> None:
    with llm.context(provider="anthropic", model=CLAUDE):
        own = openai.call(GPT)(recommend)()
    assert isinstance(own, openai.OpenAICallResponse)
    assert not isinstance(own, anthropic.AnthropicCallResponse)
