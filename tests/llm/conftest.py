"""Every test of a model object runs for its sync and for its async face."""

from __future__ import annotations

import pytest

from .faces import Face


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return Face(request.param)
