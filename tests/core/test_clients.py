"""Default clients: reused, rightly chosen, never shared where they must not be, never leaked."""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest

from mirascope import llm
from mirascope.core import openai as core_openai
from mirascope.core.base import BaseDynamicConfig, _clients, _urllib3_transport
from mirascope.sandbox import Sandbox, sandbox

MODELS = {"openai": "gpt-4o-mini", "anthropic": "claude-test"}
SDKS = {"openai": openai, "anthropic": anthropic}
PROVIDERS = [*MODELS]
KEY = "OPENAI_API_KEY"


@pytest.fixture(params=["aiohttp", "httpx"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What default async clients talk through; the SDKs know no other two."""
    if request.param == "httpx":
        for sdk in SDKS.values():
            monkeypatch.delattr(sdk, "DefaultAioHttpClient")
    return str(request.param)


@pytest.fixture(autouse=True, params=["urllib3", "httpx"])
def without_clients(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Each test starts without sync default clients, and leaves none.

    They talk through urllib3, or through httpx's own transport.
    """
    if request.param == "httpx":
        monkeypatch.setattr(_urllib3_transport, "urllib3_transport", lambda *_: None)
    _clients.close_default_clients()
    yield
    _clients.close_default_clients()


def sync_call(provider: str, **options: Any) -> Callable[[str], Any]:
    @llm.call(provider, MODELS[provider], **options)
    def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    return recommend


def async_call(provider: str, **options: Any) -> Callable[[str], Any]:
    @llm.call(provider, MODELS[provider], **options)
    async def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    return recommend


def own_client(box: Sandbox, provider: str, is_async: bool = False, **options: Any) -> Any:
    names = {"openai": "OpenAI", "anthropic": "Anthropic"}
    made_by = getattr(SDKS[provider], ("Async" if is_async else "") + names[provider])
    return made_by(api_key="own", base_url=box.base_url(provider), max_retries=0, **options)


def genres(box: Sandbox) -> list[str]:
    """What the requests asked for, sorted: each one exactly once, or something was sent twice."""
    return sorted(str(request.body["messages"][-1]["content"]) for request in box.requests)


def prompts(names: list[str]) -> list[str]:
    return sorted(f"Recommend a {name} book" for name in names)


# --- reuse


@pytest.mark.parametrize("provider", PROVIDERS)
def test_calls_one_after_the_other_share_a_connection(box: Sandbox, provider: str) -> None:
    recommend = sync_call(provider)
    for number in range(100):
        assert recommend(str(number)).content
    assert len(box.requests) == 100
    assert box.connections == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.usefixtures("transport")
def test_async_calls_one_after_the_other_share_a_connection(box: Sandbox, provider: str) -> None:
    recommend = async_call(provider)

    async def main() -> None:
        for number in range(100):
            assert (await recommend(str(number))).content

    asyncio.run(main())
    assert len(box.requests) == 100
    assert box.connections == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_functions_share_a_client(box: Sandbox, provider: str) -> None:
    for _ in range(5):
        sync_call(provider)("fantasy")
    assert box.connections == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.usefixtures("transport")
def test_gathered_calls_are_sent_once_each(box: Sandbox, provider: str) -> None:
    recommend = async_call(provider)
    names = [str(number) for number in range(200)]

    async def main() -> list[Any]:
        return await asyncio.gather(*map(recommend, names))

    assert len(asyncio.run(main())) == 200
    assert genres(box) == prompts(names)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_threads_share_a_client(box: Sandbox, provider: str) -> None:
    recommend = sync_call(provider)
    names = [f"{thread}-{number}" for thread in range(8) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(recommend, names))
    assert len(replies) == 160
    assert genres(box) == prompts(names)
    assert box.connections <= 8


# --- which client


needs_custom_headers = pytest.mark.skipif(
    tuple(map(int, openai.__version__.split(".")[:2])) < (2, 34),
    reason="OpenAI's SDK has custom headers from 2.34 on",
)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("openai", "OPENAI_ORG_ID"),
        pytest.param("openai", "OPENAI_CUSTOM_HEADERS", marks=needs_custom_headers),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("anthropic", "ANTHROPIC_CUSTOM_HEADERS"),
    ],
)
def test_a_changed_setting_gives_another_client(
    monkeypatch: pytest.MonkeyPatch, provider: str, variable: str, is_async: bool
) -> None:
    def sent() -> dict[str, str]:
        async def main() -> None:
            # Both calls in one event loop: only the variable tells their clients apart.
            await call("fantasy")
            monkeypatch.setenv(variable, "x-value: second")
            await call("fantasy")

        if is_async:
            call = async_call(provider)
            asyncio.run(main())
        else:
            call = sync_call(provider)
            call("fantasy")
            monkeypatch.setenv(variable, "x-value: second")
            call("fantasy")
        return box.requests[-1].http.headers

    monkeypatch.setenv(f"{provider.upper()}_API_KEY", "key")
    monkeypatch.setenv(variable, "x-value: first")
    with sandbox(redirect=False) as box:
        monkeypatch.setenv(f"{provider.upper()}_BASE_URL", box.base_url(provider))
        headers = str(sent())
        assert "second" in headers
        assert "first" not in headers
        assert "first" in str(box.requests[0].http.headers)


