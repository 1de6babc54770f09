"""Budgets: what is counted against them, what is refused, and where streams are cut."""

from __future__ import annotations

import asyncio
import copy
import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core.base import _controls, call_factory
from mirascope.retries import fallback, retry
from mirascope.sandbox import Sandbox, ToolCall

from ..core.parrot import (
    Answer,
    ParrotCallParams,
    ParrotCallResponse,
    ParrotCallResponseChunk,
    ParrotStream,
    ParrotTool,
    get_json_output,
    handle_stream,
    handle_stream_async,
    parrot_call,
    setup_call,
)
from ..core.parrot import Client as Parrot
from ..providers.cases import CASES, Case
from .faces import Face

WORDS = " ".join(f"word{number}" for number in range(200))


class Book(BaseModel):
    title: str


every_provider = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


def call(face: Face, case: Case | None = None, prompt: str = "Hi", **options: Any) -> Any:
    options.setdefault("provider", case.name if case else "openai")
    options.setdefault("model", case.model if case else "gpt-4o-mini")

    @llm.call(**options)
    @face.function
    def ask() -> Any:
        return prompt

    return ask


async def opened(face: Face, function: Any) -> Any:
    return await function() if face.is_async else function()


# --- what is counted


@every_provider
async def test_a_reply_counts_by_what_it_has_cost(case: Case, face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 700, "output": 300})
    with llm.budget(usd=1, tokens=50_000, calls=20) as budget:
        response = await face.get(call(face, case)())
    assert budget.spent.calls == 1
    assert budget.spent.tokens == response.input_tokens + response.output_tokens == 1000
    assert budget.spent.usd == pytest.approx(response.cost)
    assert budget.left == (pytest.approx(1 - response.cost), 49_000, 19)
    assert budget.reserved == (0, 0, 0)


@every_provider
async def test_a_whole_stream_counts_the_same(case: Case, face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 700, "output": 300})
    with llm.budget(usd=1) as budget:
        stream = await opened(face, call(face, case, stream=True))
    assert budget.spent.calls == 0
    await face.items(stream)
    assert budget.spent == (pytest.approx(stream.cost), 1000, 1)
    assert budget.reserved == (0, 0, 0)


async def test_tokens_of_a_cache_count_once(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 700, "output": 300, "cached": 600}, times=2)
    for name, model in (("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5")):
        with llm.budget() as budget:
            response = await face.get(call(face, provider=name, model=model)())
        assert budget.spent.usd == pytest.approx(response.cost)
        beside = response.cached_tokens if name == "anthropic" else 0
        assert budget.spent.tokens == response.input_tokens + response.output_tokens + beside


async def test_it_counts_against_all_around_it(face: Face, box: Sandbox) -> None:
    ask = call(face)
    with llm.budget(calls=3, name="all") as outer:
        await face.get(ask())
        with llm.budget(calls=1, name="part") as inner:
            await face.get(ask())
            with pytest.raises(llm.BudgetExceeded, match="budget `part` of 1 call ") as caught:
                await face.get(ask())
        assert caught.value.budget is inner
        await face.get(ask())
        with llm.budget(calls=1) as last, pytest.raises(llm.BudgetExceeded, match="`all`"):
            await face.get(ask())
    await face.get(ask())
    assert (outer.spent.calls, inner.spent.calls, last.spent.calls) == (3, 1, 0)
    assert outer.reserved == inner.reserved == last.reserved == (0, 0, 0)
    assert len(box.requests) == 4


async def test_one_that_is_entered_twice_counts_once(face: Face, box: Sandbox) -> None:
    budget = llm.budget(calls=5)
    with budget, budget:
        await face.get(call(face)())
        with budget:
            await face.get(call(face)())
        await face.get(call(face)())
    assert budget.spent.calls == 3
    with budget:
        await face.get(call(face)())
    assert budget.spent.calls == 4
    assert _controls.ambient.get() == ()


