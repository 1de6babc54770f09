"""MCP: the tools, resources and prompts of another program, started by this one.

Needs the extra `mcp`. This file is both: `python mcp_tools.py serve` is the server.
"""

import sys

from _answering import answering
from mcp.server import MCPServer

from mirascope import llm
from mirascope.mcp import StdioServerParameters, stdio_client

server = MCPServer("library", log_level="WARNING")


@server.tool()
def find_book(title: str) -> str:
    """Find the shelf of a book."""
    return f"{title}: shelf 7"


@server.resource("rules://library")
def rules() -> str:
    """The rules of the library."""
    return "Whisper."


def main() -> None:
    program = StdioServerParameters(command=sys.executable, args=[__file__, "serve"])
    with stdio_client(program) as client:
        tools = client.list_tools()

        @llm.call(provider="openai", model="gpt-4o-mini", tools=tools)
        def ask(question: str) -> str:
            return question

        print([tool._name() for tool in tools])
        print(llm.chain(ask)("Where is The Name of the Wind?").text())
        print(client.read_resource("rules://library"))


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        server.run()
    else:
        with answering():
            main()
