"""The Converse protocol of Amazon Bedrock, with its binary event stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json

from mirascope.sandbox._event_stream import broken, frame
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
    texts_in,
)
from mirascope.sandbox._service_shapes import shape_problems
from mirascope.sandbox.anthropic_messages import SIGNATURE, asks_for_json, decoded

FINISH_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
"""Common finish reason to the one sent; others are sent as they are."""

ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
    529: "ServiceUnavailableException",
}
"""Status to the type of error; the rest are `InternalServerException`."""

STREAM_ERRORS = {400: "validationException", 429: "throttlingException"} | dict.fromkeys(
    (503, 529), "serviceUnavailableException"
)
"""The same within a stream; the rest are `internalServerException`."""

PADDING = "abcdefghijkl"
"""Events carry some, so that their length says nothing about the text."""


class BedrockConverse(Protocol):
    endpoint = "/model/[^/]+/converse(?:-stream)?"
    stream_type = "application/vnd.amazon.eventstream"
    request_id_header = "x-amzn-requestid"

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        _, _, model, operation = path.split("/")
        messages: list[Json] = body["messages"]
        spoken = [(message["role"], texts_in(message["content"])) for message in messages]
        user_texts = ["\n".join(texts) for role, texts in spoken if role == "user" and texts]
        inference, tools = object_in(body, "inferenceConfig"), object_in(body, "toolConfig")
        fields = object_in(body, "additionalModelRequestFields")
        question = Question(
            model=unquote(model),
            texts=[*texts_in(body.get("system")), *(text for _, texts in spoken for text in texts)],
            user_text=user_texts[-1] if user_texts else "",
            tool_results=unanswered_results(messages),
            tools=[
                Tool(tool["toolSpec"]["name"], tool["toolSpec"]["inputSchema"]["json"])
                for tool in objects_in(tools, "tools")
                if "toolSpec" in tool
            ],
            stream=operation == "converse-stream",
            stop=inference.get("stopSequences") or [],
            max_tokens=inference.get("maxTokens"),
            thinking=object_in(fields, "thinking").get("type") in ("enabled", "adaptive"),
        )
        choice = object_in(tools, "toolChoice")
        if "any" in choice or "tool" in choice:
            question.tool_choice = "required"
            question.forced_tool = object_in(choice, "tool").get("name")
        text_format = object_in(object_in(body, "outputConfig"), "textFormat")
        wanted = object_in(object_in(text_format, "structure"), "jsonSchema")
        question.json_schema = from_json(wanted["schema"]) if wanted else None
        question.json_mode = bool(wanted) or asks_for_json(question.user_text)
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        reply = replies[0]
        return {
            "metrics": {"latencyMs": 1},
            "output": {"message": {"role": "assistant", "content": content(reply, stamp)}},
            "stopReason": stop_reason(reply),
            "usage": usage_body(reply.usage_for(question)),
        }

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        reply = replies[0]
        yield event("messageStart", role="assistant")
        blocks = content(reply, stamp)
        first_tool = len(blocks) - len(reply.tool_calls)
        for index, block in enumerate(blocks):
            if "toolUse" in block:
                use = {name: block["toolUse"][name] for name in ("toolUseId", "name")}
                yield event("contentBlockStart", contentBlockIndex=index, start={"toolUse": use})
                arguments = reply.tool_calls[index - first_tool].arguments_text
                deltas: list[Json] = [{"toolUse": {"input": p}} for p in split_evenly(arguments)]
            else:
                deltas = list(text_deltas(block))
            for delta in deltas:
                yield event("contentBlockDelta", contentBlockIndex=index, delta=delta)
            yield event("contentBlockStop", contentBlockIndex=index)
        yield event("messageStop", stopReason=stop_reason(reply))
        usage = usage_body(reply.usage_for(question))
        yield event("metadata", metrics={"latencyMs": 1}, usage=usage)

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        return {"message": message}

    def error_headers(self, status: int) -> Mapping[str, str]:
        return {"x-amzn-errortype": ERRORS.get(status, "InternalServerException")}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        kind = STREAM_ERRORS.get(status, "internalServerException")
        return frame(kind, {"message": message}, is_exception=True)

    def spoil(self, event: bytes) -> bytes:
        return broken(event)

    # What is refused.

    def request_type(self, body: Json) -> Any:
        # The SDK describes its requests by a service model: see `problems`.
        return dict[str, Any]

    def problems(self, body: Json) -> list[str]:
        try:
            found = list(shape_problems(body, "bedrock-runtime", "Converse"))
        except ImportError:
            found = []
        return found or list(conversation_problems(body))


def event(kind: str, **fields: Any) -> bytes:
    return frame(kind, {**fields, "p": PADDING})


def content(reply: Reply, stamp: Stamp) -> list[Json]:
    blocks: list[Json] = []
    if reply.thinking:
        thought = {"text": reply.thinking, "signature": SIGNATURE}
        blocks.append({"reasoningContent": {"reasoningText": thought}})
    if text := reply.text or reply.refusal:
        blocks.append({"text": text})
    for index, call in enumerate(reply.tool_calls):
        identity = stamp.tool_id("tooluse_", index, call)
        use = {"toolUseId": identity, "name": call.name, "input": decoded(call)}
        blocks.append({"toolUse": use})
    return blocks


def text_deltas(block: Json) -> Iterator[Json]:
    if "text" in block:
        for piece in split_words(block["text"]):
            yield {"text": piece}
        return
    thought = block["reasoningContent"]["reasoningText"]
    for piece in split_words(thought["text"]):
        yield {"reasoningContent": {"text": piece}}
    yield {"reasoningContent": {"signature": thought["signature"]}}


def stop_reason(reply: Reply) -> str:
    if reply.refusal and not reply.finish_reason:
        return FINISH_REASONS["content_filter"]
    if reply.stop_sequence is not None:
        return "stop_sequence"
    return FINISH_REASONS.get(reply.finish, reply.finish)


def usage_body(usage: Usage) -> Json:
    """This protocol's `inputTokens` leave out what was read from or written to the cache."""
    return {
        "inputTokens": max(0, usage.input - usage.cached - usage.cache_write),
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cached,
        "cacheWriteInputTokens": usage.cache_write,
    }


