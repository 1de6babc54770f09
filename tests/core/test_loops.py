"""Async default clients and event loops: one client a loop, closed with it, nothing left behind.

Each script runs in a process of its own, in which every warning is an error and `-X dev` reports
what was not closed; what such a process says on stderr fails the test.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading

import pytest

from mirascope import llm
from mirascope.core.base import _clients
from mirascope.sandbox import Sandbox

STRICT = ("-X", "dev", "-W", "error")
PREAMBLE = """
import asyncio, gc, logging, os, sys, threading
import anthropic, openai
from mirascope import llm
from mirascope.core.base import _clients

if "httpx" in sys.argv:
    del openai.DefaultAioHttpClient, anthropic.DefaultAioHttpClient
# A busy machine is not what is tested here.
logging.getLogger("asyncio").addFilter(lambda record: "Executing" not in record.getMessage())

def recommend(genre: str) -> str:
    return f"Recommend a {genre} book"

async def recommend_async(genre: str) -> str:
    return f"Recommend a {genre} book"

openai_call, anthropic_call = llm.call("openai", "gpt-4o"), llm.call("anthropic", "claude-test")
calls = [openai_call(recommend_async), anthropic_call(recommend_async)]
sync_calls = [openai_call(recommend), anthropic_call(recommend)]
streams = [llm.override(call, stream=True) for call in calls]
sync_streams = [llm.override(call, stream=True) for call in sync_calls]

async def call_both(genre):
    for call in calls:
        assert (await call(genre)).content

def open_files():
    gc.collect()
    return len(os.listdir("/proc/self/fd"))
