"""The wire format of Amazon Bedrock's Converse API: content blocks and stream events.

Each block is an object whose one key says what it is. Binary content is `bytes`: the SDK turns it
into base64. Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from zlib import crc32

from pydantic_core import from_json, to_json

from .base._narrow import inner, is_object, objects_in
from .base._wire import Delta, NativeBlock, ReplyPart, Thinking, Tokens, ToolCall, ToolFragment
from .base.message_param import (
    AudioPart,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    Part,
    ProviderPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    result_content,
)

Json = dict[str, Any]

CACHE_POINT: Json = {"cachePoint": {"type": "default"}}


# --- encode

IMAGE_FORMATS = {f"image/{name}": name for name in ("png", "jpeg", "gif", "webp")}
AUDIO_FORMATS = {
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/aac": "aac",
    "audio/mp4": "mp4",
    "audio/webm": "webm",
}
DOCUMENT_FORMATS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
"""Media type to the API's word for it."""
STORED_FORMATS = {
    "image": {**{name: name for name in IMAGE_FORMATS.values()}, "jpg": "jpeg"},
    "document": {name: name for name in DOCUMENT_FORMATS.values()},
}
"""The end of an object's name to the API's word, for what lies in S3."""


def format_of(formats: Mapping[str, str], media_type: str, kind: str) -> str:
    """The API's word for a media type. Raises ValueError where it has none."""
    if media_type not in formats:
        raise ValueError(
            f"Unsupported {kind} type: `{media_type}`. "
            f"Supported are {', '.join(f'`{name}`' for name in formats)}."
        )
    return formats[media_type]


def _image(part: ImagePart) -> Json:
    image_format = format_of(IMAGE_FORMATS, part.media_type, "image")
    return {"image": {"format": image_format, "source": {"bytes": part.image}}}


def _audio(part: AudioPart) -> Json:
    audio = base64.b64decode(part.audio) if isinstance(part.audio, str) else part.audio
    audio_format = format_of(AUDIO_FORMATS, part.media_type, "audio")
    return {"audio": {"format": audio_format, "source": {"bytes": audio}}}


def _document(part: DocumentPart) -> Json:
    document = {
        "format": format_of(DOCUMENT_FORMATS, part.media_type, "document"),
        "name": document_name(part.document),
        "source": {"bytes": part.document},
    }
    return {"document": document}


def document_name(content: bytes) -> str:
    """The API wants a name; the same content has the same, so that the prompt can be cached."""
    return f"document-{crc32(content):08x}"


def stored(kind: str, url: str) -> Json:
    """A block for what lies in S3. Raises ValueError for any other address."""
    ending = url.rpartition(".")[2].lower()
    formats = STORED_FORMATS[kind]
    if not url.startswith("s3://") or ending not in formats:
        raise ValueError(
            f"Amazon Bedrock fetches nothing from `{url}`: it takes `s3://` addresses that end in "
            f"{', '.join(f'`.{name}`' for name in formats)}. "
            f"Download the {kind} and pass its bytes instead."
        )
    content: Json = {"format": formats[ending], "source": {"s3Location": {"uri": url}}}
    if kind == "document":
        content["name"] = document_name(url.encode())
    return {kind: content}


def _tool_result(part: ToolResultPart) -> Json:
    content: list[Json] = (
        [{"text": part.content}]
        if isinstance(part.content, str)
        else [PART_ENCODERS[each.type](each) for each in part.content]
    )
    result: Json = {"toolUseId": part.id or "", "content": content}
    return {"toolResult": {**result, "status": "error"} if part.is_error else result}


PART_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"text": part.text},
    "image": _image,
    "image_url": lambda part: stored("image", part.url),
    "audio": _audio,
    "document": _document,
    "document_url": lambda part: stored("document", part.url),
    "cache_control": lambda part: CACHE_POINT,
    "tool_call": lambda part: tool_use(part.id, part.name, part.args or {}),
    "tool_result": _tool_result,
    "thinking": lambda part: reasoning(part.thinking, part.signature),
}


def tool_use(id: str | None, name: str, arguments: Json | str) -> Json:
    """A block that calls a tool."""
    return {"toolUse": {"toolUseId": id or "", "name": name, "input": arguments}}


def reasoning(text: str, signature: str | None) -> Json:
    """A block of the model's reasoning."""
    content = {"text": text, "signature": signature} if signature else {"text": text}
    return {"reasoningContent": {"reasoningText": content}}


def tool_names(messages: Iterable[Any]) -> list[str]:
    """The tools that are called in messages, each once."""
    blocks = (block for message in messages for block in message.get("content") or ())
    return list(dict.fromkeys(b["toolUse"]["name"] for b in blocks if "toolUse" in b))


