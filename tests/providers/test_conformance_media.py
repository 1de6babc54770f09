"""Images, recordings and documents, to every provider that takes them, in the JSON that is sent."""

from __future__ import annotations

import http.server
import io
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mirascope import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    Messages,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from mirascope.core import MediaPolicy
from mirascope.core.base import _exchange
from mirascope.core.base._checked_connection import Network
from mirascope.sandbox import ToolCall

from .blocks import CACHE_MARKS, FILES, IN_RESULTS, NAMES, TYPES, block, holds
from .cases import Way

KINDS = [*FILES]
URL_PARTS: dict[str, Any] = {
    "image": ImageURLPart,
    "audio": AudioURLPart,
    "document": DocumentURLPart,
}
BYTE_PARTS: dict[str, Any] = {
    "image": ImagePart(media_type="image/png", image=FILES["image"]),
    "audio": AudioPart(media_type="audio/wav", audio=FILES["audio"]),
    "document": DocumentPart(media_type="application/pdf", document=FILES["document"]),
}
LOCAL = MediaPolicy(allow_private=True)

every_kind = pytest.mark.parametrize("kind", KINDS)


class Files:
    """A server on loopback that has the files, and keeps which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        files = {f"/{NAMES[kind]}": (TYPES[kind], data) for kind, data in FILES.items()}
        files |= {f"/{kind}": (TYPES[kind], data) for kind, data in FILES.items()}
        files["/page"] = ("text/html", b"<html>")
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                media_type, data = files[self.path.partition("?")[0]]
                self.send_response(200)
                self.send_header("Content-Type", media_type)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def server() -> Iterator[Files]:
    running = Files()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def files(server: Files) -> Files:
    server.asked.clear()
    return server


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing can be downloaded; what is tried anyhow is kept."""
    tried: list[str] = []

    def refuse(host: str, *_: Any) -> Any:
        tried.append(host)
        raise OSError("no network")

    monkeypatch.setattr(_exchange, "NETWORK", Network(refuse, refuse))
    return tried


def name(way: Way) -> str:
    return way.case.name


async def check_sent(way: Way, content: Any, kind: str, url: str = "URL", **config: Any) -> Any:
    """The part of that kind is in the request, or is refused by name before anything is sent."""

    def prompt() -> Any:
        return {"messages": [Messages.User(content)], **config}

    wanted = block(name(way), kind, url)
    if wanted is not None:
        response = await way.ask(prompt)
        assert holds(way.body, wanted)
        return response
    with pytest.raises(ValueError, match=r"does not take `\w+Part` \(type `\w+`\).* It takes"):
        await way.ask(prompt)
    assert way.box.requests == []
    return None


@every_kind
async def test_bytes(way: Way, kind: str) -> None:
    response = await check_sent(way, ["Look.", BYTE_PARTS[kind]], kind)
    if response is not None:
        assert response.common_user_message_param.content[1] == BYTE_PARTS[kind]


@every_kind
async def test_bytes_and_paths_in_a_template(way: Way, kind: str, tmp_path: Path) -> None:
    path = tmp_path / NAMES[kind]
    path.write_bytes(FILES[kind])
    wanted = block(name(way), kind)
    for value in (FILES[kind], path, str(path)):
        function = way.decorate(lambda x: None, template=f"Look. {{x:{kind}}}")
        if wanted is not None:
            await way.run(function, value)
            assert holds(way.body, wanted)
        else:
            with pytest.raises(ValueError, match="does not take"):
                await way.run(function, value)
            assert way.box.requests == []


async def test_pictures(way: Way) -> None:
    image = pytest.importorskip("PIL.Image")
    await way.ask(lambda: Messages.User(["Look.", image.new("RGB", (1, 1))]))
    assert "iVBORw0KGgo" in str(way.body)
    with image.open(io.BytesIO(FILES["image"])) as picture:
        picture.load()
        await way.ask(lambda: ["Look.", picture])
    assert "iVBORw0KGgo" in str(way.body)


async def test_wave_objects(way: Way) -> None:
    with wave.open(io.BytesIO(FILES["audio"])) as recording:
        await check_sent(way, ["Listen.", recording], "audio")


