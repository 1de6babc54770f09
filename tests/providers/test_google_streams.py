"""Google's streams, read without the SDK, are what the SDK makes of the same bytes."""

from __future__ import annotations

import gc
import json
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import Any

import pytest
from google.auth.transport.requests import AuthorizedSession
from google.genai import Client, errors, types
from google.genai.models import AsyncModels, Models
from google.oauth2.credentials import Credentials

from mirascope.core import google
from mirascope.core._genai_wire import EventTexts
from mirascope.sandbox import Sandbox, sandbox

from ..wire._anatomy import anatomy
from .cases import GOOGLE_HTTP

# On its own class of aiohttp's the SDK makes aiohttp warn.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

MODEL = "gemini-2.5-flash"
CONTENTS = [{"role": "user", "parts": [{"text": "Hi"}]}]
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with sandbox(redirect=False, strict=False) as running:
        yield running


@pytest.fixture(params=["sync", "async", "async on httpx"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def is_async(way: str) -> bool:
    return way != "sync"


@pytest.fixture
async def client(box: Sandbox, way: str) -> AsyncIterator[Client]:
    options: Any = {
        "base_url": box.base_url("google"),
        "retry_options": {"attempts": 2, "initial_delay": 0.01},
    }
    http_client: Any = None
    if way == "async on httpx":
        http_client = options["httpx_async_client"] = import_module(GOOGLE_HTTP).AsyncClient()
    client = Client(api_key="k", vertexai=False, http_options=options)
    yield client
    await client.aio.aclose()
    client.close()
    if http_client:
        await http_client.aclose()


def event(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0, **more}
    if reason:
        candidate["finishReason"] = reason
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "r"}


def framed(data: Any, end: str = "\r\n") -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}{end}{end}"


ONE, TWO = event("one "), event("two", "STOP")
ERROR = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
REFUSED = {"error": {"code": 400, "message": "No {such} thing.", "status": "INVALID_ARGUMENT"}}
LINES = json.dumps(TWO, indent=2)
BODIES: dict[str, str] = {
    "as it is mostly": framed(ONE) + framed(TWO),
    "newlines": framed(ONE, "\n") + framed(TWO, "\n"),
    "carriage returns": framed(ONE, "\r") + framed(TWO, "\r"),
    "all ends of lines": framed(ONE, "\r") + framed(ONE, "\n") + framed(TWO),
    "separators in a text": framed(event("a\u2028b\u0085c")) + framed(TWO),
    "several lines of data": "".join(f"data: {line}\n" for line in LINES.split("\n")) + "\n",
    "no blank line at the end": framed(ONE) + framed(TWO).rstrip(),
    "JSON that is no event": framed(ONE) + LINES,
    "JSON that is no event, then one": LINES + "\n" + framed(ONE),
    "half a surrogate pair": framed(event("?")).replace("?", "\\ud83d") + framed(TWO),
    "no number": framed(event("x", avgLogprobs=float("nan"))) + framed(TWO),
    "an event that says nothing": framed({}) + framed(TWO),
    "a field of the future": framed({**ONE, "from_the_future": [1, None]}) + framed(TWO),
    "an error": framed(ONE) + framed(ERROR),
    "an error at once": framed(ERROR),
    "an error as it is where nothing is streamed": json.dumps(REFUSED, indent=2),
    "an error in the end": framed(ONE) + json.dumps(REFUSED, indent=2),
    "an error that is not the first word": framed({**TWO, **ERROR}),
    "an error of no known code": framed({"error": {"code": 7, "status": "?"}}),
    "a page": framed(ONE) + "<html>\n<p>Bad gateway</p>\n</html>",
    "a comment": framed(ONE) + ": still there\n\n" + framed(TWO),
    "a named event": "event: message\n" + framed(TWO),
    "no space": framed(ONE) + "data:{}\n\n",
    "no JSON": framed(ONE) + "data: {'a': 1}\r\n\r\n" + framed(TWO),
    "nothing as data": framed(ONE) + "data: \r\n\r\n" + framed(TWO),
    "an event that is cut": framed(ONE) + framed(TWO)[:60],
}
OTHERWISE_ON_AIOHTTP = {"carriage returns", "all ends of lines", "nothing as data"}


async def bare(client: Client, is_async: bool, config: Any = None) -> tuple[list[Any], Any]:
    """The objects that the SDK yields, and what it raises then."""
    found: list[Any] = []
    models: Any = client.aio.models if is_async else client.models
    stream = models.generate_content_stream(model=MODEL, contents=CONTENTS, config=config)
    try:
        if is_async:
            async for native in await stream:
                found.append(native)
        else:
            found.extend(stream)
    except (errors.APIError, errors.UnknownApiResponseError) as error:
        return found, told(error)
    return found, None


