"""magentic: prompt functions, each with a model that is made once. It streams every reply.

It reads the annotations themselves, so they must not be strings.
"""

from typing import Any

from _shapes import Book
from magentic import FunctionCall, StreamedStr, prompt
from magentic.chat_model.openai_chat_model import OpenaiChatModel

MISSING = {"structured_stream": "it streams the items of a list, no partial models"}


def book(title: str, author: str) -> str:
    """A book with its author."""
    return f"{title} by {author}"


@prompt("{question}", model=OpenaiChatModel("bench-events_text"))
def call(question: str) -> str: ...


@prompt("{question}", model=OpenaiChatModel("bench-events_text"))
async def call_async(question: str) -> str: ...


@prompt("{question}", model=OpenaiChatModel("bench-stream"))
def ask_stream(question: str) -> StreamedStr: ...


@prompt("{question}", functions=[book], model=OpenaiChatModel("bench-events_tool"))
def ask_tool(question: str) -> FunctionCall[str]: ...


@prompt("{question}", model=OpenaiChatModel("bench-events_structured"))
def structured(question: str) -> Book: ...


def stream(question: str) -> str:
    return "".join(list(ask_stream(question)))


def tools(question: str) -> Any:
    return ask_tool(question).arguments
