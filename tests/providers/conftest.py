"""Every conformance test runs for each provider, sync and async, by both kinds of decorator."""

from __future__ import annotations

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
