"""What a trace says of a call, by the names of OpenTelemetry's conventions for generative AI.

https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from pydantic_core import to_json

from ..core.base._narrow import is_dict, is_list
from ..core.base.call_response import BaseCallResponse
from ..core.base.stream import BaseStream
from ..core.base.structured_stream import BaseStructuredStream

Facts = dict[str, Any]

_PROVIDERS = {
    "azure": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
_PARAMS = {
    "temperature": "temperature",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "top_p": "top_p",
    "top_k": "top_k",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "seed": "seed",
    "stop": "stop_sequences",
    "stop_sequences": "stop_sequences",
}


def reply_of(result: Any) -> BaseCallResponse | BaseStream | None:
    """The reply that a call's result was made of; None where there is none to be seen."""
    if isinstance(result, BaseStructuredStream):
        return result.stream
    is_reply = isinstance(result, (BaseCallResponse, BaseStream))
    found: Any = cast(Any, result) if is_reply else getattr(result, "_response", None)
    return cast("BaseCallResponse | BaseStream | None", found)


def facts_before(fn: Callable[..., Any]) -> Facts:
    """What is known before a call is made."""
    facts: Facts = {
        "gen_ai.operation.name": "chat",
        "code.function.name": f"{fn.__module__}.{fn.__qualname__}",
    }
    decorated: Mapping[str, Any] = getattr(fn, "_original_call_args", {})
    if provider := decorated.get("provider"):
        facts["gen_ai.provider.name"] = _PROVIDERS.get(provider, provider)
    if model := getattr(fn, "_model", None):
        facts["gen_ai.request.model"] = str(model)
    if tags := tags_of(fn):
        facts["mirascope.tags"] = tags
    return facts


def tags_of(fn: Callable[..., Any]) -> list[str]:
    """The tags of a call's metadata, in order."""
    described: Mapping[str, Any] = getattr(fn, "_metadata", None) or {}
    return sorted(map(str, described.get("tags", ())))


def facts_after(result: Any, content: bool) -> Facts:
    """What the result of a call says; `content` adds the messages of both sides.

    Never raises: a call that was paid for is not lost to what is told of it.
    """
    reply = reply_of(result)
    facts: Facts = {}
    if reply is None:
        return facts
    for read in (_of_request, _of_reply, *([_of_content] if content else [])):
        # Whatever a malformed reply, or a response class of a user's own, raises when it is read.
        with suppress(Exception):
            facts.update((name, value) for name, value in read(reply) if value is not None)
    return facts


def _of_request(reply: BaseCallResponse | BaseStream) -> Iterator[tuple[str, Any]]:
    request = reply._request
    name = request.provider.name
    yield "gen_ai.provider.name", _PROVIDERS.get(name, name)
    yield "gen_ai.request.model", request.model
    params = {**request.call_params, **request.kwargs}
    for param, attribute in _PARAMS.items():
        value = params.get(param)
        if attribute == "stop_sequences" and isinstance(value, str):
            value = [value]
        if isinstance(value, (int, float, list)):
            yield f"gen_ai.request.{attribute}", value


def _of_reply(reply: BaseCallResponse | BaseStream) -> Iterator[tuple[str, Any]]:
    yield "gen_ai.response.id", reply.id
    yield "gen_ai.response.model", reply.model
    yield "gen_ai.response.finish_reasons", reply.common_finish_reasons
    yield "gen_ai.usage.input_tokens", reply.input_tokens
    yield "gen_ai.usage.cache_read.input_tokens", reply.cached_tokens
    yield "gen_ai.usage.output_tokens", reply.output_tokens
    yield "mirascope.cost", reply.cost


def _of_content(reply: BaseCallResponse | BaseStream) -> Iterator[tuple[str, Any]]:
    yield "gen_ai.input.messages", _as_json(reply.common_messages)
    yield "gen_ai.output.messages", _as_json([reply.common_message_param])


def _as_json(messages: Any) -> str:
    """Messages as JSON; of images, sound and documents only what they are."""
    return to_json(_without_bytes([each.model_dump() for each in messages])).decode()


def _without_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if is_dict(value):
        return {name: _without_bytes(item) for name, item in value.items()}
    if is_list(value):
        return [_without_bytes(item) for item in value]
    return value
