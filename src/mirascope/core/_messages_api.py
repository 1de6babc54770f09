"""The wire format of Anthropic's Messages API: content blocks and stream events.

Source: https://docs.anthropic.com/en/api/messages
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from .base._media import check_image_type
from .base._narrow import inner, is_object
from .base._wire import Delta, NativeBlock, ReplyPart, Thinking, Tokens, ToolCall, ToolFragment
from .base.message_param import (
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    Part,
    ProviderPart,
    ResultPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    result_content,
)

Json = dict[str, Any]

# --- encode


def blocks(content: Any) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def mark_cached(blocks: list[Json], part: CacheControlPart) -> None:
    if not blocks:
        raise ValueError(
            "A `CacheControlPart` caches what stands before it, and nothing does in this message: "
            "put it after the part that is to be cached."
        )
    blocks[-1] = {**blocks[-1], "cache_control": {"type": part.cache_type}}


def joined_system(contents: list[Any]) -> Any:
    if len(contents) == 1:
        return contents[0]
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(contents)
    return [block for content in contents for block in blocks(content)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _encode_image(part: ImagePart) -> Json:
    check_image_type(part.media_type)
    source = {"type": "base64", "media_type": part.media_type, "data": _base64(part.image)}
    return {"type": "image", "source": source}


def _encode_document(part: DocumentPart) -> Json:
    if part.media_type == "text/plain":
        text = part.document.decode(errors="replace")
        return {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": text},
        }
    if part.media_type != "application/pdf":
        raise ValueError(
            f"Unsupported document type: `{part.media_type}`. "
            "Supported are `application/pdf`, `text/plain`."
        )
    source = {"type": "base64", "media_type": part.media_type, "data": _base64(part.document)}
    return {"type": "document", "source": source}


def _encode_tool_result(part: ToolResultPart) -> Json:
    content: Any = part.content
    if not isinstance(content, str):
        content = [PART_ENCODERS[each.type](each) for each in content]
    block: Json = {"type": "tool_result", "tool_use_id": part.id or "", "content": content}
    return {**block, "is_error": True} if part.is_error else block


PART_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"type": "text", "text": part.text},
    "image": _encode_image,
    "image_url": lambda part: {"type": "image", "source": {"type": "url", "url": part.url}},
    "document": _encode_document,
    "document_url": lambda part: {"type": "document", "source": {"type": "url", "url": part.url}},
    "tool_call": lambda part: {
        "type": "tool_use",
        "id": part.id or "",
        "name": part.name,
        "input": part.args or {},
    },
    "tool_result": _encode_tool_result,
    "thinking": lambda part: {
        "type": "thinking",
        "thinking": part.thinking,
        "signature": part.signature,
    },
}


def decode_block(provider: str, block: Any) -> list[Part]:
    data: Json = block if is_object(block) else block.model_dump()
    cached: list[Part] = []
    if control := data.get("cache_control"):
        cached.append(CacheControlPart(cache_type=control["type"]))
    return [_decode_part(provider, data), *cached]


def _decode_part(provider: str, data: Json) -> Part:
    source: Json = data.get("source") or {}
    match data["type"], source.get("type"):
        case "text", _:
            return TextPart(text=data["text"])
        case "thinking", _:
            return ThinkingPart(
                thinking=data["thinking"], signature=data.get("signature"), provider=provider
            )
        case "tool_use", _:
            return ToolCallPart(name=data["name"], args=data["input"], id=data["id"])
        case "tool_result", _:
            return ToolResultPart(
                content=_decode_result(provider, data.get("content") or ""),
                id=data["tool_use_id"],
                is_error=data.get("is_error") or False,
            )
        case "image", "base64":
            image = base64.b64decode(source["data"])
            return ImagePart(media_type=source["media_type"], image=image)
        case "image", "url":
            return ImageURLPart(url=source["url"])
        case "document", "base64":
            document = base64.b64decode(source["data"])
            return DocumentPart(media_type=source["media_type"], document=document)
        case "document", "url":
            return DocumentURLPart(url=source["url"])
        case _:
            return ProviderPart(provider=provider, data=data)


def _decode_result(provider: str, content: Any) -> str | list[ResultPart]:
    if isinstance(content, str):
        return content
    text = "".join(block.get("text", "") for block in content)
    return result_content([_decode_part(provider, block) for block in content], text)


# --- whole replies


def decode_reply_block(block: Json) -> ReplyPart:
    """A content block of a reply in the common form."""
    match block.get("type"):
        case "text" if not block.get("citations"):
            return block.get("text") or ""
        case "text":
            return NativeBlock(block, text=block.get("text") or "")
        case "tool_use":
            return decode_tool_use(block)
        case "thinking":
            return Thinking(block.get("thinking") or "", block.get("signature"))
        case _:
            return NativeBlock(block)


def decode_tool_use(block: Json) -> ToolCall:
    """A `tool_use` block in the common form."""
    return ToolCall(block.get("name") or "", block.get("input") or {}, block.get("id"), block)


def encode_reply_part(part: ReplyPart) -> Json:
    """A part of a reply as the content block that may be sent back."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Thinking):
        return {"type": "thinking", "thinking": part.text, "signature": part.signature or ""}
    if isinstance(part, NativeBlock):
        return part.data
    return {
        "type": "tool_use",
        "id": part.id or "",
        "name": part.name,
        "input": part.decoded_or_empty(),
    }


