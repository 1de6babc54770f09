"""Recordings of Mistral's chat completions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from mistralai.client import Mistral, models

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Call, Reading, decoded, recorded_tool
from ._recordings import Exchange, Json, events

COMMON = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


class MistralRecordings(Adapter):
    provider = "mistral"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        stack = import_module("mistralai.client.httpclient").httpx
        return Mistral(
            api_key="k",
            server_url=box.base_url("mistral"),
            # The one that is not used; the SDK closes the other, which it makes itself.
            client=stack.Client(verify=False) if is_async else None,
            async_client=None if is_async else stack.AsyncClient(verify=False),
        )

    def create(self, client: Any) -> Callable[..., Any]:
        return client.chat.complete  # type: ignore[no-any-return]

    def ask(self, client: Any, exchange: Exchange) -> Any:
        params = self.params(exchange.request, client)
        if "tools" in exchange.request:
            params["tools"] = _with_types(exchange.request)["tools"]
        method = client.chat.stream if exchange.is_streamed else client.chat.complete
        return method(model=self.model(exchange), messages=self.messages(exchange), **params)

    def wrapped(self, client: Any) -> Any:
        chat = client.chat

        def stream(**kwargs: Any) -> Iterator[Any]:
            yield from chat.stream(**kwargs)

        async def stream_async(**kwargs: Any) -> AsyncIterator[Any]:
            return _each(await chat.stream_async(**kwargs))

        methods = {"complete": chat.complete, "complete_async": chat.complete_async}
        return SimpleNamespace(
            chat=SimpleNamespace(**methods, stream=stream, stream_async=stream_async)
        )

    def messages(self, exchange: Exchange) -> list[Any]:
        if exchange.status == 422:
            # The SDK would refuse what the API refused.
            return [{"role": "user", "content": "Hello"}]
        return list(map(_as_the_sdk_takes_it, exchange.messages))

    def body(self, request: Json) -> Json:
        # The SDK adds its defaults: `stream`, `prefix`, the type and index of tool calls.
        messages = list(map(_as_the_sdk_takes_it, request["messages"]))
        whole = models.ChatCompletionRequest.model_validate(
            {**_with_types(request), "messages": messages}
        )
        body: Json = whole.model_dump(mode="json", by_alias=True)
        return {name: value for name, value in body.items() if value is not None}

    def events(self, raw: Any) -> list[Any]:
        return [event.data for event in raw]

    def tool(self, native: Json) -> type[BaseTool] | None:
        function = native["function"]
        native = {"type": "function", **native}
        return recorded_tool(native, function["name"], function.get("parameters") or {})

    def read(self, exchange: Exchange) -> Reading:
        if exchange.text is not None:
            return _read_stream(events(exchange.text))
        body = exchange.body
        assert body is not None
        choice = body["choices"][0]
        return _reading(body, body["usage"], choice["finish_reason"], [choice["message"]])

    def turn(self, message: Json) -> Any:
        text, thinking = _said(message.get("content"))
        calls = message.get("tool_calls") or []
        return message["role"], text, thinking, list(map(_call, calls))

    def results(self, messages: list[Json]) -> dict[str, str]:
        return {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}


async def _each(stream: Any) -> AsyncIterator[Any]:
    async for event in stream:
        yield event


def _with_types(request: Json) -> Json:
    """Older versions of the SDK take no tool without its type, which some requests left out."""
    if "tools" not in request:
        return request
    return {**request, "tools": [{"type": "function", **tool} for tool in request["tools"]]}


def _as_the_sdk_takes_it(message: Json) -> Json:
    """Audio is a text for the SDK, and was an object in some recorded requests."""
    if not isinstance(message.get("content"), list):
        return message
    chunks = [
        {**chunk, "input_audio": chunk["input_audio"]["data"]}
        if isinstance(chunk.get("input_audio"), dict)
        else chunk
        for chunk in message["content"]
    ]
    return {**message, "content": chunks}


def _call(call: Json) -> Call:
    return call["function"]["name"], call["id"], decoded(call["function"]["arguments"])


def _said(content: Any) -> tuple[str, str]:
    """The text and the reasoning of a message's content."""
    chunks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    text = "".join(chunk["text"] for chunk in chunks if chunk["type"] == "text")
    thoughts = [chunk["thinking"] for chunk in chunks if chunk["type"] == "thinking"]
    return text, "".join(thought["text"] for thinking in thoughts for thought in thinking)


def _read_stream(chunks: list[Json]) -> Reading:
    last = chunks[-1]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    reason = last["choices"][0]["finish_reason"]
    return _reading(last, last.get("usage"), reason, deltas)


def _reading(reply: Json, usage: Json | None, reason: str, messages: list[Json]) -> Reading:
    said = [_said(message.get("content")) for message in messages]
    thinking = "".join(thought for _, thought in said)
    counts = usage or {}
    details = counts.get("prompt_tokens_details") or {}
    return Reading(
        text="".join(text for text, _ in said),
        thinking=[(thinking, None)] if thinking else [],
        calls=[_call(call) for message in messages for call in message.get("tool_calls") or ()],
        model=reply["model"],
        id=reply["id"],
        finish_reasons=[reason],
        common_finish_reasons=[COMMON[reason]],
        input=counts.get("prompt_tokens"),
        output=counts.get("completion_tokens"),
        cached=details.get("cached_tokens", counts.get("num_cached_tokens")),
    )
