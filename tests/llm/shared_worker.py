"""Processes of the tests of shared limits: on a word they call as told, and say how it was.

The arguments are the sandbox's address, the shared file, `sync` or `async` for each process, how
often each calls, and the figures of the limit as `name=value`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import openai

from mirascope import llm


def calls(url: str, times: int) -> int:
    client = openai.OpenAI(base_url=url, api_key="any", max_retries=0)

    @llm.call("openai", "gpt-4o-mini", client=client)
    def ask() -> str:
        return "Hi"

    refused = 0
    for _ in range(times):
        try:
            ask()
        except openai.RateLimitError:
            refused += 1
    return refused


async def calls_at_once(url: str, times: int) -> int:
    client = openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0)

    @llm.call("openai", "gpt-4o-mini", client=client)
    async def ask() -> str:
        return "Hi"

    results = await asyncio.gather(*[ask() for _ in range(times)], return_exceptions=True)
    return sum(isinstance(result, BaseException) for result in results)


def work(url: str, path: str, way: str, times: int, figures: list[str]) -> None:
    options = {name: float(value) for name, value in (pair.split("=") for pair in figures)}
    llm.limit("openai", shared=path, **options)  # type: ignore[arg-type]
    start = time.process_time()
    refused = calls(url, times) if way == "sync" else asyncio.run(calls_at_once(url, times))
    # One write, which no other process comes into.
    line = f"{refused} {time.process_time() - start}\n"
    os.write(1, line.encode())


if __name__ == "__main__":
    url, path, ways, times, *figures = sys.argv[1:]
    # What the SDK does for the first time takes long on a busy machine: it is done once for all.
    openai.OpenAI(base_url=url.replace("/v1", "/xai/v1"), api_key="any").chat.completions.create(
        model="grok-4", messages=[{"role": "user", "content": "Hi"}]
    )
    print("ready", flush=True)
    sys.stdin.readline()
    first, *others = ways.split(",")
    for way in others:
        if os.fork() == 0:
            work(url, path, way, int(times), figures)
            os._exit(0)
    work(url, path, first, int(times), figures)
    for _ in others:
        os.wait()
