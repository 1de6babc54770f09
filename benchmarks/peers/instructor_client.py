"""Instructor: a patched client, which is kept."""

from __future__ import annotations

from typing import Any

import instructor
from _peers_replies import Summary
from _shapes import Book
from openai import AsyncOpenAI, OpenAI

CLIENT: Any = instructor.from_openai(OpenAI())
ASYNC_CLIENT: Any = instructor.from_openai(AsyncOpenAI())
MISSING = {"tools": "it makes response models of tools: the same as structured"}


def asked(model: str, question: str) -> dict[str, Any]:
    return {"model": f"bench-{model}", "messages": [{"role": "user", "content": question}]}


def call(question: str) -> str:
    completion = CLIENT.create(response_model=None, **asked("text", question))
    return completion.choices[0].message.content


async def call_async(question: str) -> str:
    completion = await ASYNC_CLIENT.create(response_model=None, **asked("text", question))
    return completion.choices[0].message.content


def stream(question: str) -> str:
    chunks = CLIENT.create(response_model=None, stream=True, **asked("stream", question))
    return "".join([c.choices[0].delta.content or "" for c in chunks if c.choices])


def structured(question: str) -> Any:
    return CLIENT.create(response_model=Book, **asked("structured", question))


def structured_stream(question: str) -> list[Any]:
    return list(CLIENT.create_partial(Summary, **asked("structured_stream", question)))