def past_tool(name: str) -> Json:
    """A tool that may not be called any more: a conversation that used it has to describe it."""
    description = "Was used earlier in this conversation. It is not available now."
    schema: Json = {"type": "object", "properties": {}}
    spec: Json = {"name": name, "description": description, "inputSchema": {"json": schema}}
    return {"toolSpec": spec}


def output_config(name: str, schema: Json | None) -> Json:
    """What has the model keep to a JSON schema; the API takes it as a text."""
    wanted = {"schema": to_json(schema).decode(), "name": name}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": wanted}}}


# --- decode messages

_MEDIA_TYPES = {
    **{word: media_type for media_type, word in reversed(AUDIO_FORMATS.items())},
    **{word: media_type for media_type, word in IMAGE_FORMATS.items()},
    **{word: media_type for media_type, word in DOCUMENT_FORMATS.items()},
}


def decode_block(provider: str, block: Json) -> Part:
    """A content block as a part of a common message."""
    kind = next(iter(block), "")
    decoder = _BLOCK_DECODERS.get(kind)
    part = decoder(block[kind]) if decoder else None
    if isinstance(part, ThinkingPart):
        part.provider = provider
    return part or ProviderPart(provider=provider, data=block)


def _decode_media(
    content: Json,
    from_bytes: Callable[[str, bytes], Part],
    from_url: Callable[[str], Part] | None = None,
) -> Part | None:
    source = inner(content, "source")
    if "bytes" in source:
        return from_bytes(_MEDIA_TYPES.get(content.get("format", ""), ""), source["bytes"])
    if from_url and "s3Location" in source:
        return from_url(source["s3Location"]["uri"])
    return None


def _decode_image(content: Json) -> Part | None:
    return _decode_media(
        content,
        lambda media_type, data: ImagePart(media_type=media_type, image=data),
        lambda url: ImageURLPart(url=url),
    )


def _decode_document(content: Json) -> Part | None:
    return _decode_media(
        content,
        lambda media_type, data: DocumentPart(media_type=media_type, document=data),
        lambda url: DocumentURLPart(url=url),
    )


def _decode_audio(content: Json) -> Part | None:
    return _decode_media(
        content, lambda media_type, data: AudioPart(media_type=media_type, audio=data)
    )


def _decode_tool_result(content: Json) -> Part:
    blocks: list[Json] = content["content"]
    pieces = (piece.get("text") or piece.get("json") or "" for piece in blocks)
    text = "".join(p if isinstance(p, str) else to_json(p).decode() for p in pieces)
    return ToolResultPart(
        content=result_content([decode_block("", block) for block in blocks], text),
        id=content["toolUseId"],
        is_error=content.get("status") == "error",
    )


def _decode_thinking(content: Json) -> Part | None:
    thought = inner(content, "reasoningText")
    if not thought:
        return None
    return ThinkingPart(thinking=thought["text"], signature=thought.get("signature"))


_BLOCK_DECODERS: dict[str, Callable[[Any], Part | None]] = {
    "text": lambda text: TextPart(text=text),
    "image": _decode_image,
    "document": _decode_document,
    "audio": _decode_audio,
    "cachePoint": lambda point: CacheControlPart(),
    "toolUse": lambda use: ToolCallPart(name=use["name"], args=use["input"], id=use["toolUseId"]),
    "toolResult": _decode_tool_result,
    "reasoningContent": _decode_thinking,
}


# --- whole replies


def decode_reply_block(block: Json) -> ReplyPart:
    """A content block of a reply in the common form."""
    if "text" in block:
        return block["text"] or ""
    if "toolUse" in block and inner(block, "toolUse").get("type") != "server_tool_use":
        return decode_tool_use(block)
    if thought := inner(inner(block, "reasoningContent"), "reasoningText"):
        return Thinking(thought.get("text") or "", thought.get("signature"))
    cited = objects_in(inner(block, "citationsContent").get("content"))
    return NativeBlock(block, text="".join(piece.get("text") or "" for piece in cited))


def decode_tool_use(block: Json) -> ToolCall:
    """A `toolUse` block in the common form."""
    use = inner(block, "toolUse")
    return ToolCall(use.get("name") or "", use.get("input") or {}, use.get("toolUseId"), block)


def encode_reply_part(part: ReplyPart) -> Json:
    """A part of a reply as the content block that may be sent back."""
    if isinstance(part, str):
        return {"text": part}
    if isinstance(part, Thinking):
        return reasoning(part.text, part.signature)
    if isinstance(part, NativeBlock):
        return part.data
    return tool_use(part.id, part.name, part.decoded_or_empty())


