"""The Anthropic messages protocol."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json

from mirascope.sandbox._json import Json, object_in, objects_in
from mirascope.sandbox._protocol import (
    Protocol,
    Question,
    Reply,
    Stamp,
    Tool,
    ToolCall,
    Usage,
    split_evenly,
    split_words,
    sse,
    texts_in,
)
from mirascope.sandbox._rate_limit import Standing
from mirascope.sandbox._rules import last_schema

FINISH_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
"""Common finish reason to the one sent; others are sent as they are."""

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}

SIGNATURE = "c2FuZGJveC10aGlua2luZy1zaWduYXR1cmU="
ASKS_FOR_JSON = re.compile(
    r"\b(?:valid|only|as|in|a) json\b|\bjson (?:object|schema|format)\b", re.IGNORECASE
)
"""This protocol has no JSON mode: the prompt asks for it in words."""


class AnthropicMessages(Protocol):
    endpoint = "/v1/messages"
    request_id_header = "request-id"
    reply_headers: Mapping[str, str] = {
        "anthropic-organization-id": "sandbox",
        "anthropic-ratelimit-requests-limit": "4000",
        "anthropic-ratelimit-requests-remaining": "3999",
        "anthropic-ratelimit-requests-reset": "2030-01-01T00:00:00Z",
        "anthropic-ratelimit-tokens-limit": "400000",
        "anthropic-ratelimit-tokens-remaining": "399000",
        "anthropic-ratelimit-tokens-reset": "2030-01-01T00:00:00Z",
    }
    extra_keys: Mapping[str, Any] = {"temperature": float, "top_p": float, "top_k": int}

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        messages: list[Json] = body["messages"]
        texts = texts_in(body.get("system"))
        texts += [text for message in messages for text in texts_in(message["content"])]
        user_texts = [
            text
            for message in messages
            if message["role"] == "user" and (text := "\n".join(texts_in(message["content"])))
        ]
        question = Question(
            model=body["model"],
            texts=texts,
            user_text=user_texts[-1] if user_texts else "",
            tool_results=unanswered_results(messages),
            tools=[
                Tool(tool["name"], tool["input_schema"])
                for tool in objects_in(body, "tools")
                if "input_schema" in tool
            ],
            stream=bool(body.get("stream")),
            stop=body.get("stop_sequences") or [],
            max_tokens=body["max_tokens"],
            thinking=object_in(body, "thinking").get("type") in ("enabled", "adaptive"),
        )
        read_tool_choice(object_in(body, "tool_choice"), question)
        output_format = object_in(object_in(body, "output_config"), "format")
        question.json_schema = output_format.get("schema")
        question.json_mode = bool(output_format) or asks_for_json(question.user_text)
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        reply = replies[0]
        return {
            **message_body(question, stamp),
            "content": content_blocks(reply, stamp),
            **stop_fields(reply),
            "usage": usage_body(reply.usage_for(question)),
        }

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        reply = replies[0]
        usage = reply.usage_for(question)
        start = usage_body(usage) | {"output_tokens": 1}
        message: Json = {**message_body(question, stamp), "content": [], "usage": start}
        message |= {"stop_reason": None, "stop_sequence": None, "stop_details": None}
        yield event("message_start", message=message)
        blocks = content_blocks(reply, stamp)
        first_tool = len(blocks) - len(reply.tool_calls)
        for index, block in enumerate(blocks):
            call = reply.tool_calls[index - first_tool] if index >= first_tool else None
            yield event("content_block_start", index=index, content_block=empty_block(block))
            if index == 0:
                yield event("ping")
            for delta in block_deltas(block, call):
                yield event("content_block_delta", index=index, delta=delta)
            yield event("content_block_stop", index=index)
        yield event("message_delta", delta=stop_fields(reply), usage=final_usage(usage))
        yield event("message_stop")

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        error = {"type": ERRORS.get(status, "api_error"), "message": message}
        return {"type": "error", "error": error, "request_id": stamp.request_id}

    def error_headers(self, status: int) -> Mapping[str, str]:
        retryable = status in (408, 409, 429) or status >= 500
        return {"x-should-retry": "true" if retryable else "false"}

    def limit_headers(self, standing: Standing) -> Mapping[str, str]:
        prefix = f"anthropic-ratelimit-{standing.kind}"
        reset = datetime.now(UTC) + timedelta(seconds=standing.reset)
        return {
            f"{prefix}-limit": str(standing.limit),
            f"{prefix}-remaining": str(standing.remaining),
            f"{prefix}-reset": reset.isoformat(),
        }

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return sse(self.error(status, message, stamp), event="error")

    # What is refused.

    def request_type(self, body: Json) -> Any:
        from anthropic.types import message_create_params as params

        if body.get("stream"):
            return params.MessageCreateParamsStreaming
        return params.MessageCreateParamsNonStreaming

    def problems(self, body: Json) -> list[str]:
        found = list(unmatched_tool_calls(body["messages"]))
        budget = object_in(body, "thinking").get("budget_tokens")
        if budget is not None and budget >= body["max_tokens"]:
            found.append("$.thinking.budget_tokens: must be less than `max_tokens`")
        return found


def asks_for_json(text: str) -> bool:
    return bool(ASKS_FOR_JSON.search(text) or last_schema(text))


def blocks_of(message: Json, kind: str) -> list[Json]:
    return [block for block in objects_in(message, "content") if block.get("type") == kind]


def unanswered_results(messages: list[Json]) -> list[str]:
    """The tool results since the assistant last spoke without calling a tool."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] == "assistant" and not blocks_of(message, "tool_use"):
            break
        found = blocks_of(message, "tool_result")
        results[:0] = ["\n".join(texts_in(block.get("content"))) for block in found]
    return results