def blocks_of(message: Json, kind: str) -> list[Any]:
    return [block[kind] for block in objects_in(message, "content") if kind in block]


def unanswered_results(messages: list[Json]) -> list[str]:
    """The tool results since the assistant last spoke without calling a tool."""
    results: list[str] = []
    for message in reversed(messages):
        if message["role"] == "assistant" and not blocks_of(message, "toolUse"):
            break
        found = blocks_of(message, "toolResult")
        results[:0] = ["\n".join(texts_in(result.get("content"))) for result in found]
    return results


def conversation_problems(body: Json) -> Iterator[str]:
    """What the API refuses although it fits the types."""
    messages: list[Json] = body["messages"]
    if messages and messages[0]["role"] != "user":
        yield "$.messages[0]: a conversation must start with a user's message"
    expected: set[str] = set()
    has_tools = False
    for index, message in enumerate(messages):
        given = {result["toolUseId"] for result in blocks_of(message, "toolResult")}
        has_tools = has_tools or bool(given or blocks_of(message, "toolUse"))
        for name in sorted(given - expected):
            yield f"$.messages[{index}]: `toolResult` {name!r} has no `toolUse` just before it"
        for name in sorted(expected - given):
            yield f"$.messages[{index}]: `toolUse` {name!r} has no `toolResult` here"
        expected = {use["toolUseId"] for use in blocks_of(message, "toolUse")}
        if any(not text.strip() for text in blocks_of(message, "text")):
            yield f"$.messages[{index}]: a block has a blank `text`"
    if has_tools and not object_in(body, "toolConfig"):
        yield "$: `toolConfig` must be defined where messages have `toolUse` or `toolResult` blocks"
