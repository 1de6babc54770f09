"""A provider to try a fault on, and a deadline for each try."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mirascope.core.base._clients import close_default_clients
from mirascope.sandbox import Sandbox

from ..providers.conftest import without_litellms_clients as without_litellms_clients
from .setups import Setup
from .ways import WAYS, Trial

DEADLINE_SECONDS = 10
_warm: set[tuple[str, bool]] = set()
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(DEADLINE_SECONDS, func_only=True))


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Any:
    """A setup, sync or async. Tests at every position of a stream give their own."""
    return request.param


@pytest.fixture
async def trial(way: tuple[Setup, bool], box: Sandbox) -> AsyncIterator[Trial]:
    setup, is_async = way
    trial = Trial(setup, is_async, box)
    if (setup.name, is_async) not in _warm:
        # The SDK is imported, by both sides, before a deadline is set.
        _warm.add((setup.name, is_async))
        await trial.stream()
        box.reset()
    yield trial
    await trial.close()
    close_default_clients()
