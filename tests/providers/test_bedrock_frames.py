"""Events of a stream, however its bytes come, are those that the SDK's own stream yields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.eventstream import ChecksumMismatch

from mirascope.core import bedrock
from mirascope.sandbox import Sandbox
from mirascope.sandbox._event_stream import broken, frame

NOVA = "amazon.nova-lite-v1:0"
PIECE = "contentBlockDelta"
FRAMES = [
    frame("messageStart", {"role": "assistant", "p": "ab"}),
    frame(PIECE, {"delta": {"text": "One"}, "contentBlockIndex": 0, "p": "abcdef"}),
    frame(PIECE, {"delta": {"text": " two"}, "contentBlockIndex": 0, "p": "abc"}),
    frame(PIECE, {"contentBlockIndex": 0, "delta": {"text": " dréi 🙂"}}),
    frame(PIECE, {"delta": {"text": " five"}, "contentBlockIndex": 0, "of_the_future": [1]}),
    frame(PIECE, {"delta": {"reasoningContent": {"text": "Hm"}}, "contentBlockIndex": 1}),
    frame("contentBlockStop", {"contentBlockIndex": 0}),
    frame("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "Find"}}}),
    frame(PIECE, {"delta": {"toolUse": {"input": '{"a"'}}, "contentBlockIndex": 2}),
    frame(PIECE, {"delta": {"toolUse": {"input": ": 1}"}}, "contentBlockIndex": 2, "p": "a"}),
    frame("ofTheFuture", {"a": 1}),
    frame("contentBlockStop", {"contentBlockIndex": 2}),
    frame("messageStop", {"stopReason": "end_turn"}),
    frame("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
]
HEADERS = {"content-type": "application/vnd.amazon.eventstream"}


@contextmanager
def client_of(box: Sandbox) -> Iterator[Any]:
    made = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=box.base_url("bedrock"),
        aws_access_key_id="k",
        aws_secret_access_key="k",
    )
    try:
        yield made
    finally:
        made.close()


def split(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def by_sdk(box: Sandbox, pieces: list[bytes]) -> tuple[list[Any], Exception | None]:
    box.native("bedrock", pieces, headers=HEADERS)
    message = {"role": "user", "content": [{"text": "Hi"}]}
    events: list[Any] = []
    try:
        with client_of(box) as client:
            for event in client.converse_stream(modelId=NOVA, messages=[message])["stream"]:
                events.append(event)
    except Exception as error:
        return events, error
    return events, None


def by_library(box: Sandbox, pieces: list[bytes]) -> tuple[list[Any], Exception | None]:
    box.native("bedrock", pieces, headers=HEADERS)
    events: list[Any] = []
    try:
        with client_of(box) as client:
            for chunk, _ in bedrock.call(NOVA, client=client, stream=True)(lambda: "Hi")():
                events.append(chunk.chunk)
    except Exception as error:
        return events, error
    return events, None


@pytest.mark.parametrize("size", [1, 7, 100, 1000, 100_000])
def test_events_are_those_of_the_sdk(box: Sandbox, size: int) -> None:
    pieces = split(b"".join(FRAMES), size)
    expected, found = by_sdk(box, pieces), by_library(box, pieces)
    assert found[1] is None
    assert found == expected
    assert len(expected[0]) == len(FRAMES) - 1


async def test_events_of_an_async_client(box: Sandbox) -> None:
    pieces = split(b"".join(FRAMES), 100)
    box.native("bedrock", pieces, headers=HEADERS)

    @bedrock.call(NOVA, stream=True)
    async def ask() -> str:
        return "Hi"

    found = [chunk.chunk async for chunk, _ in await ask()]
    assert found == by_sdk(box, pieces)[0]


def spoilt(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize("at", [0, 5, 9, -1, -10], ids=str)
def test_a_spoilt_frame(box: Sandbox, at: int) -> None:
    bad = FRAMES[2]
    pieces = [b"".join([*FRAMES[:2], spoilt(bad, at % len(bad)), *FRAMES[3:]])]
    assert isinstance(by_sdk(box, pieces)[1], ChecksumMismatch)
    events, error = by_library(box, pieces)
    assert isinstance(error, ChecksumMismatch)
    assert [next(iter(event)) for event in events] == ["messageStart", PIECE]


def test_broken_json_in_a_sound_frame(box: Sandbox) -> None:
    events, error = by_library(box, [*FRAMES[:2], broken(FRAMES[2]), *FRAMES[3:]])
    assert len(events) == 2
    assert "Amazon Bedrock" in str(error)
