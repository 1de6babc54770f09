"""The automatic tool loop with every provider: three turns, two tools at once in each of two.

By a model object and by a decorated function, sync and async, streamed and whole, in a conversation
that moves from one provider to another, and with a response model as the answer.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.sandbox import Reply, Sandbox, ToolCall

from ..providers.cases import CASES, Case
from ..providers.wires import Call
from .faces import Face

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def find(title: str) -> str:
    """Find a book.

    Args:
        title: Its title.
    """
    return f"{title}: shelf 3"


async def count(shelf: int) -> int:
    """Count the books on a shelf."""
    await asyncio.sleep(0.001)
    return shelf * 10


class Answer(BaseModel):
    shelf: int


CALLS = [
    ToolCall("find", {"title": "A"}, id="call_1"),
    ToolCall("count", {"shelf": 3}, id="call_2"),
    ToolCall("count", {"shelf": 4}, id="call_3"),
    ToolCall("find", {"title": "B"}, id="call_4"),
]


def script(box: Sandbox, answer: Any = "Shelf 3.") -> None:
    box.reply(Reply(text="Let me see.", tool_calls=CALLS[:2]))
    box.reply(CALLS[2:])
    box.reply(answer)


def check_requests(box: Sandbox, case: Case) -> None:
    """The last request has everything: both turns of tools, in order."""
    assert [request.provider for request in box.requests] == [case.name] * 3
    body = case.wire.flat(box.requests[-1])
    assert case.wire.tool_calls(body) == [
        Call("call_1", "find", {"title": "A"}),
        Call("call_2", "count", {"shelf": 3}),
        Call("call_3", "count", {"shelf": 4}),
        Call("call_4", "find", {"title": "B"}),
    ]
    assert case.wire.tool_results(body) == [
        ("call_1", "A: shelf 3"),
        ("call_2", "30"),
        ("call_3", "40"),
        ("call_4", "B: shelf 3"),
    ]
    assert [offer.name for offer in case.wire.tools(body)] == ["find", "count"]


@every_case
async def test_a_model(face: Face, case: Case, box: Sandbox) -> None:
    script(box)
    chain = face.model(f"{case.name}/{case.model}").chain("Where?", tools=[find, count])
    assert await face.get(chain.text()) == "Let me see. Shelf 3."
    assert not any(request.stream for request in box.requests)
    check_requests(box, case)


@every_case
async def test_a_model_streamed(face: Face, case: Case, box: Sandbox) -> None:
    script(box)
    chain = face.model(f"{case.name}/{case.model}").chain("Where?", tools=[find, count])
    texts = await face.items(chain)
    assert "".join(texts) == "Let me see. Shelf 3."
    assert all(request.stream for request in box.requests)
    check_requests(box, case)
    assert await face.items(chain) == texts
    assert len(box.requests) == 3


@every_case
async def test_a_function(face: Face, case: Case, box: Sandbox) -> None:
    @llm.call(provider=case.name, model=case.model, tools=[find, count])
    @face.function
    def ask(question: str) -> Any:
        return question

    script(box)
    assert await face.get(ask.chain("Where?").text()) == "Let me see. Shelf 3."
    check_requests(box, case)
    script(box)
    box.requests.clear()
    chain = llm.chain(ask)("Where?")
    assert "".join(await face.items(chain)) == "Let me see. Shelf 3."
    check_requests(box, case)
    responses = await face.items(chain.responses())
    assert [response.status for response in responses] == ["done"] * 3
    assert (await face.get(chain.parsed())).content == "Shelf 3."


@every_case
@pytest.mark.parametrize("stream", [False, True])
async def test_a_response_model(face: Face, case: Case, box: Sandbox, stream: bool) -> None:
    @llm.call(provider=case.name, model=case.model, tools=[find, count], response_model=Answer)
    @face.function
    def ask(question: str) -> Any:
        return question

    script(box, '{"shelf": 3}')
    chain = ask.chain("Where?")
    if stream:
        assert "".join(await face.items(chain)) == 'Let me see. {"shelf": 3}'
    assert await face.get(chain.parsed()) == Answer(shelf=3)
    check_requests(box, case)


@every_case
async def test_a_conversation_that_moves(face: Face, case: Case, box: Sandbox) -> None:
    """From this provider to the next one, in between out of the process and back."""
    other = CASES[(CASES.index(case) + 1) % len(CASES)]
    script(box)
    conversation = face.model(f"{case.name}/{case.model}").conversation(tools=[find, count])
    assert "".join(await face.items(conversation.chain("Where?"))) == "Let me see. Shelf 3."
    data = json.loads(json.dumps(conversation.to_dict()))
    conversation = face.conversation_type.from_dict(data, tools=[find, count])
    conversation.model = face.model(f"{other.name}/{other.model}")
    box.reply(ToolCall("find", {"title": "C"}, id="call_5"))
    box.reply("Shelf 3 again.")
    assert await face.get(conversation.chain("And C?").text()) == "Shelf 3 again."
    assert [request.provider for request in box.requests] == [case.name] * 3 + [other.name] * 2
    body = other.wire.flat(box.requests[-1])
    assert [call.id for call in other.wire.tool_calls(body)] == [f"call_{n}" for n in range(1, 6)]
    assert other.wire.turns(body) == [
        ("user", "Where?"),
        ("assistant", "Let me see."),
        ("assistant", "Shelf 3."),
        ("user", "And C?"),
    ]
    assert len(conversation.responses) == 5
