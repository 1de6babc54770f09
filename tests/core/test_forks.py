"""Forking while other threads are at work: the child never waits for a thread that it has not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading
from mirascope import llm
from mirascope.core import openai

def use():
    # Under a lock: the class of a tool is made once.
    def find(title: str) -> str:
        return title

    openai.call("gpt-4o-mini", tools=[find])(lambda: "Hi")
    llm.set_alias("quick", "openai/gpt-4o-mini")

stopping = threading.Event()

def keep_busy():
    while not stopping.is_set():
        use()

use()
threads = [threading.Thread(target=keep_busy, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(40):
    if not (child := os.fork()):
        signal.alarm(10)
        use()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, "a child waits for a thread of its parent"
stopping.set()
for thread in threads:
    thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_waits_for_no_thread_of_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
