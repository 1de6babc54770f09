"""A thread with an event loop that accepts connections on a loopback port."""

from __future__ import annotations

import asyncio
import socket
import threading

from mirascope.sandbox._http import Connection, Handler, Traffic

BACKLOG = 2048


class Server:
    """Serves `handler` until `stop()`. Raises OSError from `start()` where the port is taken."""

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None
        self._held: socket.socket | None = None
        """The port while connections are refused: taken, but not listened to."""
        self.traffic = Traffic()

    def start(self) -> int:
        """Start serving; the port it listens on."""
        listener = socket.create_server((self._host, self._port), backlog=BACKLOG)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener, ready), name="mirascope-sandbox", daemon=True
        )
        self._thread.start()
        ready.wait()
        return int(listener.getsockname()[1])

    def refuse(self) -> None:
        """Close every connection, and refuse new ones, until `accept()`."""
        if self._thread is not None and self._held is None:
            asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result()

    def accept(self) -> None:
        """Take connections again."""
        if self._thread is not None and self._held is not None:
            asyncio.run_coroutine_threadsafe(self._listen(self._held), self._loop).result()
            self._held = None

    def stop(self) -> None:
        """Close the port and every connection. Returns when the thread has ended."""
        if self._thread is None:
            return
        if self._held is not None:
            self._held.close()
            self._held = None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def _run(self, listener: socket.socket, ready: threading.Event) -> None:
        with listener, asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(listener, ready))

    async def _serve(self, listener: socket.socket, ready: threading.Event) -> None:
        await self._listen(listener)
        ready.set()
        await self._stopping.wait()
        await self._close()

    async def _listen(self, listener: socket.socket) -> None:
        self._server = await self._loop.create_server(self._connect, sock=listener, backlog=BACKLOG)

    async def _stop_listening(self) -> None:
        address = self._server.sockets[0].getsockname()
        await self._close()
        # A port that is bound and not listened to refuses; given back, it might be taken.
        self._held = held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)

    async def _close(self) -> None:
        self._server.close()
        for connection in list(self.traffic.open):
            connection.close()
        while self.traffic.open:
            await asyncio.sleep(0)

    def _connect(self) -> Connection:
        return Connection(self._handler, self.traffic)
