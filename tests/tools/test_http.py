"""The tools that send requests: by real servers on loopback, which the configuration allows."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mirascope.core import MediaPolicy
from mirascope.tools import (
    HTTPX,
    AsyncHTTPX,
    HTTPXConfig,
    ParseURLConfig,
    ParseURLContent,
    Requests,
    RequestsConfig,
)

from .conftest import Site

LOCAL = MediaPolicy(allow_private=True)
LocalHTTPX = HTTPX.from_config(HTTPXConfig(policy=LOCAL))
LocalAsyncHTTPX = AsyncHTTPX.from_config(HTTPXConfig(policy=LOCAL))
LocalRequests = Requests.from_config(RequestsConfig(policy=LOCAL))
LocalPage = ParseURLContent.from_config(ParseURLConfig(policy=LOCAL))

every_tool = pytest.mark.parametrize("tool", [HTTPX, AsyncHTTPX, Requests, ParseURLContent])
every_local_tool = pytest.mark.parametrize(
    "tool", [LocalHTTPX, LocalAsyncHTTPX, LocalRequests, LocalPage]
)
full_tools = pytest.mark.parametrize("tool", [LocalHTTPX, LocalAsyncHTTPX])


async def called(tool: Any, url: str, **arguments: Any) -> str:
    result = tool(url=url, **arguments).call()
    text = await result if inspect.isawaitable(result) else result
    assert isinstance(text, str)
    return text


# --- what is asked, and what the model gets


@every_local_tool
async def test_the_text_of_the_answer(tool: Any, site: Site) -> None:
    url = site.answer("/hours", "9 to 17 Uhr, schön")
    assert await called(tool, f"{url}?day=1") == "9 to 17 Uhr, schön"
    (asked,) = site.asked
    assert (asked.method, asked.target, asked.body) == ("GET", "/hours?day=1", b"")
    assert asked.headers == {
        "host": site.url.removeprefix("http://"),
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
        "user-agent": asked.headers["user-agent"],
    }
    assert asked.headers["user-agent"].startswith("everscope/")


@full_tools
async def test_all_that_the_model_may_say(tool: Any, site: Site) -> None:
    url = site.answer("/books", "made")
    arguments = {
        "method": "PUT",
        "json": {"title": "Ö", "shelf": None},
        "params": {"q": "a b", "n": 2, "flag": True, "tag": ["x", "y"]},
        "headers": {"X-Reader": "Ann", "accept": "text/plain", "user-agent": "me"},
    }
    assert await called(tool, f"{url}?a=1#part", **arguments) == "made"
    (asked,) = site.asked
    assert asked.method == "PUT"
    assert asked.target == "/books?a=1&q=a+b&n=2&flag=true&tag=x&tag=y"
    assert json.loads(asked.body) == {"title": "Ö", "shelf": None}
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["content-length"] == str(len(asked.body))
    assert asked.headers["x-reader"] == "Ann"
    assert asked.headers["accept"] == "text/plain"
    assert asked.headers["user-agent"] == "me"


@pytest.mark.parametrize("tool", [LocalHTTPX, LocalAsyncHTTPX, LocalRequests])
async def test_forms(tool: Any, site: Site) -> None:
    url = site.answer("/form", "ok")
    data = {"a": "1&2", "b": None, "c": [1, 2.5]}
    for headers, kind in (
        (None, "application/x-www-form-urlencoded"),
        ({"content-type": "x/y"}, "x/y"),
    ):
        assert await called(tool, url, method="POST", data=data, headers=headers) == "ok"
        assert site.asked[-1].body == b"a=1%262&b=&c=1&c=2.5"
        assert site.asked[-1].headers["content-type"] == kind


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"status": 204}, "The server answers 204 No Content, and nothing else."),
        ({"status": 404}, "Error: the server answers 404 Not Found."),
        (
            {"status": 400, "body": '{"why": "no title"}\n', "content_type": "application/json"},
            'Error: the server answers 400 Bad Request: {"why": "no title"}.',
        ),
        (
            {"body": b"\x89PNG\r\n\x1a\n\0", "content_type": "image/png"},
            "Error: the answer is no text: 9 bytes, image/png.",
        ),
        ({"body": b"\xff\xd8\xff", "content_type": "image/jpeg"}, "Error: the answer is no text"),
        ({"body": "é".encode("latin-1"), "content_type": "text/plain; charset=ISO-8859-1"}, "é"),
        (
            {"body": "x = “1”".encode("cp1252"), "content_type": "text/csv; charset=latin1"},
            "x = “1”",
        ),
        ({"body": "é".encode("utf-16"), "content_type": "text/plain"}, "é"),
        ({"body": b"\xff", "content_type": "text/plain; charset=no-such-thing"}, "\ufffd"),
        ({"body": b"abc", "content_type": "text/plain; charset=rot13"}, "abc"),
        ({"body": b"616263", "content_type": "text/plain; charset=hex"}, "616263"),
        ({"body": b"plain", "content_type": "application/octet-stream"}, "plain"),
        ({"body": b"zip", "Content_Encoding": "gzip"}, "it comes compressed (`gzip`)"),
    ],
)
async def test_what_the_model_gets(answer: dict[str, Any], shown: str, site: Site) -> None:
    url = site.answer("/x", **answer)
    for tool in (LocalHTTPX, LocalAsyncHTTPX, LocalRequests):
        text = await called(tool, url)
        assert text == shown or (shown in text and text.startswith("Error: "))


async def test_head_and_options(site: Site) -> None:
    url = site.answer("/x", "body")
    assert await called(LocalHTTPX, url, method="HEAD") == (
        "The server answers 200 OK, and nothing else."
    )
    assert await called(LocalHTTPX, url, method="OPTIONS") == "body"
    assert [asked.method for asked in site.asked] == ["HEAD", "OPTIONS"]


# --- what the model may not say


OF_THE_CONNECTION = """Host host CONNECTION Content-Length Transfer-Encoding TE Trailer Upgrade
    Keep-Alive Expect Proxy-Authorization Proxy-Connection Accept-Encoding HTTP2-Settings"""


@pytest.mark.parametrize("name", OF_THE_CONNECTION.split())
async def test_headers_of_the_connection_are_refused(name: str, site: Site) -> None:
    url = site.answer("/x", "ok")
    for tool in (LocalHTTPX, LocalAsyncHTTPX, LocalRequests):
        assert await called(tool, url, headers={name: "x"}) == (
            f"Error: the header `{name}` is not for a request to set."
        )
    assert site.asked == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"headers": {"X-A": "a\r\nHost: b"}}, "holds a character"),
        ({"headers": {"X-A": "€"}}, "holds a character"),
        ({"headers": {"X-A: b\r\nX-C": "d"}}, "is no name of a header"),
        ({"headers": {"": "d"}}, "is no name of a header"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "is there twice"),
        ({"data": {"a": 1}, "json": {"b": 2}}, "either `data` or `json`"),
    ],
)
@full_tools
async def test_requests_that_are_refused(
    tool: Any, arguments: dict[str, Any], reason: str, site: Site
) -> None:
    text = await called(tool, site.answer("/x"), **arguments)
    assert text.startswith("Error: ")
    assert reason in text
    assert site.asked == []


def test_other_methods_do_not_fit() -> None:
    for tool in (HTTPX, AsyncHTTPX, Requests):
        with pytest.raises(ValidationError):
            tool(url="http://a.example/", method="CONNECT")


# --- where it may not go

INSIDE = [
    "http://127.0.0.1:{port}/x",
    "http://localhost:{port}/x",
    "http://[::1]:{port}/x",
    "http://[::ffff:127.0.0.1]:{port}/x",
    "http://[::ffff:7f00:1]:{port}/x",
    "http://[64:ff9b::7f00:1]:{port}/x",
    "http://2130706433:{port}/x",
    "http://0x7f000001:{port}/x",
    "http://0x7f.0.0.1:{port}/x",
    "http://0177.0.0.1:{port}/x",
    "http://127.1:{port}/x",
    "http://0.0.0.0:{port}/x",
    "http://127.0.0.1.:{port}/x",
    "http://①②⑦.0.0.1:{port}/x",
    "http://a.example@127.0.0.1:{port}/x",
    "http://a.example\\@127.0.0.1:{port}/x",
    "http://10.0.0.1/x",
    "http://192.168.1.1/x",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fe80::1]/x",
    "file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "gopher://127.0.0.1:{port}/x",
    "data:text/plain,x",
    "//127.0.0.1:{port}/x",
    "127.0.0.1:{port}/x",
    "",
]


@every_tool
@pytest.mark.parametrize("url", INSIDE)
async def test_nothing_inside_is_reached(tool: Any, url: str, site: Site) -> None:
    site.answer("/x", "secret")
    text = await called(tool, url.format(port=site.url.rpartition(":")[2]))
    assert text.startswith("Error: ")
    assert "MediaPolicy" not in text
    assert site.asked == []


@every_tool
async def test_names_that_lead_inside_are_refused(
    tool: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = socket.getaddrinfo

    def resolve(host: Any, *args: Any, **options: Any) -> Any:
        return known("127.0.0.1" if host == "evil.example" else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    site.answer("/x", "secret")
    port = site.url.rpartition(":")[2]
    text = await called(tool, f"http://evil.example:{port}/x")
    assert text == (
        f"Error: http://evil.example:{port}/x: `127.0.0.1` is not a public address (loopback)."
    )
    assert site.asked == []


REDIRECTS = [
    "http://169.254.169.254/latest/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "file:///etc/passwd",
    "http://[broken/",
    "http://denied.example/",
]


@every_local_tool
@pytest.mark.parametrize("to", REDIRECTS)
async def test_redirects_are_checked(tool: Any, to: str, site: Site) -> None:
    url = site.answer("/x", "moved", 302, Location=to)
    text = await called(tool, url)
    assert text.startswith("Error: ")
    assert len(site.asked) == 1


@every_local_tool
async def test_redirects_to_loopback_are_refused(tool: Any, site: Site, other_site: Site) -> None:
    """The first server alone is allowed, under its name; it sends to an address that is not."""
    other_site.answer("/secret", "secret")
    url = site.answer("/x", "moved", 302, Location=f"{other_site.url}/secret")
    config = type(tool.__config__)(
        policy=MediaPolicy(allow_private=True, allowed_hosts=["localhost"])
    )
    narrow = tool.from_config(config)
    text = await called(narrow, url.replace("127.0.0.1", "localhost"))
    assert text.endswith("the media policy does not allow the host `127.0.0.1`.")
    assert (len(site.asked), other_site.asked) == (1, [])


# --- redirects


@full_tools
async def test_another_server_gets_no_secrets(tool: Any, site: Site, other_site: Site) -> None:
    other_site.answer("/b", "there")
    url = site.answer("/a", status=307, Location=f"{other_site.url}/b")
    secrets = {"Authorization": "Bearer s3cret", "Cookie": "a=b", "X-Api-Key": "s3cret"}
    headers = {**secrets, "Accept": "text/plain"}
    text = await called(tool, url, method="POST", json={"a": 1}, headers=headers)
    assert text == "there"
    assert site.asked[0].headers["authorization"] == "Bearer s3cret"
    (asked,) = other_site.asked
    assert asked.headers.keys().isdisjoint({"authorization", "cookie", "x-api-key"})
    assert asked.headers["accept"] == "text/plain"
    assert (asked.method, asked.body) == ("POST", b'{"a":1}')


@pytest.mark.parametrize(
    ("status", "method", "then"),
    [
        *((301, "POST", "GET"), (302, "POST", "GET"), (303, "PUT", "GET"), (303, "HEAD", "HEAD")),
        *((302, "PUT", "PUT"), (307, "POST", "POST"), (308, "DELETE", "DELETE")),
    ],
)
async def test_methods_after_a_redirect(status: int, method: str, then: str, site: Site) -> None:
    site.answer("/b", "there")
    url = site.answer("/a", status=status, Location="/b")
    await called(LocalHTTPX, url, method=method, json={"a": 1}, headers={"X-Api-Key": "k"})
    asked = site.asked[-1]
    assert (asked.target, asked.method) == ("/b", then)
    assert asked.body == (b"" if then == "GET" else b'{"a":1}')
    assert ("content-type" in asked.headers) is (then != "GET")
    assert asked.headers["x-api-key"] == "k"


@full_tools
async def test_redirects_that_are_not_followed(tool: Any, site: Site) -> None:
    url = site.answer("/a", "moved", 302, Location="/b")
    assert await called(tool, url, follow_redirects=False) == (
        "The server answers 302 Found and sends to /b"
    )
    assert len(site.asked) == 1


@every_local_tool
async def test_redirects_have_an_end(tool: Any, site: Site) -> None:
    text = await called(tool, site.answer("/a", status=302, Location="/a"))
    assert text.startswith("Error: ")
    assert text.endswith("there are more than 5 redirects.")
    assert len(site.asked) == 6


# --- nothing of the environment


@every_local_tool
async def test_no_credentials_and_no_proxies_of_the_environment(
    tool: Any, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login me password planted\ndefault login me password x\n")
    netrc.chmod(0o600)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://me:planted@proxy.example:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert await called(tool, site.answer("/x", "ok")) == "ok"
    assert "authorization" not in site.asked[0].headers


# --- how much, and for how long


@every_local_tool
async def test_no_more_bytes_than_allowed(tool: Any, site: Site) -> None:
    url = site.answer("/x", "x" * 100)
    kind = type(tool.__config__)
    just = kind(policy=MediaPolicy(allow_private=True, max_bytes=100))
    assert await called(tool.from_config(just), url) == "x" * 100
    less = kind(policy=MediaPolicy(allow_private=True, max_bytes=99))
    text = await called(tool.from_config(less), url)
    assert text.startswith("Error: ")
    assert "more than the 99 bytes" in text


@every_local_tool
async def test_long_texts_are_cut(tool: Any, site: Site) -> None:
    url = site.answer("/x", "x" * 100)
    short = type(tool.__config__)(policy=LOCAL, max_length=10)
    text = await called(tool.from_config(short), url)
    assert text == "xxxxxxxxxx\n… (cut off: 10 of 100 characters)"


@every_local_tool
async def test_slow_servers_are_left(tool: Any, site: Site) -> None:
    gone = threading.Event()

    def dribble(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while not gone.wait(0.02):
                handler.wfile.write(b"x")
        except OSError:
            pass

    quick = type(tool.__config__)(policy=LOCAL, timeout=0.2)
    url = site.does("/x", dribble)
    try:
        assert await called(tool.from_config(quick), url) == f"Error: {url}: it took too long."
    finally:
        gone.set()


@every_local_tool
async def test_failures_of_the_network(tool: Any, site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    text = await called(tool, f"http://127.0.0.1:{port}/x?secret")
    assert text.startswith(f"Error: http://127.0.0.1:{port}/x: ")
    assert "secret" not in text
    text = await called(tool, "http://nowhere.example/")
    assert text.startswith("Error: http://nowhere.example/: ")
    url = site.does(
        "/cut",
        lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"),
    )
    assert (await called(tool, url)).startswith("Error: ")


async def test_an_event_loop_goes_on_meanwhile(site: Site) -> None:
    """Two requests that wait for each other at the server: neither holds up the other."""
    meeting = threading.Barrier(2, timeout=5)

    def respond(handler: Any) -> None:
        meeting.wait()
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"met")

    url = site.does("/x", respond)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    texts = await asyncio.gather(*(called(LocalAsyncHTTPX, url) for _ in range(2)))
    ticking.cancel()
    assert texts == ["met", "met"]
    assert ticks > 1


async def test_a_policy_of_the_context_has_no_effect(site: Site) -> None:
    url = site.answer("/x", "secret")
    with LOCAL:
        assert (await called(HTTPX, url)).startswith("Error: ")
        assert (await called(AsyncHTTPX, url)).startswith("Error: ")


# --- configuration


@pytest.mark.parametrize(
    ("tool", "config"),
    [
        *((HTTPX, HTTPXConfig), (AsyncHTTPX, HTTPXConfig), (Requests, RequestsConfig)),
        (ParseURLContent, ParseURLConfig),
    ],
)
def test_configurations(tool: Any, config: Any) -> None:
    assert tool.__config__ == config()
    assert config().timeout == 5
    configured = tool.from_config(config(timeout=1))
    assert issubclass(configured, tool)
    assert configured._name() == tool._name() == tool.__name__
    assert configured._description() == tool._description()
    assert "after 1 seconds" in configured.usage_description()
    assert "after 5 seconds" in tool.usage_description()
    assert configured._parameters() == tool._parameters()
    assert "timeout" not in json.dumps(tool._parameters())
    for wrong in ({"timeout": 0}, {"timeot": 1}, {"policy": {"allow_private": True}}):
        with pytest.raises(ValidationError):
            config(**wrong)


def test_the_async_tool_is_known_as_such(site: Site) -> None:
    assert inspect.iscoroutinefunction(AsyncHTTPX.call)
    assert not inspect.iscoroutinefunction(HTTPX.call)


def test_v1_code_may_name_a_parser() -> None:
    assert ParseURLConfig(parser="lxml").timeout == 5


def test_fields() -> None:
    properties = HTTPX._parameters()["properties"]
    assert list(properties) == [
        *("url", "method", "data", "json", "params", "headers", "follow_redirects")
    ]
    assert list(Requests._parameters()["properties"]) == ["url", "method", "data", "headers"]
    assert list(ParseURLContent._parameters()["properties"]) == ["url"]
    assert HTTPX._parameters()["required"] == ["url"]
    assert HTTPX(url="u", json={"a": 1}).args["json"] == {"a": 1}


def test_time_is_not_spent_on_what_is_refused() -> None:
    start = time.monotonic()
    assert HTTPX(url="http://10.255.255.1/").call().startswith("Error: ")
    assert time.monotonic() - start < 2