def read_tool_choice(choice: Json, question: Question) -> None:
    kind = choice.get("type")
    if kind == "none":
        question.tool_choice = "none"
    elif kind in ("any", "tool"):
        question.tool_choice = "required"
        question.forced_tool = choice.get("name")


def message_body(question: Question, stamp: Stamp) -> Json:
    return {
        "id": f"msg_sandbox{stamp.number:08d}",
        "type": "message",
        "role": "assistant",
        "model": question.model,
    }


def content_blocks(reply: Reply, stamp: Stamp) -> list[Json]:
    blocks: list[Json] = []
    if reply.thinking:
        blocks.append({"type": "thinking", "thinking": reply.thinking, "signature": SIGNATURE})
    if text := reply.text or reply.refusal:
        blocks.append({"type": "text", "text": text, "citations": None})
    blocks += [
        {
            "type": "tool_use",
            "id": stamp.tool_id("toolu_", index, call),
            "name": call.name,
            "input": decoded(call),
        }
        for index, call in enumerate(reply.tool_calls)
    ]
    return blocks


def decoded(call: ToolCall) -> Json:
    if isinstance(call.arguments, dict):
        return call.arguments
    return from_json(call.arguments, allow_partial=True) if call.arguments else {}


def empty_block(block: Json) -> Json:
    blanks: Json = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: blanks.get(key, value) for key, value in block.items()}


def block_deltas(block: Json, call: ToolCall | None) -> Iterator[Json]:
    if block["type"] == "text":
        for piece in split_words(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif block["type"] == "thinking":
        for piece in split_words(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif call is not None:
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in split_evenly(call.arguments_text):
            yield {"type": "input_json_delta", "partial_json": piece}


def stop_fields(reply: Reply) -> Json:
    reason = FINISH_REASONS.get(reply.finish, reply.finish)
    if reply.refusal and not reply.finish_reason:
        reason = "refusal"
    if reply.stop_sequence is not None:
        reason = "stop_sequence"
    details = None
    if reason == "refusal":
        details = {"type": "refusal", "category": None, "explanation": reply.refusal}
    return {
        "stop_reason": reason,
        "stop_sequence": reply.stop_sequence,
        "stop_details": details,
    }


def usage_body(usage: Usage) -> Json:
    """This protocol's `input_tokens` leave out what was read from or written to the cache."""
    return {
        **final_usage(usage),
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "service_tier": "standard",
    }


def final_usage(usage: Usage) -> Json:
    counts: Json = {
        "input_tokens": max(0, usage.input - usage.cached - usage.cache_write),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.output,
    }
    if usage.reasoning:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return counts


def event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, event=kind)


def unmatched_tool_calls(messages: list[Json]) -> Iterator[str]:
    """Every `tool_use` must be answered in the next message, and only those."""
    expected: set[str] = set()
    for index, message in enumerate(messages):
        given = {block["tool_use_id"] for block in blocks_of(message, "tool_result")}
        for name in sorted(given - expected):
            yield f"$.messages[{index}]: `tool_result` {name!r} has no `tool_use` just before it"
        for name in sorted(expected - given):
            yield f"$.messages[{index}]: `tool_use` {name!r} has no `tool_result` here"
        expected = {block["id"] for block in blocks_of(message, "tool_use")}
