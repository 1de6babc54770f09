"""How the requests of a wire protocol spell things: what the tests read out of the JSON sent."""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mirascope.sandbox._requests import ReceivedRequest

Json = dict[str, Any]


@dataclass(frozen=True)
class Offer:
    """A tool as a request offers it to the model."""

    name: str
    description: str | None
    parameters: Json | None


@dataclass(frozen=True)
class Call:
    """A tool call as a request sends it back."""

    id: str
    name: str
    arguments: Json


class Wire(ABC):
    """Small accessors for the JSON of one protocol's requests."""

    finish_reasons: Mapping[str, str]
    """Common finish reason to the protocol's own."""
    json_flag: Mapping[str, Any]
    """The keys by which a request asks for JSON, besides asking in words."""
    native_history: list[Json]
    """A conversation in the protocol's own messages, with an image in it."""
    image_url = "https://a.b/cat.png"
    """An address that the provider itself fetches an image from."""
    events_before_text = 1
    """How many events of a stream may come before its first text."""
    messages_key = "messages"
    """Where a request has them."""
    max_tokens: Json = {}
    """The limit that a request has where the caller gave none."""

    @abstractmethod
    def text_body(self, model: str, text: str, stream: bool) -> Json:
        """The whole body of a call with nothing but a text."""

    @abstractmethod
    def system(self, body: Json) -> str | None:
        """The system message."""

    @abstractmethod
    def tools(self, body: Json) -> list[Offer]: ...

    @abstractmethod
    def demanded_tool(self, body: Json) -> str | None:
        """The tool that must be called; None where the model may choose."""

    @abstractmethod
    def tool_calls(self, body: Json) -> list[Call]: ...

    @abstractmethod
    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        """Id of the call and text of each result."""

    @abstractmethod
    def images(self, body: Json) -> list[str]:
        """Each image as a URL, `data:` URLs included."""

    @abstractmethod
    def native_text(self, message: Any) -> str:
        """The text of an assistant's message in the protocol's own form."""

    def flat(self, request: ReceivedRequest) -> Json:
        """The JSON of a request, with the model, `stream` and the parameters at the top."""
        return request.body

    def kwargs(self, kwargs: Json) -> Json:
        """What the SDK was called with, in the same way."""
        return kwargs

    def messages(self, body: Json) -> list[Json]:
        """The messages in the protocol's own form."""
        return body[self.messages_key]

    def plain(self, message: Any) -> Any:
        """A message in the protocol's own form as JSON-shaped data."""
        return message

    def turns(self, body: Json) -> list[tuple[str, str]]:
        """Role and text of each message that has a text, without the system's and the tools'."""
        turns = [(m["role"], "".join(texts(m.get("content")))) for m in body["messages"]]
        return [(role, text) for role, text in turns if role in ("user", "assistant") and text]

    def json_schema(self, body: Json) -> Json | None:
        """The schema that the provider is to enforce."""
        return None


def texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] for part in content or () if part["type"] == "text"]


class ChatCompletions(Wire):
    finish_reasons = {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "content_filter": "content_filter",
    }
    json_flag = {"response_format": {"type": "json_object"}}
    native_history = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "And this?"}]},
        {"role": "assistant", "content": "A cat."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Sure?"},
                {"type": "image_url", "image_url": {"url": "https://a.b/cat.png"}},
            ],
        },
    ]

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        body: Json = {"model": model, "messages": [{"role": "user", "content": text}]}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def system(self, body: Json) -> str | None:
        found = [m["content"] for m in body["messages"] if m["role"] == "system"]
        return "\n\n".join("".join(texts(content)) for content in found) or None

    def tools(self, body: Json) -> list[Offer]:
        functions = [tool["function"] for tool in body.get("tools", ())]
        return [Offer(f["name"], f.get("description"), f.get("parameters")) for f in functions]

    def demanded_tool(self, body: Json) -> str | None:
        return body["tools"][0]["function"]["name"] if body.get("tool_choice") else None

    def tool_calls(self, body: Json) -> list[Call]:
        return [
            Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for message in body["messages"]
            for call in message.get("tool_calls") or ()
        ]

    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        results = [m for m in body["messages"] if m["role"] == "tool"]
        return [(m["tool_call_id"], "".join(texts(m["content"]))) for m in results]

    def images(self, body: Json) -> list[str]:
        return [
            part["image_url"]["url"]
            for message in body["messages"]
            if isinstance(message.get("content"), list)
            for part in message["content"]
            if part["type"] == "image_url"
        ]

    def native_text(self, message: Any) -> str:
        return message["content"] or ""

    def json_schema(self, body: Json) -> Json | None:
        wanted = body.get("response_format", {})
        if wanted.get("type") != "json_schema":
            return None
        assert wanted["json_schema"]["strict"] is True
        return wanted["json_schema"]["schema"]


