"""Mistral's chat completions: content in chunks, whole tool calls, errors in three forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mirascope.sandbox._json import Json, is_array, objects_in
from mirascope.sandbox._protocol import (
    Question,
    Reply,
    Stamp,
    ToolCall,
    split_words,
    sse,
)
from mirascope.sandbox.chat_completions import DONE, ChatCompletions

ERRORS: dict[int, tuple[str, str]] = {
    400: ("invalid_request_message", "3051"),
    404: ("invalid_model", "1500"),
    429: ("rate_limited", "1300"),
    503: ("unreachable_backend", "1100"),
}
"""Status to `type` and `code`; the rest are `internal_server_error`."""

CALL_ID = re.compile("[a-zA-Z0-9]{9}")


class MistralChat(ChatCompletions):
    endpoint = "/v1/chat/completions"
    request_id_header = "mistral-correlation-id"
    reply_headers: Mapping[str, str] = {
        "x-ratelimit-limit-req-minute": "360",
        "x-ratelimit-remaining-req-minute": "359",
        "x-ratelimit-limit-tokens-minute": "2000000",
        "x-ratelimit-remaining-tokens-minute": "1999000",
    }

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        question = super().read(body, path)
        if body.get("tool_choice") == "any":
            question.tool_choice = "required"
        question.thinking = body.get("prompt_mode") == "reasoning" or body.get(
            "reasoning_effort"
        ) not in (None, "none")
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        return {
            "id": self._id(stamp),
            "created": stamp.created,
            "model": question.model,
            "usage": self.usage(question, replies),
            "object": "chat.completion",
            "choices": [
                {
                    "index": index,
                    "finish_reason": reply.finish,
                    "message": self._message(reply, stamp),
                }
                for index, reply in enumerate(replies)
            ],
        }

    def _id(self, stamp: Stamp) -> str:
        return f"{stamp.number:032x}"

    def _message(self, reply: Reply, stamp: Stamp) -> Json:
        text = said(reply)
        content: str | list[Json] = text
        if reply.thinking:
            content = [{**think_chunk(reply.thinking), "closed": True}]
            content += [text_chunk(text)] if text else []
        calls = tool_calls(reply.tool_calls, stamp)
        return {"role": "assistant", "tool_calls": calls or None, "content": content}

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        chunk: Json = {
            "id": self._id(stamp),
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": question.model,
        }
        for index, reply in enumerate(replies):
            choice: Json = {"index": index, "delta": {}, "finish_reason": None}
            for delta in self._deltas(reply, stamp):
                yield sse({**chunk, "choices": [{**choice, "delta": delta}], "p": "abcdefgh"})
            calls = tool_calls(reply.tool_calls, stamp)
            end = {"tool_calls": calls} if calls else {"content": ""}
            last = {**choice, "delta": end, "finish_reason": reply.finish}
            usage = {"usage": self.usage(question, replies)} if index == len(replies) - 1 else {}
            yield sse({**chunk, "choices": [last], **usage, "p": "abcd"})
        yield DONE

    def _deltas(self, reply: Reply, stamp: Stamp) -> Iterator[Json]:
        yield {"role": "assistant", "content": ""}
        for piece in split_words(reply.thinking or ""):
            yield {"content": [think_chunk(piece)]}
        pieces = split_words(said(reply))
        if reply.thinking and pieces:
            # The end of the reasoning and the beginning of the text come in one event.
            yield {"content": [{**think_chunk(""), "closed": True}, text_chunk(pieces.pop(0))]}
        for piece in pieces:
            yield {"content": piece}

    def usage(self, question: Question, replies: Sequence[Reply]) -> Json:
        usage = super().usage(question, replies)
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        del usage["completion_tokens_details"]
        return {**usage, "prompt_tokens_details": {"cached_tokens": cached}}

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        if status == 401:
            return {"detail": message}
        if status == 422:
            return {"detail": [{"type": "value_error", "loc": ["body"], "msg": message}]}
        kind, code = ERRORS.get(status, ("internal_server_error", "1000"))
        return {"object": "error", "message": message, "type": kind, "param": None, "code": code}

    # What is refused.

    def request_type(self, body: Json) -> Any:
        from mistralai.client import models

        if body.get("stream"):
            return models.ChatCompletionStreamRequest
        return models.ChatCompletionRequest

    def problems(self, body: Json) -> list[str]:
        return [*super().problems(body), *refused_ids(body["messages"])]


def said(reply: Reply) -> str:
    """The text; a refusal is one as well."""
    return (reply.text or "") + (reply.refusal or "")


def text_chunk(text: str) -> Json:
    return {"type": "text", "text": text}


def think_chunk(text: str) -> Json:
    return {"type": "thinking", "thinking": [text_chunk(text)]}


def tool_calls(calls: Sequence[ToolCall], stamp: Stamp) -> list[Json]:
    return [
        {
            "id": call.id or f"{stamp.number % 10**7:07d}{index:02d}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments_text},
            "index": index,
        }
        for index, call in enumerate(calls)
    ]


def refused_ids(messages: list[Json]) -> Iterator[str]:
    """Ids of tool calls must be nine letters and digits."""
    for index, message in enumerate(messages):
        if not is_array(message.get("tool_calls")):
            continue
        for call in objects_in(message, "tool_calls"):
            if not CALL_ID.fullmatch(call["id"]):
                yield (
                    f"$.messages[{index}].tool_calls: Tool call id was {call['id']} but must be "
                    "a-z, A-Z, 0-9, with a length of 9."
                )
