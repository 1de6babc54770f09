"""Recordings of version 2 of Cohere's chat API."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cohere
import httpx

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Call, Reading, decoded, recorded_tool
from ._recordings import Exchange, Json, events

COMMON = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


class CohereRecordings(Adapter):
    provider = "cohere"

    def replays(self, recording: list[Exchange]) -> bool:
        # Version 1 of the API is not spoken any more.
        return recording[0].path.endswith("/v2/chat")

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by = cohere.AsyncClientV2 if is_async else cohere.ClientV2
        http: Any = httpx.AsyncClient if is_async else httpx.Client
        client = made_by(
            api_key="k", base_url=box.base_url("cohere"), httpx_client=http(verify=False)
        )
        # Version 6 has no option for it.
        client._client_wrapper.httpx_client.base_max_retries = 0
        return client

    def create(self, client: Any) -> Callable[..., Any]:
        return client.v2.chat  # type: ignore[no-any-return]

    def ask(self, client: Any, exchange: Exchange) -> Any:
        params = self.params(exchange.request, client)
        if "tools" in exchange.request:
            params["tools"] = exchange.request["tools"]
        method = client.chat_stream if exchange.is_streamed else client.chat
        return method(model=self.model(exchange), messages=self.messages(exchange), **params)

    def wrapped(self, client: Any) -> Any:
        return SimpleNamespace(chat=client.chat, chat_stream=client.chat_stream)

    def body(self, request: Json) -> Json:
        return {"stream": False, **request}

    def tool(self, native: Json) -> type[BaseTool] | None:
        function = native.get("function")
        if function is None:
            # One in the form of version 1, which the API refused.
            return None
        return recorded_tool(native, function["name"], function.get("parameters") or {})

    def read(self, exchange: Exchange) -> Reading:
        body = exchange.body
        if exchange.text is not None:
            body = _added_up(events(exchange.text))
        assert body is not None
        message, usage, reason = body["message"], body["usage"], body["finish_reason"]
        content = message.get("content") or []
        return Reading(
            text="".join(item["text"] for item in content if item["type"] == "text"),
            thinking=[(i["thinking"], None) for i in content if i["type"] == "thinking"],
            calls=[_call(call) for call in message.get("tool_calls") or ()],
            model=exchange.request["model"],
            id=body["id"],
            finish_reasons=[reason],
            common_finish_reasons=[COMMON[reason]],
            input=usage["billed_units"]["input_tokens"],
            output=usage["billed_units"]["output_tokens"],
            cached=usage.get("cached_tokens"),
            turn=self.turn(message),
        )

    def turn(self, message: Json) -> Any:
        # Without the plan, which the recorded clients did not send back.
        content = message.get("content") or []
        if isinstance(content, str):
            content = [{"type": "text", "text": content}]
        calls = [_call(call) for call in message.get("tool_calls") or ()]
        return [item for item in content if item.get("text") or item.get("thinking")], calls

    def results(self, messages: list[Json]) -> dict[str, str]:
        return {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}


def _call(call: Json) -> Call:
    return call["function"]["name"], call["id"], decoded(call["function"]["arguments"])


def _added_up(stream: list[Json]) -> Json:
    """The reply that a stream's events amount to."""
    body: Json = {}
    message: Json = {"content": [], "tool_calls": []}
    for event in stream:
        delta = event.get("delta") or {}
        said = delta.get("message") or {}
        match event["type"]:
            case "message-start":
                body["id"] = event["id"]
            case "content-start":
                message["content"].append(dict(said["content"]))
            case "content-delta":
                for kind, piece in said["content"].items():
                    message["content"][-1][kind] += piece
            case "tool-call-start":
                call = said["tool_calls"]
                message["tool_calls"].append({**call, "function": dict(call["function"])})
            case "tool-call-delta":
                piece = said["tool_calls"]["function"]["arguments"]
                message["tool_calls"][-1]["function"]["arguments"] += piece
            case "message-end":
                body |= delta
            case _:
                pass
    return {**body, "message": message}
