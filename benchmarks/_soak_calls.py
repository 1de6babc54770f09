"""The calls of the soak: how each one is made, what is to become of it, and what is wrong then."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from mirascope import llm

MODELS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-haiku-4-5",
    "google": "gemini-2.5-flash",
    "groq": "openai/gpt-oss-120b",
    "xai": "grok-3",
    "mistral": "mistral-small-latest",
    "cohere": "command-a-03-2025",
    "azure": "gpt-4o-mini",
    "bedrock": "amazon.nova-lite-v1:0",
    "ollama": "llama3.2",
    "vllm": "llama3.2",
}
OTHERS = [name for name in MODELS if name not in ("openai", "anthropic")]
THREADS = [*["openai"] * 3, *["anthropic"] * 3, "others", "others"]
TASKS = [*["openai"] * 78, *["anthropic"] * 77, *OTHERS * 5]
"""Whose calls each thread and each task makes, so that every pool has its full size soon."""

PLAIN, LEFT, CANCELLED, FAILING = "plain", "left", "cancelled", "failing"
STREAM_FATES = [FAILING, *[LEFT] * 4, *[CANCELLED] * 3, *[PLAIN] * 12]
CALL_FATES = [FAILING, *[CANCELLED] * 2, *[PLAIN] * 17]
STREAM_FAILURES = ["status", "cut", "malformed", "error"]
CALL_FAILURES = ["status", "malformed", "overloaded"]


@dataclass(frozen=True)
class Job:
    """One call."""

    number: int
    provider: str
    is_async: bool
    in_own_loop: bool = False

    @property
    def is_stream(self) -> bool:
        return self.number % 2 == 1

    @property
    def fate(self) -> str:
        fates = STREAM_FATES if self.is_stream else CALL_FATES
        fate = fates[self.number // 2 % len(fates)]
        # Nobody can cancel a sync call.
        return PLAIN if fate == CANCELLED and not (self.is_async or self.is_stream) else fate

    @property
    def act(self) -> str:
        """What the sandbox does."""
        if self.fate == FAILING:
            failures = STREAM_FAILURES if self.is_stream else CALL_FAILURES
            act = failures[self.number // 40 % len(failures)]
            # Of the others some send a request again where its reply cannot be read. A loop of its
            # own cannot use the clients that do not.
            can_say = self.provider in ("openai", "anthropic") and not (
                act == "overloaded" and self.in_own_loop
            )
            return act if can_say else "status"
        if self.fate == PLAIN:
            return "echo"
        return "slow" if self.is_stream else "late"

    @property
    def prompt(self) -> str:
        return f"soak-{self.number}-{self.act}-"


def jobs(count: int) -> tuple[list[list[Job]], list[list[Job]], list[Job]]:
    """The calls of each thread, of each task, and of the loop that is made for them."""
    threads: list[list[Job]] = [[] for _ in THREADS]
    tasks: list[list[Job]] = [[] for _ in TASKS]
    apart: list[Job] = []
    for number in range(count):
        # By blocks of the length in which all fates occur, so that each way of asking has them all.
        block = number // 40
        if block % 50 == 49:
            name = ("openai", "anthropic")[number % 4 // 2]
            apart.append(Job(number, name, is_async=True, in_own_loop=True))
        elif block % 2:
            index = number % len(TASKS)
            tasks[index].append(Job(number, TASKS[index], is_async=True))
        else:
            index = (number + block) % len(THREADS)
            name = THREADS[index]
            if name == "others":
                name = OTHERS[(number // 8 + block) % len(OTHERS)]
            threads[index].append(Job(number, name, is_async=False))
    return threads, tasks, apart


@dataclass
class Soak:
    """What has been done so far."""

    done: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    calls: dict[tuple[str, bool, bool], Callable[[str], Any]] = field(default_factory=dict)
    clients: dict[tuple[str, bool], Any] = field(default_factory=dict)

    def note(self, job: Job) -> None:
        kind = "streams" if job.is_stream else "calls"
        self.done[f"{kind} {job.fate}"] += 1

    def call_for(self, job: Job) -> Callable[[str], Any]:
        """The call, decorated once; what would be retried goes by a client that does not."""
        key = job.provider, job.is_async, job.is_stream
        known = self.calls.get(key)
        if known is None:
            decorator = llm.call(job.provider, MODELS[job.provider], stream=job.is_stream)
            known = self.calls.setdefault(
                key, decorator(_prompt_async if job.is_async else _prompt)
            )
        if job.act == "overloaded":
            return llm.override(known, client=self.clients[job.provider, job.is_async])
        return known

    def check(self, job: Job, text: str) -> None:
        if text != f"Sandbox reply to: {job.prompt}":
            self.wrong.append(f"{job} got {text!r}")

    @contextmanager
    def failing(self, job: Job) -> Iterator[None]:
        try:
            yield
        except Exception:
            return
        self.wrong.append(f"{job} did not fail")

    # One call.

    def work(self, job: Job) -> None:
        call = self.call_for(job)
        if job.fate == FAILING:
            with self.failing(job):
                reply = call(job.prompt)
                list(reply) if job.is_stream else reply.content
        elif not job.is_stream:
            self.check(job, call(job.prompt).content)
        elif job.fate == PLAIN:
            stream = call(job.prompt)
            self.check(job, "".join(chunk.content for chunk, _ in stream))
        else:
            self._leave(call(job.prompt), closing=job.fate == CANCELLED)
        self.note(job)

    def _leave(self, stream: Any, closing: bool) -> None:
        closer: threading.Thread | None = None
        for chunk, _ in stream:
            if not chunk.content:
                continue
            if not closing:
                break
            if closer is None:
                closer = threading.Thread(target=stream.close)
                closer.start()
        if closer:
            closer.join()

    async def work_async(self, job: Job) -> None:
        call = self.call_for(job)
        if job.fate == FAILING:
            with self.failing(job):
                reply = await call(job.prompt)
                [item async for item in reply] if job.is_stream else reply.content
        elif job.fate == CANCELLED:
            await self._cancel(call, job)
        elif not job.is_stream:
            self.check(job, (await call(job.prompt)).content)
        elif job.fate == PLAIN:
            stream = await call(job.prompt)
            self.check(job, "".join([chunk.content async for chunk, _ in stream]))
        else:
            async for chunk, _ in await call(job.prompt):
                if chunk.content:
                    break
        self.note(job)

    async def _cancel(self, call: Any, job: Job) -> None:
        arrived = asyncio.Event()

        async def use() -> None:
            reply = await call(job.prompt)
            if job.is_stream:
                async for chunk, _ in reply:
                    if chunk.content:
                        arrived.set()

        task = asyncio.ensure_future(use())
        if job.is_stream:
            await arrived.wait()
        else:
            await asyncio.sleep(1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _prompt(text: str) -> str:
    return text


async def _prompt_async(text: str) -> str:
    return text
