"""Services that speak chat completions with words of their own: Groq, xAI, and local servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mirascope.sandbox._json import Json
from mirascope.sandbox._protocol import Question, Reply, Stamp, split_words, sse
from mirascope.sandbox.chat_completions import DONE, ChatCompletions

RATE_LIMITS = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-remaining-requests": "14399",
    "x-ratelimit-reset-requests": "6s",
    "x-ratelimit-limit-tokens": "18000",
    "x-ratelimit-remaining-tokens": "17999",
    "x-ratelimit-reset-tokens": "2ms",
}

ERROR_CODES = {
    400: "Client specified an invalid argument",
    401: "Unauthenticated",
    403: "The caller does not have permission to execute the specified operation",
    404: "Some requested entity was not found",
    429: "Some resource has been exhausted",
    503: "The service is currently unavailable",
}
"""Status to the `code` of xAI's error object."""


class WholeToolCalls(ChatCompletions):
    """A service that streams each tool call in one piece, and says `thinking` when told to."""

    def read(self, body: Json, path: str) -> Question:
        question = super().read(body, path)
        question.thinking = (body.get("reasoning_effort") or "none") != "none"
        return question

    def _deltas(self, reply: Reply, stamp: Stamp) -> Iterator[Json]:
        yield {"role": "assistant", "content": "" if reply.text is not None else None}
        for piece in split_words(reply.thinking or ""):
            yield {self.reasoning_key: piece}
        for piece in split_words(reply.text or ""):
            yield {"content": piece}
        for piece in split_words(reply.refusal or ""):
            yield {"refusal": piece}
        for index, call in enumerate(self._message(reply, stamp).get("tool_calls", ())):
            yield {"tool_calls": [{**call, "index": index}]}


class GroqChatCompletions(WholeToolCalls):
    """Groq's: reasoning under `reasoning`, refusals in the text, usage without being asked."""

    endpoint = "/openai/v1/chat/completions"
    reply_headers: Mapping[str, str] = RATE_LIMITS

    def __init__(self) -> None:
        super().__init__(reasoning_key="reasoning")

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        body = super().write(question, [_refusing_in_words(reply) for reply in replies], stamp)
        return {
            **body,
            "usage_breakdown": None,
            "service_tier": "on_demand",
            "x_groq": {"id": stamp.request_id, "seed": stamp.number},
        }

    def _message(self, reply: Reply, stamp: Stamp) -> Json:
        message = super()._message(reply, stamp)
        return {k: v for k, v in message.items() if v is not None and k != "annotations"}

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        identity: Json = {"id": stamp.request_id, "seed": stamp.number}
        usage = self.usage(question, replies)
        chunk: Json = {
            "id": f"chatcmpl-sandbox{stamp.number:08d}",
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": question.model,
            "system_fingerprint": "fp_sandbox",
        }
        for index, reply in enumerate(replies):
            choice: Json = {"index": index, "delta": {}, "logprobs": None, "finish_reason": None}
            for delta in self._deltas(_refusing_in_words(reply), stamp):
                first = {"x_groq": identity} if "role" in delta else {}
                yield sse({**chunk, "choices": [{**choice, "delta": delta}], **first})
            last = {"x_groq": {**identity, "usage": usage}, "usage": usage}
            said = last if index == len(replies) - 1 else {}
            yield sse({**chunk, "choices": [{**choice, "finish_reason": reply.finish}], **said})
        yield DONE

    def usage(self, question: Question, replies: Sequence[Reply]) -> Json:
        usage = super().usage(question, replies)
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
        return {
            **usage,
            "queue_time": 0.0125,
            "prompt_time": 0.0025,
            "completion_time": 0.005,
            "total_time": 0.0075,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        error: Json = super().error(status, message, stamp)["error"]
        return {"error": {key: error[key] for key in ("message", "type", "code") if error[key]}}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        error: Json = self.error(status, message, stamp)["error"]
        return sse({"error": {**error, "status_code": status}}, event="error")

    def request_type(self, body: Json) -> Any:
        from groq.types.chat.completion_create_params import CompletionCreateParams

        return CompletionCreateParams


class XAIChatCompletions(WholeToolCalls):
    """xAI's: its count of output tokens leaves out those of the reasoning."""

    reply_headers: Mapping[str, str] = RATE_LIMITS

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        return {"code": ERROR_CODES.get(status, "Internal error"), "error": message}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return sse(super().error(status, message, stamp))

    def usage(self, question: Question, replies: Sequence[Reply]) -> Json:
        usage = super().usage(question, replies)
        reasoning: int = usage["completion_tokens_details"]["reasoning_tokens"]
        return {**usage, "completion_tokens": usage["completion_tokens"] - reasoning}


def _refusing_in_words(reply: Reply) -> Reply:
    if reply.refusal is None:
        return reply
    return replace(reply, text=(reply.text or "") + reply.refusal, refusal=None)
