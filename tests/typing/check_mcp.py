"""What connections to MCP servers and their clients give."""

from __future__ import annotations

from typing import assert_type

from mcp_types import BlobResourceContents, Prompt, Resource

from mirascope import BaseMessageParam, BaseTool, TextPart, llm
from mirascope.mcp import (
    Connection,
    MCPClient,
    StdioServerParameters,
    SyncMCPClient,
    sse_client,
    stdio_client,
    streamable_http_client,
)

LIBRARY = StdioServerParameters(command="library", args=["--all"])


def check_sync() -> None:
    assert_connection(sse_client("http://localhost/sse", headers={"a": "b"}))
    with stdio_client(LIBRARY, timeout=10, connect_timeout=None, mode="legacy") as client:
        assert_type(client, SyncMCPClient)
        tools = client.list_tools(prefix="library_")
        assert_type(tools, list[type[BaseTool]])
        llm.get_model("gpt-4o-mini").chain("Hi", tools=tools)
        llm.call("openai", "gpt-4o-mini", tools=tools)
        assert_type(client.list_resources(), list[Resource])
        assert_type(client.read_resource("a://b"), list[TextPart | BlobResourceContents])
        assert_type(client.list_prompts(), list[Prompt])
        assert_type(client.get_prompt_template("hi")(name="you"), list[BaseMessageParam])
    stdio_client("library")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    stdio_client(LIBRARY, timout=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_async() -> None:
    async with streamable_http_client("http://localhost/mcp", headers={"a": "b"}) as client:
        assert_type(client, MCPClient)
        tools = await client.list_tools()
        assert_type(tools, list[type[BaseTool]])
        llm.get_async_model("gpt-4o-mini").conversation(tools=tools)
        assert_type(await client.list_resources(), list[Resource])
        assert_type(await client.read_resource("a://b"), list[TextPart | BlobResourceContents])
        assert_type(await client.list_prompts(), list[Prompt])
        template = await client.get_prompt_template("hi")
        assert_type(await template(name="you"), list[BaseMessageParam])


def assert_connection(connection: Connection) -> None:
    """Each way to a server is a `Connection`."""
