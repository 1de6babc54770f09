"""What users of `bedrock.call` write. The SDKs make the classes of their clients at run time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

from mirascope.core import Messages, bedrock
from mirascope.core.bedrock import (
    AssistantMessageTypeDef,
    BedrockCallResponse,
    BedrockCallResponseChunk,
    BedrockStream,
    BedrockTool,
    UserMessageTypeDef,
)

MODEL = "amazon.nova-lite-v1:0"


class Client:
    """As typed clients of boto3 have it."""

    def converse(self, **kwargs: str) -> Mapping[str, object]:
        return kwargs

    def converse_stream(self, **kwargs: str) -> Mapping[str, object]:
        return kwargs


class AsyncClient:
    async def converse(self, **kwargs: str) -> Mapping[str, object]:
        return kwargs

    async def converse_stream(self, **kwargs: str) -> Mapping[str, object]:
        return kwargs


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


@bedrock.call(MODEL, tools=[find_author], call_params={"inferenceConfig": {"topP": 0.5}})
def tools(genre: str) -> str:
    return genre


@bedrock.call(MODEL, stream=True, client=AsyncClient())
async def stream(genre: str) -> str:
    return genre


@bedrock.call(MODEL)
async def with_client(genre: str) -> bedrock.AsyncBedrockDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": AsyncClient()}


@bedrock.call(MODEL)
def with_native_messages(genre: str) -> bedrock.BedrockDynamicConfig:
    messages: list[bedrock.BedrockMessageParam] = [
        {"role": "user", "content": [{"text": genre}]},
        {"role": "assistant", "content": [{"text": "Why?"}]},
        Messages.User(genre),
    ]
    return {"messages": messages, "client": Client()}


def check_sync() -> None:
    response = tools("fantasy")
    assert_type(response, BedrockCallResponse)
    assert_type(response.response, dict[str, Any])
    assert_type(response.usage, dict[str, Any] | None)
    assert_type(response.message, dict[str, Any] | None)
    assert_type(response.tool, BedrockTool | None)
    assert_type(response.message_param, AssistantMessageTypeDef)
    assert_type(response.user_message_param, UserMessageTypeDef | None)
    assert_type(response.signature, str | None)
    assert_type(with_native_messages("fantasy"), BedrockCallResponse)


async def check_async() -> None:
    assert_type(await with_client("fantasy"), BedrockCallResponse)
    reply = await stream("fantasy")
    assert_type(reply, BedrockStream)
    async for chunk, tool in reply:
        assert_type(chunk, BedrockCallResponseChunk)
        assert_type(chunk.thinking, str)
        assert_type(tool, BedrockTool | None)
    assert_type(reply.construct_call_response(), BedrockCallResponse)
