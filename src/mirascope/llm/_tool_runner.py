"""Runs the tools that one turn of the model calls: at the same time, whatever they are."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import json
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..core.base import _wire
from ..core.base._controls import in_time
from ..core.base._corrections import faults_of
from ..core.base._flow import Flow, run_async, step
from ..core.base._provider import Provider
from ..core.base._tool_types import tools_by_name
from ..core.base.message_param import ResultContent, TextPart
from ..core.base.tool import BaseTool
from ..core.base.tool_outputs import tool_output_content
from ..core.base.toolkit import BaseToolKit
from ._loop_thread import loop_thread
from ._loops import Hooks
from .tool_calls import (
    CancelToolCall,
    OfferedTool,
    PauseChain,
    ToolCall,
    ToolOutput,
    ToolResult,
)

MOST_THREADS = 32
"""How many sync tools run at once: in the process where async code calls them, in a turn else."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A tool with its arguments, ready to run."""

    call: ToolCall
    offered: OfferedTool
    tool: BaseTool


# --- what may be called


def flat_tools(tools: Iterable[Any]) -> list[Any]:
    """Functions and classes, with those of a toolkit's instance in its place."""
    flat: list[Any] = []
    for tool in tools:
        flat += tool.create_tools() if isinstance(tool, BaseToolKit) else [tool]
    return flat


def offered_tools(provider: Provider, tools: Iterable[Any]) -> dict[str, OfferedTool]:
    """The tools by the name that the model calls them."""
    named = tools_by_name(tools, provider.tool_type)
    return {name: OfferedTool(name, tool, made) for name, (tool, made) in named.items()}


# --- one turn


def run_tools(
    calls: Sequence[ToolCall],
    tools: Mapping[str, OfferedTool],
    hooks: Hooks,
    results: dict[int, ToolResult],
    is_async: bool,
) -> Flow[list[ToolResult]]:
    """What each call gave, in the order of the calls.

    `results` has, by the position of the call, those that are known already; new ones are put
    there, so that no tool runs twice whatever a hook raises. Raises PauseChain where a call has to
    wait.
    """
    waiting: dict[int, PauseChain] = {}
    runs: dict[int, _Run] = {}
    fresh = [at for at in range(len(calls)) if at not in results]
    for at in fresh:
        call = calls[at]
        offered = tools.get(call.name)
        try:
            if hooks.before_call:
                yield from step(hooks.before_call, offered, call)
            if offered is None:
                results[at] = _unknown(call, tools)
            else:
                runs[at] = _Run(call, offered, _with_arguments(call, offered))
        except PauseChain as pause:
            waiting[at] = pause
        except CancelToolCall as reason:
            text = f"Cancelled: {reason}" if str(reason) else "Cancelled."
            results[at] = ToolResult(call.name, text, call.tool_call_id, reason)
        except _BadArguments as error:
            results[at] = _failed(call, error, str(error))

    ready = list(runs.values())
    outcomes = yield from _outcomes(ready, is_async)
    for (at, each), outcome in zip(runs.items(), outcomes, strict=True):
        if isinstance(outcome, PauseChain):
            waiting[at] = outcome
        else:
            results[at] = _result(each.call, outcome)
    if hooks.after_call:
        for at in fresh:
            offered = tools.get(calls[at].name)
            if offered is not None and at in results:
                yield from step(hooks.after_call, offered, calls[at], results[at])
    if waiting:
        first = min(waiting)
        earliest = waiting[first]
        earliest.tool_call = calls[first]
        earliest.tool_calls = [calls[at] for at in sorted(waiting)]
        earliest.tool_results = [results[at] for at in sorted(results)]
        raise earliest
    return [results[at] for at in range(len(calls))]


# --- what the model is told


class _BadArguments(ValueError):
    """The arguments of a tool call do not fit; the text is for the model."""


def _with_arguments(call: ToolCall, offered: OfferedTool) -> BaseTool:
    if call.problem:
        raise _BadArguments(f"the arguments of `{call.name}` are not valid JSON: {call.problem}")
    try:
        wire = _wire.ToolCall(call.name, call.arguments, call.tool_call_id)
        return offered.tool_type._from_call(wire)
    except ValidationError as error:
        faults = faults_of(error)
        raise _BadArguments(f"the arguments do not fit `{call.name}`: {faults}") from error