def received_part(part: ReplyPart) -> Json:
    """A part of a reply as the content block that it was received as."""
    if isinstance(part, ToolCall):
        return tool_use(part.id, part.name, part.decoded_or_text())
    return encode_reply_part(part)


def is_unsigned(part: ReplyPart) -> bool:
    """Whether a part is reasoning that cannot be sent back."""
    return isinstance(part, Thinking) and not part.signature


def decode_usage(usage: Any) -> Tokens | None:
    """Token counts from the wire's usage object."""
    if not is_object(usage):
        return None
    return Tokens(
        input=usage.get("inputTokens"),
        cached=usage.get("cacheReadInputTokens"),
        output=usage.get("outputTokens"),
        cache_write=usage.get("cacheWriteInputTokens"),
    )


# --- the events of a stream


class BlockCollector:
    """Puts the blocks of a stream together that only Bedrock understands.

    These are the tools that Bedrock runs itself, what they gave, and reasoning that is not shown.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, Json] = {}

    def feed(self, event: Json) -> Json:
        """`event` without the fragments of such a block; the event that ends it has it whole."""
        kind = next(iter(event), "")
        take = self._TAKERS.get(kind)
        return {kind: take(self, event[kind])} if take else event

    def _start(self, event: Json) -> Json:
        start = inner(event, "start")
        if inner(start, "toolUse").get("type") == "server_tool_use":
            block: Json = {"toolUse": {**start["toolUse"], "input": ""}}
        elif "toolResult" in start:
            block = {"toolResult": {**start["toolResult"], "content": []}}
        else:
            return event
        self._blocks[event["contentBlockIndex"]] = block
        return {**event, "start": {}}

    def _delta(self, event: Json) -> Json:
        piece, index = inner(event, "delta"), event.get("contentBlockIndex", 0)
        redacted = inner(piece, "reasoningContent").get("redactedContent")
        if redacted is not None:
            block = self._blocks.setdefault(index, {"reasoningContent": {"redactedContent": b""}})
            block["reasoningContent"]["redactedContent"] += redacted
        elif index not in self._blocks:
            return event
        elif "toolUse" in piece:
            self._blocks[index]["toolUse"]["input"] += piece["toolUse"].get("input") or ""
        elif "toolResult" in piece:
            self._blocks[index]["toolResult"]["content"] += piece["toolResult"]
        return {**event, "delta": {}}

    def _stop(self, event: Json) -> Json:
        block = self._blocks.pop(event.get("contentBlockIndex", 0), None)
        if block is None:
            return event
        if "toolUse" in block:
            block["toolUse"]["input"] = from_json(block["toolUse"]["input"] or "{}")
        return {**event, "block": block}

    _TAKERS: dict[str, Callable[[Any, Json], Json]] = {
        "contentBlockStart": _start,
        "contentBlockDelta": _delta,
        "contentBlockStop": _stop,
    }


def _message_start(event: Json, delta: Delta) -> None:
    delta.id = event.get("requestId")


def _block_start(event: Json, delta: Delta) -> None:
    if use := inner(inner(event, "start"), "toolUse"):
        index = event.get("contentBlockIndex")
        delta.tools = [ToolFragment(index, use.get("toolUseId"), use.get("name"))]


def _block_delta(event: Json, delta: Delta) -> None:
    piece = inner(event, "delta")
    delta.text = piece.get("text") or ""
    if use := inner(piece, "toolUse"):
        fragment = ToolFragment(event.get("contentBlockIndex"), arguments=use.get("input") or "")
        delta.tools = [fragment]
    if thought := inner(piece, "reasoningContent"):
        delta.thinking = thought.get("text") or ""
        delta.signature = thought.get("signature") or ""


def _block_stop(event: Json, delta: Delta) -> None:
    delta.ends_part = True
    if block := event.get("block"):
        delta.block = NativeBlock(block)


def _message_stop(event: Json, delta: Delta) -> None:
    if reason := event.get("stopReason"):
        delta.finish_reasons = [reason]
    delta.ends_stream = True


def _metadata(event: Json, delta: Delta) -> None:
    delta.usage = event.get("usage")
    delta.tokens = decode_usage(delta.usage)


EVENT_DECODERS: dict[str, Callable[[Json, Delta], None]] = {
    "messageStart": _message_start,
    "contentBlockStart": _block_start,
    "contentBlockDelta": _block_delta,
    "contentBlockStop": _block_stop,
    "messageStop": _message_stop,
    "metadata": _metadata,
}
