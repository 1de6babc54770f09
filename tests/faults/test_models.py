"""Faults that meet model objects, conversations and tool loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox, ToolCall

from .setups import REPLY
from .ways import IMPATIENT, Trial

AFTER = 3
"""How many events of a stream come before it breaks."""

FAULTS: dict[str, tuple[str, Callable[[Sandbox], None]]] = {
    "status": ("status 500", lambda box: box.fail(500)),
    "limit": ("status 429", lambda box: box.fail(429, retry_after=7)),
    "closed": ("cut before the reply", lambda box: box.cut(before_headers=True)),
    "cut": ("cut in a stream", lambda box: box.cut(AFTER, reply=REPLY)),
    "broken": ("JSON broken in a stream", lambda box: box.malformed(AFTER, reply=REPLY)),
    "error": ("an error in a stream", lambda box: box.error_event(AFTER, reply=REPLY)),
    "silent": ("a stream that falls silent", lambda box: box.stall(AFTER, reply=REPLY)),
}
ARRIVES = {"cut", "broken", "error", "silent"}
"""The faults before which something of the stream arrives."""
EACH_FAULT = pytest.mark.parametrize("name", FAULTS)


async def got(trial: Trial, value: Any) -> Any:
    return await value if trial.is_async else value


async def texts_until_it_breaks(trial: Trial, response: Any) -> tuple[list[str], Exception]:
    texts: list[str] = []
    with pytest.raises(Exception) as caught:
        await trial.way.gather(response, texts)
    return texts, caught.value


@EACH_FAULT
async def test_a_response_that_fails(trial: Trial, name: str) -> None:
    fault, order = FAULTS[name]
    order(trial.box)
    model = trial.model(**IMPATIENT) if name == "silent" else trial.model()
    response = model.prompt("Hi")
    texts, error = await texts_until_it_breaks(trial, response)
    trial.check(error, fault)
    assert response.status == "failed"
    assert response.error is error
    sent = trial.setup.delivered(AFTER).text if name in ARRIVES else ""
    assert "".join(texts).replace(" ", "") == sent
    # It can be read again: the same texts, and then the same error.
    again, same = await texts_until_it_breaks(trial, response)
    assert again == texts
    assert same is error
    for read in (response.text, response.usage, response.tool_calls, response.messages):
        with pytest.raises(type(error)) as caught:
            await got(trial, read())
        assert caught.value is error
    with pytest.raises(type(error)):
        response.text_or_raise()
    assert len(trial.box.requests) == 1
    assert (await got(trial, trial.model().prompt("Hi").text())).startswith("Sandbox reply")
    assert len(trial.box.requests) == 2


async def test_a_whole_response_that_fails(trial: Trial) -> None:
    trial.box.fail(429, retry_after=7)
    response = trial.model().prompt("Hi", stream=False)
    for _ in range(2):
        with pytest.raises(Exception) as caught:
            await got(trial, response.text())
        trial.check(caught.value, "status 429", status=429, retry_after=7)
        assert caught.value is response.error
    assert response.status == "failed"
    assert len(trial.box.requests) == 1


@EACH_FAULT
async def test_a_loop_that_fails_in_its_second_turn(trial: Trial, name: str) -> None:
    """The tool has run, and does not run again, however often the loop is read."""
    fault, order = FAULTS[name]
    ran: list[str] = []

    def find(title: str) -> str:
        """Find a book."""
        ran.append(title)
        return f"{title}: shelf 3"

    trial.box.reply(ToolCall("find", {"title": "Emma"}, id="call_1"))
    order(trial.box)
    model = trial.model(**IMPATIENT) if name == "silent" else trial.model()
    chain = model.chain("Where is Emma?", tools=[find])
    texts, error = await texts_until_it_breaks(trial, chain)
    trial.check(error, fault)
    again, same = await texts_until_it_breaks(trial, chain)
    assert (again, same) == (texts, error)
    assert ran == ["Emma"]
    first, second = await responses_of(trial, chain)
    assert first.status == "done"
    assert second.status == "failed"
    assert [call.name for call in first.tool_calls_or_raise()] == ["find"]
    # What the tool gave was sent, and is kept for another try.
    assert second.prompt.messages[-1].role == "tool"
    assert "Emma: shelf 3" in str(second.prompt.messages[-1])
    assert len(trial.box.requests) == 2


async def responses_of(trial: Trial, chain: Any) -> list[Any]:
    """The turns of a loop that fails, as far as it went."""
    turns: list[Any] = []
    with pytest.raises(Exception) as caught:
        await trial.way.gather(chain.responses(), turns)
    assert caught.value is turns[-1].error
    return turns


async def test_a_conversation_goes_on_after_a_fault(trial: Trial) -> None:
    trial.box.reply("First.")
    trial.box.cut(AFTER, reply=REPLY)
    conversation = trial.model().conversation()
    assert await got(trial, conversation.prompt("One").text()) == "First."
    texts, error = await texts_until_it_breaks(trial, conversation.prompt("Two"))
    trial.check(error, "cut in a stream")
    trial.box.reply("Third.")
    assert await got(trial, conversation.prompt("Three").text()) == "Third."
    turns = trial.setup.case.wire.turns(trial.way.body)
    said = [text for _, text in turns]
    assert said[:2] == ["One", "First."]
    assert said[-1] == "Three"
    if "".join(texts):
        # What had come of the second reply is part of the conversation.
        assert said[2:4] == ["Two", "".join(texts)]
    assert len(trial.box.requests) == 3


async def test_a_function_of_a_loop_that_fails(trial: Trial) -> None:
    ran: list[str] = []

    def find(title: str) -> str:
        """Find a book."""
        ran.append(title)
        return f"{title}: shelf 3"

    trial.box.reply(ToolCall("find", {"title": "Emma"}, id="call_1"))
    trial.box.fail(503)
    call = trial.call(tools=[find])
    chain = llm.chain(call)()
    with pytest.raises(Exception) as caught:
        await got(trial, chain.text())
    trial.check(caught.value, "status 503", status=503)
    with pytest.raises(type(caught.value)):
        await got(trial, chain.text())
    assert ran == ["Emma"]
    assert len(trial.box.requests) == 2
