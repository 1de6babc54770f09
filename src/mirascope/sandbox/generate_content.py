"""Google's `generateContent` protocol, of the Gemini API and of Vertex AI."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from mirascope.sandbox._json import Json, is_array, is_object, object_in, objects_in
from mirascope.sandbox._protocol import (
    Protocol,
    Question,
    Reply,
    Stamp,
    Tool,
    ToolCall,
    Usage,
    split_words,
)

FINISH_REASONS = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
}
"""Common finish reason to the one sent; others are sent as they are."""

ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

TOOL_CHOICES: dict[str, Literal["none", "required"]] = {"NONE": "none", "ANY": "required"}

SIGNATURE = "c2FuZGJveC10aGlua2luZy1zaWduYXR1cmU="
MODEL = re.compile(r".*/(.+):\w+")

PARTS_OF_A_REQUEST: dict[str, str | None] = {
    "contents": "Content",
    "systemInstruction": "Content",
    "tools": "Tool",
    "toolConfig": "ToolConfig",
    "safetySettings": "SafetySetting",
    "generationConfig": "GenerationConfig",
    "cachedContent": None,
    "labels": None,
    "serviceTier": None,
}
"""Key of the body to the SDK's type of what stands there; the SDK has none for the whole."""

OPAQUE = {"args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "properties"}
"""Keys below which the keys are the user's own."""


class GenerateContent(Protocol):
    endpoint = r"/v1(?:alpha|beta)?/(?:models|tunedModels)/[^/:]+:(?:g|streamG)enerateContent"
    request_id_header = "x-goog-request-id"
    reply_headers: Mapping[str, str] = {"server-timing": "gfet4t7; dur=1"}
    stream_type = "text/event-stream"

    # What is asked.

    def read(self, body: Json, path: str) -> Question:
        body = in_camel_case(body)
        contents: list[Json] = body["contents"]
        config = object_in(body, "generationConfig")
        user_texts = [
            text
            for content in contents
            if content.get("role", "user") == "user" and (text := "\n".join(texts_of(content)))
        ]
        question = Question(
            model=model_in(path),
            texts=texts_of(object_in(body, "systemInstruction"))
            + [text for content in contents for text in texts_of(content)],
            user_text=user_texts[-1] if user_texts else "",
            tool_results=unanswered_results(contents),
            tools=[
                Tool(function["name"], schema_of(function, "parameters"))
                for tool in objects_in(body, "tools")
                for function in objects_in(tool, "functionDeclarations")
            ],
            stream=":streamGenerateContent" in path,
            count=config.get("candidateCount") or 1,
            stop=config.get("stopSequences") or [],
            max_tokens=config.get("maxOutputTokens"),
            thinking=bool(object_in(config, "thinkingConfig").get("includeThoughts")),
        )
        read_tool_choice(object_in(body, "toolConfig"), question)
        question.json_mode = config.get("responseMimeType") == "application/json"
        question.json_schema = schema_of(config, "response") or None
        if "AUDIO" in (config.get("responseModalities") or ()):
            question.audio_format = "pcm16"
        return question

    # What is answered.

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        candidates = [
            candidate(index, parts_of(reply), finish_reason(reply))
            for index, reply in enumerate(replies)
        ]
        usage = usage_body(question, replies)
        return {"candidates": candidates, "usageMetadata": usage, **identity(question, stamp)}

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        same = identity(question, stamp)
        whole = usage_body(question, replies)
        # The counts so far: those of the reply are known at its end.
        so_far = {"promptTokenCount": whole["promptTokenCount"]}
        so_far["totalTokenCount"] = whole["promptTokenCount"]
        for index, reply in enumerate(replies):
            for parts in pieces_of(reply):
                yield event(
                    {"candidates": [candidate(index, parts)], "usageMetadata": so_far, **same}
                )
            end = candidate(index, last_piece(reply), finish_reason(reply))
            yield event({"candidates": [end], "usageMetadata": whole, **same})

    # What goes wrong.

    def error(self, status: int, message: str, stamp: Stamp) -> Json:
        word = ERRORS.get(status, "UNAVAILABLE" if status > 500 else "UNKNOWN")
        return {"error": {"code": status, "message": message, "status": word}}

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return event(self.error(status, message, stamp))

    # What is refused.

    def request_type(self, body: Json) -> Any:
        return dict[str, Any]  # `problems` looks at the types, part by part

    def problems(self, body: Json) -> list[str]:
        body = in_camel_case(body)
        return [*type_problems(body), *content_problems(body), *tool_problems(body)]


class VertexGenerateContent(GenerateContent):
    """The same where Vertex AI has it."""

    endpoint = (
        r"/v1(?:beta1)?/(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/[^/]+/models|endpoints)"
        r"/[^/:]+:(?:g|streamG)enerateContent"
    )


# What is asked.


def in_camel_case(value: Any) -> Any:
    """The wire takes both spellings, `inline_data` and `inlineData`, and the SDK mixes them."""
    if is_array(value):
        return [in_camel_case(item) for item in value]
    if not is_object(value):
        return value
    renamed = {
        re.sub(r"_([a-z])", lambda m: m[1].upper(), key): item for key, item in value.items()
    }
    return {key: item if key in OPAQUE else in_camel_case(item) for key, item in renamed.items()}


def model_in(path: str) -> str:
    found = MODEL.fullmatch(path)
    return found[1] if found else ""


def texts_of(content: Json) -> list[str]:
    return [text for part in objects_in(content, "parts") if (text := part.get("text"))]


def items_of(content: Json, kind: str) -> list[Json]:
    return [part[kind] for part in objects_in(content, "parts") if kind in part]


def unanswered_results(contents: list[Json]) -> list[str]:
    """The tool results since the model last spoke without calling a tool."""
    results: list[str] = []
    for content in reversed(contents):
        found = items_of(content, "functionResponse")
        if content.get("role") == "model" and not items_of(content, "functionCall"):
            break
        results = [result_text(object_in(result, "response")) for result in found] + results
    return results


def result_text(response: Json) -> str:
    values = list(response.values())
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return to_json(response).decode()


def schema_of(holder: Json, name: str) -> Json:
    """The schema at `<name>JsonSchema`, or the one in Google's older form, as a JSON schema."""
    older = holder.get(name) if name == "parameters" else holder.get(f"{name}Schema")
    schema = holder.get(f"{name}JsonSchema") or in_lower_case(older)
    return schema if is_object(schema) else {}


def in_lower_case(schema: Any) -> Any:
    """Google's own schemas write `"type": "STRING"`."""
    if is_array(schema):
        return [in_lower_case(item) for item in schema]
    if not is_object(schema):
        return schema
    return {
        key: item.lower() if key == "type" and isinstance(item, str) else in_lower_case(item)
        for key, item in schema.items()
    }


def read_tool_choice(config: Json, question: Question) -> None:
    calling = object_in(config, "functionCallingConfig")
    question.tool_choice = TOOL_CHOICES.get(calling.get("mode", ""), "auto")
    names: list[str] = calling.get("allowedFunctionNames") or []
    if names:
        question.tools = [tool for tool in question.tools if tool.name in names]
    if len(names) == 1:
        question.forced_tool = names[0]


# What is answered.


def identity(question: Question, stamp: Stamp) -> Json:
    return {"modelVersion": question.model, "responseId": f"sandbox{stamp.number:08d}"}


def candidate(index: int, parts: list[Json], reason: str | None = None) -> Json:
    content: Json = {"parts": parts, "role": "model"} if parts else {"role": "model"}
    end = {} if reason is None else {"finishReason": reason}
    return {"content": content, **end, "index": index}


def finish_reason(reply: Reply) -> str:
    if reply.refusal and not reply.finish_reason:
        return "SAFETY"
    return FINISH_REASONS.get(reply.finish, reply.finish)


def thoughts(reply: Reply) -> list[str]:
    return split_words(reply.thinking or "")


def speech(reply: Reply) -> Json:
    data = base64.b64encode(reply.audio or b"").decode()
    return {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": data}}


def calls_of(reply: Reply) -> list[Json]:
    """The calls; where the model has thought, the first one is signed."""
    parts: list[Json] = [{"functionCall": function_call(call)} for call in reply.tool_calls]
    if parts and reply.thinking:
        parts[0]["thoughtSignature"] = SIGNATURE
    return parts


def function_call(call: ToolCall) -> Json:
    """Without an id, unless one is ordered: most models give none."""
    named: Json = {"name": call.name, "args": decoded(call)}
    return named if call.id is None else {"id": call.id, **named}


def decoded(call: ToolCall) -> Json:
    if isinstance(call.arguments, dict):
        return call.arguments
    return from_json(call.arguments, allow_partial=True) if call.arguments else {}


def parts_of(reply: Reply) -> list[Json]:
    parts: list[Json] = []
    if reply.thinking:
        parts.append({"text": reply.thinking, "thought": True})
    if reply.audio is not None:
        parts.append(speech(reply))
    elif text := reply.text or reply.refusal:
        signed = bool(reply.thinking) and not reply.tool_calls
        parts.append({"text": text, "thoughtSignature": SIGNATURE} if signed else {"text": text})
    return parts + calls_of(reply)


def pieces_of(reply: Reply) -> Iterator[list[Json]]:
    """The parts of each event but the last: words, then all tool calls at once."""
    for piece in thoughts(reply):
        yield [{"text": piece, "thought": True}]
    if reply.audio is not None:
        yield [speech(reply)]
    else:
        for piece in split_words(reply.text or reply.refusal or ""):
            yield [{"text": piece}]
    if calls := calls_of(reply):
        yield calls


def last_piece(reply: Reply) -> list[Json]:
    if reply.thinking and not reply.tool_calls:
        return [{"text": "", "thoughtSignature": SIGNATURE}]
    return [{"text": ""}]


def usage_body(question: Question, replies: Sequence[Reply]) -> Json:
    """Thoughts are counted beside the candidates, and what is zero is left out."""
    usages = [reply.usage_for(question) for reply in replies]
    first, output = usages[0], sum(usage.output for usage in usages)
    reasoning = sum(usage.reasoning for usage in usages)
    counts: Json = {
        "promptTokenCount": first.input,
        "candidatesTokenCount": output - reasoning,
        "totalTokenCount": first.input + output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": first.input}],
    }
    return counts | optional_counts(first, reasoning)


def optional_counts(usage: Usage, reasoning: int) -> Json:
    counts = {"cachedContentTokenCount": usage.cached, "thoughtsTokenCount": reasoning}
    return {name: count for name, count in counts.items() if count}


def event(data: Json) -> bytes:
    return b"data: %b\r\n\r\n" % to_json(data)


# What is refused.


def type_problems(body: Json) -> Iterator[str]:
    """What does not fit the SDK's types; nothing where the SDK is not installed."""
    for key in body.keys() - PARTS_OF_A_REQUEST.keys():
        yield f"$.{key}: unknown key for a request"
    try:
        types = import_module("google.genai.types")
    except ImportError:
        return
    for key, name in PARTS_OF_A_REQUEST.items():
        if name is None or key not in body:
            continue
        kind: type[BaseModel] = getattr(types, name)
        value = body[key]
        for index, item in enumerate(value if is_array(value) else [value]):
            path = f"$.{key}[{index}]" if is_array(value) else f"$.{key}"
            yield from validation_problems(kind, item, path)


def validation_problems(kind: type[BaseModel], value: Any, path: str) -> Iterator[str]:
    try:
        kind.model_validate(value)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            where = "".join(f"[{x}]" if isinstance(x, int) else f".{x}" for x in problem["loc"])
            yield f"{path}{where}: {problem['msg']}"


def content_problems(body: Json) -> Iterator[str]:
    contents = objects_in(body, "contents")
    if not contents:
        yield "$.contents: a request needs at least one content"
    calls: list[str] = []
    for index, content in enumerate(contents):
        path = f"$.contents[{index}]"
        if content.get("role", "user") not in ("user", "model"):
            yield f"{path}.role: {content['role']!r} is none of 'user', 'model'"
        if not objects_in(content, "parts"):
            yield f"{path}.parts: a content needs at least one part"
        results = [result.get("name") for result in items_of(content, "functionResponse")]
        if results and sorted(map(str, results)) != sorted(calls):
            yield f"{path}: the results are of {results}, the calls just before were of {calls}"
        elif calls and not results:
            yield f"{path}: the calls of {calls} have no results here"
        calls = [str(call.get("name")) for call in items_of(content, "functionCall")]


def tool_problems(body: Json) -> Iterator[str]:
    declared = [
        function.get("name")
        for tool in objects_in(body, "tools")
        for function in objects_in(tool, "functionDeclarations")
    ]
    calling = object_in(object_in(body, "toolConfig"), "functionCallingConfig")
    names: list[str] = calling.get("allowedFunctionNames") or []
    path = "$.toolConfig.functionCallingConfig"
    if names and calling.get("mode") not in ("ANY", "VALIDATED"):
        yield f"{path}.allowedFunctionNames: only for mode 'ANY' or 'VALIDATED'"
    if unknown := [name for name in names if name not in declared]:
        yield f"{path}.allowedFunctionNames: no such functions: {unknown}"
    if doubled := {name for name in declared if declared.count(name) > 1}:
        yield f"$.tools: declared more than once: {sorted(map(str, doubled))}"
