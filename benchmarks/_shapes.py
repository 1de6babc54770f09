"""What is asked in every benchmark, and what comes back."""

from __future__ import annotations

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


def question(genre: str) -> str:
    return f"Recommend a {genre} book."


class Bare(Protocol):
    """A provider's bare SDK, as a careful user would write it: one client, kept.

    Each function asks `question(genre)` with the model `bench-<shape>` and returns plain data.
    """

    name: str

    def replies(self) -> dict[str, bytes]:
        """The HTTP responses of the server, by shape: text, stream, tool, structured."""
        ...

    def environment(self, address: str) -> dict[str, str]:
        """The variables that point default clients at the server."""
        ...

    def client(self) -> Any: ...
    def async_client(self, *, aiohttp: bool) -> Any: ...

    def text(self, client: Any, genre: str) -> str: ...
    def stream(self, client: Any, genre: str) -> str: ...
    def tool(self, client: Any, genre: str) -> Book: ...
    def structured(self, client: Any, genre: str) -> Book: ...

    async def text_async(self, client: Any, genre: str) -> str: ...
    async def stream_async(self, client: Any, genre: str) -> str: ...