async def test_an_error_costs_a_call_and_nothing_else(face: Face, box: Sandbox) -> None:
    box.fail(400, times=2)
    with llm.budget(usd=1) as budget:
        for options in ({}, {"stream": True}):
            with pytest.raises(Exception, match="400"):
                await face.items(await opened(face, call(face, **options)))
    assert budget.spent == (0, 0, 2)
    assert budget.reserved == (0, 0, 0)


async def test_each_attempt_counts(face: Face, box: Sandbox) -> None:
    box.fail(400, times=9)
    ask = retry(9, catch="bad_request", first_wait=0)(call(face))
    with llm.budget(calls=3) as budget, pytest.raises(llm.BudgetExceeded):
        await face.get(ask())
    assert budget.spent == (0, 0, 3)


async def test_each_attempt_at_a_stream_counts(face: Face, box: Sandbox) -> None:
    box.fail(400, times=2)
    box.reply("Hello", usage={"input": 10, "output": 5})
    ask = retry(9, catch="bad_request", first_wait=0)(call(face, stream=True))
    with llm.budget(calls=3) as budget:
        stream = await opened(face, ask)
    await face.items(stream)
    assert stream.content == "Hello"
    assert budget.spent == (pytest.approx(4.5e-6), 15, 3)
    assert budget.reserved == (0, 0, 0)


async def test_each_model_of_a_fallback_counts(face: Face, box: Sandbox) -> None:
    box.fail(400, provider="openai")
    box.reply("Hello", usage={"input": 10, "output": 5})
    backup: Any = {"catch": "bad_request", "provider": "anthropic", "model": "claude-haiku-4-5"}
    with llm.budget(usd=1) as budget:
        response = await face.get(fallback("bad_request", [backup])(call(face))())
    assert response.content == "Hello"
    assert budget.spent == (pytest.approx(35e-6), 15, 2)


async def test_each_correction_counts(face: Face, box: Sandbox) -> None:
    box.reply("no JSON")
    box.reply({"title": "Emma"})
    with llm.budget() as budget:
        await face.get(call(face, response_model=Book, json_mode=True, validation_retries=1)())
    assert budget.spent.calls == len(box.requests) == 2


async def test_a_request_that_is_cancelled_has_cost_its_input(box: Sandbox) -> None:
    box.slow(first_byte=0.6)
    with llm.budget(usd=1) as budget:
        task = asyncio.create_task(call(Face(True), prompt="Hi " * 400)())
        while not box.requests:
            await asyncio.sleep(0.005)
        assert budget.reserved.calls == 1
        assert budget.reserved.usd > 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert 250 < budget.spent.tokens < 500
    assert budget.spent.usd == pytest.approx(budget.spent.tokens * 0.15e-6)
    assert budget.reserved == (0, 0, 0)


async def test_a_reply_that_cannot_be_read_has_cost_its_input(face: Face, box: Sandbox) -> None:
    box.native("openai", "[]", headers={"content-type": "application/json"})
    with llm.budget(usd=1) as budget, pytest.raises(openai.APIResponseValidationError):
        await face.get(call(face)())
    assert budget.spent.calls == 1
    assert 10 < budget.spent.tokens < 50
    assert budget.spent.usd == pytest.approx(budget.spent.tokens * 0.15e-6)


async def test_what_is_refused_by_another_costs_nothing(face: Face, box: Sandbox) -> None:
    with llm.budget() as budget, llm.deadline(0), pytest.raises(llm.DeadlineExceeded):
        await face.get(call(face)())
    assert budget.spent == budget.reserved == (0, 0, 0)


# --- what is refused


async def test_a_request_that_is_too_large(face: Face, box: Sandbox) -> None:
    large = call(face, prompt="word " * 1000)
    message = r"1,000 tokens has no room .*`gpt-4o-mini`.* not sent: 0 tokens spent, about 1,2\d\d"
    with llm.budget(tokens=1000), pytest.raises(llm.BudgetExceeded, match=message) as caught:
        await face.get(large())
    assert caught.value.cap == "tokens"
    with (
        llm.budget(usd=0.0001),
        pytest.raises(llm.BudgetExceeded, match=r"\$0\.0001 has") as caught,
    ):
        await face.get(large())
    assert caught.value.cap == "usd"
    assert box.requests == []


