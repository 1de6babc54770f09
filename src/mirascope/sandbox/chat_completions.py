"""The chat completions protocol: OpenAI's, and that of the many services that speak it too."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from mirascope.sandbox._json import Json, object_in, objects_in
from mirascope.sandbox._protocol import (
    Protocol,
    Question,
    Reply,
    Stamp,
    Tool,
    split_evenly,
    split_words,
    sse,
    texts_in,
)
from mirascope.sandbox._strict_schemas import strict_schema_problems

ERRORS: dict[int, tuple[str, str | None]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    408: ("timeout", None),
    409: ("conflict", None),
    422: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
}
"""Status to `type` and `code` of the error object; the rest are `server_error`."""

DONE = b"data: [DONE]\n\n"


class ChatCompletions(Protocol):
    """`reasoning_key` is where this service puts scripted thinking: OpenAI itself shows none."""

    endpoint = "/chat/completions"
    reply_headers: Mapping[str, str] = {
        "openai-version": "2020-10-01",
        "openai-processing-ms": "1",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-limit-tokens": "30000000",
        "x-ratelimit-remaining-tokens": "29999000",
        "x-ratelimit-reset-tokens": "2ms",
    }

    def __init__(self, reasoning_key: str = "reasoning_content") -> None:
        self.reasoning_key = reasoning_key

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        messages: list[Json] = body["messages"]
        stop: str | list[str] = body.get("stop") or []
        question = Question(
            model=body["model"],
            texts=[text for message in messages for text in texts_in(message.get("content"))],
            user_text=last_user_text(messages),
            tool_results=unanswered_results(messages),
            tools=[
                Tool(tool["function"]["name"], object_in(tool["function"], "parameters"))
                for tool in objects_in(body, "tools")
                if tool["type"] == "function"
            ],
            stream=bool(body.get("stream")),
            include_usage=bool(object_in(body, "stream_options").get("include_usage")),
            count=body.get("n") or 1,
            stop=[stop] if isinstance(stop, str) else stop,
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        )
        read_tool_choice(body.get("tool_choice") or "auto", question)
        response_format = object_in(body, "response_format")
        question.json_mode = response_format.get("type") in ("json_object", "json_schema")
        question.json_schema = object_in(response_format, "json_schema").get("schema")
        if "audio" in (body.get("modalities") or ()):
            question.audio_format = object_in(body, "audio").get("format", "wav")
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        return {
            "id": f"chatcmpl-sandbox{stamp.number:08d}",
            "object": "chat.completion",
            "created": stamp.created,
            "model": question.model,
            "choices": [
                {
                    "index": index,
                    "message": self._message(reply, stamp),
                    "logprobs": None,
                    "finish_reason": reply.finish,
                }
                for index, reply in enumerate(replies)
            ],
            "usage": self.usage(question, replies),
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        }

    def _message(self, reply: Reply, stamp: Stamp) -> Json:
        message: Json = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
        message["annotations"] = []
        if reply.thinking:
            message[self.reasoning_key] = reply.thinking
        if reply.tool_calls:
            message["tool_calls"] = [
                {
                    "id": stamp.tool_id("call_", index, call),
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments_text},
                }
                for index, call in enumerate(reply.tool_calls)
            ]
        if reply.audio is not None:
            message["content"] = None
            message["audio"] = {
                "id": f"audio_sandbox{stamp.number:08d}",
                "data": base64.b64encode(reply.audio).decode(),
                "expires_at": stamp.created + 3600,
                "transcript": reply.text or "",
            }
        return message

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        chunk: Json = {
            "id": f"chatcmpl-sandbox{stamp.number:08d}",
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": question.model,
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
        }
        if question.include_usage:
            chunk["usage"] = None
        for index, reply in enumerate(replies):
            choice: Json = {"index": index, "delta": {}, "logprobs": None, "finish_reason": None}
            for delta in self._deltas(reply, stamp):
                yield sse({**chunk, "choices": [{**choice, "delta": delta}]})
            yield sse({**chunk, "choices": [{**choice, "finish_reason": reply.finish}]})
        if question.include_usage:
            yield sse({**chunk, "choices": [], "usage": self.usage(question, replies)})
        yield DONE

    def _deltas(self, reply: Reply, stamp: Stamp) -> Iterator[Json]:
        speaks = reply.text is not None and reply.audio is None
        yield {"role": "assistant", "content": "" if speaks else None, "refusal": None}
        for piece in split_words(reply.thinking or ""):
            yield {self.reasoning_key: piece}
        for piece in split_words(reply.text or "") if speaks else ():
            yield {"content": piece}
        for piece in split_words(reply.refusal or ""):
            yield {"refusal": piece}
        if reply.audio is not None:
            yield from audio_deltas(reply.audio, reply.text or "", stamp)
        for index, call in enumerate(reply.tool_calls):
            first = {"name": call.name, "arguments": ""}
            identity = {"id": stamp.tool_id("call_", index, call), "type": "function"}
            yield {"tool_calls": [{"index": index, **identity, "function": first}]}
            for piece in split_evenly(call.arguments_text):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def usage(self, question: Question, replies: Sequence[Reply]) -> Json:
        return usage_body(question, replies)

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        kind, code = ERRORS.get(status, ("server_error", None))
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return sse(self.error(status, message, stamp))

    # What is refused.

    def request_type(self, body: Json) -> Any:
        from openai.types.chat import completion_create_params as params

        if body.get("stream"):
            return params.CompletionCreateParamsStreaming
        return params.CompletionCreateParamsNonStreaming

    def problems(self, body: Json) -> list[str]:
        return [*unmatched_tool_calls(body["messages"]), *strict_problems(body)]


def last_user_text(messages: list[Json]) -> str:
    for message in reversed(messages):
        if message["role"] == "user" and (texts := texts_in(message.get("content"))):
            return "\n".join(texts)
    return ""


def unanswered_results(messages: list[Json]) -> list[str]:
    """The tool results since the assistant last spoke without calling a tool."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] == "tool":
            results.insert(0, "\n".join(texts_in(message.get("content"))))
        elif message["role"] == "assistant" and not objects_in(message, "tool_calls"):
            break
    return results


