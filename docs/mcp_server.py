"""The MCP server of docs/mcp.md: `python docs/mcp_server.py` serves over standard input."""

from __future__ import annotations

from mcp.server import MCPServer

server = MCPServer("library")


@server.tool()
def find_book(title: str, author: str = "anybody") -> str:
    """Find the shelf of a book."""
    return f"{title} by {author}: shelf 7"


@server.resource("rules://library")
def rules() -> str:
    """The rules of the library."""
    return "Whisper."


@server.prompt()
def recommend(genre: str) -> str:
    """Recommend a book."""
    return f"Recommend a {genre} book"


if __name__ == "__main__":
    server.run()
