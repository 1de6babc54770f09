"""A process of the tests of shared limits: on a word, calls as often as told, and says how it was.

Its arguments are the sandbox's address, the shared file, `sync` or `async`, how often to call, and
the figures of the limit as `name=value`.
"""

from __future__ import annotations

import asyncio
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


if __name__ == "__main__":
    url, path, way, times, *figures = sys.argv[1:]
    # What the SDK does for the first time takes long on a busy machine.
    openai.OpenAI(base_url=url.replace("/v1", "/xai/v1"), api_key="any").chat.completions.create(
        model="grok-4", messages=[{"role": "user", "content": "Hi"}]
    )
    options = {name: float(value) for name, value in (pair.split("=") for pair in figures)}
    limit = llm.limit("openai", shared=path, **options)  # type: ignore[arg-type]
    print("ready", flush=True)
    sys.stdin.readline()
    start = time.process_time()
    refused = (
        calls(url, int(times)) if way == "sync" else asyncio.run(calls_at_once(url, int(times)))
    )
    print(refused, time.process_time() - start, flush=True)
