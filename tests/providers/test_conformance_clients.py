"""Default clients of every provider, in threads, loops and processes of many kinds.

Each script runs in a process of its own, in which every warning is an error and `-X dev` reports
what was not closed: what it says on stderr fails the test, and so does a request that the sandbox
received twice or never.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest
import trio

from mirascope import llm
from mirascope.sandbox import Sandbox

from .cases import CASES

MODELS = {case.name: case.model for case in CASES} | {"ollama": "llama3.2", "vllm": "llama3.2"}
MODELS.pop("litellm", None)  # has clients of its own

PREAMBLE = """
import asyncio, gc, logging, multiprocessing, os, sys, threading
from mirascope import llm
from mirascope.core.base import _clients

model_of = {models!r}
_clients.redirect(
    {{name: _clients.Endpoint(url, "sandbox") for name, url in {urls!r}.items()}}
)
# A busy machine is not what is tested here.
logging.getLogger("asyncio").addFilter(lambda record: "Executing" not in record.getMessage())

def ask(name, provider="{provider}", **options):
    return llm.call(provider, model_of[provider], **options)(lambda: "ask-" + name)()

def ask_async(name, provider="{provider}", **options):
    async def prompt():
        return "ask-" + name
    return llm.call(provider, model_of[provider], **options)(prompt)()

async def leave(name):
    async for _ in await ask_async(name, stream=True):
        break

