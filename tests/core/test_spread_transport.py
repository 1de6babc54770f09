"""Many calls at once over httpx: small pools, of which few are used while few calls are made."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest

from mirascope import llm
from mirascope.core.base import _clients, _spread_transport
from mirascope.core.base._clients import pool_options
from mirascope.core.base._spread_transport import SpreadTransport, spread_transport
from mirascope.sandbox import Sandbox


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def stack(request: pytest.FixtureRequest) -> Any:
    return request.param


def made(stack: Any) -> Any:
    transport = spread_transport(stack, pool_options(stack))
    assert isinstance(transport, SpreadTransport)
    return stack.AsyncClient(transport=transport), transport


def ask(box: Sandbox, client: Any) -> Any:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    address = box.base_url("openai") + "/chat/completions"
    return client.post(address, json=body, headers={"authorization": "Bearer k"})


def under_way(transport: SpreadTransport) -> list[int]:
    return [pool.under_way for pool in transport._pools]


async def test_one_call_after_the_other_has_one_connection(box: Sandbox, stack: Any) -> None:
    client, transport = made(stack)
    async with client:
        for _ in range(20):
            assert (await ask(box, client)).status_code == 200
        assert under_way(transport) == [0]
    assert box.connections == 1
    assert len(box.requests) == 20


async def test_many_at_once_are_spread_and_their_connections_kept(box: Sandbox, stack: Any) -> None:
    client, transport = made(stack)
    async with client:
        for _ in range(3):
            replies = await asyncio.gather(*[ask(box, client) for _ in range(100)])
            assert [reply.status_code for reply in replies] == [200] * 100
        assert under_way(transport) == [0] * 7
        assert box.connections == 100
    assert box.wait_until(lambda: box.open_connections == 0)


async def test_what_was_opened_for_many_is_closed_after_a_pause(
    box: Sandbox, stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(_spread_transport, "time", SimpleNamespace(monotonic=lambda: now[0]))
    client, transport = made(stack)
    async with client:
        await asyncio.gather(*[ask(box, client) for _ in range(40)])
        assert under_way(transport) == [0, 0, 0]
        now[0] += _clients.KEEP_ALIVE_SECONDS + 1
        for _ in range(4):
            await ask(box, client)
        assert under_way(transport) == [0]
        assert box.wait_until(lambda: box.open_connections <= 16)


async def test_a_request_that_fails_or_is_cancelled_is_not_under_way(
    box: Sandbox, stack: Any
) -> None:
    client, transport = made(stack)
    async with client:
        with pytest.raises(stack.ConnectError):
            await client.get("http://127.0.0.1:1")
        ended = threading.Event()
        box.reply(lambda _: str(ended.wait(30)))
        task = asyncio.create_task(ask(box, client))
        while not box.requests:
            await asyncio.sleep(0.01)
        assert under_way(transport) == [1]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        ended.set()
        assert under_way(transport) == [0]


async def test_a_response_is_under_way_until_it_is_closed(box: Sandbox, stack: Any) -> None:
    client, transport = made(stack)
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    request = client.build_request(
        "POST",
        box.base_url("openai") + "/chat/completions",
        json=body,
        headers={"authorization": "Bearer k"},
    )
    async with client:
        response = await client.send(request, stream=True)
        async for _ in response.aiter_raw():
            assert under_way(transport) == [1]
            break
        await response.aclose()
        await response.aclose()
        assert under_way(transport) == [0]


def test_a_proxy_is_left_to_httpx(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert spread_transport(stack, pool_options(stack)) is None


def test_calls_without_aiohttp(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("openai.DefaultAioHttpClient")

    @llm.call("openai", "gpt-4o-mini")
    async def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    async def main() -> list[str]:
        return [reply.content for reply in await asyncio.gather(*map(recommend, "abc" * 20))]

    assert len(asyncio.run(main())) == 60
    assert box.wait_until(lambda: box.open_connections == 0)
    assert (box.connections, len(box.requests)) == (60, 60)
