"""Sync clients of httpx on urllib3: the same requests, replies and errors as on httpx's own."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest

from mirascope.core.base import _clients, _urllib3_connections, _urllib3_transport
from mirascope.core.base._clients import pool_options, shared_ssl_context
from mirascope.core.base._sockets import shut_down
from mirascope.core.base._urllib3_transport import Urllib3Transport, urllib3_transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CLOSE = b"\r\nConnection: close\r\n"
HOLD = object()
"""The connection stays open, and silent, until the client goes."""


class Server:
    """Answers the requests of each connection with what was given for it, then closes it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = tls
        self.scheme = "https" if tls else "http"
        self.address = f"{self.scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: list[list[Any]] = []
        self.accepted = self.ended = 0
        self.requests: list[bytes] = []
        self.first_reads: list[bytes] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def answer(self, *replies: Any) -> None:
        """What the next connection answers, request by request."""
        self.connections.append(list(replies))

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            replies = self.connections.pop(0) if self.connections else []
            threading.Thread(target=self._serve, args=(connected, replies), daemon=True).start()

    def _serve(self, connected: socket.socket, replies: list[Any]) -> None:
        try:
            if self._tls:
                connected = self._tls.wrap_socket(connected, server_side=True)
            with connected:
                for reply in replies:
                    if reply is HOLD:
                        while connected.recv(65_536):
                            pass
                        return
                    self._read_request(connected)
                    connected.sendall(reply)
        except OSError:
            pass
        finally:
            self.ended += 1

    def wait_for_ended(self, count: int) -> None:
        """Wait until that many connections have ended."""
        latest = time.monotonic() + 5
        while self.ended < count:
            assert time.monotonic() < latest, self.ended
            time.sleep(0.01)

    def _read_request(self, connected: socket.socket) -> None:
        received = connected.recv(65_536)
        self.first_reads.append(received)
        while b"\r\n\r\n" not in received or not _is_whole(received):
            piece = connected.recv(65_536)
            if not piece:
                raise ConnectionError
            received += piece
        self.requests.append(received)

    def close(self) -> None:
        self._listener.close()


def _is_whole(request: bytes) -> bool:
    head, _, body = request.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return b"transfer-encoding: chunked" not in head.lower() or body.endswith(b"0\r\n\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    with closing(Server()) as served:
        yield served


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def stack(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return request.param


@pytest.fixture
def client(stack: Any) -> Iterator[Any]:
    transport = urllib3_transport(stack, pool_options(stack))
    assert isinstance(transport, Urllib3Transport)
    with stack.Client(transport=transport, timeout=5) as made:
        yield made


# --- requests


def test_a_request_is_what_httpx_sends(server: Server, stack: Any, client: Any) -> None:
    def ask(asking: Any) -> bytes:
        server.answer(OK)
        asking.post(
            f"{server.address}/v1/a%20path?query=1&b=%C3%A9",
            content=b"\x00body\xff",
            headers=[("X-Key", "secret"), ("X-Twice", "1"), ("X-Twice", "2"), ("Accept", "a/b")],
        )
        return server.requests[-1]

    with stack.Client() as plain:
        expected = ask(plain)
    ours = ask(client)
    assert sorted(ours.lower().split(b"\r\n")) == sorted(expected.lower().split(b"\r\n"))
    assert ours.split(b"\r\n")[0] == expected.split(b"\r\n")[0]
    assert ours.endswith(b"\r\n\r\n\x00body\xff")


def test_names_of_servers(server: Server, stack: Any, client: Any) -> None:
    port = server.address.rpartition(":")[2]
    with closing(Server()) as other:
        other._listener.close()
        for host in ("localhost", "LOCALHOST"):
            server.answer(OK.replace(b"\r\n", CLOSE, 1))
            assert client.get(f"http://{host}:{port}").text == "hi"
        try:
            listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6 here")
        other._listener = listener
        threading.Thread(target=other._accept, daemon=True).start()
        other.answer(OK)
        assert client.get(f"http://[::1]:{listener.getsockname()[1]}").text == "hi"
        assert b"Host: [::1]:" in other.requests[0]


def test_headers_and_body_arrive_in_one_piece(server: Server, client: Any) -> None:
    server.answer(OK)
    client.post(server.address, content=b"x" * 1_000)
    assert server.first_reads == server.requests


def test_a_request_without_body_or_user_agent(server: Server, client: Any) -> None:
    server.answer(OK)
    request = client.build_request("GET", server.address)
    del request.headers["user-agent"]
    client.send(request)
    assert b"user-agent: python-urllib3" not in server.requests[0].lower()
    assert b"content-length" not in server.requests[0].lower()


def test_a_body_that_is_made_as_it_is_sent(server: Server, client: Any) -> None:
    server.answer(OK)
    assert client.post(server.address, content=iter([b"one", b"two"])).text == "hi"
    assert b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" in server.requests[0]


def test_a_header_that_cannot_be_sent_is_not_quoted(
    server: Server, stack: Any, client: Any
) -> None:
    with pytest.raises(stack.LocalProtocolError, match="header") as caught:
        client.get(server.address, headers={"x-key": "secret\nsecret"})
    assert "secret" not in repr(caught.value)
    assert caught.value.__suppress_context__


# --- replies


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (OK, b"hi"),
        (CHUNKED + b"3\r\none\r\n5;x=y\r\n two \r\n0\r\nX-Trailer: 1\r\n\r\n", b"one two "),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\nx-a: 3\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"hi"),
        (
            b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + OK,
            b"hi",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
            + gzip.compress(b"packed"),
            b"packed",
        ),
    ],
    ids=[
        "length",
        "chunked",
        "close",
        "http/1.0",
        "not ascii",
        "twice",
        "no content",
        "continue",
        "hints",
        "gzip",
    ],
)
def test_a_reply_is_what_httpx_reads(
    server: Server, stack: Any, client: Any, reply: bytes, body: bytes
) -> None:
    with stack.Client() as plain:
        server.answer(reply)
        expected = plain.get(server.address)
    server.answer(reply)
    found = client.get(server.address)
    assert found.content == expected.content == body
    # Those of one name stand together here.
    assert sorted(found.headers.multi_items()) == sorted(expected.headers.multi_items())
    for name in ("status_code", "reason_phrase", "http_version", "encoding", "is_closed"):
        assert getattr(found, name) == getattr(expected, name), name


