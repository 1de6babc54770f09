"""Every test of a client runs for its sync and for its async face."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from mirascope.core._providers import is_installed

from ..llm.faces import Face

if not is_installed("mcp"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The server's own log of what the tests have it do wrong is of no interest."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