async def test_an_image_is_not_counted_by_its_length(face: Face, box: Sandbox) -> None:
    from mirascope import BaseMessageParam
    from mirascope.core import ImagePart

    image = ImagePart(type="image", media_type="image/png", image=b"\x89PNG" * 50_000, detail=None)
    message = BaseMessageParam(role="user", content=[image])
    box.slow(first_byte=0.1)

    @llm.call(provider="openai", model="gpt-4o-mini")
    @face.function
    def ask() -> Any:
        return [message]

    with llm.budget(tokens=5000) as budget:
        await face.get(ask())
    assert budget.spent.calls == 1


async def test_nothing_is_sent_once_a_cap_is_reached(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 10, "output": 990}, times=2)
    ask = call(face)
    with llm.budget(tokens=1000) as budget:
        await face.get(ask())
        assert budget.left.tokens == 0
        with pytest.raises(llm.BudgetExceeded, match=r"raise `tokens=`"):
            await face.get(ask())
    with llm.budget(usd=0.0005) as budget:
        await face.get(ask())
        with pytest.raises(llm.BudgetExceeded, match=r"raise `usd=`"):
            await face.get(ask())
    assert budget.left.usd == 0
    assert len(box.requests) == 2


async def test_a_stream_is_refused_when_it_is_opened(face: Face, box: Sandbox) -> None:
    with llm.budget(calls=0):
        stream = await opened(face, call(face, stream=True))
    with pytest.raises(llm.BudgetExceeded, match="0 calls"):
        await face.items(stream)
    assert box.requests == []
    assert stream.content == ""


@pytest.mark.parametrize("caps", [{"tokens": 3000}, {"usd": 0.002}, {"calls": 7}])
async def test_calls_at_once_do_not_all_pass(box: Sandbox, caps: Any) -> None:
    box.reply_always("Hello", usage={"input": 10, "output": 490})
    ask = call(Face(True))
    with llm.budget(**caps) as budget:
        results = await asyncio.gather(*(ask() for _ in range(100)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, llm.BudgetExceeded)]
    assert len(refused) + len(box.requests) == 100
    assert 0 < len(box.requests) <= 8
    assert budget.spent.calls == len(box.requests)
    assert "under way" in str(refused[0])
    assert budget.reserved == (0, 0, 0)


async def test_a_limit_of_the_reply_is_what_is_reserved(box: Sandbox) -> None:
    box.reply_always("Hello", usage={"input": 10, "output": 5})
    ask = call(Face(True), call_params={"max_tokens": 5})
    with llm.budget(tokens=3000):
        assert len(await asyncio.gather(*(ask() for _ in range(50)))) == 50


async def test_what_replies_took_is_what_is_reserved(face: Face, box: Sandbox) -> None:
    box.reply_always("Hello", usage={"input": 10, "output": 40})
    seen: list[int] = []
    with llm.budget() as budget:
        for _ in range(2):

            def answer(request: Any) -> str:
                seen.append(budget.reserved.tokens)
                return "Hello"

            box.reply(answer, usage={"input": 10, "output": 40})
            await face.get(call(face)())
    assert seen[0] - seen[1] == 460
    assert seen[1] > 40


def test_threads_share_one(box: Sandbox) -> None:
    budget = llm.budget(calls=5)
    ask = call(Face(False))

    def in_a_thread(_: int) -> bool:
        try:
            with budget:
                ask()
        except llm.BudgetExceeded:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        passed = sum(pool.map(in_a_thread, range(20)))
    assert passed == len(box.requests) == budget.spent.calls == 5
    assert budget.reserved == (0, 0, 0)