def test_pieces_come_as_they_arrive(server: Server, client: Any) -> None:
    server.answer(CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n", HOLD)
    with client.stream("GET", server.address) as response:
        pieces = response.iter_raw()
        assert (next(pieces), next(pieces)) == (b"one", b"two")
        assert not response.is_stream_consumed or not response.is_closed


def test_what_a_response_tells_of_its_connection(server: Server, client: Any) -> None:
    server.answer(OK)
    with client.stream("GET", server.address) as response:
        connected = response.extensions["network_stream"]
        assert connected.get_extra_info("socket").getpeername() == (
            connected.get_extra_info("server_addr")
        )
        assert connected.get_extra_info("client_addr")[0] == "127.0.0.1"
        assert connected.get_extra_info("ssl_object") is None
        assert connected.get_extra_info("is_readable_forever") is None


# --- connections


def test_a_connection_is_used_again(server: Server, client: Any) -> None:
    server.answer(OK, CHUNKED + b"2\r\nhi\r\n0\r\n\r\n", OK)
    assert [client.get(server.address).text for _ in range(3)] == ["hi"] * 3
    assert server.accepted == 1


def test_a_connection_that_the_server_closed_is_not(server: Server, client: Any) -> None:
    for _ in range(2):
        server.answer(OK)
        assert client.get(server.address).text == "hi"
        time.sleep(0.05)
    server.answer(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")
    assert client.get(server.address).text == "hi"
    assert server.accepted == 3


def test_nor_is_one_after_a_long_pause(
    server: Server, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr(_urllib3_connections, "time", clock)
    for _ in range(2):
        server.answer(OK, OK, OK)
        client.get(server.address)
        now[0] += _clients.KEEP_ALIVE_SECONDS - 1
        client.get(server.address)
        now[0] += _clients.KEEP_ALIVE_SECONDS + 1
    assert server.accepted == 2


@pytest.mark.filterwarnings("error")
def test_nor_is_one_of_which_something_is_left_unread(server: Server, client: Any) -> None:
    server.answer(CHUNKED + b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n", OK)
    with client.stream("GET", server.address) as response:
        assert next(response.iter_raw()) == b"one"
    server.answer(OK)
    assert client.get(server.address).text == "hi"
    assert server.accepted == 2


@pytest.mark.filterwarnings("error")
def test_a_client_that_is_closed_closes_its_connections(server: Server, stack: Any) -> None:
    client = stack.Client(transport=urllib3_transport(stack, pool_options(stack)))
    server.answer(CHUNKED + b"3\r\none\r\n", HOLD)
    under_way = client.send(client.build_request("GET", server.address), stream=True)
    server.answer(OK, HOLD)
    client.get(server.address)
    assert (server.accepted, server.ended) == (2, 0)
    client.close()
    server.wait_for_ended(1)
    under_way.close()
    server.wait_for_ended(2)


def test_many_threads(server: Server, client: Any) -> None:
    for _ in range(8):
        server.answer(*[OK] * 200)
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: client.get(server.address).text, range(160)))
    assert texts == ["hi"] * 160
    assert server.accepted <= 8


def test_a_read_under_way_can_be_broken(server: Server, client: Any) -> None:
    server.answer(CHUNKED + b"3\r\none\r\n", HOLD)
    with client.stream("GET", server.address) as response:
        pieces = response.iter_raw()
        next(pieces)
        started = time.monotonic()
        threading.Timer(0.1, shut_down, [response]).start()
        with pytest.raises(httpx_errors(response)):
            next(pieces)
        assert time.monotonic() - started < 3


def httpx_errors(response: Any) -> Any:
    return (httpx.TransportError, httpx2.TransportError)


# --- failures


def raised_by(act: Callable[[], Any]) -> Exception:
    with pytest.raises(Exception) as caught:
        act()
    return caught.value


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", "RemoteProtocolError"),
        (CHUNKED + b"3\r\none\r\n9\r\ntw", "RemoteProtocolError"),
        (CHUNKED + b"3\r\none\r\n", "RemoteProtocolError"),
        (CHUNKED + b"3\r\none\r\nzz\r\n", "RemoteProtocolError"),
        (b"nonsense\r\n\r\n", "RemoteProtocolError"),
    ],
    ids=["none", "length", "in a chunk", "between chunks", "no size", "nonsense"],
)
def test_a_reply_that_breaks_off(
    server: Server, stack: Any, client: Any, reply: bytes, expected: str
) -> None:
    server.answer(reply)
    error = raised_by(lambda: client.get(server.address))
    assert type(error) is getattr(stack, expected), error
    assert isinstance(error, stack.TransportError)
    assert error.request.url.host == "127.0.0.1"
    server.answer(OK)
    assert client.get(server.address).text == "hi"


