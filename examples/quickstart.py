"""Everscope in one screen: a text, a stream, a tool, a structured object; sync and async.

python examples/quickstart.py                    the sandbox answers: no key, no network, no cost
PROVIDER=openai python examples/quickstart.py    OpenAI answers, with your key in OPENAI_API_KEY
"""

import asyncio
import os
import sys
from contextlib import nullcontext
from typing import cast

from pydantic import BaseModel

from mirascope import BaseTool, llm
from mirascope.sandbox import sandbox

REAL: dict[llm.Provider, tuple[str, str]] = {  # the variable that holds the key, a model
    "openai": ("OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": ("ANTHROPIC_API_KEY", "claude-haiku-4-5"),
}
CHOSEN = os.environ.get("PROVIDER")
PROVIDER = cast(llm.Provider, CHOSEN or "openai")
if PROVIDER not in REAL:
    sys.exit(f"PROVIDER={PROVIDER} is not one of {', '.join(REAL)}.")
KEY, DEFAULT_MODEL = REAL[PROVIDER]
MODEL = os.environ.get("MODEL") or DEFAULT_MODEL
if CHOSEN and not os.environ.get(KEY):
    sys.exit(f"PROVIDER={CHOSEN} needs your key in {KEY}; without PROVIDER the sandbox answers.")


# A prompt function says what to ask. Calling it asks.
@llm.call(provider=PROVIDER, model=MODEL)
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book in one sentence."


@llm.call(provider=PROVIDER, model=MODEL, stream=True)
def tell(genre: str) -> str:
    return f"Tell a two-sentence {genre} story."


# A tool is a class: its fields are the arguments that the model fills in, `call` does the work.
class FindBook(BaseTool):
    """Look a book up in the library's catalogue."""

    title: str
    author: str

    def call(self) -> str:
        return f"{self.title} by {self.author}: on the shelf"


@llm.call(provider=PROVIDER, model=MODEL, tools=[FindBook])
def look_up(wish: str) -> str:
    return f"Use the catalogue to find {wish}."


# A response model turns the reply into an object, checked by pydantic.
class Book(BaseModel):
    title: str
    author: str


@llm.call(provider=PROVIDER, model=MODEL, response_model=Book)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


# With `async def`, many at once.
@llm.call(provider=PROVIDER, model=MODEL)
async def recommend_async(genre: str) -> str:
    return f"Recommend a {genre} book in one sentence."


async def recommend_many(*genres: str) -> None:
    for response in await asyncio.gather(*map(recommend_async, genres)):
        print("  -", response.content)


def main() -> None:
    print("text:  ", recommend("fantasy").content)
    print("stream: ", end="")
    for chunk, _ in tell("science fiction"):
        print(chunk.content, end="", flush=True)

    response = look_up("The Name of the Wind by Patrick Rothfuss")
    if isinstance(tool := response.tool, FindBook):
        print("\ntool:  ", tool.args, "->", tool.call())
    print("object:", repr(extract("The Name of the Wind by Patrick Rothfuss")))

    print("async, three at once:")
    asyncio.run(recommend_many("fantasy", "mystery", "history"))


if __name__ == "__main__":
    print(f"{PROVIDER} answers.\n" if CHOSEN else "The sandbox answers: no key, no cost.\n")
    with nullcontext() if CHOSEN else sandbox():
        main()
