"""Recordings of OpenAI's Chat Completions, and of servers that speak the same protocol."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import groq
import openai

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Call, Reading, decoded, recorded_tool
from ._recordings import Exchange, Json, events

COMMON = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAIRecordings(Adapter):
    provider = "openai"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by = openai.AsyncOpenAI if is_async else openai.OpenAI
        http = openai.DefaultAsyncHttpxClient if is_async else openai.DefaultHttpxClient
        return made_by(
            api_key="k",
            base_url=box.base_url(self.provider),
            max_retries=0,
            http_client=http(verify=False),  # type: ignore[arg-type]
        )

    def create(self, client: Any) -> Callable[..., Any]:
        return client.chat.completions.create  # type: ignore[no-any-return]

    def wrapped(self, client: Any) -> Any:
        completions = SimpleNamespace(create=client.chat.completions.create)
        return SimpleNamespace(chat=SimpleNamespace(completions=completions))

    def tool(self, native: Json) -> type[BaseTool] | None:
        function = native["function"]
        return recorded_tool(native, function["name"], function.get("parameters") or {})

    def read(self, exchange: Exchange) -> Reading:
        if exchange.text is not None:
            return _read_stream(events(exchange.text))
        assert exchange.body is not None
        return _read_whole(exchange.body)

    def turn(self, message: Json) -> Any:
        calls = message.get("tool_calls") or []
        return {
            "role": message["role"],
            "text": message.get("content") or "",
            "reasoning": _reasoning(message),
            "calls": [_call(call["id"], call["function"]) for call in calls],
        }

    def results(self, messages: list[Json]) -> dict[str, str]:
        return {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}


class XAIRecordings(OpenAIRecordings):
    provider = "xai"


class GroqRecordings(OpenAIRecordings):
    provider = "groq"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by = groq.AsyncGroq if is_async else groq.Groq
        http = groq.DefaultAsyncHttpxClient if is_async else groq.DefaultHttpxClient
        return made_by(
            api_key="k",
            base_url=box.base_url("groq"),
            max_retries=0,
            http_client=http(verify=False),
        )

    def turn(self, message: Json) -> Any:
        # The recorded client wrote the reasoning into the text, where Groq has a key of its own.
        text = re.sub(r"<think>.*?</think>\s*", "", message.get("content") or "", flags=re.DOTALL)
        return super().turn({**message, "content": text, "reasoning": ""})


def _reasoning(message: Json) -> str:
    # Ollama and Groq write `reasoning`, DeepSeek and xAI `reasoning_content`.
    return message.get("reasoning_content") or message.get("reasoning") or ""


def _call(id: str | None, function: Json) -> Call:
    return function["name"], id, decoded(function["arguments"])


def _read_whole(body: Json) -> Reading:
    message = body["choices"][0]["message"]
    reasons = [choice["finish_reason"] for choice in body["choices"]]
    reading = _reading(body, body.get("usage"), reasons)
    reading.text = message.get("content") or ""
    reading.refusal = message.get("refusal")
    reading.calls = [
        _call(call["id"], call["function"]) for call in message.get("tool_calls") or ()
    ]
    if reasoning := _reasoning(message):
        reading.thinking = [(reasoning, None)]
    if audio := message.get("audio"):
        reading.audio = base64.b64decode(audio["data"])
        reading.transcript = audio["transcript"]
    return reading


def _read_stream(chunks: list[Json]) -> Reading:
    choices = [c for chunk in chunks for c in chunk["choices"] if c["index"] == 0]
    usages = [usage for chunk in chunks if (usage := _usage(chunk))]
    reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    reading = _reading(chunks[-1], usages[-1] if usages else None, reasons)
    deltas = [choice["delta"] for choice in choices]
    reading.text = "".join(delta.get("content") or "" for delta in deltas)
    calls: dict[int, Json] = {}
    for fragment in (f for delta in deltas for f in delta.get("tool_calls") or ()):
        call = calls.setdefault(fragment["index"], {"id": None, "name": "", "arguments": ""})
        call["id"] = fragment.get("id") or call["id"]
        call["name"] += fragment["function"].get("name") or ""
        call["arguments"] += fragment["function"].get("arguments") or ""
    reading.calls = [_call(call["id"], call) for _, call in sorted(calls.items())]
    if thinking := "".join(map(_reasoning, deltas)):
        reading.thinking = [(thinking, None)]
    return reading


def _usage(chunk: Json) -> Json | None:
    # Groq's older streams have it only among its own additions.
    return chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")


def _reading(reply: Json, usage: Json | None, reasons: list[str]) -> Reading:
    usage = usage or {}
    return Reading(
        model=reply["model"],
        id=reply["id"],
        finish_reasons=reasons,
        common_finish_reasons=[COMMON[reason] for reason in reasons],
        input=usage.get("prompt_tokens"),
        output=usage.get("completion_tokens"),
        cached=(usage.get("prompt_tokens_details") or {}).get("cached_tokens"),
    )