def read_tool_choice(
    choice: Literal["auto", "none", "required"] | Json, question: Question
) -> None:
    if isinstance(choice, str):
        question.tool_choice = choice
    elif choice["type"] == "allowed_tools":
        allowed = choice["allowed_tools"]
        names = [tool["function"]["name"] for tool in objects_in(allowed, "tools")]
        question.tools = [tool for tool in question.tools if tool.name in names]
        question.tool_choice = allowed["mode"]
    elif choice["type"] == "function":
        question.tool_choice = "required"
        question.forced_tool = choice["function"]["name"]


def usage_body(question: Question, replies: Sequence[Reply]) -> Json:
    usages = [reply.usage_for(question) for reply in replies]
    first, output = usages[0], sum(usage.output for usage in usages)
    return {
        "prompt_tokens": first.input,
        "completion_tokens": output,
        "total_tokens": first.input + output,
        "prompt_tokens_details": {"cached_tokens": first.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(usage.reasoning for usage in usages),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def audio_deltas(audio: bytes, transcript: str, stamp: Stamp) -> Iterator[Json]:
    identity = f"audio_sandbox{stamp.number:08d}"
    for piece in split_words(transcript):
        yield {"audio": {"id": identity, "transcript": piece}}
    for start in range(0, len(audio), 300):  # a multiple of 3: the pieces' base64 can be joined
        data = base64.b64encode(audio[start : start + 300]).decode()
        yield {"audio": {"id": identity, "data": data}}
    yield {"audio": {"id": identity, "expires_at": stamp.created + 3600}}


def unmatched_tool_calls(messages: list[Json]) -> Iterator[str]:
    """Every tool call must be answered by a `tool` message that follows it, and only those."""
    expected: set[str] = set()
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in expected:
                yield f"$.messages[{index}].tool_call_id: no assistant tool call before has this id"
            expected.discard(message["tool_call_id"])
            continue
        if expected:
            yield f"$.messages[{index}]: tool calls {sorted(expected)} have no `tool` message"
        expected = {call["id"] for call in objects_in(message, "tool_calls")}
    if expected:
        yield f"$.messages: tool calls {sorted(expected)} have no `tool` message"


def strict_problems(body: Json) -> Iterator[str]:
    """What the API refuses in schemas that are marked `strict`."""
    for index, tool in enumerate(objects_in(body, "tools")):
        function = object_in(tool, "function")
        if function.get("strict"):
            path = f"$.tools[{index}].function.parameters"
            yield from strict_schema_problems(function.get("parameters"), path)
    named = object_in(object_in(body, "response_format"), "json_schema")
    if named.get("strict"):
        path = "$.response_format.json_schema.schema"
        yield from strict_schema_problems(named.get("schema"), path)
