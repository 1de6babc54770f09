"""any-llm: an `AnyLLM` object, which is kept."""

from __future__ import annotations

import json
import os
from typing import Any

from _chat_completions import TOOL
from _shapes import Book
from any_llm import AnyLLM

LLM: Any = AnyLLM.create("openai", api_base=os.environ["OPENAI_BASE_URL"])
ASYNC_LLM: Any = AnyLLM.create("openai", api_base=os.environ["OPENAI_BASE_URL"])
MISSING = {"structured_stream": "no partial models"}


def asked(model: str, question: str) -> dict[str, Any]:
    return {"model": f"bench-{model}", "messages": [{"role": "user", "content": question}]}


def call(question: str) -> str:
    return LLM.completion(**asked("text", question)).choices[0].message.content


async def call_async(question: str) -> str:
    return (await ASYNC_LLM.acompletion(**asked("text", question))).choices[0].message.content


def stream(question: str) -> str:
    chunks = LLM.completion(stream=True, **asked("stream", question))
    return "".join([c.choices[0].delta.content or "" for c in chunks if c.choices])


def tools(question: str) -> Any:
    response = LLM.completion(tools=[TOOL], **asked("tool", question))
    return json.loads(response.choices[0].message.tool_calls[0].function.arguments)


def structured(question: str) -> Any:
    response = LLM.completion(response_format=Book, **asked("json", question))
    return Book.model_validate_json(response.choices[0].message.content)
