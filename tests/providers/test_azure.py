"""What only Azure AI has: its own messages, extras for the model, filters in streams."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from azure.ai.inference import models as azure_models
from azure.core.exceptions import HttpResponseError

from mirascope import BaseTool, Messages, errors
from mirascope.core import azure
from mirascope.core.base import ImagePart, TextPart
from mirascope.sandbox import Sandbox

MODEL = "gpt-4o-mini"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
DEFAULT_PATH = "/azure/chat/completions?api-version=2024-05-01-preview"


class Find(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return "on shelf 3"


def test_roles_and_images_arrive_as_they_are(box: Sandbox) -> None:
    @azure.call(MODEL)
    def ask() -> Any:
        image = ImagePart(media_type="image/png", image=PNG)
        return [
            Messages.System("Be brief."),
            Messages.User("Hi"),
            Messages.Assistant("Hello!"),
            Messages.User([TextPart(text="What is it?"), image]),
        ]

    response = ask()
    sent = box.requests[0].body["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user"]
    assert response.user_message_param == sent[-1]


def test_azures_own_messages_are_understood(box: Sandbox) -> None:
    call = azure_models.ChatCompletionsToolCall(
        id="call_1", function=azure_models.FunctionCall(name="Find", arguments='{"title":"Dune"}')
    )
    history = [
        azure_models.SystemMessage(content="Be brief."),
        azure_models.UserMessage(
            content=[
                azure_models.TextContentItem(text="Look."),
                azure_models.ImageContentItem(
                    image_url=azure_models.ImageUrl(url="https://a.b/c.png")
                ),
            ]
        ),
        azure_models.AssistantMessage(tool_calls=[call]),
        azure_models.ToolMessage(content="on shelf 3", tool_call_id="call_1"),
        azure_models.UserMessage(content="Thanks!"),
    ]

    @azure.call(MODEL)
    def ask() -> azure.AzureDynamicConfig:
        return {"messages": history}

    response = ask()
    roles = [message.role for message in response.common_messages]
    assert roles == ["system", "user", "assistant", "tool", "user"]
    (part,) = response.common_messages[2].content
    assert (part.type, part.name, part.args) == (  # type: ignore[union-attr]
        "tool_call",
        "Find",
        {"title": "Dune"},
    )
    assert response.user_message_param is history[-1]
    tool = azure.AzureTool.type_from_base_model_type(Find).from_tool_call(call)
    assert tool.args == {"title": "Dune"}


@pytest.mark.parametrize("given", ["json_object", {"type": "json_object"}])
def test_both_forms_of_a_response_format(box: Sandbox, given: Any) -> None:
    @azure.call(MODEL, call_params={"response_format": given})
    def ask() -> str:
        return "Answer in JSON"

    ask()
    assert box.requests[0].body["response_format"] == {"type": "json_object"}


def test_extras_for_the_model(box: Sandbox) -> None:
    params: Any = {"model_extras": {"stream_options": {"include_usage": False}}}

    @azure.call(MODEL, stream=True, call_params=params)
    def ask() -> str:
        return "Hi"

    stream = ask()
    list(stream)
    assert box.requests[0].body["stream_options"] == {"include_usage": False}
    assert box.requests[0].headers["extra-parameters"] == "pass-through"
    assert stream.input_tokens is None


@pytest.mark.parametrize("stream", [False, True])
def test_reasoning(box: Sandbox, stream: bool) -> None:
    box.reply("Yes.", thinking="Hm. Well.")

    @azure.call("Kimi-K2.5", stream=stream)
    def ask() -> str:
        return "Sure?"

    reply: Any = ask()
    if stream:
        assert "".join(chunk.thinking for chunk, _ in reply) == "Hm. Well."
    assert reply.thinking == "Hm. Well."
    assert reply.content == "Yes."


def test_an_error_in_a_stream_is_not_passed_over(box: Sandbox) -> None:
    """The SDK takes no notice of it."""
    box.error_event(3, status=429, message="Slow down.")

    @azure.call(MODEL, stream=True)
    def ask() -> str:
        return "Hi"

    with pytest.raises(HttpResponseError, match="Slow down") as caught:
        list(ask())
    assert errors.describe(caught.value).code == "RateLimitReached"


def test_what_tells_of_filters_is_no_chunk(box: Sandbox) -> None:
    @azure.call(MODEL, stream=True)
    def ask() -> str:
        return "Hi"

    chunks = [chunk.chunk for chunk, _ in ask()]
    assert all(chunk.choices or chunk.usage for chunk in chunks)
    assert isinstance(chunks[0], azure_models.StreamingChatCompletionsUpdate)


def test_doubles(box: Sandbox) -> None:
    data = {
        "id": "1",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A"}}
        ],
    }
    update = {"id": "1", "choices": [{"index": 0, "delta": {"content": "A"}}]}

    class Double:
        def __init__(self, wrap: bool) -> None:
            self.wrap = wrap

        def complete(self, stream: bool = False, **_: Any) -> Any:
            if stream:
                made = azure_models.StreamingChatCompletionsUpdate(update) if self.wrap else update
                return iter([made])
            return azure_models.ChatCompletions(data) if self.wrap else data

    for wrap in (False, True):

        @azure.call(MODEL, client=Double(wrap))
        def ask() -> str:
            return "Hi"

        @azure.call(MODEL, client=Double(wrap), stream=True)
        def ask_streaming() -> str:
            return "Hi"

        assert ask().content == "A"
        assert [chunk.content for chunk, _ in ask_streaming()] == ["A"]


async def test_a_cancelled_stream_is_closed(box: Sandbox) -> None:
    """The SDK leaves its connection open."""
    started = asyncio.Event()

    @azure.call(MODEL, stream=True)
    async def ask() -> str:
        return "Hi"

    async def read() -> None:
        async for _ in await ask():
            started.set()

    box.slow(between_events=0.2)
    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert box.wait_until(lambda: box.requests[0].disconnected)
