"""Recordings of Amazon Bedrock's Converse API."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import boto3
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.config import Config

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Reading, decoded, recorded_tool
from ._recordings import Exchange, Json

COMMON = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
}
BLOBS = ("bytes", "redactedContent")
"""Keys whose value is base64 in JSON, and bytes for the SDK."""


@cache
def session(is_async: bool) -> Any:
    return AioSession() if is_async else boto3.session.Session()


class BedrockRecordings(Adapter):
    provider = "bedrock"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        config: Any = AioConfig if is_async else Config
        options = {
            "endpoint_url": box.base_url("bedrock"),
            "region_name": "us-east-1",
            "aws_access_key_id": "k",
            "aws_secret_access_key": "k",
            "config": config(retries={"mode": "standard", "total_max_attempts": 1}),
        }
        return _async_client(options) if is_async else _sync_client(options)

    def create(self, client: Any) -> Any:
        return client.converse

    def wrapped(self, client: Any) -> Any:
        return SimpleNamespace(converse=client.converse, converse_stream=client.converse_stream)

    def model(self, exchange: Exchange) -> str:
        return unquote(exchange.path.split("/")[2])

    def messages(self, exchange: Exchange) -> list[Any]:
        return native(exchange.messages)  # type: ignore[no-any-return]

    def body(self, request: Json) -> Json:
        return {key: value for key, value in request.items() if value}

    def params(self, request: Json, client: Any) -> Json:
        params = {key: value for key, value in self.body(request).items() if key != "messages"}
        given = params.pop("toolConfig", {})
        ours = [tool for tool in given.get("tools", ()) if self.tool(tool)]
        rest = [tool for tool in given.get("tools", ()) if tool not in ours]
        config = {k: v for k, v in {**given, "tools": rest}.items() if v}
        return params | {"toolConfig": config} if config else params

    def ask(self, client: Any, exchange: Exchange) -> Any:
        send = client.converse_stream if exchange.is_streamed else client.converse
        return send(modelId=self.model(exchange), **native(self.body(exchange.request)))

    def events(self, raw: Any) -> list[Any]:
        return list(raw["stream"])

    def told(self, error: Any) -> Any:
        # The classes of exceptions are made anew for each session.
        return type(error).__name__, error.response["Error"]

    def status(self, error: Any) -> int:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

    def call_id(self, tool: Any) -> str:
        return str(tool.tool_call["toolUse"]["toolUseId"])

    def tools(self, request: Json) -> list[type[BaseTool]]:
        tools = request.get("toolConfig", {}).get("tools", ())
        return [tool for native in tools if (tool := self.tool(native))]

    def tool(self, native: Json) -> type[BaseTool] | None:
        spec = native.get("toolSpec")
        return spec and recorded_tool(native, spec["name"], spec["inputSchema"]["json"])

    def read(self, exchange: Exchange) -> Reading:
        body = exchange.body if exchange.binary is None else _added_up(exchange.binary)
        assert body is not None
        content, usage, reason = (
            body["output"]["message"]["content"],
            body["usage"],
            body["stopReason"],
        )
        uses = [block["toolUse"] for block in content if "toolUse" in block]
        thoughts = [block.get("reasoningContent", {}).get("reasoningText") for block in content]
        return Reading(
            text="".join(block.get("text", "") for block in content),
            calls=[(use["name"], use["toolUseId"], use["input"]) for use in uses],
            thinking=[(t["text"], t.get("signature")) for t in thoughts if t],
            model=self.model(exchange),
            id=exchange.headers.get("x-amzn-requestid"),
            finish_reasons=[reason],
            common_finish_reasons=[COMMON[reason]],
            input=usage["inputTokens"],
            output=usage["outputTokens"],
            cached=usage.get("cacheReadInputTokens"),
            turn=self.turn({"role": "assistant", "content": content}),
        )

    def turn(self, message: Json) -> Any:
        # One of the recorded clients leaves out what is said beside a tool call; none sends back
        # reasoning without a signature.
        content = message["content"]
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        said = [] if calls else [block["text"] for block in content if "text" in block]
        thoughts = [block["reasoningContent"] for block in content if "reasoningContent" in block]
        return {
            "role": message["role"],
            "said": said,
            "calls": [(use["toolUseId"], use["name"], use["input"]) for use in calls],
            "thoughts": [
                thought.get("reasoningText") or as_text(thought["redactedContent"])
                for thought in thoughts
                if "signature" in thought.get("reasoningText", {"signature": ""})
            ],
        }

    def results(self, messages: list[Json]) -> dict[str, str]:
        blocks = [block for message in messages for block in message["content"]]
        found = [block["toolResult"] for block in blocks if "toolResult" in block]
        return {result["toolUseId"]: _text_of(result["content"]) for result in found}


@contextmanager
def _sync_client(options: Json) -> Iterator[Any]:
    client = session(is_async=False).client("bedrock-runtime", **options)
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def _async_client(options: Json) -> AsyncIterator[Any]:
    async with session(is_async=True).create_client("bedrock-runtime", **options) as client:
        yield client


def native(value: Any) -> Any:
    """Recorded JSON as the SDK takes it: with bytes instead of base64."""
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item) if key in BLOBS else native(item)
            for key, item in value.items()
        }
    return [native(item) for item in value] if isinstance(value, list) else value


def as_text(blob: str | bytes) -> str:
    return blob if isinstance(blob, str) else base64.b64encode(blob).decode()


def _text_of(content: list[Json]) -> str:
    return "".join(piece.get("text") or json.dumps(piece.get("json")) for piece in content)


def _messages(stream: bytes) -> Iterator[tuple[str, Json]]:
    """Type and payload of each message of a binary event stream."""
    position = 0
    while position < len(stream):
        total, length = struct.unpack_from(">II", stream, position)
        headers = stream[position + 12 : position + 12 + length]
        payload = stream[position + 12 + length : position + total - 4]
        start = headers.index(b":event-type") + len(b":event-type") + 3
        size = int.from_bytes(headers[start - 2 : start], "big")
        yield headers[start : start + size].decode(), json.loads(payload)
        position += total


def _added_up(stream: bytes) -> Json:
    """The reply that a stream's events amount to."""
    reply: Json = {}
    blocks: dict[int, Json] = {}
    for kind, event in _messages(stream):
        match kind:
            case "contentBlockStart":
                blocks[event["contentBlockIndex"]] = {
                    "toolUse": {**event["start"]["toolUse"], "input": ""}
                }
            case "contentBlockDelta":
                _add(blocks.setdefault(event["contentBlockIndex"], {}), event["delta"])
            case "messageStop":
                reply["stopReason"] = event["stopReason"]
            case "metadata":
                reply["usage"] = event["usage"]
            case _:
                pass
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = decoded(block["toolUse"]["input"])
    content = [block for _, block in sorted(blocks.items())]
    return {**reply, "output": {"message": {"role": "assistant", "content": content}}}


def _add(block: Json, delta: Json) -> None:
    if "text" in delta:
        block["text"] = block.get("text", "") + delta["text"]
    elif "toolUse" in delta:
        block["toolUse"]["input"] += delta["toolUse"]["input"]
    else:
        thought = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {})
        for key, piece in delta["reasoningContent"].items():
            thought[key] = thought.get(key, "") + piece
