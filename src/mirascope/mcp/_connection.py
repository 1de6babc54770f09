"""A connection to a server: opened, kept and closed by one task, whoever opens and closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any, TypeVar

from ..core.base._flow import Flow, run_async
from ..llm._loop_thread import loop_thread
from ._failures import first_reason, not_connected, server_label
from .client import MCPClient, SyncMCPClient

ClientT = TypeVar("ClientT", MCPClient, SyncMCPClient)

Open = Callable[[AsyncExitStack], Flow[Any]]
"""Connects to a server and gives the SDK's client; the stack gets what is to be closed."""

_LONGEST_CLOSING = 10.0
"""Seconds. The SDK gives a program some of them to end by itself before it kills it."""


class Connection:
    """A way to a server: `async with` gives an `MCPClient`, `with` a `SyncMCPClient`.

    It connects when it is entered, and may be entered again after it was left.

    Entering raises ConnectionError where the server cannot be reached or does not speak MCP,
    FileNotFoundError or another OSError where its program does not start, TimeoutError after
    `connect_timeout` seconds.
    """

    # The SDK's transports are made of scopes that must be left by the task that entered them, and
    # that cancel this task when the transport breaks. So it is a task of their own.

    def __init__(
        self, open: Open, target: str, *, name: str | None, connect_timeout: float | None
    ) -> None:
        self._open = open
        self._target = target
        self._name = name
        self._connect_timeout = connect_timeout
        self._keeper: asyncio.Task[None] | None = None
        self._leave: asyncio.Event | None = None

    def __repr__(self) -> str:
        state = "open" if self._keeper and not self._keeper.done() else "closed"
        return f"<{type(self).__name__} to {server_label(self._name or self._target)}, {state}>"

    def __aenter__(self) -> Coroutine[Any, Any, MCPClient]:
        return run_async(self._entered(MCPClient))

    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        return run_async(self._left())

    def __enter__(self) -> SyncMCPClient:
        return loop_thread.run(run_async(self._entered(SyncMCPClient)))

    def __exit__(self, *_: object) -> None:
        loop_thread.run(run_async(self._left()))

    def check_open(self, what: str, server: str) -> None:
        """Raise ConnectionError where there is no connection (any more)."""
        keeper = self._keeper
        if keeper is None:
            raise ConnectionError(
                f"{what} of {server}: the connection is closed. Use its tools and the client "
                "inside of the `with` block that opened it."
            )
        if keeper.done():
            reason = first_reason(keeper)
            raise ConnectionError(
                f"{what} of {server}: the connection broke ({reason}). Open it again."
            )

    # --- entering and leaving

    def _entered(self, client_type: type[ClientT]) -> Flow[ClientT]:
        if self._keeper is not None:
            raise RuntimeError(
                "This connection is open already. Use the client that it gave, or make another "
                "connection."
            )
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[Any] = loop.create_future()
        self._leave = leave = asyncio.Event()
        self._keeper = keeper = loop.create_task(run_async(self._kept(ready, leave)))
        keeper.add_done_callback(first_reason)
        server = server_label(self._name or self._target)
        try:
            yield lambda: asyncio.wait(
                (ready, keeper),
                timeout=self._connect_timeout,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if ready.done():
                return client_type(ready.result(), name=self._name, connection=self)
            if not keeper.done():
                raise TimeoutError(
                    f"Cannot connect to {server}: no answer in {self._connect_timeout} seconds. "
                    "Give it a longer `connect_timeout`, or None for none."
                )
            error = None if keeper.cancelled() else keeper.exception()
            if isinstance(error, Exception):
                raise not_connected(error, server)
            raise error or asyncio.CancelledError
        except BaseException:
            yield from self._given_up(keeper)
            raise

    def _kept(self, ready: asyncio.Future[Any], leave: asyncio.Event) -> Flow[None]:
        """What the task does: open, wait until the connection is left, close."""
        stack = AsyncExitStack()
        try:
            ready.set_result((yield from self._open(stack)))
            yield leave.wait
        except BaseException as error:
            failure = (type(error), error, error.__traceback__)
            yield lambda: stack.__aexit__(*failure)
            raise
        yield stack.aclose

    def _left(self) -> Flow[None]:
        keeper, leave = self._keeper, self._leave
        self._keeper = self._leave = None
        if keeper is None or leave is None or keeper.done():
            return
        if keeper.get_loop() is not asyncio.get_running_loop():
            return  # After a fork: the connection is the parent's.
        leave.set()
        yield lambda: asyncio.wait((keeper,), timeout=_LONGEST_CLOSING)
        yield from self._given_up(keeper)

    def _given_up(self, keeper: asyncio.Task[None]) -> Flow[None]:
        """End the task where it has not ended."""
        self._keeper = self._leave = None
        if not keeper.done():
            keeper.cancel()
            yield lambda: asyncio.wait((keeper,), timeout=_LONGEST_CLOSING)
