"""The wire format of Cohere's chat API, version 2: messages, whole replies and stream events.

Source: https://docs.cohere.com/reference/chat and https://docs.cohere.com/docs/streaming
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic_core import to_json

from ._chat_completions import Json, data_url, split_data_url
from .base._media import check_image_type
from .base._narrow import inner, is_list, is_object, objects_in
from .base._unreadable import text
from .base._wire import (
    Delta,
    NativeBlock,
    Reply,
    ReplyPart,
    Thinking,
    Tokens,
    ToolCall,
    ToolFragment,
)
from .base.message_param import (
    BaseMessageParam,
    ImagePart,
    ImageURLPart,
    Part,
    ProviderPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

PLAN = "tool_plan"
"""The key of what the model says about the tools it is going to call."""

# --- encode


def encode_message(
    provider: str, message: BaseMessageParam, refuse: Callable[[Part], ValueError]
) -> list[Json]:
    """A common message as the messages that say the same here."""
    if isinstance(message.content, str):
        return [{"role": message.role, "content": message.content}]
    content: list[Json] = []
    calls: list[Json] = []
    results: list[Json] = []
    own: Json = {}
    for part in message.content:
        if isinstance(part, ToolCallPart):
            calls.append(encode_call(part.id, part.name, part.args or {}))
        elif isinstance(part, ToolResultPart):
            results.append({"role": "tool", "tool_call_id": part.id or "", "content": part.content})
        elif isinstance(part, ThinkingPart):
            if part.provider == provider:
                content.append({"type": "thinking", "thinking": part.thinking})
        elif isinstance(part, ProviderPart):
            own |= part.data if part.provider == provider else {}
        elif encoder := _ENCODERS.get(part.type):
            content.append(encoder(part))
        else:
            raise refuse(part)
    if results and not content and not calls:
        return results
    encoded: Json = {"role": message.role, **own}
    if content or not calls:
        encoded["content"] = compact(content)
    if calls:
        encoded["tool_calls"] = calls
    return [encoded, *results]


def compact(content: list[Json]) -> str | list[Json]:
    """Content as the text that it is where it has nothing else."""
    if len(content) > 1 or any(item["type"] != "text" for item in content):
        return content
    return content[0]["text"] if content else ""


def encode_call(id: str | None, name: str, arguments: str | Json) -> Json:
    text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
    return {"id": id or "", "type": "function", "function": {"name": name, "arguments": text}}


def _encode_image(part: ImagePart) -> Json:
    check_image_type(part.media_type)
    return _image(data_url(part.media_type, part.image), part.detail)


def _image(url: str, detail: str | None) -> Json:
    image = {"url": url, "detail": detail} if detail else {"url": url}
    return {"type": "image_url", "image_url": image}


_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"type": "text", "text": part.text},
    "image": _encode_image,
    "image_url": lambda part: _image(part.url, part.detail),
}

# --- messages


def plain_message(message: Any) -> Json:
    """A message, which may be an object of the SDK, as JSON-shaped data."""
    return message if is_object(message) else message.model_dump(exclude_none=True)


def decode_message(provider: str, data: Json) -> BaseMessageParam:
    """A message of this format as a common one."""
    role, content = data.get("role", "user"), data.get("content")
    if results := data.get("tool_results"):
        return BaseMessageParam(role="tool", content=list(map(_decode_older_result, results)))
    if role == "tool":
        result = ToolResultPart(content=_text_of(content), id=data.get("tool_call_id"))
        return BaseMessageParam(role="tool", content=[result])
    if isinstance(content, str) and not data.keys() & {"tool_calls", PLAN}:
        return BaseMessageParam(role=role, content=content)
    parts: list[Part] = []
    if plan := data.get(PLAN):
        parts.append(ProviderPart(provider=provider, data={PLAN: plan}))
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    for item in content or ():
        if item.get("type") == "image_url":
            parts.append(_decode_image(item["image_url"]))
        elif item.get("type") == "thinking":
            parts.append(ThinkingPart(thinking=item.get("thinking") or "", provider=provider))
        else:
            parts.append(TextPart(text=item.get("text") or ""))
    for call in decode_calls(data):
        parts.append(ToolCallPart(name=call.name, args=call.decoded(), id=call.id))
    return BaseMessageParam(role=role, content=parts)


def _decode_image(image: Any) -> Part:
    url: str = image if isinstance(image, str) else image["url"]
    detail = None if isinstance(image, str) else image.get("detail")
    if url.startswith("data:"):
        media_type, data = split_data_url(url)
        return ImagePart(media_type=media_type, image=data, detail=detail)
    return ImageURLPart(url=url, detail=detail)


def _text_of(content: Any) -> str:
    """The text of a tool's result, which may be made of documents."""
    if not is_list(content):
        return content or ""
    return "\n".join(
        item["text"] if "text" in item else to_json(item.get("document", item)).decode()
        for item in content
    )


