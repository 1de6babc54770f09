"""A sandbox in a process of its own that does what each prompt says, and counts what it receives.

A prompt holds `soak-<number>-<act>-`. `GET /counted` says how often each number came.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mirascope.core.base import _clients
from mirascope.sandbox import Sandbox
from mirascope.sandbox._http import HttpRequest, Plan
from mirascope.sandbox._script import Act, Cut, ErrorEvent, Fail, Malformed, Say
from mirascope.sandbox._services import SERVICES

MARK = re.compile(rb"soak-(\d+)-(\w+)-")
LONG = " ".join(f"word{number}" for number in range(200))
SMALL = "word " * 40
LARGE = " ".join(f"word{number:05}" for number in range(10_000))
"""Replies of 200 bytes and of 100 KB."""
ACTS: dict[str, Act] = {
    "echo": Say(),
    "slow": Say(LONG),
    "late": Say(),
    "small": Say(SMALL),
    "large": Say(LARGE),
    "status": Fail(400, "The prompt asked for it."),
    "overloaded": Fail(500, "The prompt asked for it."),
    "cut": Say(LONG, fault=Cut(4)),
    "malformed": Say(LONG, fault=Malformed(3)),
    "error": Say(LONG, fault=ErrorEvent(3, 529, "The prompt asked for it.")),
}


class ToldByPrompts(Sandbox):
    def __init__(self) -> None:
        super().__init__(redirect=False, record=False)
        self.received: Counter[int] = Counter()

    def _handle(self, http: HttpRequest) -> Plan | Awaitable[Plan]:
        if http.target == "/counted":
            return Plan(200, {"content-type": "application/json"}, [self._counted()])
        number, act = MARK.findall(http.body)[0]
        self.received[int(number)] += 1
        self._script.always = ACTS[act.decode()]
        # Long enough to be left in the middle.
        self.slow(
            first_byte=4 if act == b"late" else 0,
            between_events=0.02 if act == b"slow" else 0,
        )
        return super()._handle(http)

    def _counted(self) -> bytes:
        counted: dict[str, Any] = {
            "received": self.received,
            # But for the one that asks.
            "open": self.open_connections - 1,
            "bases": {name: service.base for name, service in SERVICES.items()},
        }
        return json.dumps(counted).encode()


@contextmanager
def sandbox_process() -> Iterator[int]:
    """Run it. Gives its port."""
    process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def ask(port: int) -> dict[str, Any]:
    """What the sandbox has counted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/counted", headers={"connection": "close"})
        counted: dict[str, Any] = json.load(connection.getresponse())
    finally:
        connection.close()
    return counted


def point_default_clients_at(port: int, providers: Iterable[str]) -> None:
    """Let the default clients of these providers talk to the sandbox."""
    bases = ask(port)["bases"]
    for name in providers:
        endpoint = _clients.Endpoint(f"http://127.0.0.1:{port}{bases[name]}", "sandbox")
        _clients.redirect({name: endpoint})


if __name__ == "__main__":
    with ToldByPrompts() as box:
        print(box.url.rpartition(":")[2], flush=True)
        threading.Event().wait()