def test_a_changed_address_gives_another_client(monkeypatch: pytest.MonkeyPatch) -> None:
    recommend = sync_call("openai")
    monkeypatch.setenv(KEY, "key")
    with sandbox(redirect=False) as first, sandbox(redirect=False) as second:
        for box in (first, second, first):
            monkeypatch.setenv("OPENAI_BASE_URL", box.base_url("openai"))
            recommend("fantasy")
        assert len(first.requests) == 2
        assert first.connections == 1
        assert len(second.requests) == 1


def test_a_sandbox_inside_a_sandbox() -> None:
    recommend = sync_call("openai")
    with sandbox() as outer:
        recommend("one")
        with sandbox() as inner:
            recommend("two")
        recommend("three")
        assert genres(inner) == prompts(["two"])
        assert genres(outer) == prompts(["one", "three"])


def test_sandboxes_that_end_in_the_order_they_started() -> None:
    recommend = sync_call("openai")
    first, second = sandbox().start(), sandbox().start()
    recommend("one")
    first.stop()
    recommend("two")
    assert genres(second) == prompts(["one", "two"])
    second.stop()
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        recommend("three")


def test_nothing_is_redirected_after_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    recommend = sync_call("openai")
    with sandbox():
        recommend("fantasy")
    monkeypatch.setenv(KEY, "key")
    with sandbox(redirect=False) as other:
        monkeypatch.setenv("OPENAI_BASE_URL", other.base_url("openai"))
        recommend("fantasy")
        assert len(other.requests) == 1


def test_a_missing_key_is_the_sdks_own_error_and_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch, box: Sandbox
) -> None:
    recommend = sync_call("openai")
    box.stop()
    with pytest.raises(openai.OpenAIError, match="OPENAI_API_KEY"):
        recommend("fantasy")
    with sandbox(redirect=False) as other:
        monkeypatch.setenv(KEY, "key")
        monkeypatch.setenv("OPENAI_BASE_URL", other.base_url("openai"))
        assert recommend("fantasy").content


# --- a client of the user's


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_users_client_is_used_as_it_is_and_stays_open(box: Sandbox, provider: str) -> None:
    with own_client(box, provider, default_headers={"x-mine": "yes"}) as client:
        recommend = sync_call(provider, client=client)
        recommend("fantasy")
        _clients.close_default_clients()
        recommend("fantasy")
        assert not client.is_closed()
    assert [request.headers.get("x-mine") for request in box.requests] == ["yes", "yes"]
    assert box.connections == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_users_async_client_outlives_the_calls(box: Sandbox, provider: str) -> None:
    async def main() -> None:
        client = own_client(box, provider, is_async=True)
        recommend = async_call(provider, client=client)
        await recommend("fantasy")
        assert not client.is_closed()
        await asyncio.get_running_loop().shutdown_asyncgens()
        assert not client.is_closed()
        await client.close()

    asyncio.run(main())


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_of_a_dynamic_config_is_for_that_call_alone(box: Sandbox, stream: bool) -> None:
    @llm.call("openai", MODELS["openai"], stream=stream)
    def recommend(genre: str, client: Any = None) -> BaseDynamicConfig[Any, Any, Any]:
        config: Any = {"messages": [{"role": "user", "content": genre}]}
        return {**config, "client": client} if client else config

    with own_client(box, "openai", default_headers={"x-mine": "yes"}) as mine:
        for client in (None, mine, None, mine, None):
            list(recommend("fantasy", client))
    headers = [request.headers.get("x-mine") for request in box.requests]
    assert headers == [None, "yes", None, "yes", None]