def with_history(history: list[Any], messages: list[Any]) -> list[Any]:
    """Messages with earlier ones before them, but for those of the system, which stay in front."""
    start = 0
    while start < len(messages) and _role_of(messages[start]) == "system":
        start += 1
    return [*messages[:start], *history, *messages[start:]] if history else messages


def _role_of(message: Any) -> Any:
    return message.get("role") if is_object(message) else getattr(message, "role", None)


def with_preamble(preamble: str | None, messages: list[Any]) -> list[Any]:
    """Messages with a system message at their front, or with its text before that of theirs."""
    if not preamble:
        return messages
    first = messages[0] if messages else None
    if is_object(first) and first.get("role") == "system" and isinstance(first["content"], str):
        return [{**first, "content": f"{preamble}\n\n{first['content']}"}, *messages[1:]]
    return [{"role": "system", "content": preamble}, *messages]


_ROLES = {"USER": "user", "CHATBOT": "assistant", "ASSISTANT": "assistant", "SYSTEM": "system"}
"""Roles of version 1 of the API."""


def is_older(message: Any) -> bool:
    """Whether a message has the form of version 1: its text is `message`, not `content`."""
    if is_object(message):
        return "message" in message or "tool_results" in message
    return hasattr(message, "message") or hasattr(message, "tool_results")


def from_older(messages: Iterable[Any]) -> list[Any]:
    """Messages of version 1 in the form of version 2; others stay as they are.

    There tool calls had no ids: they get some, by which the results that follow find theirs.
    """
    newer: list[Any] = []
    waiting: list[Json] = []
    for message in messages:
        if not is_older(message):
            newer.append(message)
            continue
        data = plain_message(message)
        if results := data.get("tool_results"):
            newer += [_older_result(result, waiting) for result in results]
            continue
        role = str(data.get("role") or "user")
        encoded: Json = {"role": _ROLES.get(role.upper(), role), "content": data["message"]}
        if calls := data.get("tool_calls"):
            waiting = [
                encode_call(f"call_{len(newer)}_{index}", call["name"], call.get("parameters", {}))
                for index, call in enumerate(calls)
            ]
            encoded["tool_calls"] = list(waiting)
        newer.append(encoded)
    return newer


def _decode_older_result(result: Json) -> Part:
    call: Json = result.get("call") or {}
    return ToolResultPart(
        name=call.get("name") or "", content=to_json(result.get("outputs")).decode()
    )


def _older_result(result: Json, waiting: list[Json]) -> Json:
    name = result["call"]["name"]
    call = next((call for call in waiting if call["function"]["name"] == name), None)
    if call is None:
        raise ValueError(
            f"There is a result of the tool `{name}`, but no message before it calls that tool. "
            "Put the assistant's message with its `tool_calls` before the results."
        )
    waiting.remove(call)
    outputs = to_json(result["outputs"]).decode()
    return {"role": "tool", "tool_call_id": call["id"], "content": outputs}


# --- whole replies


def decode_reply(data: Json) -> Reply:
    message: Json = data.get("message") or {}
    reason = data.get("finish_reason")
    # An old SDK puts None in the place of an item that it does not know.
    content = [_decode_item(item) for item in objects_in(message.get("content"))]
    return Reply(
        id=data.get("id"),
        parts=[*content, *decode_calls(message)],
        finish_reasons=[reason] if reason else None,
        usage=data.get("usage"),
        tokens=decode_usage(data.get("usage")),
        extras=_extras(message),
    )


def _extras(message: Json) -> Json:
    plan, citations = text(message.get(PLAN)), objects_in(message.get("citations"))
    return {key: value for key, value in ((PLAN, plan), ("citations", citations)) if value}


def _decode_item(item: Json) -> ReplyPart:
    match item.get("type"):
        case "text":
            return item.get("text") or ""
        case "thinking":
            return Thinking(item.get("thinking") or "")
        case _:
            return NativeBlock(item)


