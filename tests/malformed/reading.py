"""Everything that a caller reads off a response or a stream, and what it may raise instead."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mirascope
from mirascope.core.base._unreadable import UnreadableReply

OURS = str(Path(mirascope.__file__).parent)
BARE = (LookupError, AttributeError, TypeError, AssertionError, ArithmeticError, RecursionError)
"""What tells of a mistake in a program, not of a reply."""

COUNTS = ("input_tokens", "cached_tokens", "output_tokens", "cost", "cost_metadata", "common_usage")
OF_A_REPLY = (
    *("content", "thinking", "finish_reasons", "common_finish_reasons", "model", "id", "provider"),
    *COUNTS,
    *("message_param", "common_message_param", "common_messages", "common_user_message_param"),
)
OF_A_RESPONSE = (*OF_A_REPLY, "tools", "tool", "common_tools", "usage", "response", "messages")
OF_A_CHUNK = (
    *("content", "thinking", "finish_reasons", "common_finish_reasons", "model", "id", "usage"),
    *COUNTS,
    "chunk",
)
OWN = ("audio", "audio_transcript", "audio_id", "signature", "citations", "tool_plan", "message")
"""What only some providers' classes have."""
NATIVE = {"response", "chunk", "usage", "citations", "message", "model_dump", "tool_call"}
"""What the SDK makes, and may refuse to make in its own words."""


def attempted(name: str, read: Callable[[], Any]) -> Any:
    """What reading it gives; None where it raises as documented. Fails for any other exception."""
    try:
        return read()
    except Exception as error:
        if not is_documented(error):
            raise AssertionError(f"`{name}` raised {error!r}") from error
        return None


def is_documented(error: BaseException) -> bool:
    """Whether a malformed reply may raise it (`docs/streams.md`)."""
    if isinstance(error, UnreadableReply):
        return True
    if isinstance(error, BARE):
        return False
    if isinstance(error, RuntimeError):
        return "Unknown tool type" in str(error)
    # A validation error tells of arguments, any other ValueError has words of ours.
    return True


def read_response(response: Any) -> None:
    """Read everything off a response."""
    for name in (*OF_A_RESPONSE, *_own(response)):
        attempted(name, lambda name=name: getattr(response, name))
    for tool in attempted("tools", lambda: response.tools) or ():
        _read_tool(tool)
    _show(response)
    attempted("model_dump", response.model_dump)
    attempted("model_dump_json", response.model_dump_json)
    _travel(response)


def read_stream(stream: Any) -> None:
    """Read everything off a stream, in the middle of it or when it has ended."""
    for name in (*OF_A_REPLY, *_own(stream)):
        attempted(name, lambda name=name: getattr(stream, name))
    _show(stream)
    if stream.end_time:
        response = attempted("construct_call_response", stream.construct_call_response)
        if response is not None:
            read_response(response)


def read_chunk(chunk: Any, tool: Any) -> None:
    """Read everything off a chunk and the tool that came with it."""
    for name in (*OF_A_CHUNK, *_own(chunk)):
        attempted(name, lambda name=name: getattr(chunk, name))
    _show(chunk)
    attempted("model_dump", chunk.model_dump)
    if tool is not None:
        _read_tool(tool)


def drain(items: Iterable[Any]) -> bool:
    """Read a stream to its end; whether it got there."""
    try:
        for chunk, tool in items:
            read_chunk(chunk, tool)
    except Exception as error:
        if isinstance(error, AssertionError) or not is_documented(error):
            raise
        return False
    return True


def _own(owner: Any) -> list[str]:
    return [name for name in OWN if hasattr(type(owner), name)]


def _read_tool(tool: Any) -> None:
    for name in ("args", "id", "delta", "tool_call"):
        attempted(name, lambda name=name: getattr(tool, name))
    repr(tool)


def _show(value: Any) -> None:
    assert isinstance(repr(value), str)
    attempted("str", lambda: str(value))


def _travel(response: Any) -> None:
    copy = attempted("pickle", lambda: pickle.loads(pickle.dumps(response)))
    if copy is not None:
        attempted("content", lambda: copy.content)


def where(error: BaseException) -> str:
    """The last place in our own code that an exception passed through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(OURS)]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "elsewhere"
