"""How the requests of Amazon Bedrock's Converse API spell things."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from mirascope.sandbox._requests import ReceivedRequest

from .wires import Call, Json, Offer, Wire


class Converse(Wire):
    """The model stands in the path, and the common parameters in an object of their own."""

    finish_reasons = {
        "stop": "end_turn",
        "length": "max_tokens",
        "tool_calls": "tool_use",
        "content_filter": "content_filtered",
    }
    json_flag = {}
    image_url = "s3://a/cat.png"
    native_history = [
        {"role": "user", "content": [{"text": "And this?"}]},
        {"role": "assistant", "content": [{"text": "A cat."}]},
        {
            "role": "user",
            "content": [
                {"text": "Sure?"},
                {"image": {"format": "png", "source": {"s3Location": {"uri": image_url}}}},
            ],
        },
    ]

    def flat(self, request: ReceivedRequest) -> Json:
        body = dict(request.body)
        inference = body.pop("inferenceConfig", {})
        stream = {"stream": True} if request.stream else {}
        return {"model": unquote(request.path.split("/")[2]), **body, **inference, **stream}

    def kwargs(self, kwargs: Json) -> Json:
        return {"model": kwargs["modelId"], **kwargs.get("inferenceConfig", {})}

    def text_body(self, model: str, text: str, stream: bool) -> Json:
        body: Json = {"model": model, "messages": [{"role": "user", "content": [{"text": text}]}]}
        return body | {"stream": True} if stream else body

    def system(self, body: Json) -> str | None:
        return "\n\n".join(block["text"] for block in body.get("system", ())) or None

    def turns(self, body: Json) -> list[tuple[str, str]]:
        turns = [(m["role"], self.native_text(m)) for m in body["messages"]]
        return [(role, text) for role, text in turns if text]

    def _specs(self, body: Json) -> list[Json]:
        return [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", ())]

    def tools(self, body: Json) -> list[Offer]:
        return [
            Offer(s["name"], s.get("description"), s["inputSchema"]["json"])
            for s in self._specs(body)
        ]

    def demanded_tool(self, body: Json) -> str | None:
        choice = body.get("toolConfig", {}).get("toolChoice", {})
        return choice["tool"]["name"] if "tool" in choice else None

    def _blocks(self, body: Json, kind: str) -> list[Json]:
        blocks = [block for message in body["messages"] for block in message["content"]]
        return [block[kind] for block in blocks if kind in block]

    def tool_calls(self, body: Json) -> list[Call]:
        uses = self._blocks(body, "toolUse")
        return [Call(use["toolUseId"], use["name"], use["input"]) for use in uses]

    def tool_results(self, body: Json) -> list[tuple[str, str]]:
        results = self._blocks(body, "toolResult")
        return [(r["toolUseId"], "".join(p["text"] for p in r["content"])) for r in results]

    def images(self, body: Json) -> list[str]:
        return [_as_url(image) for image in self._blocks(body, "image")]

    def json_schema(self, body: Json) -> Json | None:
        wanted = body.get("outputConfig")
        if wanted is None:
            return None
        schema: Json = json.loads(wanted["textFormat"]["structure"]["jsonSchema"]["schema"])
        return schema

    def native_text(self, message: Any) -> str:
        return "".join(block.get("text", "") for block in message["content"])


def _as_url(image: Json) -> str:
    source = image["source"]
    if "s3Location" in source:
        return str(source["s3Location"]["uri"])
    return f"data:image/{image['format']};base64,{source['bytes']}"