def test_what_arrived_before_a_break_is_there(server: Server, stack: Any, client: Any) -> None:
    server.answer(CHUNKED + b"3\r\none\r\n9\r\ntw")
    pieces: list[bytes] = []
    with client.stream("GET", server.address) as response:
        with pytest.raises(stack.RemoteProtocolError):
            pieces.extend(iter(response.iter_raw()))
        assert response.num_bytes_downloaded == 5


def test_a_server_that_is_not_there(stack: Any, client: Any) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    for address in (f"http://127.0.0.1:{port}", "http://nowhere.invalid"):
        assert type(raised_by(lambda: client.get(address))) is stack.ConnectError  # noqa: B023


def test_a_server_that_is_silent(server: Server, stack: Any, client: Any) -> None:
    server.answer(HOLD)
    error = raised_by(lambda: client.get(server.address, timeout=0.1))
    assert type(error) is stack.ReadTimeout
    server.answer(CHUNKED + b"3\r\none\r\n", HOLD)
    with client.stream("GET", server.address, timeout=0.1) as response:
        assert type(raised_by(lambda: list(response.iter_raw()))) is stack.ReadTimeout


# --- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "loopback.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_tls(certificate: Path, stack: Any, client: Any) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(Server(context)) as server:
        server.answer()
        # The client's own certificates do not know this one.
        error = raised_by(lambda: client.get(server.address))
        assert type(error) is stack.ConnectError
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
        options = pool_options(stack) | {"verify": ssl.create_default_context(cafile=certificate)}
        with stack.Client(transport=urllib3_transport(stack, options)) as trusting:
            server.answer(OK, CHUNKED + b"2\r\nhi\r\n0\r\n\r\n")
            with trusting.stream("POST", server.address, content=b"x") as response:
                assert response.read() == b"hi"
                connected = response.extensions["network_stream"]
                assert connected.get_extra_info("ssl_object").version().startswith("TLS")
            assert trusting.get(server.address).text == "hi"
        assert server.accepted == 2
    assert shared_ssl_context(stack).verify_mode is ssl.CERT_REQUIRED


# --- where it stands aside


@pytest.mark.parametrize("name", ["HTTPTransport", "ConnectionPool", "HTTPConnection"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_httpx_that_was_patched_is_used(
    server: Server, stack: Any, name: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an instrumentation, say, or by a library that mocks it."""
    import httpcore
    import httpcore2

    patched = stack if name == "HTTPTransport" else {httpx: httpcore, httpx2: httpcore2}[stack]
    original = getattr(patched, name).handle_request
    seen: list[Any] = []

    def handle_request(self: Any, request: Any) -> Any:
        seen.append(request)
        return original(self, request)

    def patch() -> None:
        monkeypatch.setattr(getattr(patched, name), "handle_request", handle_request)

    _urllib3_transport._transport_type.cache_clear()
    if when == "before":
        patch()
    with stack.Client(transport=urllib3_transport(stack, pool_options(stack))) as client:
        if when == "after":
            server.answer(OK)
            client.get(server.address)
            assert seen == []
            patch()
        server.answer(OK)
        assert client.get(server.address).text == "hi"
    _urllib3_transport._transport_type.cache_clear()
    assert len(seen) == 1


def test_a_proxy_is_left_to_httpx(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert urllib3_transport(stack, pool_options(stack)) is None


@pytest.mark.parametrize("version", ["1.26.20", "2.3.0", "dev"])
def test_a_urllib3_that_is_too_old(
    stack: Any, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _urllib3_transport._transport_type.cache_clear()
    monkeypatch.setattr("urllib3.__version__", version)
    assert urllib3_transport(stack, pool_options(stack)) is None
    _urllib3_transport._transport_type.cache_clear()