def received_part(part: ReplyPart) -> Json:
    """A part of a reply as the content block that it was received as."""
    block = encode_reply_part(part)
    return {**block, "input": part.decoded_or_text()} if isinstance(part, ToolCall) else block


def decode_usage(usage: Any) -> Tokens | None:
    """Token counts from the wire's usage object."""
    if not is_object(usage):
        return None
    details = inner(usage, "output_tokens_details")
    return Tokens(
        input=usage.get("input_tokens"),
        cached=usage.get("cache_read_input_tokens"),
        output=usage.get("output_tokens"),
        cache_write=usage.get("cache_creation_input_tokens"),
        reasoning=details.get("thinking_tokens"),
    )


# --- the events of a stream


def _message_start(event: Json, delta: Delta) -> None:
    message: Json = event.get("message") or {}
    delta.id, delta.model = message.get("id"), message.get("model")
    delta.usage = message.get("usage")
    delta.tokens = decode_usage(delta.usage)


def _block_start(event: Json, delta: Delta) -> None:
    block: Json = event.get("content_block") or {}
    match block.get("type"):
        case "text":
            delta.text = block.get("text") or ""
        case "thinking":
            delta.thinking = block.get("thinking") or ""
            delta.signature = block.get("signature") or ""
        case "tool_use":
            call = ToolFragment(event.get("index"), block.get("id"), block.get("name"))
            # Arguments normally follow in pieces, and stand here as an empty object.
            call.arguments = block.get("input") or ""
            delta.tools = [call]
        case _:
            delta.block = NativeBlock(dict(block), key=event.get("index"))


def _block_delta(event: Json, delta: Delta) -> None:
    piece: Json = event.get("delta") or {}
    match piece.get("type"):
        case "text_delta":
            delta.text = piece.get("text") or ""
        case "input_json_delta":
            arguments = piece.get("partial_json") or ""
            delta.tools = [ToolFragment(event.get("index"), arguments=arguments)]
        case "thinking_delta":
            delta.thinking = piece.get("thinking") or ""
        case "signature_delta":
            delta.signature = piece.get("signature") or ""
        case _:
            # A citation, or something newer than this.
            pass


def _block_stop(event: Json, delta: Delta) -> None:
    delta.ends_part = True


def _message_delta(event: Json, delta: Delta) -> None:
    end: Json = event.get("delta") or {}
    if reason := end.get("stop_reason"):
        delta.finish_reasons = [reason]
    delta.usage = event.get("usage")
    delta.tokens = decode_usage(delta.usage)


def _message_stop(event: Json, delta: Delta) -> None:
    delta.ends_stream = True


EVENT_DECODERS: dict[str, Callable[[Json, Delta], None]] = {
    "message_start": _message_start,
    "content_block_start": _block_start,
    "content_block_delta": _block_delta,
    "content_block_stop": _block_stop,
    "message_delta": _message_delta,
    "message_stop": _message_stop,
}