def in_threads(work, count):
    start, failures = threading.Barrier(count), []
    def run(number):
        start.wait()
        try:
            work(number)
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
"""

each_provider = pytest.mark.parametrize("provider", [*MODELS])
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def run_script(
    box: Sandbox, tmp_path: Path, script: str, provider: str = "", *flags: str
) -> Counter[str]:
    """Run the script; how often each prompt was received."""
    urls = {name: box.base_url(name) for name in MODELS}
    path = tmp_path / "script.py"
    path.write_text(
        PREAMBLE.format(models=MODELS, urls=urls, provider=provider) + textwrap.dedent(script)
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", *flags, path],
        env={"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path), "AWS_EC2_METADATA_DISABLED": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert box.wait_until(lambda: box.open_connections == 0), "a connection outlived the process"
    return asked(box)


def asked(box: Sandbox) -> Counter[str]:
    found = [re.findall(rb"ask-([\w-]+)", request.http.body) for request in box.requests]
    assert all(len(names) == 1 for names in found)
    return Counter(names[0].decode() for names in found)


def once(*names: str) -> Counter[str]:
    return Counter(names)


@each_provider
def test_many_threads_at_the_very_first_call(box: Sandbox, tmp_path: Path, provider: str) -> None:
    received = run_script(
        box,
        tmp_path,
        """
        # Not even the adapter has been imported, let alone the SDK.
        in_threads(lambda number: [ask(f"{number}-{turn}") for turn in range(3)], 16)
        assert len(_clients._sync_clients) == 1
        in_threads(lambda number: asyncio.run(ask_async(f"{number}-async")), 8)
        assert not _clients._loops
        """,
        provider,
    )
    names = [f"{number}-{turn}" for number in range(16) for turn in range(3)]
    assert received == once(*names, *(f"{number}-async" for number in range(8)))
    assert box.connections <= 16 + 8


@each_provider
def test_loops_one_after_the_other_and_within_each_other(
    box: Sandbox, tmp_path: Path, provider: str
) -> None:
    received = run_script(
        box,
        tmp_path,
        """
        async def several(name):
            await asyncio.gather(*(ask_async(f"{name}-{number}") for number in range(3)))
            await leave(f"{name}-left")

        for number in range(5):
            asyncio.run(several(f"run{number}"))
        in_threads(lambda number: [asyncio.run(several(f"t{number}{turn}")) for turn in "ab"], 4)

        async def mixed():
            await ask_async("before")
            ask("sync-in-a-loop")
            for _ in ask("sync-stream-in-a-loop", stream=True):
                break
            other = threading.Thread(target=lambda: asyncio.run(several("inner")))
            other.start()
            await several("outer")
            other.join()
            await ask_async("after")

        asyncio.run(mixed(), debug=True)
        with asyncio.Runner() as runner:
            runner.run(several("first"))
            runner.run(several("second"))

        if sys.platform != "win32":
            import uvloop

            for number in range(3):
                uvloop.run(several(f"uv{number}"))
        assert not _clients._loops
        """,
        provider,
    )
    groups = [f"run{n}" for n in range(5)] + [f"t{n}{turn}" for n in range(4) for turn in "ab"]
    groups += ["inner", "outer", "first", "second"]
    groups += [f"uv{n}" for n in range(3)] if sys.platform != "win32" else []
    expected = [f"{group}-{name}" for group in groups for name in (0, 1, 2, "left")]
    expected += ["before", "sync-in-a-loop", "sync-stream-in-a-loop", "after"]
    assert received == once(*expected)


@needs_fork
@each_provider
def test_forks(box: Sandbox, tmp_path: Path, provider: str) -> None:
    received = run_script(
        box,
        tmp_path,
        """
        def fork(work):
            sys.stdout.flush()
            if not (child := os.fork()):
                work()
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0

        def child(name):
            ask(f"{name}-sync-1")
            asyncio.run(ask_async(f"{name}-async"))
            for _ in ask(f"{name}-left", stream=True):
                break
            ask(f"{name}-sync-2")

        ask("parent-0")
        _clients.close_default_clients()
        fork(lambda: child("unused"))
        ask("parent-1")
        stream = ask("parent-stream", stream=True)
        events = iter(stream)
        next(events)
        asyncio.run(ask_async("parent-async-1"))
        fork(lambda: child("used"))
        fork(lambda: fork(lambda: child("grandchild")))
        # The stream that was open goes on, in the parent alone.
        list(events)
        assert stream.content == "Sandbox reply to: ask-parent-stream", stream.content
        ask("parent-2")
        asyncio.run(ask_async("parent-async-2"))
        """,
        provider,
    )
    parts = ("sync-1", "sync-2", "async", "left")
    children = [f"{name}-{part}" for name in ("unused", "used", "grandchild") for part in parts]
    parents = [
        "parent-0",
        "parent-1",
        "parent-2",
        "parent-stream",
        "parent-async-1",
        "parent-async-2",
    ]
    assert received == once(*children, *parents)
    connections = {
        request.connection
        for request in box.requests
        if re.search(rb"ask-parent-[12]\b", request.http.body)
    }
    assert len(connections) == 1, "a child closed or used a connection of its parent"


def test_worker_processes(box: Sandbox, tmp_path: Path) -> None:
    methods = multiprocessing.get_all_start_methods()
    received = run_script(
        box,
        tmp_path,
        """
        def work(name):
            for provider in model_of:
                ask(f"{provider}-{name}", provider)
                asyncio.run(ask_async(f"{provider}-{name}-async", provider))

        if __name__ == "__main__":
            work("before")
            processes = [
                multiprocessing.get_context(method).Process(target=work, args=[method])
                for method in multiprocessing.get_all_start_methods()
            ]
            for process in processes:
                process.start()
            work("beside")
            for process in processes:
                process.join()
            assert {process.exitcode for process in processes} == {0}
            work("after")
        """,
    )
    names = [
        f"{provider}-{who}{suffix}"
        for provider in MODELS
        for who in ("before", "beside", "after", *methods)
        for suffix in ("", "-async")
    ]
    assert received == once(*names)


# --- other event loops than asyncio's


@each_provider
@pytest.mark.parametrize("stream", [False, True])
def test_a_loop_that_is_not_asyncios_is_told_what_to_do(
    box: Sandbox, provider: str, stream: bool
) -> None:
    @llm.call(provider, MODELS[provider], stream=stream)
    async def recommend() -> str:
        return "Hi"

    async def main() -> None:
        await recommend()

    with pytest.raises(RuntimeError, match=r"needs a running asyncio event loop.*`client=`"):
        trio.run(main)
    assert box.requests == []


@pytest.mark.parametrize("provider", ["openai", "anthropic", "groq"])
def test_a_client_of_ones_own_works_where_the_sdk_does(box: Sandbox, provider: str) -> None:
    case = next(case for case in CASES if case.name == provider)
    seen: list[str] = []

    async def main() -> None:
        async with case.new_client(box, True) as client:

            async def recommend() -> str:
                return "Hi"

            call = llm.call(provider, case.model, client=client)(recommend)
            tell = llm.call(provider, case.model, client=client, stream=True)(recommend)
            seen.append((await call()).content)
            stream = await tell()
            async for _ in stream:
                pass
            seen.append(stream.content)
            async with await tell() as left:
                events = aiter(left)
                await anext(events)

    trio.run(main)
    assert seen == ["Sandbox reply to: Hi"] * 2
    assert len(box.requests) == 3
    assert box.wait_until(lambda: box.open_connections == 0)
