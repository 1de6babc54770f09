"""A server whose tools, results and pages are as raw as the protocol allows."""

from __future__ import annotations

import base64
from typing import Any

from mcp import types
from mcp.server import Server

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n%%EOF\n"
IMAGE = types.ImageContent(data=base64.b64encode(PNG).decode(), mime_type="image/png")
SOUND = types.AudioContent(data=base64.b64encode(b"RIFF").decode(), mime_type="audio/wav")
DOCUMENT = types.EmbeddedResource(
    resource=types.BlobResourceContents(
        uri="file:///a.pdf", mime_type="application/pdf", blob=base64.b64encode(PDF).decode()
    )
)
NOTE = types.EmbeddedResource(
    resource=types.TextResourceContents(uri="file:///a.txt", text="a note")
)
LINK = types.ResourceLink(uri="file:///b.txt", name="b")

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "title": "Search",
    "properties": {
        "query": {"type": "string", "minLength": 2, "description": "What for."},
        "kind": {"enum": ["book", "film", None]},
        "since": {"anyOf": [{"type": "string", "format": "date"}, {"type": "integer"}]},
        "place": {"$ref": "#/$defs/Place"},
        "id": {"type": "string"},
        "args": {"type": "array", "items": {"type": "integer"}},
        "call": {"type": "boolean", "default": False},
    },
    "required": ["query"],
    "additionalProperties": False,
    "$defs": {"Place": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


class RawServer:
    """Gives its tools page by page, and remembers what it was asked."""

    def __init__(self, tools: list[types.Tool], result: types.CallToolResult | None = None) -> None:
        self.tools = tools
        self.result = result or types.CallToolResult(content=[types.TextContent(text="done")])
        self.calls: list[tuple[str, Any]] = []
        self.endless = False
        self.server: Server[Any] = Server(
            "raw", on_list_tools=self.list_tools, on_call_tool=self.call_tool
        )

    async def list_tools(self, _: Any, params: Any) -> types.ListToolsResult:
        at = int(params.cursor) if params and params.cursor else 0
        following = None if at + 1 >= len(self.tools) else str(at + 1)
        if self.endless:
            following = "0"
        return types.ListToolsResult(tools=self.tools[at : at + 1], next_cursor=following)

    async def call_tool(self, _: Any, params: Any) -> types.CallToolResult:
        self.calls.append((params.name, params.arguments))
        return self.result


def tool(name: str, schema: Any = None, **options: Any) -> types.Tool:
    return types.Tool(name=name, input_schema=schema or {"type": "object"}, **options)