def test_a_thread_has_one_by_a_copy_of_the_context(box: Sandbox) -> None:
    ask = call(Face(False))
    with llm.budget() as budget:
        threads = [
            threading.Thread(target=ask),
            threading.Thread(target=copy_context().run, args=(ask,)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert budget.spent.calls == 1
    assert len(box.requests) == 2


async def test_tasks_started_inside_count(box: Sandbox) -> None:
    ask = call(Face(True))
    with llm.budget() as budget:
        task = asyncio.create_task(ask())
        coroutine = ask()
    await task
    await coroutine
    assert budget.spent.calls == 2


# --- prices that are not known


async def test_a_model_without_a_price(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 600, "output": 400}, times=3)
    ask = call(face, model="my-own-model")
    with llm.budget(usd=1), pytest.raises(ValueError, match="`my-own-model` of OpenAI") as caught:
        await face.get(ask())
    assert "`unknown_price=`" in str(caught.value)
    assert box.requests == []
    with llm.budget(usd=1, unknown_price=5) as budget:
        await face.get(ask())
    assert budget.spent == (pytest.approx(0.005), 1000, 1)
    with llm.budget(usd=1, unknown_price=0) as budget:
        await face.get(ask())
    assert budget.spent == (0, 1000, 1)
    with llm.budget(tokens=5000) as budget:
        await face.get(ask())
    assert budget.spent == (0, 1000, 1)


async def test_a_reply_of_an_unknown_model_costs_what_was_asked_for(
    face: Face, box: Sandbox
) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 0, "total_tokens": 1000}
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    body: Any = {"id": "1", "object": "chat.completion", "created": 1, "model": "my-own-model"}
    box.native("openai", {**body, "choices": [choice], "usage": usage})
    with llm.budget(usd=1) as budget:
        response = await face.get(call(face)())
    assert response.model == "my-own-model"
    assert budget.spent.usd == pytest.approx(0.00015)


class StatingResponse(ParrotCallResponse):
    """Of a provider that states its prices, except that it has none for this model."""

    _provider = "litellm"


stating_call = call_factory(
    TCallResponse=StatingResponse,
    TCallResponseChunk=ParrotCallResponseChunk,
    TToolType=ParrotTool,
    TStream=ParrotStream,
    default_call_params=ParrotCallParams(volume=3),
    setup_call=setup_call,
    get_json_output=get_json_output,
    handle_stream=handle_stream,
    handle_stream_async=handle_stream_async,
)


async def test_a_provider_that_was_to_state_its_price(face: Face) -> None:
    client = Parrot(Answer("Hello"), Answer("Hello"))
    ask = stating_call("parrot-1", client=client)(face.function(lambda: "Hi"))
    with llm.budget(usd=1) as budget:
        await face.get(ask())
        with pytest.raises(ValueError, match="`parrot-1` of litellm is not known"):
            await face.get(ask())
    assert budget.spent == (0, 8, 1)


# --- streams that are cut


@every_provider
async def test_a_stream_is_cut_at_the_cap(case: Case, face: Face, box: Sandbox) -> None:
    box.reply(WORDS)
    box.slow(between_events=0.002)
    items: list[Any] = []
    with llm.budget(tokens=200) as budget:
        stream = await opened(face, call(face, case, stream=True))
        with pytest.raises(llm.BudgetExceeded, match=r"reached by a stream .* was cut") as caught:
            await face.gather(stream, items)
        with pytest.raises(llm.BudgetExceeded, match="no room"):
            await face.get(call(face, case)())
    assert items
    assert caught.value.cap == "tokens"
    assert 0 < len(stream.content) < len(WORDS)
    assert WORDS.startswith(stream.content)
    assert stream.construct_call_response().content == stream.content
    assert 200 < budget.spent.tokens < 260
    assert budget.spent.calls == 1
    assert budget.reserved == (0, 0, 0)
    assert await asyncio.to_thread(
        box.wait_until, lambda: bool(box.requests[0].disconnected or box.requests[0].finished)
    )


