"""Default clients: one connection is used again, and every request is sent once."""

from __future__ import annotations

import asyncio
import gc

import pytest

from mirascope import llm
from mirascope.core.base._clients import close_default_clients
from mirascope.sandbox import Sandbox

from .cases import CASES, Case

each_provider = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_provider
def test_sync_calls_share_a_connection(case: Case, box: Sandbox) -> None:
    @llm.call(case.name, case.model)
    def ask(number: int) -> str:
        return f"Number {number}"

    replies = [ask(number).content for number in range(20)]
    assert len(set(replies)) == len(box.requests) == 20
    assert box.connections == 1
    close_default_clients()
    if not case.keeps_sync_clients:
        assert box.wait_until(lambda: box.open_connections == 0)


@each_provider
def test_each_event_loop_has_a_connection_of_its_own(case: Case, box: Sandbox) -> None:
    @llm.call(case.name, case.model)
    async def ask(number: int) -> str:
        return f"Number {number}"

    async def several() -> list[str]:
        return [(await ask(number)).content for number in range(5)]

    for _ in range(4):
        assert len(set(asyncio.run(several()))) == 5
    assert len(box.requests) == 20
    assert box.connections == 4
    gc.collect()
    assert box.wait_until(lambda: box.open_connections == 0)
