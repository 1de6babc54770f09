"""Cohere's chat API, version 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NotRequired, get_type_hints

from typing_extensions import TypedDict

from mirascope.sandbox._json import Json, object_in, objects_in
from mirascope.sandbox._protocol import (
    Protocol,
    Question,
    Reply,
    Stamp,
    Tool,
    Usage,
    split_evenly,
    split_words,
    sse,
    texts_in,
)
from mirascope.sandbox.chat_completions import (
    DONE,
    last_user_text,
    unanswered_results,
    unmatched_tool_calls,
)

FINISH_REASONS = {
    "stop": "COMPLETE",
    "length": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "content_filter": "ERROR_TOXIC",
}
"""Common finish reason to the one sent; others are sent as they are."""

TOOL_CHOICES: dict[str | None, Literal["auto", "none", "required"]] = {
    "REQUIRED": "required",
    "NONE": "none",
}

UNBILLED = 480
"""Tokens of instructions that every prompt is given besides, which nobody pays for."""


class CohereChat(Protocol):
    endpoint = "/v2/chat"
    request_id_header = "x-debug-trace-id"
    reply_headers: Mapping[str, str] = {
        "x-endpoint-monthly-call-limit": "1000",
        "x-trial-endpoint-call-limit": "40",
        "x-trial-endpoint-call-remaining": "39",
    }
    extra_keys: Mapping[str, Any] = {"stream": bool}

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        messages: list[Json] = body["messages"]
        question = Question(
            model=body["model"],
            texts=[text for message in messages for text in texts_in(message.get("content"))],
            user_text=last_user_text(messages),
            tool_results=unanswered_results(messages),
            tools=[
                Tool(tool["function"]["name"], object_in(tool["function"], "parameters"))
                for tool in objects_in(body, "tools")
                if "function" in tool
            ],
            stream=bool(body.get("stream")),
            stop=body.get("stop_sequences") or [],
            max_tokens=body.get("max_tokens"),
            thinking=object_in(body, "thinking").get("type") == "enabled",
        )
        question.tool_choice = TOOL_CHOICES.get(body.get("tool_choice"), "auto")
        response_format = object_in(body, "response_format")
        question.json_mode = response_format.get("type") == "json_object"
        question.json_schema = response_format.get("json_schema")
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        reply = replies[0]
        return {
            "id": identity(stamp),
            "message": message_body(reply, stamp),
            "finish_reason": finish_of(reply),
            "usage": usage_body(reply.usage_for(question)),
        }

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        reply = replies[0]
        blank: Json = {"content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        start = {"message": {"role": "assistant", **blank}}
        yield event("message-start", id=identity(stamp), delta=start)
        message = message_body(reply, stamp)
        for index, item in enumerate(message.get("content", ())):
            yield from content_events(index, item)
        for index, call in enumerate(message.get("tool_calls", ())):
            yield from call_events(index, call)
        end: Json = {"finish_reason": finish_of(reply)}
        end["usage"] = usage_body(reply.usage_for(question))
        yield event("message-end", delta=end)
        yield DONE

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        return {"id": identity(stamp), "message": message}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return event("message-end", delta={"error": message, "finish_reason": "ERROR"})

    # What is refused.

    def request_type(self, body: Json) -> Any:
        return request_type()

    def problems(self, body: Json) -> list[str]:
        found = list(unmatched_tool_calls(body["messages"]))
        if body.get("tool_choice") == "REQUIRED" and not body.get("tools"):
            found.append("$.tool_choice: `REQUIRED` needs `tools`")
        if object_in(body, "response_format").get("type") == "json_object" and body.get("tools"):
            found.append("$.response_format: it does not go together with `tools`")
        return found


@cache
def request_type() -> Any:
    """The body that the SDK's own `chat` sends: it has no type for that, so its arguments tell."""
    from cohere.v2.client import V2Client

    hints = get_type_hints(V2Client.chat)
    fields: dict[str, Any] = {
        name: hint if name in ("model", "messages") else NotRequired[hint]
        for name, hint in hints.items()
        if name not in ("request_options", "return")
    }
    return TypedDict("ChatRequest", fields)  # type: ignore[operator]  # pyright: ignore[reportArgumentType]


def identity(stamp: Stamp) -> str:
    return f"00000000-0000-4000-8000-{stamp.number:012d}"


def message_body(reply: Reply, stamp: Stamp) -> Json:
    """The assistant's message."""
    message: Json = {"role": "assistant"}
    text = (reply.text or "") + (reply.refusal or "")
    content: list[Json] = []
    if reply.thinking:
        content.append({"type": "thinking", "thinking": reply.thinking})
    if text or not (content or reply.tool_calls):
        content.append({"type": "text", "text": text})
    if content:
        message["content"] = content
    if reply.tool_calls:
        message["tool_calls"] = [
            {
                "id": stamp.tool_id(f"{call.name}_", index, call),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments_text},
            }
            for index, call in enumerate(reply.tool_calls)
        ]
    return message


def content_events(index: int, item: Json) -> Iterator[bytes]:
    kind: str = item["type"]
    empty = {"content": {"type": kind, kind: ""}}
    yield event("content-start", index=index, delta={"message": empty})
    for piece in split_words(item[kind]):
        yield event("content-delta", index=index, delta={"message": {"content": {kind: piece}}})
    yield event("content-end", index=index)


def call_events(index: int, call: Json) -> Iterator[bytes]:
    function: Json = call["function"]
    start = {**call, "function": {**function, "arguments": ""}}
    yield event("tool-call-start", index=index, delta={"message": {"tool_calls": start}})
    for piece in split_evenly(function["arguments"]):
        more = {"tool_calls": {"function": {"arguments": piece}}}
        yield event("tool-call-delta", index=index, delta={"message": more})
    yield event("tool-call-end", index=index)


def finish_of(reply: Reply) -> str:
    if reply.stop_sequence is not None:
        return "STOP_SEQUENCE"
    return FINISH_REASONS.get(reply.finish, reply.finish)


def usage_body(usage: Usage) -> Json:
    return {
        "billed_units": {"input_tokens": usage.input, "output_tokens": usage.output},
        "tokens": {
            "input_tokens": usage.input + UNBILLED,
            "output_tokens": usage.output + 2,
            "reasoning_tokens": usage.reasoning,
        },
        "cached_tokens": usage.cached,
    }


def event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, event=kind)
