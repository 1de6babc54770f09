"""Responses: sent when they are read, read as often as one likes, ended exactly once."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime
from typing import Any

import openai
import pytest
from pydantic import BaseModel, ValidationError

from mirascope import BaseMessageParam, Messages, llm
from mirascope.sandbox import Reply, Sandbox, ToolCall

from .faces import Face

SCHEMA = {"type": "object", "properties": {"pages": {"type": "integer"}}, "required": ["pages"]}


class Book(BaseModel):
    title: str


async def test_nothing_is_sent_before_it_is_read(face: Face, box: Sandbox) -> None:
    response = face.model().prompt("Hi")
    word = "awaited" if face.is_async else "read"
    assert repr(response).endswith(f": ... not yet {word} ...>")
    with pytest.raises(ValueError, match=f"^Response not yet {word}$"):
        response.text_or_raise()
    with pytest.raises(ValueError, match=f"^Response not yet {word}$"):
        response.tool_calls_or_raise()
    assert (response.status, box.requests) == ("pending", [])
    assert await face.get(response.text()) == "Sandbox reply to: Hi"
    assert response.text_or_raise() == "Sandbox reply to: Hi"
    assert response.tool_calls_or_raise() == []
    assert "Sandbox reply to: Hi" in repr(response)


async def test_what_is_known_of_it(face: Face, box: Sandbox) -> None:
    box.reply("Hello.", usage={"input": 100, "output": 20}, thinking=None)
    before = datetime.now(UTC)
    response = face.model().prompt("Hi", options={"temperature": 0.5}, top_p=0.9)
    usage = await face.get(response.usage())
    assert (usage.input, usage.output, usage.details) == (100, 20, None)
    assert await face.get(response.cost()) == pytest.approx(0.000027)
    assert (await face.get(response.json()))["choices"][0]["message"]["content"] == "Hello."
    assert await face.get(response.tool_calls()) == []
    assert await face.get(response.messages()) == [
        Messages.User("Hi"),
        Messages.Assistant("Hello."),
    ]
    assert 0 <= await face.get(response.duration_ms()) < 60_000
    assert before <= await face.get(response.datetime_utc()) <= datetime.now(UTC)
    assert (await face.get(response.call_response())).content == "Hello."
    assert (response.status, response.finish_reasons) == ("done", ["stop"])
    assert (response.resolved_model, response.model.model_id) == (
        "gpt-4o-mini",
        "openai/gpt-4o-mini",
    )
    assert response.id
    assert (box.requests[0].body["temperature"], box.requests[0].body["top_p"]) == (0.5, 0.9)
    assert len(box.requests) == 1


@pytest.mark.parametrize("stream", [None, True, False])
async def test_it_can_be_read_again(face: Face, box: Sandbox, stream: bool | None) -> None:
    response = face.model().prompt("Hi", stream=stream)
    texts = await face.items(response)
    assert "".join(texts) == "Sandbox reply to: Hi"
    assert await face.items(response) == texts
    assert await face.get(response.text()) == "Sandbox reply to: Hi"
    assert (await face.get(response.usage())).output
    assert await face.get(response.json())
    assert len(box.requests) == 1
    assert box.requests[0].stream is (stream is not False)
    assert len(texts) == (1 if stream is False else 4)


@pytest.mark.parametrize(("stream", "streamed"), [(None, False), (True, True), (False, False)])
async def test_text_is_asked_for_whole(
    face: Face, box: Sandbox, stream: bool | None, streamed: bool
) -> None:
    assert await face.get(face.model().prompt("Hi", stream=stream).text()) == "Sandbox reply to: Hi"
    assert box.requests[0].stream is streamed


async def test_awaiting_gives_the_response(box: Sandbox) -> None:
    response = llm.get_async_model("gpt-4o-mini").prompt("Hi")
    assert await response is response
    assert response.text_or_raise() == "Sandbox reply to: Hi"


async def test_readers_share_one_request(box: Sandbox) -> None:
    box.slow(between_events=0.005)
    response = llm.get_async_model("gpt-4o-mini").prompt("Hi")

    async def read() -> list[str]:
        return [text async for text in response]

    first, second, text = await asyncio.gather(read(), read(), response.text())
    assert first == second == ["Sandbox ", "reply ", "to: ", "Hi"]
    assert text == "Sandbox reply to: Hi"
    assert len(box.requests) == 1


def test_threads_share_one_request(box: Sandbox) -> None:
    box.slow(between_events=0.005)
    response = llm.get_model("gpt-4o-mini").prompt("Hi")
    read: list[str] = []
    threads = [threading.Thread(target=lambda: read.append("".join(response))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == ["Sandbox reply to: Hi"] * 4
    assert len(box.requests) == 1


async def test_events(face: Face, box: Sandbox) -> None:
    call = ToolCall("find", {"title": "A"}, id="call_1")
    box.reply(Reply(text="Hm.", tool_calls=[call], thinking="Let me think."), times=2)
    model = face.model("anthropic/claude-haiku-4-5")
    options: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    response = model.prompt("Hi", tools=[find], options=options)
    events = await face.items(response.stream_events())
    kinds = list(dict.fromkeys(event.kind for event in events))
    assert kinds == ["thinking", "text", "tool_call"]
    assert "".join(e.text for e in events if e.kind == "thinking") == "Let me think."
    assert events[-1].tool_call == llm.ToolCall("find", {"title": "A"}, "call_1")
    assert "".join(await face.items(response)) == "Hm."
    response = model.prompt("Hi", tools=[find], options=options, hide_reasoning=True)
    assert {event.kind for event in await face.items(response.stream_events())} == {
        "text",
        "tool_call",
    }


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


async def test_tools_by_hand(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("find", {"title": "A"}, id="call_1"))
    response = face.model().prompt("Where is A?", tools=[find])
    (call,) = await face.get(response.tool_calls())
    assert (call.name, call.arguments, call.tool_call_id) == ("find", {"title": "A"}, "call_1")
    results = await face.get(response.execute_tool_calls())
    assert [result.output for result in results] == ["A: shelf 3"]
    answer = response.reply(tool_results=results)
    assert await face.get(answer.text()) == "Sandbox reply with the tool's result: A: shelf 3"
    assert [tool["function"]["name"] for tool in box.requests[-1].body["tools"]] == ["find"]
    again = answer.reply("Thanks", system="Be polite.")
    box.reply("You are welcome.")
    assert await face.get(again.text()) == "You are welcome."
    roles = [message["role"] for message in box.requests[-1].body["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]


async def test_a_call_that_nobody_answered(face: Face, box: Sandbox) -> None:
    """No provider takes a conversation in which a call has no result."""
    box.reply(ToolCall("find", {"title": "A"}, id="call_1"))
    response = face.model().prompt("Where is A?", tools=[find])
    assert await face.get(response.reply("Never mind.").text())
    tool = box.requests[-1].body["messages"][2]
    assert tool["content"] == "Cancelled: the conversation went on without this tool."


# Structured replies


async def test_a_schema(face: Face, box: Sandbox) -> None:
    box.reply(Book(title="Emma"))
    response = face.model().prompt("A book", schema=Book)
    assert json.loads(await face.get(response.text())) == {"title": "Emma"}
    assert await face.get(response.parsed()) == Book(title="Emma")
    box.reply('{"pages": 3}')
    assert await face.get(face.model().prompt("A book", schema=SCHEMA).parsed()) == {"pages": 3}
    assert '"pages"' in box.requests[-1].body["messages"][-1]["content"]
    box.reply('{"pages": 3}')
    with pytest.raises(ValidationError, match="title"):
        await face.get(face.model().prompt("A book", schema=Book).parsed())
    with pytest.raises(ValueError, match="`schema=`"):
        await face.get(face.model().prompt("A book").parsed())


# What is sent


async def test_messages_are_what_was_sent(face: Face, box: Sandbox) -> None:
    history = [Messages.System("Be brief."), Messages.User("Hi"), Messages.Assistant("Hello.")]
    response = face.model().prompt("And now?", messages=history, system="Be long.")
    await face.get(response.text())
    assert response.prompt.messages == [
        Messages.System("Be long."),
        *history[1:],
        Messages.User("And now?"),
    ]
    assert history[0] == Messages.System("Be brief.")
    with pytest.raises(ValueError, match="nothing to send"):
        await face.get(face.model().prompt(system="Be brief.").text())
    with pytest.raises(TypeError, match="`top_p` is given twice"):
        face.model().prompt("Hi", options={"top_p": 1}, top_p=1)


async def test_a_key(face: Face, box: Sandbox) -> None:
    model = face.model(key="the model's")
    await face.get(model.prompt("Hi").text())
    await face.get(model.prompt("Hi", key="another").text())
    await face.get(face.model().prompt("Hi").text())
    keys = [request.http.headers["authorization"] for request in box.requests]
    assert keys[:2] == ["Bearer the model's", "Bearer another"]
    assert keys[2] not in keys[:2]
    assert "another" not in repr(model.prompt("Hi", key="another")) + repr(vars(model))
    with pytest.raises(ValueError, match="`key=` does not go with the provider `bedrock`"):
        await face.get(face.model("bedrock/amazon.nova-lite-v1:0").prompt("Hi", key="k").text())


# How it ends


async def test_callbacks_are_called_once(face: Face, box: Sandbox) -> None:
    seen: list[Any] = []
    response = face.model().prompt("Hi")
    await face.get(response.on_done(lambda done: seen.append(done.text_or_raise())))
    await face.get(response.on_end(lambda done, status: seen.append(status)))
    assert seen == []
    await face.items(response)
    await face.get(response.text())
    assert seen == ["Sandbox reply to: Hi", "done"]
    await face.get(response.on_done(lambda done: seen.append("at once")))
    assert seen[2:] == ["at once"]


async def test_async_callbacks(face: Face, box: Sandbox) -> None:
    seen: list[Any] = []
    response = face.model().prompt("Hi")

    async def done(response: Any) -> None:
        seen.append(await response.text())

    if face.is_async:
        await response.on_done(done)
        await response
        assert seen == ["Sandbox reply to: Hi"]
    else:
        with pytest.raises(TypeError, match="The callback is async"):
            response.on_done(done)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure(face: Face, box: Sandbox, stream: bool) -> None:
    box.fail(400, message="No such thing.")
    seen: list[Any] = []
    response = face.model().prompt("Hi", stream=stream)
    await face.get(response.on_done(lambda _: seen.append("never")))
    await face.get(response.on_end(lambda _, status: seen.append(status)))
    for _ in range(2):
        with pytest.raises(Exception, match="No such thing") as caught:
            await face.get(response.text())
    assert type(caught.value).__name__ == "BadRequestError"
    assert seen == ["failed"]
    assert len(box.requests) == 1
    assert response.status == "failed"


async def test_a_cut_stream(face: Face, box: Sandbox) -> None:
    box.cut(after_events=4, reply="one two three four")
    conversation = face.model().conversation()
    response = conversation.prompt("Count")
    with pytest.raises(openai.APIConnectionError):
        await face.items(response)
    assert (response.status, conversation.responses) == ("failed", [response])
    got = [event.text for event in response._events]
    assert 0 < len(got) < 4
    await face.get(conversation.prompt("Go on").text())
    sent = box.requests[-1].body["messages"]
    assert sent[1] == {"role": "assistant", "content": "".join(got)}


async def test_a_failed_prompt_can_be_asked_again(face: Face, box: Sandbox) -> None:
    conversation = face.model().conversation(system="Be brief.")
    box.fail(400)
    with pytest.raises(openai.BadRequestError):
        await face.get(conversation.prompt("Hi").text())
    await face.get(conversation.prompt("Hi").text())
    assert [m["content"] for m in box.requests[-1].body["messages"]] == ["Be brief.", "Hi"]
    assert [response.status for response in conversation.responses] == ["failed", "done"]


async def test_closing_gives_the_connection_back(face: Face, box: Sandbox) -> None:
    box.slow(between_events=0.01)
    seen: list[str] = []
    response = face.model().prompt("Hi")
    await face.get(response.on_end(lambda _, status: seen.append(status)))
    assert await face.first(response) == "Sandbox "
    await face.get(response.close())
    await face.get(response.close())
    assert seen == ["cancelled"]
    await asyncio.sleep(0.02)
    assert box.wait_until(lambda: box.requests[0].disconnected)
    with pytest.raises(ValueError, match="cancelled before its reply was complete"):
        await face.get(response.text())


async def test_a_context_manager_closes(face: Face, box: Sandbox) -> None:
    box.slow(between_events=0.01)
    response = face.model().prompt("Hi")
    if face.is_async:
        async with response as entered:
            assert await face.first(entered) == "Sandbox "
    else:
        with response as entered:
            assert await face.first(entered) == "Sandbox "
    assert response.status == "cancelled"
    await asyncio.sleep(0.02)
    assert box.wait_until(lambda: box.requests[0].disconnected)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_cancelled_task(box: Sandbox, stream: bool) -> None:
    box.slow(first_byte=5)
    seen: list[str] = []
    response = llm.get_async_model("gpt-4o-mini").prompt("Hi", stream=stream)

    async def note(_: Any, status: str) -> None:
        await asyncio.sleep(0)
        seen.append(status)

    await response.on_end(note)
    task = asyncio.create_task(response.text())
    while not box.requests:
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
    await asyncio.sleep(0.02)
    assert box.wait_until(lambda: box.requests[0].disconnected)


# Out of the process and back


async def test_there_and_back(face: Face, box: Sandbox) -> None:
    call = ToolCall("find", {"title": "A"}, id="call_1")
    box.reply(Reply(text="Hm.", tool_calls=[call], thinking="Let me think."))
    options: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}
    picture = llm.Attachment(content=b"\x89PNG\r\n\x1a\n" + bytes(32))
    response = face.model("anthropic/claude-haiku-4-5").prompt(
        "What is it?", tools=[find], options=options, attachments=[picture], schema=None
    )
    with pytest.raises(ValueError, match="not yet"):
        response.to_dict()
    await face.items(response)
    data = json.loads(json.dumps(response.to_dict()))
    restored = face.response_type.from_dict(data, tools=[find])
    assert restored.to_dict() == data
    assert await face.get(restored.text()) == "Hm."
    for name in ("messages", "usage", "tool_calls", "json", "cost", "duration_ms", "datetime_utc"):
        mine = await face.get(getattr(restored, name)())
        assert mine == await face.get(getattr(response, name)()), name
    assert "".join(await face.items(restored)) == "Hm."
    thinking = (await face.get(restored.messages()))[-1].content[0]
    assert (thinking.type, thinking.provider) == ("thinking", "anthropic")
    assert thinking.signature
    results = await face.get(restored.execute_tool_calls())
    assert await face.get(restored.reply(tool_results=results).text())
    sent = box.requests[-1].body["messages"]
    assert sent[:2] == [
        box.requests[0].body["messages"][0],
        {"role": "assistant", "content": data["outcome"]["data"]["content"]},
    ]


async def test_a_failure_there_and_back(face: Face, box: Sandbox) -> None:
    box.fail(400, message="No such thing.")
    response = face.model().prompt("Hi")
    with pytest.raises(Exception, match="No such thing"):
        await face.get(response.text())
    restored = face.response_type.from_dict(json.loads(json.dumps(response.to_dict())))
    assert restored.status == "failed"
    with pytest.raises(RuntimeError, match=r"BadRequestError: .*No such thing"):
        await face.get(restored.text())


def test_history_is_made_of_messages(box: Sandbox) -> None:
    conversation = llm.get_model("gpt-4o-mini").conversation(
        system="Be brief.", messages=[Messages.User("Hi"), Messages.Assistant("Hello.")]
    )
    conversation.prompt("How are you?").text()
    conversation.prompt("Good.").text()
    assert all(isinstance(message, BaseMessageParam) for message in conversation.messages())
    data = conversation.to_dict()
    assert [len(response["messages"]) for response in data["responses"]] == [1, 1]
    restored = llm.Conversation.from_dict(json.loads(json.dumps(data)))
    assert restored.messages() == conversation.messages()
    assert restored.to_dict() == data
