"""Recordings of Google's `generateContent`, of the Gemini API and of Vertex AI."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from google.genai import Client
from google.oauth2.credentials import Credentials

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._adapter import Adapter, Call, Reading, recorded_tool
from ._recordings import Exchange, Json, events

COMMON = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
OPAQUE = ("args", "response", "parametersJsonSchema", "responseJsonSchema")
"""Keys below which the keys are not the protocol's."""
BASE64 = ("data", "thoughtSignature")
FUNCTIONS = "functionDeclarations"


class GoogleRecordings(Adapter):
    provider = "google"

    def of(self, exchange: Exchange) -> Adapter:
        return VertexRecordings() if "/vertex-" in exchange.recording else self

    def new_client(self, box: Sandbox, options: Json) -> Any:
        options["base_url"] = box.base_url("google")
        return Client(api_key="k", vertexai=False, http_options=options)

    def client(self, box: Sandbox, is_async: bool) -> Any:
        options: Json = {"client_args": {"verify": False}, "async_client_args": {"verify": False}}
        if not is_async:
            return self.new_client(box, options)
        # On its own class of aiohttp's the SDK makes aiohttp warn.
        http_client = _http_library().AsyncClient(verify=False)
        client = self.new_client(box, {**options, "httpx_async_client": http_client})
        return _closed_at_the_end(client, http_client)

    def create(self, client: Any) -> Callable[..., Any]:
        return client.models.generate_content  # type: ignore[no-any-return]

    def wrapped(self, client: Any) -> Any:
        faces = (client.models, client.aio.models)
        models, aio_models = (
            SimpleNamespace(
                generate_content=face.generate_content,
                generate_content_stream=face.generate_content_stream,
            )
            for face in faces
        )
        return SimpleNamespace(models=models, aio=SimpleNamespace(models=aio_models))

    def ask(self, client: Any, exchange: Exchange) -> Any:
        models = client.models
        ask = models.generate_content_stream if exchange.is_streamed else models.generate_content
        config = _config(exchange.request)
        config["automatic_function_calling"] = {"disable": True}
        return ask(model=self.model(exchange), contents=self.messages(exchange), config=config)

    def model(self, exchange: Exchange) -> str:
        return exchange.path.rpartition("/")[2].partition(":")[0]

    def params(self, request: Json, client: Any) -> Json:
        config = _config(request)
        own = [tool for tool in config.pop("tools", ()) if FUNCTIONS not in _in_camel_case(tool)]
        return {"config": config | {"tools": own} if own else config}

    def body(self, request: Json) -> Json:
        return self.sent(request)

    def sent(self, request: Json) -> Json:
        """The same in one spelling, and without what says nothing."""
        body: Json = _in_camel_case(request)
        body.get("systemInstruction", {}).pop("role", None)
        # Several tools of functions mean the same as one.
        functions = [f for tool in body.get("tools", ()) for f in tool.get(FUNCTIONS, ())]
        others = [tool for tool in body.pop("tools", ()) if FUNCTIONS not in tool]
        tools = [*others, *([{FUNCTIONS: functions}] if functions else ())]
        body["tools"] = [_without_nothing(tool) for tool in tools]
        config = _without_nothing(body.get("generationConfig", {}))
        if level := config.get("thinkingConfig", {}).get("thinkingLevel"):
            config["thinkingConfig"]["thinkingLevel"] = level.upper()
        body["generationConfig"] = config
        return {name: value for name, value in body.items() if value}

    def anatomy(self, native: Any) -> Any:
        # What was asked for decides whether the SDK keeps a history of calls that it made itself.
        left_out = {"automatic_function_calling_history": None}
        return super().anatomy(native.model_copy(update=left_out))

    def told(self, error: Any) -> Any:
        return type(error), error.code, error.details

    def status(self, error: Any) -> int:
        return int(error.code)

    def tools(self, request: Json) -> list[type[BaseTool]]:
        found = [tool.get(FUNCTIONS, ()) for tool in map(_in_camel_case, request.get("tools", ()))]
        return [tool for functions in found for f in functions if (tool := self.tool(f))]

    def tool(self, native: Json) -> type[BaseTool] | None:
        schema = native.get("parametersJsonSchema") or native.get("parameters") or {}
        return recorded_tool({"function_declarations": [native]}, native["name"], schema)

    def read(self, exchange: Exchange) -> Reading:
        replies = events(exchange.text) if exchange.text is not None else [exchange.body or {}]
        candidates = [candidate for reply in replies for candidate in reply["candidates"]]
        parts = [part for each in candidates for part in each["content"].get("parts", ())]
        reasons = [each["finishReason"] for each in candidates if "finishReason" in each]
        calls = _calls(parts)
        counts = replies[-1]["usageMetadata"]
        common = [COMMON[reason] for reason in reasons]
        return Reading(
            text=_text(parts),
            calls=calls,
            thinking=_thinking(parts),
            finish_reasons=reasons,
            common_finish_reasons=["tool_calls"] if calls and common == ["stop"] else common,
            input=counts["promptTokenCount"],
            output=counts.get("candidatesTokenCount"),
            cached=counts.get("cachedContentTokenCount"),
            model=replies[-1]["modelVersion"],
            id=replies[-1]["responseId"],
            turn=None if _has_own_parts(parts) else _said("model", parts),
        )

    def turn(self, message: Json) -> Any:
        plain: Json = _in_camel_case(message)
        return _said(plain["role"], plain["parts"])

    def results(self, messages: list[Json]) -> dict[str, str]:
        """By the number of the call: most models give their calls no ids."""
        parts = [part for message in messages for part in _in_camel_case(message)["parts"]]
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        return {
            str(number): _result_text(result["response"]) for number, result in enumerate(results)
        }

    def outputs(self, tools: list[Any], messages: list[Json]) -> list[tuple[Any, str]]:
        return list(zip(tools, self.results(messages).values(), strict=True)) if tools else []