def decode_calls(message: Mapping[str, Any]) -> list[ToolCall]:
    return [decode_call(call) for call in objects_in(message.get("tool_calls"))]


def decode_call(call: Json) -> ToolCall:
    function: Json = call.get("function") or {}
    return ToolCall(
        function.get("name") or "", function.get("arguments") or "", call.get("id"), call
    )


def decode_usage(usage: Any) -> Tokens | None:
    """The tokens that are billed; what the model read besides is not the caller's."""
    if not is_object(usage):
        return None
    billed, tokens = inner(usage, "billed_units"), inner(usage, "tokens")
    return Tokens(
        input=billed.get("input_tokens", tokens.get("input_tokens")),
        output=billed.get("output_tokens", tokens.get("output_tokens")),
        cached=usage.get("cached_tokens"),
        reasoning=tokens.get("reasoning_tokens"),
    )


def encode_message_of(reply: Reply) -> Json:
    """The assistant's turn as it may be sent back."""
    message: Json = {"role": "assistant"}
    content = [_encode_item(part) for part in reply.parts if part and not _is_call(part)]
    calls = reply.tool_calls
    if content or not calls:
        message["content"] = content or ""
    if calls:
        message["tool_calls"] = [encode_call(call.id, call.name, call.arguments) for call in calls]
    if plan := reply.extras.get(PLAN):
        message[PLAN] = plan
    return message


def _is_call(part: ReplyPart) -> bool:
    return isinstance(part, ToolCall)


def _encode_item(part: ReplyPart) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Thinking):
        return {"type": "thinking", "thinking": part.text}
    assert isinstance(part, NativeBlock)
    return part.data


def encode_reply(reply: Reply) -> Json:
    """The whole reply in wire form."""
    message = encode_message_of(reply)
    message["content"] = message.get("content") or []
    if citations := reply.extras.get("citations"):
        message["citations"] = citations
    data: Json = {"id": reply.id or "", "message": message}
    if reply.finish_reasons:
        data["finish_reason"] = reply.finish_reasons[0]
    if reply.usage is not None:
        data["usage"] = reply.usage
    return data


# --- the events of a stream


def error_in(event: Json) -> str | None:
    """What went wrong, in an event that says so."""
    if event.get("type") == "message-end":
        error = inner(event, "delta").get("error")
        return None if error is None else str(error)
    return None if "type" in event else str(event.get("message") or event)


def _message_of(event: Json) -> Json:
    delta: Json = event.get("delta") or {}
    return delta.get("message") or {}


def _message_start(event: Json, delta: Delta) -> None:
    delta.id = event.get("id")


def _content(event: Json, delta: Delta) -> None:
    content: Json = _message_of(event).get("content") or {}
    delta.text = content.get("text") or ""
    delta.thinking = content.get("thinking") or ""


def _tool_plan(event: Json, delta: Delta) -> None:
    delta.extras = {PLAN: text(_message_of(event).get(PLAN))}


def _tool_call(event: Json, delta: Delta) -> None:
    call: Json = _message_of(event).get("tool_calls") or {}
    function: Json = call.get("function") or {}
    delta.tools = [
        ToolFragment(
            key=event.get("index"),
            id=call.get("id"),
            name=function.get("name"),
            arguments=function.get("arguments") or "",
        )
    ]


def _citation(event: Json, delta: Delta) -> None:
    citations: Any = _message_of(event).get("citations") or []
    delta.extras = {"citations": citations if is_list(citations) else [citations]}


def _end_of_part(event: Json, delta: Delta) -> None:
    delta.ends_part = True


def _message_end(event: Json, delta: Delta) -> None:
    end: Json = event.get("delta") or {}
    if reason := end.get("finish_reason"):
        delta.finish_reasons = [reason]
    delta.usage = end.get("usage")
    delta.tokens = decode_usage(delta.usage)
    delta.ends_stream = True


EVENT_DECODERS: dict[str, Callable[[Json, Delta], None]] = {
    "message-start": _message_start,
    "content-start": _content,
    "content-delta": _content,
    "content-end": _end_of_part,
    "tool-plan-delta": _tool_plan,
    "tool-call-start": _tool_call,
    "tool-call-delta": _tool_call,
    "tool-call-end": _end_of_part,
    "citation-start": _citation,
    "message-end": _message_end,
}