async def test_a_stream_is_cut_at_dollars(face: Face, box: Sandbox) -> None:
    box.reply(WORDS)
    with llm.budget(usd=0.0001) as budget:
        stream = await opened(face, call(face, stream=True))
        with pytest.raises(llm.BudgetExceeded, match=r"\$0\.0001 was reached"):
            await face.items(stream)
    assert 0.0001 < budget.spent.usd < 0.00011
    assert 0 < len(stream.content) < len(WORDS)


@pytest.mark.parametrize("case", [case for case in CASES if case.name in ("openai", "anthropic")])
async def test_a_structured_stream_is_cut(case: Case, face: Face, box: Sandbox) -> None:
    box.reply({"title": WORDS})
    with llm.budget(tokens=250) as budget:
        stream = await opened(face, call(face, case, stream=True, response_model=Book))
        with pytest.raises(llm.BudgetExceeded):
            await face.items(stream)
    assert not hasattr(stream, "constructed_response_model")
    assert 250 < budget.spent.tokens < 300


async def test_thinking_counts(face: Face, box: Sandbox) -> None:
    box.reply("Short.", thinking=WORDS)
    with llm.budget(tokens=200):
        stream = await opened(
            face, call(face, provider="anthropic", model="claude-haiku-4-5", stream=True)
        )
        with pytest.raises(llm.BudgetExceeded):
            await face.items(stream)
    assert stream.content == ""


async def test_a_stream_that_is_left_counts_what_had_arrived(face: Face, box: Sandbox) -> None:
    box.reply(WORDS)
    box.slow(between_events=0.01)
    with llm.budget(usd=1) as budget:
        stream = await opened(face, call(face, stream=True))
        items = aiter(stream) if face.is_async else iter(stream)
        for _ in range(10):
            await anext(items) if face.is_async else next(items)
        arrived = budget.reserved
        if face.is_async:
            await stream.aclose()
        else:
            stream.close()
    assert arrived.calls == 1
    assert len(stream.content) / 4 < budget.spent.tokens < len(stream.content) / 4 + 60
    assert budget.spent.usd > 0
    assert budget.reserved == (0, 0, 0)


async def test_a_stream_that_is_complete_is_not_cut(face: Face, box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 500, "output": 5000})
    with llm.budget(tokens=600) as budget:
        stream = await opened(face, call(face, stream=True))
        await face.items(stream)
    assert stream.content == "Hello"
    assert budget.spent.tokens == 5500


async def test_streams_at_once_share_what_there_is(box: Sandbox) -> None:
    box.reply_always(WORDS)
    box.slow(between_events=0.002)
    face = Face(True)
    ask = call(face, stream=True, call_params={"max_tokens": 1})
    with llm.budget(tokens=1000) as budget:
        streams = [await ask() for _ in range(10)]
        results = await asyncio.gather(*map(face.items, streams), return_exceptions=True)
    assert {type(result) for result in results} == {llm.BudgetExceeded}
    assert 1000 < budget.spent.tokens < 1100


# --- chains, models, conversations


async def test_tools_that_ask_models_count(face: Face, box: Sandbox) -> None:
    def ask() -> str:
        """Ask another."""
        return llm.get_model("gpt-4o-mini").prompt("Inner").text()

    box.reply([ToolCall("ask", {}), ToolCall("ask", {})])
    with llm.budget() as budget:
        chain = face.model().chain("Outer", tools=[ask])
    await face.get(chain.text())
    assert budget.spent.calls == len(box.requests) == 4


async def test_a_chain_ends_where_the_budget_does(face: Face, box: Sandbox) -> None:
    def look_up() -> str:
        """Look it up."""
        return "found"

    box.reply_always(ToolCall("look_up", {}))
    with llm.budget(calls=3) as budget, pytest.raises(llm.BudgetExceeded):
        await face.get(face.model().chain("Hi", tools=[look_up]).text())
    assert budget.spent.calls == len(box.requests) == 3


