"""How the requests of a wire protocol spell things: what the tests read out of the JSON sent."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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

    def messages(self, body: Json) -> list[Json]:
        """The messages in the protocol's own form."""
        return body["messages"]

    def turns(self, body: Json) -> list[tuple[str, str]]:
        """Role and text of each message that has a text, without the system's and the tools'."""
        turns = [(m["role"], "".join(texts(m["content"]))) for m in body["messages"]]
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
            if isinstance(message["content"], list)
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


class GroqCompletions(ChatCompletions):
    # It knows no developer, and says its token counts without being asked.
    native_history = [
        {"role": "system", "content": "Be brief."},
        *ChatCompletions.native_history[1:],
    ]

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        body = super().text_body(model, text, stream)
        body.pop("stream_options", None)
        return body


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
