"""Every test here runs for sync and for async functions."""

from __future__ import annotations

import pytest

from ..llm.faces import Face


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)