@every_kind
async def test_urls(way: Way, kind: str, files: Files) -> None:
    url = f"{files.base}/{NAMES[kind]}?x=1"
    part = URL_PARTS[kind](url=url)
    twice = ["Look.", part, "And again.", part.model_copy()]
    response = await check_sent(way, twice, f"{kind}_url", url, media_policy=LOCAL)
    if response is None:
        assert files.asked == []
        return
    sent = response.common_user_message_param.content
    if holds(way.body, block(name(way), kind) or {}):
        # Downloaded, once for both, and not when the response is read.
        assert files.asked == [f"/{NAMES[kind]}?x=1"]
        assert sent[1] == sent[3] == BYTE_PARTS[kind]
        assert response.model_dump_json()
        assert response.cost is not None
        assert files.asked == [f"/{NAMES[kind]}?x=1"]
        assert response.dynamic_config["messages"][0].content[1] == part
    else:
        assert files.asked == []
        assert sent[1] == part


@every_kind
async def test_urls_of_streams(way: Way, kind: str, files: Files) -> None:
    url = f"{files.base}/{NAMES[kind]}"
    wanted = block(name(way), f"{kind}_url", url)
    if wanted is None:
        return
    message = Messages.User(["Look.", URL_PARTS[kind](url=url)])
    with LOCAL:
        stream = await way.ask(lambda: message, stream=True)
    assert await way.items(stream)
    assert holds(way.body, wanted)


async def test_a_url_without_an_ending_shows_its_type_by_its_bytes(way: Way, files: Files) -> None:
    provider = way.case.module.PROVIDER
    url = f"{files.base}/image"
    with LOCAL:
        await way.ask(lambda: Messages.User(["Look.", ImageURLPart(url=url, detail="auto")]))
    loads = not ("image_url" in provider.part_types and provider.takes_url(ImageURLPart(url=url)))
    assert bool(files.asked) is loads
    if loads:
        assert holds(way.body, block(name(way), "image") or {})


async def test_the_default_policy_reaches_no_private_address(
    way: Way, no_network: list[str]
) -> None:
    provider = way.case.module.PROVIDER
    for kind in KINDS:
        for url in ("http://127.0.0.1/cat", "http://[::ffff:10.0.0.1]/cat", "https://2130706433/"):
            part = URL_PARTS[kind](url=url)
            if part.type in provider.part_types and provider.takes_url(part):
                continue
            with pytest.raises(ValueError, match=r"not a public address|no address|not take"):
                await way.ask(lambda part=part: Messages.User(["Look.", part]))
    assert no_network == []
    assert way.box.requests == []


@pytest.mark.parametrize("url", ["gs://bucket/cat.png", "s3://bucket/cat.png", "cat.png"])
async def test_other_schemes_go_only_where_they_are_taken(
    way: Way, url: str, no_network: list[str]
) -> None:
    taken = {"google": "gs", "bedrock": "s3"}.get(name(way), "none")
    prompt = lambda: Messages.User(["Look.", ImageURLPart(url=url)])  # noqa: E731
    if url.startswith(f"{taken}:"):
        await way.ask(prompt)
        assert url in str(way.body)
        return
    with pytest.raises(ValueError, match="does not take the URL of this `ImageURLPart`"):
        await way.ask(prompt)
    assert no_network == []
    assert way.box.requests == []


async def test_file_urls_are_never_read(way: Way, tmp_path: Path, no_network: list[str]) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(FILES["image"])
    with MediaPolicy(schemes=["file", "http"]), pytest.raises(ValueError, match="does not take"):
        await way.ask(lambda: Messages.User(["Look.", ImageURLPart(url=path.as_uri())]))
    assert way.box.requests == []


@every_kind
async def test_data_urls_are_bytes(way: Way, kind: str, no_network: list[str]) -> None:
    import base64

    url = f"data:{TYPES[kind]};base64,{base64.b64encode(FILES[kind]).decode()}"
    wanted = block(name(way), kind)
    await check_sent(way, ["Look.", URL_PARTS[kind](url=url)], kind if wanted else f"{kind}_url")
    assert no_network == []


async def test_what_is_refused_is_refused_before_anything_is_loaded(way: Way, files: Files) -> None:
    refused = [kind for kind in KINDS if block(name(way), kind) is None]
    for kind in refused:
        content = [
            *(URL_PARTS[other](url=f"{files.base}/{NAMES[other]}") for other in KINDS),
            BYTE_PARTS[kind],
        ]
        with LOCAL, pytest.raises(ValueError, match="does not take"):
            await way.ask(lambda content=content: Messages.User(content))
    assert files.asked == []
    assert way.box.requests == []