"""

every_transport = pytest.mark.parametrize("transport", ["aiohttp", "httpx"])
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, forks")


def run_script(
    box: Sandbox, script: str, transport: str = "", flags: tuple[str, ...] = STRICT
) -> None:
    """Run the script against the sandbox; it must end well and say nothing on stderr."""
    done = subprocess.run(
        [sys.executable, *flags, "-c", PREAMBLE + textwrap.dedent(script), transport],
        env={"PATH": "", **box.environment()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def asked(box: Sandbox) -> list[str]:
    return [str(request.body["messages"][-1]["content"]).split()[2] for request in box.requests]


def all_closed(box: Sandbox) -> bool:
    return box.wait_until(lambda: box.open_connections == 0, timeout=0.5)


# --- one loop after the other


@needs_linux
@every_transport
def test_a_client_is_made_for_each_loop_and_closed_with_it(box: Sandbox, transport: str) -> None:
    run_script(
        box,
        """
        asyncio.run(call_both("first"))
        before = open_files()
        for number in range(4):
            asyncio.run(call_both("run"))
            assert not _clients._loops
        for number in range(3):
            with asyncio.Runner() as runner:
                runner.run(call_both("runner"))
                runner.run(call_both("runner"))
        for number in range(2):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(call_both("loop"))
            loop.run_until_complete(call_both("loop"))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        assert not _clients._loops
        assert open_files() == before, (before, open_files())
        """,
        transport,
    )
    assert asked(box).count("run") == 4 * 2
    assert asked(box).count("runner") == 3 * 2 * 2
    assert asked(box).count("loop") == 2 * 2 * 2
    assert box.connections == (1 + 4 + 3 + 2) * 2
    assert all_closed(box)


@needs_linux
@every_transport
def test_a_loop_that_is_only_closed(box: Sandbox, transport: str) -> None:
    # Nobody can close a transport of a closed loop: asyncio warns of those if it is asked to.
    run_script(
        box,
        """
        counts = []
        for number in range(6):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(call_both("one"))
            loop.run_until_complete(call_both("two"))
            loop.close()
            del loop
            counts.append(open_files())
        assert counts[1] == counts[-1], counts
        """,
        transport,
        flags=(),
    )
    assert len(box.requests) == 6 * 2 * 2
    assert box.connections == 6 * 2
    assert all_closed(box)


@every_transport
def test_a_loop_that_nobody_closes(box: Sandbox, transport: str) -> None:
    run_script(
        box,
        """
        loop = asyncio.new_event_loop()
        loop.run_until_complete(call_both("fantasy"))
        """,
        transport,
        flags=(),
    )
    assert len(box.requests) == 2
    assert all_closed(box)


@every_transport
def test_a_stream_that_is_left_leaves_no_task(box: Sandbox, transport: str) -> None:
    box.slow(between_events=0.05)
    run_script(
        box,
        """
        async def main():
            for stream in streams:
                async for _ in await stream("fantasy"):
                    break
            await asyncio.sleep(0.1)
            assert asyncio.all_tasks() == {asyncio.current_task()}, asyncio.all_tasks()

        async def leave_and_end():
            for stream in streams:
                async for _ in await stream("fantasy"):
                    break

        asyncio.run(main())
        asyncio.run(leave_and_end())
        """,
        transport,
    )
    assert [request.disconnected for request in box.requests] == [True] * 4
    assert all_closed(box)


def test_a_stream_that_is_open_at_the_end_of_the_loop(box: Sandbox) -> None:
    box.slow(between_events=0.2)
    # On httpx, asyncio may report that it closed the same inner generator twice; so do the SDKs'
    # own streams.
    run_script(
        box,
        """
        kept = []

        async def main():
            for stream in streams:
                reply = await stream("fantasy")
                events = aiter(reply)
                await anext(events)
                kept.extend((reply, events))

        asyncio.run(main())
        assert kept[0].end_time and kept[2].end_time
        """,
        "aiohttp",
    )
    assert [request.disconnected for request in box.requests] == [True] * 2
    assert all_closed(box)


@every_transport
def test_a_loop_that_ends_with_calls_under_way(box: Sandbox, transport: str) -> None:
    ended = threading.Event()
    box.reply("at once", times=2)
    box.reply(lambda request: str(ended.wait(30)), times=2)
    run_script(
        box,
        """
        async def main():
            await call_both("first")
            tasks = [asyncio.create_task(call("second")) for call in calls]
            await asyncio.sleep(0.5)

        asyncio.run(main())
        """,
        transport,
    )
    assert asked(box) == ["first"] * 2 + ["second"] * 2
    assert all_closed(box)
    ended.set()


@every_transport
def test_loops_in_several_threads(box: Sandbox, transport: str) -> None:
    run_script(
        box,
        """
        async def main(name):
            await asyncio.gather(*(call(f"{name}-{n}") for n in range(5) for call in calls))

        def work(name):
            for number in range(2):
                asyncio.run(main(f"{name}-{number}"))

        threads = [threading.Thread(target=work, args=[name]) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not _clients._loops
        """,
        transport,
    )
    assert len(set(asked(box))) == 4 * 2 * 5
    assert len(box.requests) == 4 * 2 * 5 * 2
    assert all_closed(box)


# --- the end of the process


def test_sync_clients_and_streams_are_closed_at_exit(box: Sandbox) -> None:
    box.slow(between_events=0.1)
    run_script(
        box,
        """
        kept = []
        for call, stream in zip(sync_calls, sync_streams):
            call("fantasy")
            for _ in stream("fantasy"):
                break
            reply = stream("fantasy")
            events = iter(reply)
            next(events)
            kept.extend((reply, events))
        """,
    )
    assert len(box.requests) == 6
    assert all_closed(box)


@needs_linux
def test_a_child_leaves_the_parents_clients_alone(box: Sandbox) -> None:
    run_script(
        box,
        """
        def fork(work):
            if not (child := os.fork()):
                work()
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0

        def child():
            for call in sync_calls:
                call("child")
            asyncio.run(call_both("child"))

        for call in sync_calls:
            call("parent")
        fork(child)
        fork(child)
        for call in sync_calls:
            call("parent")
        """,
    )
    connections = {
        request.connection
        for request, name in zip(box.requests, asked(box), strict=True)
        if name == "parent"
    }
    assert asked(box).count("parent") == 2 * 2
    assert asked(box).count("child") == 2 * 4
    assert len(connections) == 2, "a child closed or used a connection of its parent"


# --- inside one process


def test_a_call_outside_any_loop_is_told_what_to_do(box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o")
    async def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    with pytest.raises(RuntimeError, match=r"asyncio\.run"):
        recommend("fantasy").send(None)
    assert box.requests == []


def test_a_loop_in_another_thread_does_not_see_this_ones_client(box: Sandbox) -> None:
    @llm.call("openai", "gpt-4o")
    async def recommend(genre: str) -> str:
        return f"Recommend a {genre} book"

    async def main() -> None:
        await recommend("here")
        other = threading.Thread(target=lambda: asyncio.run(recommend("there")))
        other.start()
        await asyncio.to_thread(other.join)
        await recommend("here")
        assert len(_clients._loops) == 1

    asyncio.run(main())
    assert len(box.requests) == 3
    assert box.connections == 2
