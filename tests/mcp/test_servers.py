"""The ways to a server: programs and addresses, how they answer, and how they fail."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from mirascope.mcp import (
    Connection,
    StdioServerParameters,
    sse_client,
    stdio_client,
    streamable_http_client,
)

from ..llm.faces import Face
from .library import server
from .opening import opened, tools_of

LIBRARY = Path(__file__).with_name("library.py")
PROGRAM = StdioServerParameters(command=sys.executable, args=[str(LIBRARY), "stdio"])


def program(source: str) -> StdioServerParameters:
    return StdioServerParameters(command=sys.executable, args=["-c", source])


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(app: Any) -> Iterator[int]:
    """An app on a port of this machine, in a thread."""
    port = free_port()
    config = uvicorn.Config(
        app, port=port, log_level="error", ws="none", timeout_graceful_shutdown=1
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run)
    thread.start()
    try:
        wait_for(lambda: running.started)
        yield port
    finally:
        running.should_exit = True
        thread.join()


ADDRESSES: dict[str, tuple[Any, str, Callable[..., Connection]]] = {
    "streamable-http": (server.streamable_http_app, "mcp", streamable_http_client),
    "sse": (server.sse_app, "sse", sse_client),
}
every_address = pytest.mark.parametrize("kind", ADDRESSES)

# --- they answer


async def test_a_program(face: Face) -> None:
    async with opened(face, stdio_client(PROGRAM)) as client:
        tools = await tools_of(face, client)
        pid = int((await face.get(tools["who_am_i"]().call()))[0])
        assert pid != os.getpid()
        assert is_alive(pid)
        assert await face.get(tools["find_book"](title="Emma").call()) == [
            "Emma by anybody: shelf 3"
        ]
    wait_for(lambda: not is_alive(pid))


@every_address
async def test_an_address(face: Face, kind: str) -> None:
    app, path, connect = ADDRESSES[kind]
    with served(app()) as port:
        url = f"http://127.0.0.1:{port}/{path}?key=hidden"
        connection = connect(url, headers={"x-secret": "abc"})
        assert "hidden" not in repr(connection)
        async with opened(face, connection) as client:
            tools = await tools_of(face, client)
            assert await face.get(tools["secret"]().call()) == ["abc"]
            assert client.name == "library"


async def test_a_http_client_of_ones_own() -> None:
    with served(server.streamable_http_app()) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        async with httpx2.AsyncClient(headers={"x-secret": "own"}) as own:
            for _ in range(2):
                async with streamable_http_client(url, http_client=own) as client:
                    tools = {tool._name(): tool for tool in await client.list_tools()}
                    assert await tools["secret"]().call() == ["own"]
            assert not own.is_closed
    with pytest.raises(ValueError, match="Set them on your `http_client`"):
        streamable_http_client(url, http_client=own, headers={"a": "b"})


# --- they fail


async def test_a_program_that_ends_in_the_middle_of_a_call(face: Face) -> None:
    async with opened(face, stdio_client(PROGRAM, name="the library")) as client:
        tools = await tools_of(face, client)
        with pytest.raises(ConnectionError, match="Tool `collapse` of MCP server `the library`: "):
            await face.get(tools["collapse"]().call())
        with pytest.raises(ConnectionError, match="Tool `find_book` of MCP server `the library`: "):
            await face.get(tools["find_book"](title="Emma").call())
        with pytest.raises(ConnectionError, match="The list of tools of MCP server `the library`"):
            await face.get(client.list_tools())


@every_address
async def test_a_server_that_ends_in_the_middle_of_a_call(kind: str) -> None:
    _, path, connect = ADDRESSES[kind]
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, LIBRARY, kind, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/{path}"
    try:
        wait_for(lambda: listens(port))
        with connect(url) as client:
            tools = {tool._name(): tool for tool in client.list_tools()}
            with pytest.raises(ConnectionError, match="Tool `collapse` of MCP server `library`"):
                tools["collapse"]().call()
            with pytest.raises(ConnectionError, match="Tool `find_book` of MCP server `library`"):
                tools["find_book"](title="Emma").call()  # type: ignore[call-arg]
    finally:
        running.kill()
        running.wait()
    with pytest.raises(ConnectionError, match=f"Cannot connect to MCP server `{url}`"):
        connect(f"{url}?key=hidden").__enter__()


async def test_a_slow_tool_and_a_program_that_stands_still(face: Face) -> None:
    async with opened(face, stdio_client(PROGRAM, timeout=0.5)) as client:
        tools = await tools_of(face, client)
        pid = int((await face.get(tools["who_am_i"]().call()))[0])
        with pytest.raises(TimeoutError, match="`read_aloud` of MCP server `library`: no answer"):
            await face.get(tools["read_aloud"]().call())
        assert len(await face.get(tools["find_book"](title="Emma").call())) == 1
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError, match="`find_book` of MCP server `library`: no answ"):
                await face.get(tools["find_book"](title="Emma").call())
        finally:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not is_alive(pid))


async def test_programs_that_are_no_servers(face: Face, tmp_path: Path) -> None:
    mute = stdio_client(program("import sys; sys.stdin.read()"), connect_timeout=0.3)
    with pytest.raises(TimeoutError, match=r"Cannot connect to MCP server .*: no answer in 0.3 s"):
        async with opened(face, mute):
            pass
    ending = stdio_client(program("print('Hello!')"), name="greeter")
    with pytest.raises(ConnectionError, match="Cannot connect to MCP server `greeter`: it ended"):
        async with opened(face, ending):
            pass
    missing = stdio_client(StdioServerParameters(command=str(tmp_path / "no-such-program")))
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        async with opened(face, missing):
            pass


@pytest.mark.parametrize("status", [401, 500])
async def test_an_address_that_is_no_server(face: Face, status: int) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})

    with served(app) as port:
        for connect in (streamable_http_client, sse_client):
            with pytest.raises(ConnectionError) as caught:
                async with opened(face, connect(f"http://127.0.0.1:{port}/mcp?key=hidden")):
                    pass
            assert "hidden" not in str(caught.value)
            assert f"Cannot connect to MCP server `http://127.0.0.1:{port}/mcp`" in str(
                caught.value
            )


# --- they end


NEVER_LEFT = """
import asyncio, sys
from mirascope.mcp import StdioServerParameters, stdio_client
library = StdioServerParameters(command=sys.executable, args=[{path!r}, "stdio", {pids!r}])
connection = stdio_client(library)
if {is_async}:
    async def main():
        print((await connection.__aenter__()).name)
    asyncio.run(main())
else:
    print(connection.__enter__().name)
"""


async def test_a_program_ends_with_the_process_that_never_left_it(
    face: Face, tmp_path: Path
) -> None:
    pids = tmp_path / "pid"
    source = NEVER_LEFT.format(path=str(LIBRARY), pids=str(pids), is_async=face.is_async)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("library\n", "")
    wait_for(lambda: not is_alive(int(pids.read_text())))
