"""LiteLLM: `completion` and `acompletion`, with the clients that it keeps itself."""

from __future__ import annotations

import json
from typing import Any

from _chat_completions import TOOL
from _shapes import Book
from litellm import acompletion, completion

MISSING = {"structured_stream": "no partial models"}


def asked(model: str, question: str) -> dict[str, Any]:
    return {"model": f"openai/bench-{model}", "messages": [{"role": "user", "content": question}]}


def call(question: str) -> str:
    return completion(**asked("text", question)).choices[0].message.content


async def call_async(question: str) -> str:
    return (await acompletion(**asked("text", question))).choices[0].message.content


def stream(question: str) -> str:
    chunks = completion(stream=True, **asked("stream", question))
    return "".join([chunk.choices[0].delta.content or "" for chunk in chunks])


def tools(question: str) -> Any:
    response = completion(tools=[TOOL], **asked("tool", question))
    return json.loads(response.choices[0].message.tool_calls[0].function.arguments)


def structured(question: str) -> Any:
    response = completion(response_format=Book, **asked("json", question))
    return Book.model_validate_json(response.choices[0].message.content)