def told(error: Any) -> Any:
    http_response = getattr(getattr(error, "response", None), "response_stream", None)
    return type(error), str(error), type(http_response)


async def items_of(stream: Any, is_async: bool) -> AsyncIterator[Any]:
    if is_async:
        async for chunk, _ in stream:
            yield chunk
    else:
        for chunk, _ in stream:
            yield chunk


async def asked(client: Client, is_async: bool, **params: Any) -> Any:
    ask = google.call(MODEL, client=client, stream=True, call_params=params)

    async def prompt_async() -> str:
        return "Hi"

    return await ask(prompt_async)() if is_async else ask(lambda: "Hi")()


@pytest.mark.skipif(
    not hasattr(import_module("google.genai._api_client"), "_SseLineDecoder"),
    reason="this version of the SDK cuts lines in another way",
)
@pytest.mark.parametrize("kind", BODIES)
async def test_what_the_sdk_makes_of_the_same_bytes(
    box: Sandbox, client: Client, way: str, kind: str
) -> None:
    if way == "async" and kind in OTHERWISE_ON_AIOHTTP:
        pytest.skip("on aiohttp the SDK cuts lines in another way")
    is_async = way != "sync"
    body = BODIES[kind].encode("utf-8", "surrogatepass")
    for pieces in ([body], [body[:50], body[50:51], body[51:]], [bytes([each]) for each in body]):
        box.native("google", pieces, times=2)
        natives, failure = await bare(client, is_async)
        chunks: list[Any] = []
        found: Any = None
        try:
            async for chunk in items_of(await asked(client, is_async), is_async):
                chunks.append(chunk)
        except (errors.APIError, errors.UnknownApiResponseError) as error:
            found = told(error)
        except ConnectionError:
            # The SDK takes a reply that never ended for a whole one.
            assert not any(native.candidates[0].finish_reason for native in natives)
        assert found == failure
        made = [chunk.chunk for chunk in chunks]
        assert list(map(comparable, made)) == list(map(comparable, natives))


@pytest.mark.parametrize("data", [5, {"error": "?"}, {"error": {"code": "?"}}], ids=str)
async def test_events_that_the_sdk_stumbles_over(
    box: Sandbox, client: Client, is_async: bool, data: Any
) -> None:
    box.native("google", [framed(ONE), framed(data)])
    stream = await asked(client, is_async)
    with pytest.raises(ValueError, match="Google sent what its SDK could not read"):
        async for _ in items_of(stream, is_async):
            pass
    assert stream.content == "one "


async def test_a_token_in_the_last_line(box: Sandbox, client: Client, is_async: bool) -> None:
    body = framed(ONE) + framed(event("two", "STOP", continuationToken="dG9rZW4="))
    box.native("google", [body.rstrip()])
    stream = await asked(client, is_async)
    assert [chunk.content async for chunk in items_of(stream, is_async)] == ["one ", "two"]


def comparable(native: Any) -> Any:
    return repr(anatomy(native))  # in which one NaN is another


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
@pytest.mark.parametrize("kind", BODIES)
def test_where_bytes_are_cut_makes_no_difference(kind: str, size: int) -> None:
    body = BODIES[kind].encode("utf-8", "surrogatepass")

    def texts_of(pieces: list[bytes]) -> list[bytes]:
        decoder = EventTexts()
        found = [text for piece in pieces for text in decoder.feed(piece)]
        found += decoder.end()
        assert not decoder.has_rest
        return found

    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert texts_of(pieces) == texts_of([body])


async def test_objects_of_events_are_made_when_they_are_asked_for(
    box: Sandbox, client: Client, is_async: bool
) -> None:
    config: Any = {"response_json_schema": SCHEMA, "response_mime_type": "application/json"}
    body = [framed(event('{"title": "Emma"}')), framed(event("", "STOP"))]
    box.native("google", body, times=2)
    natives, _ = await bare(client, is_async, config)

    def made() -> int:
        gc.collect()
        return sum(type(each) is types.GenerateContentResponse for each in gc.get_objects())

    before = made()
    stream = await asked(client, is_async, config=config)
    chunks = [chunk async for chunk in items_of(stream, is_async)]
    assert stream.content == '{"title": "Emma"}'
    assert made() == before
    found = [chunk.chunk for chunk in chunks]
    assert found[0].parsed == {"title": "Emma"}
    assert list(map(anatomy, found)) == list(map(anatomy, natives))