WITHOUT_DEVELOPER = [
    {"role": "system", "content": "Be brief."},
    *ChatCompletions.native_history[1:],
]
"""The same conversation for protocols that know only a system."""


class GroqCompletions(ChatCompletions):
    # It says its token counts without being asked.

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        body = super().text_body(model, text, stream)
        body.pop("stream_options", None)
        return body


class MistralChat(ChatCompletions):
    finish_reasons = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}
    # The SDK says of every assistant's message that it is no prefix.
    native_history = [
        {**message, "prefix": False} if message["role"] == "assistant" else message
        for message in WITHOUT_DEVELOPER
    ]
    ids = {
        hashlib.sha256(name.encode()).hexdigest()[:9]: name
        for name in (f"call_{number}" for number in range(10))
    }
    """Ids of Mistral's form for those that the tests script."""

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        return {
            "model": model,
            "messages": [{"role": "user", "content": text}],
            "stream": stream,
        }

    def tool_calls(self, body: Json) -> list[Call]:
        return [replace(call, id=self.ids[call.id]) for call in super().tool_calls(body)]

    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        return [(self.ids[id], text) for id, text in super().tool_results(body)]

    def native_text(self, message: Any) -> str:
        return str(message.content or "")

    def plain(self, message: Any) -> Any:
        return message.model_dump(mode="json")


class CohereChat(ChatCompletions):
    finish_reasons = {
        "stop": "COMPLETE",
        "length": "MAX_TOKENS",
        "tool_calls": "TOOL_CALL",
        "content_filter": "ERROR_TOXIC",
    }
    native_history = WITHOUT_DEVELOPER

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        messages = [{"role": "user", "content": text}]
        return {"model": model, "messages": messages, "stream": stream}

    def native_text(self, message: Any) -> str:
        return "".join(texts(message["content"]))

    def json_schema(self, body: Json) -> Json | None:
        schema: Json | None = body.get("response_format", {}).get("json_schema")
        return schema


class LiteLLMCompletions(ChatCompletions):
    # It makes a developer the system.
    native_history = WITHOUT_DEVELOPER


class AnthropicMessages(Wire):
    finish_reasons = {
        "stop": "end_turn",
        "length": "max_tokens",
        "tool_calls": "tool_use",
        "content_filter": "refusal",
    }
    json_flag = {}
    native_history = [
        {"role": "user", "content": [{"type": "text", "text": "And this?"}]},
        {"role": "assistant", "content": "A cat."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Sure?"},
                {"type": "image", "source": {"type": "url", "url": "https://a.b/cat.png"}},
            ],
        },
    ]
    max_tokens = {"max_tokens": 1024}

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        messages = [{"role": "user", "content": text}]
        body: Json = {"model": model, "messages": messages, **self.max_tokens}
        return body | {"stream": True} if stream else body

    def system(self, body: Json) -> str | None:
        return "\n\n".join(texts(body.get("system"))) or None

    def tools(self, body: Json) -> list[Offer]:
        tools = body.get("tools", ())
        return [Offer(t["name"], t.get("description"), t["input_schema"]) for t in tools]

    def demanded_tool(self, body: Json) -> str | None:
        choice = body.get("tool_choice", {})
        return choice["name"] if choice.get("type") == "tool" else None

    def _blocks(self, body: Json, kind: str) -> list[Json]:
        contents = [m["content"] for m in body["messages"] if isinstance(m["content"], list)]
        return [block for content in contents for block in content if block["type"] == kind]

    def tool_calls(self, body: Json) -> list[Call]:
        blocks = self._blocks(body, "tool_use")
        return [Call(block["id"], block["name"], block["input"]) for block in blocks]

    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        blocks = self._blocks(body, "tool_result")
        return [(block["tool_use_id"], "".join(texts(block["content"]))) for block in blocks]

    def images(self, body: Json) -> list[str]:
        return [_as_url(block["source"]) for block in self._blocks(body, "image")]

    def native_text(self, message: Any) -> str:
        return "".join(texts(message["content"]))