def test_concurrent_calls_keep_to_their_own_clients(box: Sandbox) -> None:
    @llm.call("openai", MODELS["openai"])
    async def recommend(tenant: str, client: Any) -> BaseDynamicConfig[Any, Any, Any]:
        await asyncio.sleep(0)
        return {"messages": [{"role": "user", "content": tenant}], "client": client}

    async def main() -> None:
        clients = {
            name: own_client(box, "openai", is_async=True, default_headers={"x-tenant": name})
            for name in "abc"
        }
        await asyncio.gather(*(recommend(name, clients[name]) for name in "abc" * 20))
        for client in clients.values():
            await client.close()

    asyncio.run(main())
    assert len(box.requests) == 60
    for request in box.requests:
        assert request.body["messages"][0]["content"] == request.headers["x-tenant"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_client_of_the_wrong_kind_is_refused_before_anything_is_sent(
    box: Sandbox, provider: str
) -> None:
    right, wrong = own_client(box, provider), own_client(box, provider, is_async=True)
    with pytest.raises(TypeError, match="sync function needs a sync client"):
        sync_call(provider, client=wrong)
    with pytest.raises(TypeError, match="async function needs an async client"):
        async_call(provider, client=right)
    with llm.context(client=wrong), pytest.raises(TypeError, match="`Async"):
        sync_call(provider)("fantasy")
    with pytest.raises(TypeError, match="`Async"):
        llm.override(sync_call(provider), client=wrong)("fantasy")
    assert box.requests == []
    right.close()


def test_a_dynamic_client_of_the_wrong_kind_is_refused(box: Sandbox) -> None:
    wrong = own_client(box, "openai", is_async=True)

    @core_openai.call("gpt-4o-mini")
    def recommend() -> core_openai.OpenAIDynamicConfig:
        return {"messages": [{"role": "user", "content": "Hello"}], "client": wrong}

    with pytest.raises(TypeError, match="`AsyncOpenAI`"):
        recommend()
    assert box.requests == []


# --- what a client costs


def test_one_tls_context_for_all_clients(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    for provider in PROVIDERS:
        sync_call(provider)("fantasy")  # Whatever is made once in a process has been made now.
    _clients.close_default_clients()
    made: list[object] = []
    create = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda *a, **o: made.append(1) or create())
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *a: made.append(2))

    async def main(provider: str) -> None:
        await async_call(provider)("fantasy")

    for provider in PROVIDERS:
        sync_call(provider)("fantasy")
        for _ in range(3):
            asyncio.run(main(provider))
    assert made == []
    assert box.requests


def test_threads_make_one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    made: list[object] = []
    start = threading.Barrier(8)

    def create() -> object:
        made.append(None)
        time.sleep(0.02)
        return made

    def ask(_: int) -> object:
        start.wait()
        return _clients.shared_ssl_context(httpx2)

    monkeypatch.setattr(_clients, "_ssl_contexts", {})
    monkeypatch.setattr(httpx2, "create_ssl_context", create)
    with ThreadPoolExecutor(8) as pool:
        contexts = set(map(id, pool.map(ask, range(8))))
    assert len(made) == len(contexts) == 1


# --- processes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_fork_has_clients_of_its_own(box: Sandbox, provider: str) -> None:
    recommend = sync_call(provider)
    recommend("parent-1")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            recommend("child-1")
            recommend("child-2")
            _clients.close_default_clients()
            asyncio.run(async_call(provider)("child-3"))
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    recommend("parent-2")
    assert genres(box) == prompts(["parent-1", "parent-2", "child-1", "child-2", "child-3"])
    by_prompt = {str(r.body["messages"][-1]["content"]): r.connection for r in box.requests}
    connections = [by_prompt[f"Recommend a {name} book"] for name in ("parent-1", "parent-2")]
    assert connections[0] == connections[1], "the child closed the parent's connection"
    assert by_prompt["Recommend a child-1 book"] == by_prompt["Recommend a child-2 book"]
    assert by_prompt["Recommend a child-1 book"] != connections[0]