HOPS = [
    [ONE, event("two ", continuationToken="dG9rZW4="), event("three ", "CONTINUATION")],
    [event("four "), event("five", "STOP")],
]


@pytest.mark.skipif(
    "automatic_continuation" not in types.GenerateContentConfig.model_fields,
    reason="this version of the SDK does not continue by itself",
)
@pytest.mark.parametrize("in_one_piece", [False, True], ids=["pieces", "one piece"])
async def test_the_rest_of_a_stream_is_asked_for(
    box: Sandbox, client: Client, is_async: bool, in_one_piece: bool
) -> None:
    for config in ({}, {"temperature": 0.5}):
        for _ in range(2):
            for hop in HOPS:
                pieces = [framed(each) for each in hop]
                box.native("google", ["".join(pieces)] if in_one_piece else pieces)
        box.requests.clear()
        natives, _ = await bare(client, is_async, config or None)
        stream = await asked(client, is_async, **config)
        chunks = [chunk async for chunk in items_of(stream, is_async)]
        assert stream.content == "one two three four five"
        assert stream.common_finish_reasons == ["stop"]
        usage = [chunk.chunk.usage_metadata for chunk in chunks]
        assert usage == [native.usage_metadata for native in natives]
        assert usage[-1].total_token_count == 6
        assert [chunk.content for chunk in chunks] == [native.text for native in natives]
        continued = [bool(request.body.get("continuationToken")) for request in box.requests]
        assert continued == [False, True] * 2


async def test_a_continued_stream_is_left(box: Sandbox, client: Client, is_async: bool) -> None:
    for hop in HOPS:
        box.native("google", [framed(each) for each in hop])
    box.slow(between_events=0.05)
    stream = await asked(client, is_async)
    async for chunk in items_of(stream, is_async):
        if "two" in chunk.content:
            break
    await stream.aclose() if is_async else stream.close()
    assert stream.content == "one two "


async def test_the_users_own_way_of_streaming_is_taken(
    client: Client, monkeypatch: pytest.MonkeyPatch, is_async: bool
) -> None:
    models: Any = client.aio.models if is_async else client.models
    api_client: Any = models._api_client
    asking = "async_request" if is_async else "request"
    calls: list[str] = []

    def noted(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return function(*args, **kwargs)

        monkeypatch.setattr(owner, name, wrapper)

    async def text() -> str:
        stream = await asked(client, is_async)
        return "".join([chunk.content async for chunk in items_of(stream, is_async)])

    expected = await text()
    kind = AsyncModels if is_async else Models
    for owner, name in (
        (models, "generate_content_stream"),
        (kind, "generate_content_stream"),
        (kind, "_generate_content_stream"),
        (api_client, f"{asking}_streamed"),
        (type(api_client), f"{asking}_streamed"),
        (api_client, f"_{asking}"),
        (type(api_client), "_build_request"),
    ):
        calls.clear()
        noted(owner, name)
        assert await text() == expected
        assert calls == [name]
        monkeypatch.undo()


async def test_retries_of_streams_are_the_sdks(
    box: Sandbox, client: Client, is_async: bool
) -> None:
    box.fail(503)
    stream = await asked(client, is_async)
    assert [chunk async for chunk in items_of(stream, is_async)]
    assert len(box.requests) == 2


@pytest.mark.skipif(
    not hasattr(Client(api_key="k")._api_client, "_use_google_auth_sync"),
    reason="this version of the SDK has no other transport",
)
def test_streams_of_the_session_that_signs_in_to_google(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials: Any = Credentials(token="k")  # type: ignore[no-untyped-call]
    client = Client(
        vertexai=True,
        project="my-project",
        location="test-location",
        credentials=credentials,
        http_options={"base_url": box.base_url("vertex")},  # type: ignore[arg-type]
    )
    api_client: Any = client._api_client
    # As where there is a certificate of the machine.
    monkeypatch.setattr(api_client, "_use_google_auth_sync", lambda: True)
    api_client._authorized_session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    box.reply("One two three")
    stream = google.call(MODEL, client=client, stream=True)(lambda: "Hi")()
    chunks = [chunk for chunk, _ in stream]
    assert stream.content == "One two three"
    assert all(type(chunk.chunk) is types.GenerateContentResponse for chunk in chunks)
    box.reply("One two three")
    left = google.call(MODEL, client=client, stream=True)(lambda: "Hi")()
    for _ in left:
        break
    left.close()
    assert left.content
