"""One library in its own environment: it does a shape's work as often as it is told, and is timed.

    OPENAI_BASE_URL=… python benchmarks/_peers_worker.py MODULE

A line of JSON asks (`{"shape": "call", "times": 20}`) and a line answers: seconds of CPU and of
wall clock, and the last result as plain data; or `missing` or `error` with a reason.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import os
import resource
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any

QUESTION = "fantasy"


def plain(result: Any) -> Any:
    """What can be compared: text, the fields of a book, or the last of many models."""
    if isinstance(result, list):
        return {"models": len(result), "last": plain(result[-1])}
    if hasattr(result, "model_dump"):
        data = result.model_dump()
        return {key: data[key] for key in ("title", "author", "points") if key in data}
    return result


def work(module: Any, runner: asyncio.Runner, shape: str, times: int) -> Any:
    if shape == "gather":

        async def gathered() -> Any:
            work = [module.call_async(QUESTION) for _ in range(times)]
            return (await asyncio.gather(*work))[-1]

        return runner.run(gathered())
    if shape == "call_async":

        async def in_turn() -> Any:
            return [await module.call_async(QUESTION) for _ in range(times)][-1]

        return runner.run(in_turn())
    function = getattr(module, shape)
    result = None
    for _ in range(times):
        result = function(QUESTION)
    return result


def answer(module: Any, runner: asyncio.Runner, shape: str, times: int) -> dict[str, Any]:
    if reason := module.MISSING.get(shape):
        return {"missing": reason}
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        result = work(module, runner, shape, times)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "result": plain(result)}


def main() -> None:
    name, *distributions = sys.argv[1:]
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        module = importlib.import_module(f"peers.{name}")
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
        return
    print(json.dumps({"versions": {d: version(d) for d in distributions}}), file=answers)
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            request = json.loads(line)
            reply = answer(module, runner, request["shape"], request["times"])
            print(json.dumps(reply), file=answers)
    # Threads of a library must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
