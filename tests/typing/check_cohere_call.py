"""What users of `cohere.call` write with the SDK's own classes."""

from __future__ import annotations

from typing import Any, assert_type

from cohere import AsyncClient, AsyncClientV2, Client, ClientV2
from cohere.types import Citation, UsageBilledUnits, UserChatMessageV2, UserMessage

from mirascope.core import Messages, cohere
from mirascope.core.cohere import (
    CohereCallResponse,
    CohereCallResponseChunk,
    CohereStream,
    CohereTool,
)

MODEL = "command-a-03-2025"


def find_author(title: str) -> str:
    """Find who wrote a book."""
    return title


@cohere.call(MODEL, tools=[find_author], call_params={"k": 1, "preamble": "Be brief."})
def tools(genre: str) -> str:
    return genre


@cohere.call(MODEL, stream=True, client=AsyncClientV2())
async def stream(genre: str) -> str:
    return genre


@cohere.call(MODEL)
async def with_client(genre: str) -> cohere.AsyncCohereDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": AsyncClient()}


@cohere.call(MODEL, client=Client())
def with_native_messages(genre: str) -> cohere.CohereDynamicConfig:
    messages: list[cohere.CohereMessageParam] = [
        UserChatMessageV2(content=genre),
        UserMessage(message=genre),
        {"role": "user", "content": genre},
    ]
    return {"messages": messages, "client": ClientV2()}


def check_sync() -> None:
    response = tools("fantasy")
    assert_type(response, CohereCallResponse)
    assert_type(response.tool, CohereTool | None)
    assert_type(response.message_param, dict[str, Any])
    assert_type(response.usage, UsageBilledUnits | None)
    assert_type(response.citations, list[Citation] | None)
    assert_type(response.tool_plan, str | None)
    assert_type(response.response.id, str)
    assert_type(with_native_messages("fantasy"), CohereCallResponse)


async def check_async() -> None:
    assert_type(await with_client("fantasy"), CohereCallResponse)
    reply = await stream("fantasy")
    assert_type(reply, CohereStream)
    async for chunk, tool in reply:
        assert_type(chunk, CohereCallResponseChunk)
        assert_type(chunk.tool_plan, str)
        assert_type(tool, CohereTool | None)
    assert_type(reply.construct_call_response(), CohereCallResponse)