def _unknown(call: ToolCall, tools: Mapping[str, OfferedTool]) -> ToolResult:
    known = ", ".join(f'"{name}"' for name in tools) or "none"
    text = f'tool "{call.name}" does not exist. Available: {known}'
    return _failed(call, LookupError(text), text)


def _failed(call: ToolCall, error: BaseException, text: str) -> ToolResult:
    return ToolResult(call.name, f"Error: {text}", call.tool_call_id, error)


def _result(call: ToolCall, outcome: Any) -> ToolResult:
    if isinstance(outcome, BaseException):
        return _failed(call, outcome, f"{type(outcome).__name__}: {outcome}")
    try:
        return ToolResult(call.name, _shown(outcome), call.tool_call_id)
    except ValueError as error:
        return _failed(call, error, str(error))


def _shown(output: Any) -> ResultContent:
    if isinstance(output, ToolOutput):
        shown = _shown(output.output)
        parts = [attachment.part() for attachment in output.attachments]
        texts = [TextPart(text=shown)] if isinstance(shown, str) else shown
        return [*texts, *parts] if parts else shown
    try:
        return tool_output_content(output)
    except TypeError:
        # A tool that has run must not end the chain over what it returns.
        return json.dumps(output, default=repr, ensure_ascii=False)


def _outcomes(runs: Sequence[_Run], is_async: bool) -> Flow[list[Any]]:
    if not runs:
        return []
    together = partial(_at_once if is_async else _in_threads, runs)
    return list((yield from step(in_time(together, is_async, "tools"))))


# --- at the same time, in async code


def _at_once(runs: Sequence[_Run]) -> Any:
    return asyncio.gather(*(run_async(_outcome(each)) for each in runs), return_exceptions=True)


def _outcome(each: _Run) -> Flow[Any]:
    call = each.tool.call
    action = call if _is_async(each.offered) else lambda: _in_thread(call)
    outcome = yield from step(action)
    if inspect.isawaitable(outcome):
        outcome = yield lambda: outcome
    return outcome


def _is_async(offered: OfferedTool) -> bool:
    return any(
        inspect.iscoroutinefunction(candidate)
        for candidate in (offered.tool_type.call, offered.tool, inspect.unwrap(offered.tool))
    )


_depth: ContextVar[int] = ContextVar("mirascope_tool_depth", default=0)
_pools: dict[int, ThreadPoolExecutor] = {}


def _in_thread(call: Callable[[], Any]) -> asyncio.Future[Any]:
    """The result of a sync tool, which a thread of the pool works out in a copy of the context."""
    # Tools that tools call have a pool of their own: no thread ever waits for one of its pool.
    depth = _depth.get()
    pool = _pools.get(depth)
    if pool is None:
        made = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="mirascope-tool")
        pool = _pools.setdefault(depth, made)
    context = contextvars.copy_context()
    context.run(_depth.set, depth + 1)
    return asyncio.get_running_loop().run_in_executor(pool, lambda: context.run(_caught, call))


def _caught(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:
        # Returned, for there are exceptions that a future cannot hold.
        return error


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)


# --- at the same time, in sync code


def _in_threads(runs: Sequence[_Run]) -> list[Any]:
    if len(runs) == 1:
        return [_outcome_of(runs[0])]
    # Threads of this turn alone: a tool may itself wait for a turn like this one.
    pool = ThreadPoolExecutor(min(len(runs), MOST_THREADS), thread_name_prefix="mirascope-tool")
    try:
        futures = [pool.submit(contextvars.copy_context().run, _outcome_of, each) for each in runs]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome_of(each: _Run) -> Any:
    outcome = _caught(each.tool.call)
    if inspect.isawaitable(outcome):
        return _caught(lambda: loop_thread.run(_awaiting(outcome)))
    return outcome


def _awaiting(awaitable: Any) -> Coroutine[Any, Any, Any]:
    return run_async(step(lambda: awaitable))
