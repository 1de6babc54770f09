"""Every conformance test runs for each provider, sync and async, by both kinds of decorator."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import openai
import pytest

from mirascope.sandbox import Sandbox

from .cases import CASES, Way

WAYS = [
    pytest.param(
        (case, is_async, agnostic),
        id=f"{case.name}-{'async' if is_async else 'sync'}-{'llm' if agnostic else 'own'}",
    )
    for case in CASES
    for is_async in (False, True)
    for agnostic in (True, False)
]


@pytest.fixture(autouse=True)
def without_litellms_clients() -> Iterator[None]:
    """LiteLLM keeps a sync client for each address, and each test's sandbox has another."""
    yield
    if sdk := sys.modules.get("litellm"):
        clients = sdk.in_memory_llm_clients_cache.cache_dict
        for key in [key for key, client in clients.items() if isinstance(client, openai.OpenAI)]:
            clients.pop(key).close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    """One way to make a call, against the sandbox of the test."""
    return Way(*request.param, box)


@pytest.fixture(params=WAYS[::2])
def llm_way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    """The same for what only `llm.call` has."""
    return Way(*request.param, box)


@pytest.fixture(params=[way for way in WAYS if "async" in str(way.id)])
def async_way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    """The async ways, for what needs several tasks."""
    return Way(*request.param, box)