async def test_a_url_that_holds_something_else(way: Way, files: Files) -> None:
    provider = way.case.module.PROVIDER
    url = f"{files.base}/page"
    part = ImageURLPart(url=url)
    if "image_url" in provider.part_types and provider.takes_url(part):
        return
    with LOCAL, pytest.raises(ValueError, match=f"{url}': it is no image: .* `text/html`"):
        await way.ask(lambda: Messages.User(["Look.", part]))
    assert way.box.requests == []


async def test_cache_marks(way: Way) -> None:
    wanted = CACHE_MARKS.get(name(way))
    content = [TextPart(text="Look."), CacheControlPart()]
    if wanted is None:
        with pytest.raises(ValueError, match="does not take `CacheControlPart`"):
            await way.ask(lambda: Messages.User(content))
        assert way.box.requests == []
    else:
        await way.ask(lambda: Messages.User(content))
        assert holds(way.body, wanted)


# --- results of tools


def look(name: str) -> str:
    """Look at a picture."""
    return name


def conversation(content: Any) -> list[BaseMessageParam]:
    call = ToolCallPart(name="look", args={"name": "cat"}, id="call_1")
    result = ToolResultPart(name="look", content=content, id="call_1")
    return [
        Messages.User("Look."),
        BaseMessageParam(role="assistant", content=[call]),
        BaseMessageParam(role="tool", content=[result]),
    ]


@every_kind
async def test_results_of_tools(way: Way, kind: str) -> None:
    if kind == "audio":
        return
    messages = conversation([TextPart(text="A cat."), BYTE_PARTS[kind]])
    if kind not in IN_RESULTS.get(name(way), ()):
        with pytest.raises(ValueError, match=r"not take .* in the result of a tool\. It takes"):
            await way.ask(lambda: messages, tools=[look])
        assert way.box.requests == []
        return
    await way.ask(lambda: messages, tools=[look])
    assert holds(way.body, block(name(way), kind) or {})
    assert "A cat." in str(way.body)
    provider = way.case.module.PROVIDER
    native = provider.encode_messages(messages)[-1]
    [result] = provider.decode_message(native).content
    assert result.content == messages[-1].content[0].content


async def test_urls_in_results_of_tools(way: Way, files: Files) -> None:
    url = f"{files.base}/{NAMES['image']}"
    messages = conversation([ImageURLPart(url=url)])
    taken = IN_RESULTS.get(name(way), frozenset())
    with LOCAL:
        if not taken:
            with pytest.raises(ValueError, match="in the result of a tool"):
                await way.ask(lambda: messages, tools=[look])
            return
        await way.ask(lambda: messages, tools=[look])
    kind = "image_url" if "image_url" in taken else "image"
    assert holds(way.body, block(name(way), kind, url) or {})
    assert bool(files.asked) is (kind == "image")


async def test_results_of_tools_that_are_only_text(way: Way) -> None:
    messages = conversation([TextPart(text="A cat."), TextPart(text="Black.")])
    await way.ask(lambda: messages, tools=[look])
    assert "A cat." in str(way.body)
    assert "Black." in str(way.body)


async def test_a_tool_that_gives_an_image(way: Way) -> None:
    way.box.reply(ToolCall("look", {"name": "cat"}))
    response = await way.ask(lambda: "Look.", tools=[look])
    outputs = [(response.tool, ["A cat.", BYTE_PARTS["image"]])]
    if "image" not in IN_RESULTS.get(name(way), ()):
        # The message that any provider could be sent is made, the provider's own is not.
        if way.agnostic:
            [message] = response.tool_message_params(outputs)
            with pytest.raises(ValueError, match="in the result of a tool"):
                await way.ask(lambda: [Messages.User("Look."), message])
        else:
            with pytest.raises(ValueError, match="in the result of a tool"):
                response.tool_message_params(outputs)
        assert len(way.box.requests) == 1
        return
    results = response.tool_message_params(outputs)
    history = [Messages.User("Look."), response.message_param, *results]
    await way.ask(lambda: history, tools=[look])
    assert holds(way.body, block(name(way), "image") or {})
    assert "A cat." in str(way.body)
