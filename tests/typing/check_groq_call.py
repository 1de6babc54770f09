"""What users of `groq.call` write with the SDK's own classes."""

from __future__ import annotations

from typing import assert_type

from groq import AsyncGroq, Groq
from groq.types import CompletionUsage
from groq.types.chat import (
    ChatCompletion,
    ChatCompletionAssistantMessageParam,
    ChatCompletionChunk,
    ChatCompletionToolMessageParam,
    ChatCompletionUserMessageParam,
)

from mirascope.core import Messages, groq
from mirascope.core.groq import GroqCallResponse, GroqCallResponseChunk, GroqStream, GroqTool

MODEL = "llama-3.3-70b-versatile"


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


@groq.call(MODEL, tools=[find_author], call_params={"reasoning_format": "parsed"})
def tools(genre: str) -> str:
    return genre


@groq.call(MODEL, stream=True)
async def stream(genre: str) -> str:
    return genre


@groq.call(MODEL, client=Groq(api_key="k"))
def with_client(genre: str) -> groq.GroqDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": Groq(api_key="k")}


@groq.call(MODEL)
async def with_async_client(genre: str) -> groq.AsyncGroqDynamicConfig:
    user: ChatCompletionUserMessageParam = {"role": "user", "content": genre}
    return {"messages": [user], "client": AsyncGroq(api_key="k"), "call_params": {"n": 1}}


def check_sync() -> None:
    response = tools("fantasy")
    assert_type(response, GroqCallResponse)
    assert_type(response.tool, GroqTool | None)
    assert_type(response.message_param, ChatCompletionAssistantMessageParam)
    assert_type(response.tool_message_params([]), list[ChatCompletionToolMessageParam])
    assert_type(response.response, ChatCompletion)
    assert_type(response.usage, CompletionUsage | None)
    assert_type(response.thinking, str | None)
    assert_type(with_client("fantasy"), GroqCallResponse)


async def check_async() -> None:
    assert_type(await with_async_client("fantasy"), GroqCallResponse)
    reply = await stream("fantasy")
    assert_type(reply, GroqStream)
    async for chunk, tool in reply:
        assert_type(chunk, GroqCallResponseChunk)
        assert_type(chunk.chunk, ChatCompletionChunk)
        assert_type(tool, GroqTool | None)
    assert_type(reply.construct_call_response(), GroqCallResponse)
