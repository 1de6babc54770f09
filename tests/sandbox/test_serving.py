"""The server: connections, what is recorded, starting and stopping, other processes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest
from openai import AsyncOpenAI, OpenAI

from mirascope.core.base._clients import Endpoint, endpoint_of
from mirascope.sandbox import Sandbox, sandbox

USER = {"role": "user", "content": "Hello"}
BODY = json.dumps({"model": "m", "messages": [USER]}).encode()


def ask(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=[USER], **options)


def post(body: bytes, *headers: bytes, path: bytes = b"/v1/chat/completions") -> bytes:
    return b"\r\n".join((b"POST %b HTTP/1.1" % path, b"host: x", *headers, b"", body))


def exchange(box: Sandbox, *parts: bytes) -> bytes:
    """Send raw bytes and return all that comes back until the server closes."""
    host, port = box.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
        received = b""
        while data := connection.recv(65536):
            received += data
        return received


class TestRecording:
    def test_request(self, box: Sandbox, openai_client: Any) -> None:
        ask(openai_client, temperature=0.5)
        (request,) = box.requests
        assert (request.method, request.path) == ("POST", "/v1/chat/completions")
        assert request.body == {"model": "gpt-4o", "messages": [USER], "temperature": 0.5}
        assert (request.provider, request.stream, request.finished) == ("openai", False, True)
        assert request.headers["content-type"] == "application/json"
        assert request.problems == []

    def test_keys_are_masked(self, box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
        ask(openai_client)
        anthropic_client.messages.create(model="c", max_tokens=9, messages=[USER])
        for request in box.requests:
            keys = [request.headers.get(name) for name in ("authorization", "x-api-key")]
            assert "***" in keys
            assert "k'" not in repr(request)

    def test_connections_are_reused(self, box: Sandbox, openai_client: Any) -> None:
        ask(openai_client)
        ask(openai_client)
        assert (box.connections, box.open_connections) == (1, 1)
        assert {request.connection for request in box.requests} == {1}
        openai_client.close()
        assert box.wait_until(lambda: box.open_connections == 0)

    def test_off(self) -> None:
        with (
            sandbox(record=False, redirect=False) as box,
            OpenAI(api_key="k", base_url=box.base_url("openai")) as client,
        ):
            ask(client)
            assert box.requests == []


class TestManyClients:
    async def test_gathered(self, box: Sandbox, async_openai_client: Any) -> None:
        replies = await asyncio.gather(*(ask(async_openai_client) for _ in range(200)))
        assert len({reply.id for reply in replies}) == 200
        assert len(box.requests) == 200

    async def test_many_connections_at_once(self, box: Sandbox) -> None:
        host, port = box.url.removeprefix("http://").split(":")
        box.slow(first_byte=0.3)

        async def call() -> bytes:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(post(BODY, b"connection: close", b"content-length: %d" % len(BODY)))
            reply = await reader.read()
            writer.close()
            return reply

        replies = await asyncio.gather(*(call() for _ in range(500)))
        assert all(reply.startswith(b"HTTP/1.1 200 OK") for reply in replies)
        assert box.connections == 500

    def test_threads(self, box: Sandbox, openai_client: Any) -> None:
        threads = [threading.Thread(target=ask, args=(openai_client,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(box.requests) == 20


class TestHttp:
    def test_pipelined_requests(self, box: Sandbox) -> None:
        first = post(BODY, b"content-length: %d" % len(BODY))
        last = post(BODY, b"Connection: close", b"Content-Length: %d" % len(BODY))
        box.slow(first_byte=0.01)
        assert exchange(box, first + last).count(b"HTTP/1.1 200 OK") == 2

    def test_body_in_pieces(self, box: Sandbox) -> None:
        whole = post(BODY, b"connection: close", b"content-length: %d" % len(BODY))
        assert b"200 OK" in exchange(box, *(whole[at : at + 40] for at in range(0, len(whole), 40)))

    def test_chunked_body(self, box: Sandbox) -> None:
        chunks = b"a\r\n%b\r\n%x;note=1\r\n%b\r\n0\r\n\r\n" % (BODY[:10], len(BODY) - 10, BODY[10:])
        request = post(chunks, b"connection: close", b"transfer-encoding: chunked")
        assert b"200 OK" in exchange(box, request[:-30], request[-30:])
        assert box.requests[0].body["model"] == "m"

    def test_expect_continue(self, box: Sandbox) -> None:
        length = b"content-length: %d" % len(BODY)
        request = post(BODY, b"connection: close", b"expect: 100-continue", length)
        assert exchange(box, request).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")

    @pytest.mark.parametrize(
        "request_bytes",
        [
            b"nonsense\r\n\r\n",
            post(b"", b"content-length: many"),
            post(b"zz\r\n", b"transfer-encoding: chunked"),
        ],
    )
    def test_not_http(self, box: Sandbox, request_bytes: bytes) -> None:
        assert exchange(box, request_bytes).startswith(b"HTTP/1.1 400 Bad Request")

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"model": "m", "messages": 7}'])
    def test_not_a_request(self, box: Sandbox, body: bytes) -> None:
        box.strict = False
        headers = (b"connection: close", b"content-length: %d" % len(body))
        assert exchange(box, post(body, *headers)).startswith(b"HTTP/1.1 400 Bad Request")
        assert box.requests[0].problems


class TestLife:
    def test_redirects_default_clients_while_it_runs(self) -> None:
        assert endpoint_of("openai") is None
        with sandbox() as outer:
            with sandbox() as inner:
                assert endpoint_of("openai") == Endpoint(inner.base_url("openai"), "sandbox")
            assert endpoint_of("anthropic") == Endpoint(outer.url, "sandbox")
            with sandbox(redirect=False):
                assert endpoint_of("anthropic") == Endpoint(outer.url, "sandbox")
        assert endpoint_of("openai") is None

    def test_start_stop_start(self) -> None:
        box = Sandbox(redirect=False).start()
        with pytest.raises(RuntimeError, match="is running"):
            box.start()
        box.stop()
        box.stop()
        with box, OpenAI(api_key="k", base_url=box.base_url("openai")) as client:
            assert ask(client).choices

    async def test_async_with(self) -> None:
        async with (
            sandbox(redirect=False) as box,
            AsyncOpenAI(api_key="k", base_url=box.base_url("openai")) as client,
        ):
            assert (await ask(client)).choices

    def test_stops_with_a_reply_under_way(self) -> None:
        before = threading.active_count()
        with sandbox(redirect=False) as box:
            box.slow(first_byte=60)
            host, port = box.url.removeprefix("http://").split(":")
            connection = socket.create_connection((host, int(port)))
            connection.sendall(post(BODY, b"content-length: %d" % len(BODY)))
            assert box.wait_until(lambda: len(box.requests) == 1)
        with connection:
            assert connection.recv(1) == b""
        assert threading.active_count() == before

    def test_port_in_use(self) -> None:
        with sandbox(redirect=False) as box, pytest.raises(OSError):
            Sandbox(redirect=False, port=int(box.url.rsplit(":", 1)[1])).start()


def test_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "mirascope.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        while not lines or not lines[-1].startswith("#"):
            lines.append(process.stdout.readline())
        variables = dict(re.findall(r"export (\w+)=(\S+)\n", "".join(lines)))
        assert variables["OPENAI_API_KEY"] == variables["ANTHROPIC_API_KEY"] == "sandbox"
        assert variables["ANTHROPIC_BASE_URL"] + "/v1" == variables["OPENAI_BASE_URL"]
        with OpenAI(api_key="k", base_url=variables["OPENAI_BASE_URL"]) as client:
            assert ask(client).choices[0].message.content == "Sandbox reply to: Hello"
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 0
