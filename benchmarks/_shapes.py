"""What is asked in every benchmark, and what comes back."""

from __future__ import annotations

import json
from typing import Any, Protocol

from pydantic import BaseModel

EVENTS = 200
WORDS = [f"word{number} " for number in range(EVENTS)]
BOOK = {"title": "The Name of the Wind", "author": "Patrick Rothfuss"}
TEXT = "You may enjoy The Name of the Wind by Patrick Rothfuss."


class Book(BaseModel):
    """A book with its author."""

    title: str
    author: str


class Shelf(BaseModel):
    """Books that stand together, and a word about them."""

    books: list[Book]
    note: str


SHELF_LENGTHS = (250, 500, 1000, 2000, 4000)
"""Of structured streams, in chunks."""
CHARACTERS = 4
"""In a chunk of a structured stream: about a token."""


def stream_shapes() -> dict[int, str]:
    """The shape of a structured stream by its length."""
    return {length: f"structured_stream_{length}" for length in SHELF_LENGTHS}


def shelf_json(length: int) -> str:
    """A shelf whose JSON makes so many chunks: half of it is books, half of it the note."""
    size = length * CHARACTERS
    books: list[dict[str, str]] = []
    while len(json.dumps({"books": books, "note": ""})) < size // 2:
        books.append({**BOOK, "title": f"{BOOK['title']}, volume {len(books) + 1}"})
    note = size - len(json.dumps({"books": books, "note": ""}))
    return json.dumps({"books": books, "note": ("word " * note)[:note]})


def pieces(text: str, count: int) -> list[str]:
    """A text in so many pieces of the same size."""
    size = len(text) // count
    return [text[start : start + size] for start in range(0, len(text), size)]


def question(genre: str) -> str:
    return f"Recommend a {genre} book."


class Bare(Protocol):
    """A provider's bare SDK, as a careful user would write it: one client, kept.

    Each function asks `question(genre)` with the model `bench-<shape>` and returns plain data.
    """

    name: str
    distribution: str
    """The package that holds the SDK."""
    model_prefix: str
    """What the library is to say before the name of a model."""

    @property
    def has_transports(self) -> bool:
        """Whether the async client can be given aiohttp in the place of its default transport."""
        ...

    def replies(self) -> dict[str, bytes]:
        """The HTTP responses of the server, by shape: text, stream, tool, structured."""
        ...

    def environment(self, address: str) -> dict[str, str]:
        """The variables that point default clients at the server."""
        ...

    def client(self) -> Any: ...
    async def async_client(self, *, aiohttp: bool) -> Any: ...
    async def close(self, client: Any) -> None: ...

    def text(self, client: Any, genre: str) -> str: ...
    def stream(self, client: Any, genre: str) -> str: ...
    def tool(self, client: Any, genre: str) -> Book: ...
    def structured(self, client: Any, genre: str) -> Book: ...

    async def text_async(self, client: Any, genre: str) -> str: ...
    async def stream_async(self, client: Any, genre: str) -> str: ...
