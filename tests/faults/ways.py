"""A call that meets a fault, and what is asked of it afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mirascope import errors, llm
from mirascope.sandbox import Sandbox

from ..providers.cases import Way
from .outcomes import OUTCOMES, Outcome
from .setups import SETUPS, Setup

AT_ONCE: dict[str, Any] = {"max_retries": 0}
"""Call parameters: a request is sent once."""
SECONDS = 0.25
"""How long a reply may be awaited where that is what a test is about."""
IMPATIENT: dict[str, Any] = {"max_retries": 0, "timeout": SECONDS}


@dataclass
class Trial:
    """One provider, one face, against the sandbox of the test."""

    setup: Setup
    is_async: bool
    box: Sandbox = field(repr=False)

    def __post_init__(self) -> None:
        self.way = Way(self.setup.case, self.is_async, True, self.box)
        self.options = self.setup.options(self.box, self.is_async)

    async def close(self) -> None:
        """Close the client, where it was made for the test."""
        if client := self.options.get("client"):
            closing = client.close()
            if self.is_async:
                await closing

    @property
    def is_exact(self) -> bool:
        return OUTCOMES[self.setup.name].is_exact

    def skip_what_is_open(self, finished: bool) -> None:
        """Skip what LiteLLM decides in one way or the other: what a finished stream still lacks."""
        if finished and not self.is_exact:
            pytest.skip("The reason why the reply ended has come: the SDK may leave it at that.")

    def outcome(self, fault: str) -> Outcome:
        return OUTCOMES[self.setup.name].of(fault)

    def call(self, **options: Any) -> Any:
        """A call that says hello."""
        options.setdefault("call_params", AT_ONCE)
        return self.way.decorate("Hi", **self.options, **options)

    async def whole(self, **options: Any) -> Any:
        """A reply that is not streamed."""
        return await self.way.run(self.call(**options))

    async def stream(self, into: list[Any] | None = None, **options: Any) -> Any:
        """A stream that was read to its end; its items, also where it breaks, are in `into`."""
        stream = await self.way.run(self.call(stream=True, **options))
        await self.way.gather(stream, [] if into is None else into)
        return stream

    async def broken(self, into: list[Any], **options: Any) -> tuple[Any, Exception]:
        """A stream that breaks, and how."""
        stream = await self.way.run(self.call(stream=True, **options))
        with pytest.raises(Exception) as caught:
            await self.way.gather(stream, into)
        return stream, caught.value

    def check(self, error: BaseException, fault: str, **facts: Any) -> None:
        """The error is the one of the table."""
        outcome = self.outcome(fault)
        assert outcome.is_of_class(error), f"{type(error)!r}: {error}"
        described = errors.describe(error)
        assert described.is_transient, f"{described} {error!r}"
        if not self.is_exact:
            return
        assert described.kind == outcome.kind, f"{described} {error!r}"
        for name, value in facts.items():
            assert getattr(described, name) == value, name

    async def check_connections(self, requests: int = 1, was_impatient: bool = False) -> None:
        """No further request was made, no connection is held, and the next call works."""
        # Where a time limit is a client's, there is another client for it.
        provider = self.setup.case.module.PROVIDER
        own_client = provider.has_transport_in_client or not self.is_exact
        clients = 1 + (was_impatient and own_client)
        box = self.box
        assert len(box.requests) == requests
        box.reply("again")
        assert (await self.whole()).content == "again"
        assert len(box.requests) == requests + 1
        await self.until(lambda: box.open_connections <= clients)

    async def check_disconnected(self) -> None:
        """The caller has hung up on the request, which was under way."""
        (request,) = self.box.requests
        await self.until(lambda: request.disconnected)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the sandbox; the event loop goes on, to close what it has been told to."""
        deadline = time.monotonic() + 2
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.001)

    def model(self, **options: Any) -> Any:
        """The model object."""
        get = llm.AsyncModel if self.is_async else llm.Model
        client = self.options.get("client")
        case = self.setup.case
        return get(case.name, case.model, client=client, options={**AT_ONCE, **options})


def params_of(positions: Callable[[Setup], range]) -> list[Any]:
    """Every setup, sync and async, at every position of a stream."""
    return [
        pytest.param((setup, is_async), at, id=f"{name_of(setup, is_async)}-{at}")
        for setup in SETUPS.values()
        for is_async in (False, True)
        for at in positions(setup)
    ]


def name_of(setup: Setup, is_async: bool) -> str:
    return f"{setup.name}-{'async' if is_async else 'sync'}"


WAYS = [
    pytest.param((setup, is_async), id=name_of(setup, is_async))
    for setup in SETUPS.values()
    for is_async in (False, True)
]
