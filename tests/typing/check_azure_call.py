"""What users of `azure.call` write with the classes of both SDKs."""

from __future__ import annotations

from typing import Any, assert_type

from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.ai.inference.models import (
    ChatCompletions,
    CompletionsUsage,
    StreamingChatCompletionsUpdate,
    UserMessage,
)
from azure.core.credentials import AzureKeyCredential
from openai import AsyncAzureOpenAI, AzureOpenAI, OpenAI

from mirascope.core import Messages, azure
from mirascope.core.azure import AzureCallResponse, AzureCallResponseChunk, AzureStream, AzureTool

MODEL = "gpt-4o-mini"
KEY = AzureKeyCredential("k")


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


@azure.call(MODEL, tools=[find_author], call_params={"model_extras": {"a": 1}})
def tools(genre: str) -> str:
    return genre


@azure.call(MODEL, stream=True, client=AsyncAzureOpenAI())
async def stream(genre: str) -> str:
    return genre


@azure.call(MODEL)
async def with_client(genre: str) -> azure.AsyncAzureDynamicConfig:
    client = AsyncChatCompletionsClient(endpoint="", credential=KEY)
    return {"messages": [Messages.User(genre)], "client": client}


@azure.call(MODEL, client=OpenAI(base_url="https://r.openai.azure.com/openai/v1/"))
def with_native_messages(genre: str) -> azure.AzureDynamicConfig:
    messages: list[azure.AzureMessageParam] = [
        UserMessage(content=genre),
        {"role": "user", "content": genre},
    ]
    return {"messages": messages, "client": ChatCompletionsClient(endpoint="", credential=KEY)}


@azure.call(MODEL)
def with_openais_client(genre: str) -> azure.AzureDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": AzureOpenAI()}


def check_sync() -> None:
    response = tools("fantasy")
    assert_type(response, AzureCallResponse)
    assert_type(response.response, ChatCompletions)
    assert_type(response.usage, CompletionsUsage | None)
    assert_type(response.tool, AzureTool | None)
    assert_type(response.message_param, dict[str, Any])
    assert_type(response.thinking, str | None)
    assert_type(with_native_messages("fantasy"), AzureCallResponse)
    assert_type(with_openais_client("fantasy"), AzureCallResponse)


async def check_async() -> None:
    assert_type(await with_client("fantasy"), AzureCallResponse)
    reply = await stream("fantasy")
    assert_type(reply, AzureStream)
    async for chunk, tool in reply:
        assert_type(chunk, AzureCallResponseChunk)
        assert_type(chunk.chunk, StreamingChatCompletionsUpdate)
        assert_type(tool, AzureTool | None)
    assert_type(reply.construct_call_response(), AzureCallResponse)
