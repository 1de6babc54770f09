"""What users of `mistral.call` write with the SDK's own classes."""

from __future__ import annotations

from typing import assert_type

from mistralai.client import Mistral
from mistralai.client.models import AssistantMessage, ToolMessage, UserMessage

from mirascope.core import Messages, mistral
from mirascope.core.mistral import (
    MistralCallResponse,
    MistralCallResponseChunk,
    MistralStream,
    MistralTool,
)

MODEL = "mistral-small-latest"


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


@mistral.call(MODEL, tools=[find_author], call_params={"random_seed": 1, "max_tokens": 10})
def tools(genre: str) -> str:
    return genre


@mistral.call(MODEL, stream=True)
async def stream(genre: str) -> str:
    return genre


@mistral.call(MODEL, client=Mistral(api_key="k"))
async def with_client(genre: str) -> mistral.MistralDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": Mistral(api_key="k")}


@mistral.call(MODEL)
def with_native_messages(genre: str) -> mistral.MistralDynamicConfig:
    return {"messages": [UserMessage(role="user", content=genre)]}


def check_sync() -> None:
    response = tools("fantasy")
    assert_type(response, MistralCallResponse)
    assert_type(response.tool, MistralTool | None)
    assert_type(response.message_param, AssistantMessage)
    assert_type(response.user_message_param, UserMessage | None)
    assert_type(response.tool_message_params([]), list[ToolMessage])
    assert_type(response.response.choices[0].index, int)
    assert_type(response.thinking, str | None)
    assert_type(with_native_messages("fantasy"), MistralCallResponse)


async def check_async() -> None:
    assert_type(await with_client("fantasy"), MistralCallResponse)
    reply = await stream("fantasy")
    assert_type(reply, MistralStream)
    async for chunk, tool in reply:
        assert_type(chunk, MistralCallResponseChunk)
        assert_type(chunk.thinking, str)
        assert_type(tool, MistralTool | None)
    assert_type(reply.construct_call_response(), MistralCallResponse)