class VertexRecordings(GoogleRecordings):
    def of(self, exchange: Exchange) -> Adapter:
        return self

    def new_client(self, box: Sandbox, options: Json) -> Any:
        return Client(
            vertexai=True,
            project="my-project",
            location="test-location",
            credentials=Credentials(token="k"),  # type: ignore[no-untyped-call]
            http_options={**options, "base_url": box.base_url("vertex")},  # type: ignore[arg-type]
        )


@asynccontextmanager
async def _closed_at_the_end(client: Any, http_client: Any) -> AsyncIterator[Any]:
    try:
        yield client
    finally:
        await http_client.aclose()
        client.close()


def _http_library() -> Any:
    return import_module("httpx2" if version("google-genai") >= "3" else "httpx")


def _config(request: Json) -> Json:
    config: Json = {}
    for name, value in request.items():
        if name == "generationConfig":
            config |= value
        elif name != "contents":
            config[name] = value
    return config


def _in_camel_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_camel_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    renamed: Json = {}
    for key, item in value.items():
        name = re.sub(r"_([a-z])", lambda match: match[1].upper(), key)
        if name in BASE64:
            renamed[name] = _signature(item)
        else:
            renamed[name] = item if name in OPAQUE else _in_camel_case(item)
    return renamed


def _without_nothing(data: Json) -> Json:
    return {name: value for name, value in data.items() if value not in ({}, None)} or data


def _signature(text: str | bytes) -> str:
    """In the alphabet for URLs, as the SDK writes it."""
    if isinstance(text, bytes):
        return base64.urlsafe_b64encode(text).decode()
    return text.translate(str.maketrans("+/", "-_"))


def _text(parts: list[Json]) -> str:
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def _calls(parts: list[Json]) -> list[Call]:
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    return [(call["name"], str(call.get("id")), call["args"]) for call in calls]


def _thinking(parts: list[Json]) -> list[tuple[str, str | None]]:
    """The thoughts, in one piece; and the signatures of what is no thought."""
    thoughts = "".join(part["text"] for part in parts if part.get("thought"))
    found: list[tuple[str, str | None]] = [(thoughts, None)] if thoughts else []
    signed = [part for part in parts if "thoughtSignature" in part and not _has_own_parts([part])]
    return found + [("", _signature(part["thoughtSignature"])) for part in signed]


def _has_own_parts(parts: list[Json]) -> bool:
    return any(not part.keys() & {"text", "functionCall"} for part in parts)


def _said(role: str, parts: list[Json]) -> Any:
    """Without ids, which some clients make up; the first signature is the one that counts."""
    thoughts = "".join(part["text"] for part in parts if part.get("thought"))
    signatures = [
        _signature(part["thoughtSignature"]) for part in parts if "thoughtSignature" in part
    ]
    calls = [(name, arguments) for name, _, arguments in _calls(parts)]
    return role, thoughts, _text(parts), calls, signatures[:1]


def _result_text(response: Json) -> str:
    values = list(response.values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else json.dumps(response)
