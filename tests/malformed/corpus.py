"""Sound replies of every provider, to be spoilt: those that the sandbox makes, and some by hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic_core import from_json

from mirascope.core.base._sse import EventDecoder
from mirascope.sandbox import Reply, ToolCall, Usage
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._services import SERVICES

from ..wire._recordings import ABSENT as ABSENT
from ..wire._recordings import events, recordings_of

Json = dict[str, Any]

WIND = {"title": "The Name of the Wind", "author": "Patrick Rothfuss", "pages": 662}
USAGE = Usage(input=100, output=20, cached=60, cache_write=5, reasoning=7)
REPLIES = {
    "text": [Reply(text="The Name of the Wind, née Fantasy 📚.", usage=USAGE)],
    "thinking": [Reply(thinking="Which one is it?", text="Dune.", usage=USAGE)],
    "tool": [Reply(tool_calls=[ToolCall("FormatBook", WIND, id="call_1")])],
    "tools": [
        Reply(
            thinking="Two of them.",
            text="Well.",
            tool_calls=[
                ToolCall("FormatBook", WIND, id="call_1"),
                ToolCall("FormatBook", {"title": "Dune"}, id="call_2"),
                ToolCall("Collect", {"items": [1, {"b": None}]}, id="call_3"),
            ],
        )
    ],
    "structured": [Reply(text='{"title": "Dune", "author": "Frank Herbert"}')],
    "refusal": [Reply(refusal="I would rather not.")],
    "audio": [Reply(text="Listen to this.", audio=bytes(range(256)) * 2)],
    "choices": [Reply(text="One."), Reply(text="Two.", finish_reason="length")],
}

PNG = base64.b64encode(b"\x89PNG\r\n").decode()
BY_HAND: dict[str, list[Json]] = {
    "chat_completions": [
        {
            "id": "c1",
            "object": "chat.completion",
            "created": 1,
            "model": "gpt-4o-mini",
            "citations": ["https://example.com"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "tool_calls",
                    "message": {
                        "role": "assistant",
                        "content": [
                            {"type": "text", "text": "Here."},
                            {"type": "refusal", "refusal": "No."},
                        ],
                        "reasoning": "Hm.",
                        "function_call": {"name": "FormatBook", "arguments": '{"title": "A"}'},
                        "tool_calls": [
                            {"id": "t1", "type": "custom", "custom": {"name": "x", "input": "y"}}
                        ],
                        "thinking_blocks": [
                            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                            {"type": "redacted_thinking", "data": "xyz"},
                        ],
                    },
                }
            ],
            "usage": {
                "prompt_tokens": 3,
                "completion_tokens": 2,
                "cost_in_usd_ticks": 5,
                "cost": 0.1,
                "num_cached_tokens": 1,
            },
            "x_groq": {"id": "r", "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        }
    ],
    "anthropic": [
        {
            "id": "m1",
            "type": "message",
            "role": "assistant",
            "model": "claude-haiku-4-5",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "redacted_thinking", "data": "xyz"},
                {
                    "type": "text",
                    "text": "It says so.",
                    "citations": [{"type": "char_location", "cited_text": "so"}],
                },
                {
                    "type": "server_tool_use",
                    "id": "s1",
                    "name": "web_search",
                    "input": {"query": "q"},
                },
                {
                    "type": "web_search_tool_result",
                    "tool_use_id": "s1",
                    "content": [{"type": "web_search_result", "url": "u", "title": "t"}],
                },
                {"type": "tool_use", "id": "t1", "name": "FormatBook", "input": WIND},
                {"type": "something_new", "data": {"a": 1}},
            ],
            "stop_reason": "tool_use",
            "usage": {
                "input_tokens": 3,
                "output_tokens": 2,
                "output_tokens_details": {"thinking_tokens": 1},
            },
        }
    ],
    "google": [
        {
            "responseId": "r1",
            "modelVersion": "gemini-2.5-flash",
            "candidates": [
                {
                    "index": 0,
                    "finishReason": "STOP",
                    "citationMetadata": {"citations": [{"uri": "u"}]},
                    "groundingMetadata": {"webSearchQueries": ["q"]},
                    "safetyRatings": [
                        {"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}
                    ],
                    "content": {
                        "role": "model",
                        "parts": [
                            {"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"},
                            {"text": "Look:"},
                            {"executableCode": {"language": "PYTHON", "code": "1"}},
                            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                            {"inlineData": {"mimeType": "image/png", "data": PNG}},
                            {"fileData": {"fileUri": "gs://a", "mimeType": "image/png"}},
                            {
                                "functionCall": {"id": "f", "name": "FormatBook", "args": WIND},
                                "thoughtSignature": "c2ln",
                            },
                        ],
                    },
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 3,
                "candidatesTokenCount": 2,
                "thoughtsTokenCount": 1,
                "cachedContentTokenCount": 1,
            },
        },
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}},
    ],
    "mistral": [
        {
            "id": "m1",
            "object": "chat.completion",
            "created": 1,
            "model": "mistral-small-latest",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {
                        "role": "assistant",
                        "content": [
                            {
                                "type": "thinking",
                                "thinking": [{"type": "text", "text": "Hm."}],
                                "signature": "s",
                            },
                            {"type": "text", "text": "See "},
                            {"type": "reference", "reference_ids": [1, 2]},
                            {"type": "image_url", "image_url": "https://example.com/a.png"},
                        ],
                        "tool_calls": [
                            {
                                "id": "null",
                                "function": {"name": "FormatBook", "arguments": WIND},
                            }
                        ],
                    },
                }
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }
    ],
    "cohere": [
        {
            "id": "c1",
            "finish_reason": "TOOL_CALL",
            "message": {
                "role": "assistant",
                "tool_plan": "I will format it.",
                "content": [
                    {"type": "thinking", "thinking": "Hm."},
                    {"type": "text", "text": "Well."},
                ],
                "tool_calls": [
                    {
                        "id": "t1",
                        "type": "function",
                        "function": {"name": "FormatBook", "arguments": '{"title": "A"}'},
                    }
                ],
                "citations": [{"start": 0, "end": 2, "text": "We", "sources": []}],
            },
            "usage": {
                "billed_units": {"input_tokens": 3.0, "output_tokens": 2.0},
                "tokens": {"input_tokens": 3, "output_tokens": 2},
                "cached_tokens": 1,
            },
        }
    ],
    "bedrock": [
        {
            "ResponseMetadata": {"RequestId": "r1", "HTTPStatusCode": 200},
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}},
                        {"reasoningContent": {"redactedContent": b"xyz"}},
                        {
                            "citationsContent": {
                                "content": [{"text": "So it says."}],
                                "citations": [{"title": "t"}],
                            }
                        },
                        {
                            "toolUse": {
                                "toolUseId": "s1",
                                "name": "nova_grounding",
                                "input": {},
                                "type": "server_tool_use",
                            }
                        },
                        {"toolResult": {"toolUseId": "s1", "content": [{"text": "found"}]}},
                        {"toolUse": {"toolUseId": "t1", "name": "FormatBook", "input": WIND}},
                        {"SDK_UNKNOWN_MEMBER": {"name": "newer"}},
                    ],
                }
            },
            "stopReason": "tool_use",
            "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
        }
    ],
}

STREAMS_BY_HAND: dict[str, list[list[Json]]] = {
    "chat_completions": [
        [
            {
                "id": "c1",
                "model": "m",
                "created": 1,
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "content": [{"type": "text", "text": "Hi"}],
                            "tool_calls": [
                                {"id": "a", "custom": {"name": "FormatBook", "input": '{"titl'}},
                            ],
                        },
                    }
                ],
            },
            {
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "reasoning": "Hm.",
                            "thinking_blocks": [{"type": "thinking", "signature": "s"}],
                            "tool_calls": [{"id": "a", "custom": {"input": 'e": "A"}'}}],
                        },
                    },
                    {"index": 1, "delta": {"content": "not this"}},
                ],
                "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 1}},
            },
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": {"prompt_tokens": 1, "cost_in_usd_ticks": 10}},
        ]
    ],
    "anthropic": [
        [
            {
                "type": "message_start",
                "message": {"id": "m", "model": "x", "usage": {"input_tokens": 2}},
            },
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "server_tool_use", "id": "s1", "name": "w", "input": {}},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": '{"q": "a'},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "input_json_delta", "partial_json": '"}'},
            },
            {"type": "content_block_stop", "index": 0},
            {
                "type": "content_block_start",
                "index": 1,
                "content_block": {"type": "thinking", "thinking": ""},
            },
            {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "signature_delta", "signature": "s"},
            },
            {"type": "content_block_stop", "index": 1},
            {"type": "ping"},
            {"type": "from_the_future", "data": 1},
            {
                "type": "content_block_start",
                "index": 2,
                "content_block": {"type": "from_the_future", "data": 1},
            },
            {"type": "content_block_stop", "index": 2},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": 3},
            },
            {"type": "message_stop"},
        ]
    ],
    "google": [BY_HAND["google"]],
    "mistral": [
        [
            {
                "id": "m1",
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "role": "assistant",
                            "content": [
                                {
                                    "type": "thinking",
                                    "thinking": [{"type": "text", "text": "Hm."}],
                                },
                                {"type": "text", "text": "See "},
                                {"type": "reference", "reference_ids": [1]},
                                {"type": "image_url", "image_url": "u"},
                            ],
                        },
                        "finish_reason": None,
                    }
                ],
            },
            {
                "id": "m1",
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "delta": {
                            "tool_calls": [
                                {
                                    "id": "null",
                                    "function": {"name": "FormatBook", "arguments": WIND},
                                }
                            ]
                        },
                        "finish_reason": "tool_calls",
                    }
                ],
                "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
            },
        ]
    ],
    "cohere": [
        [
            {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}},
            {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will"}}},
            {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": " look."}}},
            {
                "type": "content-start",
                "index": 0,
                "delta": {"message": {"content": {"type": "text", "text": ""}}},
            },
            {
                "type": "content-delta",
                "index": 0,
                "delta": {"message": {"content": {"text": "Well"}}},
            },
            {
                "type": "citation-start",
                "index": 0,
                "delta": {"message": {"citations": {"start": 0, "end": 4, "text": "Well"}}},
            },
            {
                "type": "citation-start",
                "index": 1,
                "delta": {"message": {"citations": {"start": 0, "end": 4, "text": "Well"}}},
            },
            {"type": "content-end", "index": 0},
            {
                "type": "message-end",
                "delta": {
                    "finish_reason": "COMPLETE",
                    "usage": {"billed_units": {"input_tokens": 1, "output_tokens": 2}},
                },
            },
        ]
    ],
    "bedrock": [
        [
            {"messageStart": {"role": "assistant"}},
            {
                "contentBlockStart": {
                    "contentBlockIndex": 0,
                    "start": {
                        "toolUse": {"toolUseId": "s", "name": "g", "type": "server_tool_use"}
                    },
                }
            },
            {
                "contentBlockDelta": {
                    "contentBlockIndex": 0,
                    "delta": {"toolUse": {"input": '{"a": 1}'}},
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 0}},
            {
                "contentBlockStart": {
                    "contentBlockIndex": 1,
                    "start": {"toolResult": {"toolUseId": "s"}},
                }
            },
            {
                "contentBlockDelta": {
                    "contentBlockIndex": 1,
                    "delta": {"toolResult": [{"text": "found"}]},
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 1}},
            {
                "contentBlockDelta": {
                    "contentBlockIndex": 2,
                    "delta": {"reasoningContent": {"redactedContent": b"abc"}},
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 2}},
            {
                "contentBlockDelta": {
                    "contentBlockIndex": 3,
                    "delta": {"reasoningContent": {"text": "Hm.", "signature": "s"}},
                }
            },
            {"contentBlockStop": {"contentBlockIndex": 3}},
            {"contentBlockDelta": {"contentBlockIndex": 4, "delta": {"text": "Well."}}},
            {"contentBlockStop": {"contentBlockIndex": 4}},
            {"fromTheFuture": {"a": 1}},
            {"messageStop": {"stopReason": "end_turn"}},
            {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}},
        ]
    ],
}
"""Beside what the sandbox makes. Providers without streams of their own take those of Chat
Completions."""


@dataclass(frozen=True)
class Corpus:
    """What one provider may send, as data and as it goes over the wire."""

    provider: str
    replies: list[Json] = field(repr=False)
    streams: list[list[Json]] = field(repr=False)
    wires: list[list[bytes]] = field(repr=False)
    """The events of streams, framed."""

    @property
    def bodies(self) -> list[Json]:
        """The whole replies as the body of an HTTP response has them."""
        return [
            {key: value for key, value in reply.items() if key != "ResponseMetadata"}
            for reply in self.replies
        ]


@cache
def corpus_of(provider: str) -> Corpus:
    """The replies of one provider."""
    protocol, stamp = SERVICES[provider].protocol, Stamp(1, 1_700_000_000)
    replies: list[Json] = []
    wires: list[list[bytes]] = []
    for name, said in REPLIES.items():
        question = Question(model="gpt-4o-mini", count=len(said), thinking=name == "thinking")
        replies.append(protocol.write(question, said, stamp))
        question.stream = True
        wires.append(list(protocol.events(question, said, stamp)))
    by_hand = provider if provider in BY_HAND else "chat_completions"
    streams = [list(decoded(wire)) for wire in wires]
    return Corpus(
        provider,
        [*replies, *BY_HAND[by_hand]],
        [*streams, *STREAMS_BY_HAND[by_hand]],
        wires,
    )


@cache
def recorded(provider: str) -> tuple[list[Json], list[list[Json]]]:
    """What the provider itself has sent: whole replies and streams, where there are recordings."""
    replies: list[Json] = []
    streams: list[list[Json]] = []
    for exchange in (each for recording in recordings_of(provider) for each in recording):
        if exchange.status != 200:
            continue
        if exchange.body is not None:
            replies.append(exchange.body)
        if exchange.text is not None:
            streams.append(events(exchange.text)[:MOST_EVENTS])
        if exchange.binary is not None:
            streams.append([*_decoded_frames([exchange.binary])][:MOST_EVENTS])
    return replies, streams


MOST_EVENTS = 60


def decoded(wire: list[bytes]) -> Iterator[Json]:
    """The data of the events of a stream, as the library or the SDK reads it off the wire."""
    if wire[0][:1] == b"\0":
        yield from _decoded_frames(wire)
        return
    decoder = EventDecoder()
    for event in wire:
        yield from (from_json(data) for data in decoder.feed(event) if data != b"[DONE]")


def _decoded_frames(wire: list[bytes]) -> Iterator[Json]:
    from botocore.eventstream import EventStreamBuffer

    buffer = EventStreamBuffer()
    for event in wire:
        buffer.add_data(event)
        for message in buffer:
            yield {message.headers[":event-type"]: json.loads(message.payload)}
