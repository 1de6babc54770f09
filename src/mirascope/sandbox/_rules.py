"""What the sandbox answers when nothing is scripted: a tool call, a JSON instance or a sentence."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

from mirascope.sandbox._json import Json, dump_text, is_object
from mirascope.sandbox._protocol import Question, Reply, Tool, ToolCall
from mirascope.sandbox._samples import sample

JSON_TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}
SCHEMA_KEYS = ("properties", "$ref", "$defs", "anyOf", "enum", "items")
THINKING = "The sandbox thinks before it answers."

_decoder = json.JSONDecoder()


def answers(question: Question) -> list[Reply]:
    """One reply per choice asked for."""
    reply = answer(question)
    return [reply if at == 0 else _variant(reply, at + 1) for at in range(question.count)]


def answer(question: Question) -> Reply:
    """The reply by rule; the same for the same question."""
    thinking = THINKING if question.thinking else None
    if tool := tool_to_call(question):
        return Reply(tool_calls=[ToolCall(tool.name, arguments_for(tool))], thinking=thinking)
    if question.json_mode:
        return Reply(text=dump_text(_json_instance(question)), thinking=thinking)
    return limited(question, Reply(text=_sentence(question), thinking=thinking))


def tool_to_call(question: Question) -> Tool | None:
    """The forced tool, or the first one until there is a result to talk about."""
    if not question.tools or question.tool_choice == "none":
        return None
    if question.tool_choice == "auto" and question.tool_results:
        return None
    named = (tool for tool in question.tools if tool.name == question.forced_tool)
    return next(named, question.tools[0])


def arguments_for(tool: Tool) -> Json:
    value = sample(tool.schema or {"type": "object"})
    return value if is_object(value) else {"value": value}


def schema_asked_for(question: Question) -> Json | None:
    """The JSON schema in the request, or else the last one written in the conversation."""
    if question.json_schema is not None:
        return question.json_schema
    return next(filter(None, map(last_schema, reversed(question.texts))), None)


def _json_instance(question: Question) -> Any:
    schema = schema_asked_for(question)
    return {"answer": _sentence(question)} if schema is None else sample(schema)


def last_schema(text: str) -> Json | None:
    """The last JSON object in `text` that reads like a JSON schema."""
    found: Json | None = None
    start = text.find("{")
    while start >= 0:
        try:
            value, end = _decoder.raw_decode(text, start)
        except ValueError:
            end = start + 1
        else:
            found = value if _is_schema(value) else found
        start = text.find("{", end)
    return found


def _is_schema(value: Json) -> bool:
    kind = value.get("type")
    if isinstance(kind, str) and kind in JSON_TYPES:
        return True
    return any(isinstance(value.get(key), (dict, list, str)) for key in SCHEMA_KEYS)


def _sentence(question: Question) -> str:
    if question.tool_results:
        return f"Sandbox reply with the tool's result: {'; '.join(question.tool_results)}"
    return f"Sandbox reply to: {question.user_text}" if question.user_text else "Sandbox reply."


def limited(question: Question, reply: Reply) -> Reply:
    """The reply cut at a stop sequence, and then at `max_tokens` words."""
    text = reply.text or ""
    found = [(at, stop) for stop in question.stop if stop and (at := text.find(stop)) >= 0]
    if found:
        at, stop = min(found)
        reply = replace(reply, text=text[:at], stop_sequence=stop)
    words = (reply.text or "").split(" ")
    if question.max_tokens is None or len(words) <= question.max_tokens:
        return reply
    kept = " ".join(words[: question.max_tokens])
    return replace(reply, text=kept, stop_sequence=None, finish_reason="length")


def _variant(reply: Reply, number: int) -> Reply:
    """A further choice: texts tell their number."""
    if reply.text is None or reply.finish != "stop" or reply.text.startswith(("{", "[")):
        return reply
    return replace(reply, text=f"{reply.text} ({number})")


def silence(audio_format: str, seconds: float = 0.05, rate: int = 24000) -> bytes:
    """Mono 16-bit silence: bare samples for `pcm16`, else a WAV file."""
    samples = bytes(2 * int(seconds * rate))
    if audio_format == "pcm16":
        return samples
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data
