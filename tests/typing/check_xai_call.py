"""What users of the providers by OpenAI's SDK write: xAI, LiteLLM, Ollama and vLLM."""

from __future__ import annotations

from typing import assert_type

from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletion

from mirascope.core import Messages, litellm, ollama, vllm, xai
from mirascope.core.litellm import LiteLLMCallResponse
from mirascope.core.openai import OpenAICallResponse, OpenAIStream
from mirascope.core.xai import XAICallResponse, XAICallResponseChunk, XAIStream, XAITool


@xai.call("grok-3", client=OpenAI(base_url="https://api.x.ai/v1"))
def with_client(genre: str) -> xai.XAIDynamicConfig:
    return {"messages": [Messages.User(genre)], "call_params": {"reasoning_effort": "low"}}


@xai.call("grok-3-mini", stream=True)
async def stream(genre: str) -> xai.AsyncXAIDynamicConfig:
    return {"messages": [Messages.User(genre)], "client": AsyncOpenAI()}


@litellm.call("gpt-4o-mini", call_params={"num_retries": 3})
def by_litellm(genre: str) -> litellm.LiteLLMDynamicConfig:
    return {"messages": [Messages.User(genre)]}


@ollama.call("llama3.2")
def by_ollama(genre: str) -> str:
    return genre


@vllm.call("qwen3", stream=True)
def by_vllm(genre: str) -> str:
    return genre


def check_sync() -> None:
    response = with_client("fantasy")
    assert_type(response, XAICallResponse)
    assert_type(response.tool, XAITool | None)
    assert_type(response.response, ChatCompletion)
    assert_type(response.citations, list[str] | None)
    assert_type(by_litellm("fantasy"), LiteLLMCallResponse)
    assert_type(by_ollama("fantasy"), OpenAICallResponse)
    assert_type(by_vllm("fantasy"), OpenAIStream)


async def check_async() -> None:
    reply = await stream("fantasy")
    assert_type(reply, XAIStream)
    async for chunk, tool in reply:
        assert_type(chunk, XAICallResponseChunk)
        assert_type(chunk.citations, list[str] | None)
        assert_type(tool, XAITool | None)
    assert_type(reply.construct_call_response(), XAICallResponse)
