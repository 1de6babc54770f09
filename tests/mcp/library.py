"""A server of the tests, in their process or as a program: `python library.py stdio`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

server = MCPServer("library")


class Place(BaseModel):
    shelf: int
    row: str


@server.tool()
def find_book(title: str, author: str = "anybody") -> str:
    """Find a book."""
    return f"{title} by {author}: shelf 3"


@server.tool()
def place_of(title: str) -> Place:
    """Where a book is."""
    return Place(shelf=len(title), row="b")


@server.tool()
def burn(title: str) -> str:
    """Fail."""
    raise ToolError(f"{title} does not burn")


@server.tool()
async def read_aloud() -> str:
    """Take too long."""
    await asyncio.sleep(60)
    return "The end."


@server.tool()
def collapse() -> str:
    """End the server in the middle of a call."""
    os._exit(3)


@server.tool()
def who_am_i() -> str:
    """The id of the server's process."""
    return str(os.getpid())


@server.tool()
def secret(ctx: Context) -> str:
    """The header that came with the request."""
    return str(ctx.headers.get("x-secret")) if ctx.headers else "none"


@server.resource("book://emma")
def emma() -> str:
    """The first words of Emma."""
    return "Emma Woodhouse, handsome, clever, and rich"


@server.resource("cover://emma", mime_type="image/png")
def cover() -> bytes:
    """The cover of Emma."""
    return b"\x89PNG\r\n\x1a\n..."


@server.prompt()
def recommend(genre: str, number: int = 1) -> str:
    """Recommend books."""
    return f"Recommend {number + 0} {genre} book(s)"


if __name__ == "__main__":
    kind, *rest = sys.argv[1:]
    if kind == "stdio":
        if rest:
            Path(rest[0]).write_text(str(os.getpid()))
        server.run()
    else:
        server.run(kind, port=int(rest[0]))  # type: ignore[call-overload]
