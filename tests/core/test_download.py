"""The guarded download: by a fake `connect`, and from servers on loopback that a policy allows."""

from __future__ import annotations

import asyncio
import http.server
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from mirascope.core import MediaPolicy
from mirascope.core.base import _checked_connection, _download
from mirascope.core.base._checked_connection import Network
from mirascope.core.base._download import Download, fetch, fetch_all
from mirascope.core.base._flow import run, run_async

PUBLIC, OTHER, LOOPBACK = "93.184.215.14", "2606:4700::1111", "127.0.0.1"


class FakeSocket:
    """A connected socket that has its answer ready."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.sent = b""
        self.closed = False

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def recv_into(self, buffer: memoryview) -> int:
        piece, self.answer = self.answer[: len(buffer)], self.answer[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self.closed = True


def answer(
    body: bytes = b"data", *headers: str, status: str = "200 OK", length: bool = True
) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, status: int = 302) -> bytes:
    return answer(b"", f"Location: {to}", status=f"{status} Found")


@dataclass
class World:
    """Name servers and servers; it keeps what was asked of them."""

    answers: list[bytes | Exception]
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    """The addresses of a name, at each time that it is asked for; the last is for ever."""
    resolved: list[str] = field(default_factory=list)
    connected: list[tuple[str, int]] = field(default_factory=list)
    sockets: list[FakeSocket] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[str]:
        self.resolved.append(host)
        found = self.names.get(host, [[PUBLIC]])
        return found.pop(0) if len(found) > 1 else found[0]

    def connect(self, address: str, port: int, seconds: float) -> FakeSocket:
        assert 0 < seconds <= 30
        self.connected.append((address, port))
        found = self.answers.pop(0)
        if isinstance(found, Exception):
            raise found
        self.sockets.append(FakeSocket(found))
        return self.sockets[-1]

    def fetch(self, url: str, **policy: Any) -> Download:
        try:
            return fetch(url, MediaPolicy(**policy), Network(self.resolve, self.connect))
        finally:
            assert all(each.closed for each in self.sockets)


# --- what is checked is what is connected to


def test_it_connects_to_the_address_that_it_checked_and_asks_for_the_name() -> None:
    world = World([answer(b"data", "Content-Type: Image/PNG; charset=x")])
    found = world.fetch("http://Example.com:8080/a/b?c=d#e")
    assert found == Download(b"data", "image/png")
    assert world.resolved == ["example.com"]
    assert world.connected == [(PUBLIC, 8080)]
    request = world.sockets[0].sent.decode()
    assert request.startswith("GET /a/b?c=d HTTP/1.1\r\n")
    assert "\r\nHost: example.com:8080\r\n" in request
    assert "\r\nAccept-Encoding: identity\r\n" in request
    assert "Authorization" not in request
    assert "Cookie" not in request


def test_tls_is_for_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped: list[str] = []

    class Context:
        def wrap_socket(self, plain: Any, *, server_hostname: str) -> Any:
            wrapped.append(server_hostname)
            return plain

    monkeypatch.setattr(_checked_connection, "tls", Context)
    world = World([answer(), answer()])
    world.fetch("https://example.com/")
    world.fetch(f"https://[{OTHER}]/")
    assert wrapped == ["example.com", OTHER]
    assert world.connected == [(PUBLIC, 443), (OTHER, 443)]
    assert b"\r\nHost: example.com\r\n" in world.sockets[0].sent


def test_tls_checks_certificates_and_names() -> None:
    context = _checked_connection.tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["168.63.129.16"],
        [PUBLIC, "127.0.0.1"],
        ["192.168.0.1", PUBLIC],
    ],
)
def test_a_name_with_an_address_that_is_refused(addresses: list[str]) -> None:
    world = World([], {"evil.example": [addresses]})
    with pytest.raises(ValueError, match="is not a public address") as caught:
        world.fetch("http://evil.example/x")
    assert not isinstance(caught.value, ConnectionError)
    assert world.connected == []


def test_a_name_whose_answer_changes_is_asked_only_once() -> None:
    world = World([answer()], {"evil.example": [[PUBLIC], [LOOPBACK]]})
    world.fetch("http://evil.example/")
    assert world.connected == [(PUBLIC, 80)]
    assert world.resolved == ["evil.example"]


def test_a_name_whose_answer_changes_is_checked_again_after_a_redirect() -> None:
    world = World([redirect("/again")], {"evil.example": [[PUBLIC], [LOOPBACK]]})
    with pytest.raises(ValueError, match=r"`127\.0\.0\.1` is not a public"):
        world.fetch("http://evil.example/")
    assert world.connected == [(PUBLIC, 80)]


def test_an_address_that_does_not_answer_leaves_it_to_the_next() -> None:
    world = World([OSError("unreachable"), answer()], {"a.example": [[OTHER, PUBLIC]]})
    assert world.fetch("http://a.example/").data == b"data"
    assert world.connected == [(OTHER, 80), (PUBLIC, 80)]


def test_an_address_in_a_url_is_not_resolved() -> None:
    world = World([answer()])
    world.fetch(f"http://{PUBLIC}/")
    assert world.resolved == []


# --- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int) -> None:
    world = World([redirect("//b.example/x y?é=1", status), redirect("../z", status), answer()])
    assert world.fetch("http://a.example/1/2").data == b"data"
    assert world.resolved == ["a.example", "b.example", "b.example"]
    assert world.sockets[1].sent.startswith(b"GET /x%20y?%C3%A9=1 HTTP/1.1\r\nAccept")
    assert world.sockets[2].sent.startswith(b"GET /z HTTP/1.1")


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://good.example@127.0.0.1/",
        "http://good.example\\@127.0.0.1/",
        "//127.0.0.1/",
        "//[::ffff:127.0.0.1]/",
        "file:///etc/passwd",
        "ftp://good.example/",
        "gopher://127.0.0.1:6379/_INFO",
        "data:text/plain,hello",
        "http://inside.example/",
    ],
)
def test_redirects_are_checked(to: str) -> None:
    world = World([redirect(to)], {"inside.example": [["10.0.0.1"]]})
    with pytest.raises(ValueError, match=r"^Failed to load or encode data from "):
        world.fetch("http://a.example/")
    assert world.connected == [(PUBLIC, 80)]


def test_redirects_keep_to_the_schemes_of_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    context = type("Context", (), {"wrap_socket": lambda self, plain, server_hostname: plain})
    monkeypatch.setattr(_checked_connection, "tls", context)
    world = World([redirect("http://a.example/")])
    with pytest.raises(ValueError, match="allows `https`, not `http`"):
        world.fetch("https://a.example/", schemes=["https"])


def test_redirects_have_an_end() -> None:
    world = World([redirect("/") for _ in range(9)])
    with pytest.raises(ValueError, match="more than 5 redirects"):
        world.fetch("http://a.example/")
    assert len(world.connected) == 6
    world = World([redirect("/")])
    with pytest.raises(ValueError, match="more than 0 redirects"):
        world.fetch("http://a.example/", max_redirects=0)


# --- how much


def chunked(body: bytes) -> bytes:
    return answer(b"", "Transfer-Encoding: chunked", length=False) + b"%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )


FORMS: list[Callable[[bytes], bytes]] = [
    lambda body: answer(body),
    lambda body: answer(body, length=False),
    chunked,
]


@pytest.mark.parametrize("form", FORMS, ids=["length", "end", "chunks"])
def test_no_more_bytes_than_allowed(form: Callable[[bytes], bytes]) -> None:
    assert World([form(b"x" * 100)]).fetch("http://a.example/", max_bytes=100).data == b"x" * 100
    with pytest.raises(ValueError, match="more than the 99 bytes"):
        World([form(b"x" * 100)]).fetch("http://a.example/", max_bytes=99)


def test_a_length_that_is_too_much_is_not_read() -> None:
    world = World([answer(b"x", "Content-Length: 99999999999", length=False)])
    with pytest.raises(ValueError, match="more than"):
        world.fetch("http://a.example/")


FAILURES: list[tuple[bytes | Exception, str, bool]] = [
    (answer(status="404 Not Found"), "the server answers 404 Not Found", False),
    (answer(status="403 No"), "the server answers 403 No", False),
    (answer(status="204 No Content"), "the server answers 204", False),
    (redirect("/")[:13] + b"\r\n\r\n", "the server answers 302", False),
    (answer(b""), "it is empty", False),
    (answer(b"x", "Content-Encoding: gzip"), "comes compressed", False),
    (answer(status="503 Busy"), "the server answers 503", True),
    (answer(status="429 Slow"), "the server answers 429", True),
    (answer(b"x", "Content-Length: 5", length=False), "broke off", True),
    (chunked(b"x" * 100)[:-40], "IncompleteRead|broke off", True),
    (b"", "without response", True),
    (b"SSH-2.0-OpenSSH\r\n", "SSH-2.0", True),
    (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, "more than 100 headers", True),
    (ConnectionRefusedError(111, "Connection refused"), "refused", True),
]


@pytest.mark.parametrize(("found", "message", "may_pass"), FAILURES)
def test_failures_say_what_happened(found: bytes | Exception, message: str, may_pass: bool) -> None:
    world = World([found])
    with pytest.raises(ValueError, match=message) as caught:
        world.fetch("http://a.example/b?signature=secret")
    assert str(caught.value).startswith("Failed to load or encode data from http://a.example/b: ")
    assert "secret" not in str(caught.value)
    assert isinstance(caught.value, ConnectionError) is may_pass


def test_errors_show_neither_queries_nor_passwords() -> None:
    for url in (
        "http://user:secret@a.example/",
        "http://a.example/a b?secret",
        "ftp://user:secret@a.example/?secret#secret",
        "http://127.0.0.1/?secret",
    ):
        with pytest.raises(ValueError) as caught:
            World([]).fetch(url)
        assert "secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


# --- proxies


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://me:planted@proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)


@pytest.mark.usefixtures("proxied")
def test_proxies_of_the_environment_are_left_alone() -> None:
    world = World([answer()])
    world.fetch("http://a.example/")
    assert world.connected == [(PUBLIC, 80)]


@pytest.mark.usefixtures("proxied")
def test_proxies_may_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    context = type("Context", (), {"wrap_socket": lambda self, plain, server_hostname: plain})
    monkeypatch.setattr(_checked_connection, "tls", context)
    world = World([answer(), b"HTTP/1.1 200 Established\r\n\r\n", answer()])
    assert world.fetch("http://a.example/x?y", use_proxies=True).data == b"data"
    assert world.connected == [("proxy.example", 3128)]
    assert world.resolved == []
    sent = world.sockets[0].sent
    assert sent.startswith(b"GET http://a.example/x?y HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6cGxhbnRlZA==\r\n" in sent
    with pytest.raises(ConnectionError) as caught:
        world.fetch("https://a.example/x", use_proxies=True)
    # The answer of the fake proxy has no second part: what counts is what was asked of it.
    sent = world.sockets[1].sent
    assert sent.startswith(b"CONNECT a.example:443 HTTP/1.1\r\n")
    assert sent.count(b"Proxy-Authorization") == 1
    assert b"GET /x HTTP/1.1\r\n" in sent
    assert "planted" not in str(caught.value)


@pytest.mark.usefixtures("proxied")
@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://10.0.0.1/", "http://localhost/"])
def test_a_proxy_is_asked_for_nothing_local(url: str) -> None:
    world = World([])
    with pytest.raises(ValueError, match=r"not a public address|local name"):
        world.fetch(url, use_proxies=True)
    assert world.connected == []


# --- over real sockets, on loopback

LOCAL = MediaPolicy(allow_private=True, timeout=5)


@contextmanager
def served(respond: Callable[[Any], None]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def give(handler: Any, body: bytes = b"data") -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "image/png")
    handler.end_headers()
    handler.wfile.write(body)


def test_a_real_server_is_asked_only_where_that_is_allowed() -> None:
    with served(give) as url:
        with pytest.raises(ValueError, match="not a public address"):
            fetch(url, MediaPolicy())
        assert fetch(url, LOCAL) == Download(b"data", "image/png")
        assert fetch(url.replace("127.0.0.1", "localhost"), LOCAL).data == b"data"


def test_several_are_fetched_at_once_and_in_order() -> None:
    meeting = threading.Barrier(3, timeout=5)

    def respond(handler: Any) -> None:
        meeting.wait()
        give(handler, handler.path.encode())

    with served(respond) as url:
        found = fetch_all([f"{url}/{name}" for name in "abc"], LOCAL)
    assert [each.data for each in found] == [b"/a", b"/b", b"/c"]


def dribble_body(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    _dribble(handler, b"x")


def dribble_headers(handler: Any) -> None:
    _dribble(handler, b"H")


def _dribble(handler: Any, byte: bytes) -> None:
    try:
        for _ in range(200):
            handler.wfile.write(byte)
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        pass


@pytest.mark.parametrize("respond", [dribble_body, dribble_headers])
def test_a_server_that_sends_a_byte_at_a_time_is_left(respond: Callable[[Any], None]) -> None:
    with served(respond) as url:
        start = time.monotonic()
        with pytest.raises(ConnectionError, match="it took too long"):
            fetch(url, MediaPolicy(allow_private=True, timeout=0.3))
        assert 0.2 < time.monotonic() - start < 2


def test_a_server_that_says_nothing_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ConnectionError, match="it took too long"):
            fetch(url, MediaPolicy(allow_private=True, timeout=0.2))


def test_a_name_server_that_says_nothing_is_left() -> None:
    done = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        done.wait(5)
        return []

    with pytest.raises(ConnectionError, match="it took too long"):
        fetch("http://a.example/", MediaPolicy(timeout=0.2), Network(resolve, World([]).connect))
    done.set()


def test_redirects_share_the_time() -> None:
    def respond(handler: Any) -> None:
        time.sleep(0.15)
        handler.send_response(302)
        handler.send_header("Location", "/")
        handler.end_headers()

    with served(respond) as url, pytest.raises(ConnectionError, match="it took too long"):
        fetch(url, MediaPolicy(allow_private=True, timeout=0.4, max_redirects=99))


# --- as a step of a flow


def test_sync_and_async_are_the_same_flow() -> None:
    with served(give) as url:
        flow = _download.downloads
        assert run(flow([url], LOCAL, False))[0].data == b"data"
        assert asyncio.run(run_async(flow([url], LOCAL, True)))[0].data == b"data"


async def test_an_event_loop_goes_on_meanwhile() -> None:
    def respond(handler: Any) -> None:
        time.sleep(0.3)
        give(handler)

    pauses: list[float] = []

    async def tick() -> None:
        while True:
            start = time.monotonic()
            await asyncio.sleep(0.01)
            pauses.append(time.monotonic() - start)

    with served(respond) as url:
        ticking = asyncio.create_task(tick())
        found = await run_async(_download.downloads([url], LOCAL, True))
        ticking.cancel()
    assert found[0].data == b"data"
    assert len(pauses) > 5
    assert max(pauses) < 0.25