async def test_a_response_of_a_model(face: Face, box: Sandbox) -> None:
    box.reply(WORDS)
    with llm.budget(tokens=200):
        response = face.model().prompt("Hi", stream=True)
    texts: list[str] = []
    with pytest.raises(llm.BudgetExceeded):
        await face.gather(response, texts)
    assert response.status == "failed"
    assert isinstance(response.error, llm.BudgetExceeded)
    assert texts
    assert WORDS.startswith("".join(texts))


async def test_prompts_of_a_conversation_count(face: Face, box: Sandbox) -> None:
    conversation = face.model().conversation()
    with llm.budget(calls=2) as budget:
        for _ in range(2):
            await face.get(conversation.prompt("Hi").text())
        with pytest.raises(llm.BudgetExceeded):
            await face.get(conversation.prompt("Hi").text())
    assert budget.spent.calls == 2


# --- providers that are written as Mirascope v1 had it


async def test_a_provider_from_v1(face: Face) -> None:
    client = Parrot(Answer("Hello"), Answer("One two three"), Answer(WORDS))

    def ask(**options: Any) -> Any:
        return parrot_call("parrot-1", client=client, **options)(face.function(lambda: "Hi"))

    with pytest.raises(ValueError, match="`parrot-1` of parrot"), llm.budget(usd=1):
        await face.get(ask()())
    with llm.budget(usd=1, unknown_price=1000, calls=2) as budget:
        response = await face.get(ask()())
        stream = await opened(face, ask(stream=True))
        await face.items(stream)
        with pytest.raises(llm.BudgetExceeded):
            await face.get(ask()())
    assert response.content == "Hello"
    assert budget.spent == (pytest.approx(0.016), 16, 2)
    with llm.budget(tokens=100) as budget:
        stream = await opened(face, ask(stream=True))
        with pytest.raises(llm.BudgetExceeded):
            await face.items(stream)
    assert 0 < len(stream.content) < len(WORDS)
    assert 100 < budget.spent.tokens < 110
    assert client.closed == 2


async def test_a_coroutine_of_a_provider_from_v1_is_held_to_what_was_in_force_at_the_call() -> None:
    client = Parrot(Answer("Hello"))
    with llm.budget() as budget:
        coroutine = parrot_call("parrot-1", client=client)(Face(True).function(lambda: "Hi"))()
    await coroutine
    assert budget.spent == (0, 8, 1)


# --- the object


@pytest.mark.parametrize("cap", ["usd", "tokens", "calls", "unknown_price"])
@pytest.mark.parametrize(
    ("amount", "kind"),
    [
        *((amount, ValueError) for amount in (-1, math.nan, math.inf)),
        *((amount, TypeError) for amount in ("1", True)),
    ],
)
def test_what_is_no_amount_is_refused(cap: str, amount: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"`{cap}` of a budget is a number"):
        llm.budget(**{cap: amount})


@pytest.mark.parametrize("cap", ["tokens", "calls"])
def test_what_has_to_be_whole(cap: str) -> None:
    with pytest.raises(ValueError, match=f"`{cap}` of a budget is a whole number"):
        llm.budget(**{cap: 1.5})  # type: ignore[arg-type]


def test_its_repr(box: Sandbox) -> None:
    box.reply("Hello", usage={"input": 700, "output": 300})
    with llm.budget(usd=1.5, calls=1, name="report") as budget:
        call(Face(False))()
    assert repr(budget) == "<Budget 'report': $0.000285 of $1.5, 1,000 tokens, 1 call of 1 call>"


def test_an_error_goes_to_another_process(box: Sandbox) -> None:
    with llm.budget(calls=0, name="report"), pytest.raises(llm.BudgetExceeded) as caught:
        call(Face(False))()
    for other in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert str(other) == str(caught.value)
        assert (other.cap, other.spent) == ("calls", (0, 0, 0))
