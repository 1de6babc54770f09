"""LLM: its Python API, with models that its configuration file names."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from _shapes import Book

MODELS = ("text", "stream", "tool", "json")
HOME = tempfile.TemporaryDirectory()
os.environ["LLM_USER_PATH"] = HOME.name
Path(HOME.name, "extra-openai-models.yaml").write_text(
    json.dumps(
        [
            {
                "model_id": f"bench-{name}",
                "model_name": f"bench-{name}",
                "api_base": os.environ["OPENAI_BASE_URL"],
                "supports_tools": True,
                "supports_schema": True,
            }
            for name in MODELS
        ]
    )
)

import llm  # noqa: E402

MISSING = {"structured_stream": "no partial models"}
MODEL: dict[str, Any] = {name: llm.get_model(f"bench-{name}") for name in MODELS}
ASYNC_MODEL: Any = llm.get_async_model("bench-text")


def book(title: str, author: str) -> str:
    """A book with its author."""
    return f"{title} by {author}"


book.__name__ = "Book"


def call(question: str) -> str:
    return MODEL["text"].prompt(question, stream=False).text()


async def call_async(question: str) -> str:
    return await ASYNC_MODEL.prompt(question, stream=False).text()


def stream(question: str) -> str:
    return "".join(list(MODEL["stream"].prompt(question)))


def tools(question: str) -> Any:
    return MODEL["tool"].prompt(question, tools=[book], stream=False).tool_calls()[0].arguments


def structured(question: str) -> Any:
    text = MODEL["json"].prompt(question, schema=Book, stream=False).text()
    return Book.model_validate_json(text)
