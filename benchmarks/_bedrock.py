"""The bare SDKs of Amazon Bedrock: boto3, and aiobotocore for async."""

from __future__ import annotations

from typing import Any

from _server import event_reply, json_reply
from _shapes import BOOK, TEXT, WORDS, Book, question

TOOL: Any = {
    "toolSpec": {
        "name": "Book",
        "description": "A book with its author.",
        "inputSchema": {"json": Book.model_json_schema()},
    }
}
FORCED: Any = {"tool": {"name": "Book"}}
USAGE = {"inputTokens": 12, "outputTokens": 20, "totalTokens": 32}


def _reply(content: list[Any], stop_reason: str) -> bytes:
    return json_reply(
        {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop_reason,
            "usage": USAGE,
            "metrics": {"latencyMs": 1},
        }
    )


def _event(kind: str, **fields: Any) -> bytes:
    from mirascope.sandbox._event_stream import frame

    return frame(kind, fields)


def _delta(text: str) -> bytes:
    return _event("contentBlockDelta", contentBlockIndex=0, delta={"text": text})


class BareBedrock:
    name = "bedrock"
    distribution = "boto3"
    model_prefix = ""
    has_transports = False
    """Its async client is always on aiohttp."""

    def replies(self) -> dict[str, bytes]:
        use = {"toolUse": {"toolUseId": "tooluse_1", "name": "Book", "input": BOOK}}
        tool = _reply([use], "tool_use")
        events = [
            _event("messageStart", role="assistant"),
            *[_delta(word) for word in WORDS[4:]],
            _event("contentBlockStop", contentBlockIndex=0),
            _event("messageStop", stopReason="end_turn"),
            _event("metadata", usage=USAGE, metrics={"latencyMs": 1}),
        ]
        return {
            "text": _reply([{"text": TEXT}], "end_turn"),
            "stream": event_reply(events, "application/vnd.amazon.eventstream"),
            "tool": tool,
            "structured": tool,
        }

    def environment(self, address: str) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"{address}/bedrock",
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self) -> Any:
        import boto3

        return boto3.client("bedrock-runtime")

    async def async_client(self, *, aiohttp: bool) -> Any:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        # Without this only ten calls would be under way at once.
        config = AioConfig(max_pool_connections=1_000)
        return await get_session().create_client("bedrock-runtime", config=config).__aenter__()

    async def close(self, client: Any) -> None:
        await client.__aexit__(None, None, None)

    def text(self, client: Any, genre: str) -> str:
        reply = client.converse(
            modelId="bench-text",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
        )
        return reply["output"]["message"]["content"][0]["text"]

    def stream(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        reply = client.converse_stream(
            modelId="bench-stream",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
        )
        for event in reply["stream"]:
            if delta := event.get("contentBlockDelta"):
                parts.append(delta["delta"]["text"])
        return "".join(parts)

    def tool(self, client: Any, genre: str) -> Book:
        reply = client.converse(
            modelId="bench-tool",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
            toolConfig={"tools": [TOOL]},
        )
        return Book.model_validate(reply["output"]["message"]["content"][0]["toolUse"]["input"])

    def structured(self, client: Any, genre: str) -> Book:
        reply = client.converse(
            modelId="bench-structured",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
            toolConfig={"tools": [TOOL], "toolChoice": FORCED},
        )
        return Book.model_validate(reply["output"]["message"]["content"][0]["toolUse"]["input"])

    async def text_async(self, client: Any, genre: str) -> str:
        reply = await client.converse(
            modelId="bench-text",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
        )
        return reply["output"]["message"]["content"][0]["text"]

    async def stream_async(self, client: Any, genre: str) -> str:
        parts: list[str] = []
        reply = await client.converse_stream(
            modelId="bench-stream",
            messages=[{"role": "user", "content": [{"text": question(genre)}]}],
        )
        async for event in reply["stream"]:
            if delta := event.get("contentBlockDelta"):
                parts.append(delta["delta"]["text"])
        return "".join(parts)
