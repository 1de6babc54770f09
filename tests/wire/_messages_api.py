"""Recordings of Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import anthropic

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Reading, decoded, recorded_tool
from ._recordings import Exchange, Json, events

COMMON = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
PIECES = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
    "input_json_delta": "partial_json",
}
SAID = {
    "text": ("text",),
    "thinking": ("thinking", "signature"),
    "redacted_thinking": ("data",),
    "tool_use": ("id", "name", "input"),
}
"""What each kind of block says besides what is said about it; of other kinds it is all."""


class AnthropicRecordings(Adapter):
    provider = "anthropic"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
        http = anthropic.DefaultAsyncHttpxClient if is_async else anthropic.DefaultHttpxClient
        return made_by(
            api_key="k",
            base_url=box.base_url("anthropic"),
            max_retries=0,
            # The recorded limits are higher than the SDK lets pass without a time limit.
            timeout=30,
            http_client=http(verify=False),  # type: ignore[arg-type]
        )

    def create(self, client: Any) -> Callable[..., Any]:
        return client.messages.create  # type: ignore[no-any-return]

    def wrapped(self, client: Any) -> Any:
        return SimpleNamespace(messages=SimpleNamespace(create=client.messages.create))

    def tool(self, native: Json) -> type[BaseTool] | None:
        schema = native.get("input_schema")
        return None if schema is None else recorded_tool(native, native["name"], schema)

    def read(self, exchange: Exchange) -> Reading:
        message = exchange.body
        if exchange.text is not None:
            message = _added_up(events(exchange.text))
        assert message is not None
        usage, reason, content = message["usage"], message["stop_reason"], message["content"]
        return Reading(
            text="".join(b["text"] for b in content if b["type"] == "text"),
            calls=[(b["name"], b["id"], b["input"]) for b in content if b["type"] == "tool_use"],
            thinking=[(b["thinking"], b["signature"]) for b in content if b["type"] == "thinking"],
            model=message["model"],
            id=message["id"],
            finish_reasons=[reason],
            common_finish_reasons=[COMMON[reason]],
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            cached=usage.get("cache_read_input_tokens"),
            turn=self.turn({"role": "assistant", "content": content}),
        )

    def turn(self, message: Json) -> Any:
        return message["role"], [_said(block) for block in _blocks(message)]

    def results(self, messages: list[Json]) -> dict[str, str]:
        blocks = [block for message in messages for block in _blocks(message)]
        return {
            b["tool_use_id"]: "".join(part["text"] for part in _blocks(b))
            for b in blocks
            if b["type"] == "tool_result"
        }


def _blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _said(block: Json) -> Json:
    kind = block["type"]
    names = SAID.get(kind, block.keys())
    return {"type": kind} | {name: block[name] for name in names}


def _added_up(stream: list[Json]) -> Json:
    """The message that a stream's events amount to."""
    message: Json = {}
    inputs: dict[int, str] = {}
    for event in stream:
        match event["type"]:
            case "message_start":
                message = {**event["message"], "content": []}
            case "content_block_start":
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                name = PIECES[event["delta"]["type"]]
                piece, index = event["delta"][name], event["index"]
                if name == "partial_json":
                    inputs[index] = inputs.get(index, "") + piece
                else:
                    block = message["content"][index]
                    block[name] = block.get(name, "") + piece
            case "message_delta":
                message |= event["delta"]
                given = {k: v for k, v in event["usage"].items() if v is not None}
                message["usage"] = message["usage"] | given
            case _:
                pass
    for index, text in inputs.items():
        message["content"][index]["input"] = decoded(text)
    return message
