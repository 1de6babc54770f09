"""What the SDKs' own clients can do, they do through the library: sync, async and streamed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox

WAYS = [(is_async, stream) for is_async in (False, True) for stream in (False, True)]
in_every_way = pytest.mark.parametrize(("is_async", "stream"), WAYS)


async def called(client: Any, is_async: bool, stream: bool, provider: Any = "openai") -> str:
    """The text that a call with this client gives."""

    def ask() -> str:
        return "Hi"

    async def ask_async() -> str:
        return "Hi"

    result: Any = llm.call(provider, "gpt-4o-mini", client=client, stream=stream)(
        ask_async if is_async else ask
    )()
    if is_async:
        result = await result
    if not stream:
        return str(result.content)
    if is_async:
        return "".join([chunk.content async for chunk, _ in result])
    return "".join([chunk.content for chunk, _ in result])


async def closed(client: Any, is_async: bool) -> None:
    if is_async:
        await client.close()
    else:
        client.close()


def client_of(box: Sandbox, is_async: bool, **options: Any) -> Any:
    made_by: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    given = {"api_key": "k", "base_url": box.base_url("openai"), "max_retries": 0}
    return made_by(**(given | options))


def giving(values: list[str], is_async: bool) -> Callable[[], str] | Callable[[], Awaitable[str]]:
    async def give_async() -> str:
        return values.pop(0)

    return give_async if is_async else lambda: values.pop(0)


@in_every_way
async def test_a_key_is_asked_for_anew(box: Sandbox, is_async: bool, stream: bool) -> None:
    client = client_of(box, is_async, api_key=giving(["first", "second"], is_async))
    for _ in range(2):
        await called(client, is_async, stream)
    sent = [request.http.headers["authorization"] for request in box.requests]
    assert sent == ["Bearer first", "Bearer second"]
    await closed(client, is_async)


@in_every_way
async def test_a_token_of_azure_is_asked_for_anew(
    box: Sandbox, is_async: bool, stream: bool
) -> None:
    made_by: Any = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
    client = made_by(
        azure_endpoint=box.base_url("azure"),
        api_version="2024-10-21",
        azure_ad_token_provider=giving(["first", "second"], is_async),
        max_retries=0,
    )
    for _ in range(2):
        await called(client, is_async, stream, "azure")
    sent = [request.http.headers["authorization"] for request in box.requests]
    assert sent == ["Bearer first", "Bearer second"]
    await closed(client, is_async)


@in_every_way
async def test_options_of_a_client(box: Sandbox, is_async: bool, stream: bool) -> None:
    client = client_of(
        box, is_async, default_headers={"X-Team": "a"}, default_query={"version": "7"}
    )
    other = client.with_options(default_headers={"X-Team": "b"})
    await called(client, is_async, stream)
    await called(other, is_async, stream)
    assert [request.headers["x-team"] for request in box.requests] == ["a", "b"]
    assert ["version=7" in request.path for request in box.requests] == [True, True]
    await closed(client, is_async)


@in_every_way
async def test_hooks_of_the_users_http_client(box: Sandbox, is_async: bool, stream: bool) -> None:
    seen: list[str] = []

    def note(message: Any) -> None:
        seen.append(type(message).__name__)

    async def note_async(message: Any) -> None:
        note(message)

    hook = note_async if is_async else note
    made_by: Any = openai.DefaultAsyncHttpxClient if is_async else openai.DefaultHttpxClient
    http_client = made_by(event_hooks={"request": [hook], "response": [hook]})
    client = client_of(box, is_async, http_client=http_client)
    await called(client, is_async, stream)
    assert seen == ["Request", "Response"]
    await closed(client, is_async)


@in_every_way
async def test_a_subclass_decides_what_is_sent(box: Sandbox, is_async: bool, stream: bool) -> None:
    base: Any = openai.AsyncOpenAI if is_async else openai.OpenAI

    class Signed(base):  # type: ignore[misc]
        @property
        def default_headers(self) -> dict[str, Any]:
            return {**super().default_headers, "X-Signed": "yes"}

    client = Signed(api_key="k", base_url=box.base_url("openai"), max_retries=0)
    await called(client, is_async, stream)
    assert box.requests[0].headers["x-signed"] == "yes"
    await closed(client, is_async)