def _as_url(source: Json) -> str:
    if source["type"] == "url":
        return source["url"]
    return f"data:{source['media_type']};base64,{source['data']}"


class GenerateContent(Wire):
    """Google's. The SDK mixes both spellings of keys, so that messages are read in snake case."""

    finish_reasons = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    json_flag = {"responseMimeType": "application/json"}
    native_history = [
        {"role": "user", "parts": [{"text": "And this?"}]},
        {"role": "model", "parts": [{"text": "A cat."}]},
        {
            "role": "user",
            "parts": [
                {"text": "Sure?"},
                {"file_data": {"file_uri": "https://a.b/cat.png", "mime_type": "image/png"}},
            ],
        },
    ]
    messages_key = "contents"
    events_before_text = 0

    def flat(self, request: ReceivedRequest) -> Json:
        body = dict(request.body)
        config = body.pop("generationConfig", {})
        own = {_snake_name(name): body.pop(name) for name in ("cachedContent",) if name in body}
        model = request.path.rpartition("/")[2].partition(":")[0]
        stream = {"stream": True} if request.stream else {}
        return {"model": model, **body, **config, **own, **stream}

    def kwargs(self, kwargs: Json) -> Json:
        config = {_camel_name(name): value for name, value in kwargs.get("config", {}).items()}
        return {"model": kwargs["model"], **config}

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        body: Json = {"model": model, "contents": [{"role": "user", "parts": [{"text": text}]}]}
        return body | {"stream": True} if stream else body

    def messages(self, body: Json) -> list[Json]:
        messages: list[Json] = _in_snake_case(body["contents"])
        return messages

    def system(self, body: Json) -> str | None:
        parts = body.get("systemInstruction", {}).get("parts", ())
        return "".join(part["text"] for part in parts) or None

    def turns(self, body: Json) -> list[tuple[str, str]]:
        turns = [
            (content["role"], "".join(part.get("text", "") for part in content["parts"]))
            for content in body["contents"]
        ]
        return [("assistant" if role == "model" else role, text) for role, text in turns if text]

    def tools(self, body: Json) -> list[Offer]:
        functions = [f for tool in body.get("tools", ()) for f in tool["functionDeclarations"]]
        return [
            Offer(f["name"], f.get("description"), f.get("parameters_json_schema"))
            for f in functions
        ]

    def demanded_tool(self, body: Json) -> str | None:
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
        return calling["allowedFunctionNames"][0] if calling.get("mode") == "ANY" else None

    def _parts(self, body: Json) -> list[Json]:
        return [part for content in self.messages(body) for part in content["parts"]]

    def tool_calls(self, body: Json) -> list[Call]:
        calls = [part["function_call"] for part in self._parts(body) if "function_call" in part]
        return [Call(call["id"], call["name"], call["args"]) for call in calls]

    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        parts = [part for part in self._parts(body) if "function_response" in part]
        results = [part["function_response"] for part in parts]
        return [(result["id"], next(iter(result["response"].values()))) for result in results]

    def images(self, body: Json) -> list[str]:
        return [url for part in self._parts(body) if (url := _url_of(part))]

    def native_text(self, message: Any) -> str:
        return "".join(part["text"] for part in message["parts"])

    def json_schema(self, body: Json) -> Json | None:
        return body.get("responseJsonSchema")


def _url_of(part: Json) -> str | None:
    if file := part.get("file_data"):
        return str(file["file_uri"])
    if blob := part.get("inline_data"):
        data = blob["data"].replace("-", "+").replace("_", "/")
        return f"data:{blob['mime_type']};base64,{data}"
    return None


def _camel_name(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _snake_name(name: str) -> str:
    return re.sub(r"[A-Z]", lambda match: f"_{match[0].lower()}", name)


def _in_snake_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_snake_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        _snake_name(key): item if key in ("args", "response") else _in_snake_case(item)
        for key, item in value.items()
    }
