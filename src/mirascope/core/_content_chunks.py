"""Mistral's form of Chat Completions: messages whose content is a list of chunks.

Source: https://docs.mistral.ai/api/#tag/chat
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import to_json

from ._chat_completions import Json, data_url, split_data_url
from .base._narrow import is_object, objects_in
from .base._wire import Delta, NativeBlock, ReplyPart, Thinking, ToolCall, ToolFragment
from .base.message_param import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    Part,
    ProviderPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

# --- encode


def encode_message(
    provider: str, message: BaseMessageParam, refuse: Callable[[Part], ValueError]
) -> list[Json]:
    """A common message as the messages that say the same here."""
    if isinstance(message.content, str):
        return [{"role": message.role, "content": message.content}]
    chunks: list[Json] = []
    calls: list[Json] = []
    results: list[Json] = []
    for part in message.content:
        if isinstance(part, ToolCallPart):
            calls.append(encode_call(part.id, part.name, part.args or {}))
        elif isinstance(part, ToolResultPart):
            results.append(_encode_result(part))
        elif isinstance(part, (ThinkingPart, ProviderPart)):
            # What another provider thought, or has blocks of its own for, is not for this one.
            if part.provider == provider:
                chunks.append(_ENCODERS[part.type](part))
        elif encoder := _ENCODERS.get(part.type):
            chunks.append(encoder(part))
        else:
            raise refuse(part)
    if not chunks and not calls:
        return results or [{"role": message.role, "content": ""}]
    encoded: Json = {"role": message.role, "content": compact(chunks)}
    if calls:
        encoded["tool_calls"] = calls
    return [encoded, *results]


def compact(chunks: list[Json]) -> str | list[Json]:
    """Content as the text that it is where it has nothing else, as every model takes it."""
    if len(chunks) > 1 or any(chunk.get("type") != "text" for chunk in chunks):
        return chunks
    return chunks[0]["text"] if chunks else ""


def encode_call(id: str | None, name: str, arguments: str | Json) -> Json:
    """A tool call as it may be sent back."""
    text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
    function = {"name": name, "arguments": text}
    return {"id": _call_id(id, name), "type": "function", "function": function}


def _encode_result(part: ToolResultPart) -> Json:
    call_id = _call_id(part.id, part.name)
    result = {"role": "tool", "content": part.content, "tool_call_id": call_id}
    return {**result, "name": part.name} if part.name else result


def _call_id(id: str | None, name: str) -> str:
    """An id as Mistral demands it; one that another provider gave becomes the same one always."""
    if id and _OWN_ID.fullmatch(id):
        return id
    return hashlib.sha256((id or name).encode()).hexdigest()[:9]


_OWN_ID = re.compile("[a-zA-Z0-9]{9}")


_OFFICE = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES = {
    "image": ("image/jpeg", "image/png", "image/gif", "image/webp"),
    "audio": (
        *("audio/wav", "audio/x-wav", "audio/mp3", "audio/mpeg", "audio/flac", "audio/ogg"),
        *("audio/mp4", "audio/m4a", "audio/x-m4a", "audio/webm"),
    ),
    "document": (
        "application/pdf",
        f"{_OFFICE}wordprocessingml.document",
        f"{_OFFICE}presentationml.presentation",
    ),
}


def _check_media_type(part: ImagePart | AudioPart | DocumentPart) -> None:
    known = _MEDIA_TYPES[part.type]
    if part.media_type not in known:
        raise ValueError(
            f"Unsupported {part.type} type: `{part.media_type}`. "
            f"Supported are {', '.join(f'`{name}`' for name in known)}."
        )


def _encode_image(part: ImagePart) -> Json:
    _check_media_type(part)
    return _image_chunk(data_url(part.media_type, part.image), part.detail)


def _image_chunk(url: str, detail: str | None) -> Json:
    return {
        "type": "image_url",
        "image_url": {"url": url, "detail": detail} if detail else {"url": url},
    }


def _encode_audio(part: AudioPart) -> Json:
    _check_media_type(part)
    audio = part.audio if isinstance(part.audio, str) else base64.b64encode(part.audio).decode()
    return {"type": "input_audio", "input_audio": audio}


def _encode_document(part: DocumentPart) -> Json:
    _check_media_type(part)
    return {"type": "document_url", "document_url": data_url(part.media_type, part.document)}


def think_chunk(text: str, signature: str | None) -> Json:
    """The model's reasoning as it may be sent back."""
    chunk: Json = {"type": "thinking", "thinking": [{"type": "text", "text": text}]}
    return {**chunk, "signature": signature} if signature else chunk


_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"type": "text", "text": part.text},
    "image": _encode_image,
    "image_url": lambda part: _image_chunk(part.url, part.detail),
    "audio": _encode_audio,
    "audio_url": lambda part: {"type": "input_audio", "input_audio": part.url},
    "document": _encode_document,
    "document_url": lambda part: {"type": "document_url", "document_url": part.url},
    "thinking": lambda part: think_chunk(part.thinking, part.signature),
    "provider": lambda part: part.data,
}

# --- decode


def decode_part(provider: str, chunk: Json) -> Part | None:
    """A chunk that only this format has as a common part; None for any other."""
    match chunk.get("type"):
        case "thinking":
            return ThinkingPart(
                thinking=_thoughts(chunk), signature=chunk.get("signature"), provider=provider
            )
        case "document_url":
            return _decode_document(chunk["document_url"])
        case "input_audio" if isinstance(chunk["input_audio"], str):
            return _decode_audio(chunk["input_audio"])
        case "reference":
            return ProviderPart(provider=provider, data=chunk)
        case _:
            return None


def _decode_document(url: str) -> Part:
    if not url.startswith("data:"):
        return DocumentURLPart(url=url)
    media_type, document = split_data_url(url)
    return DocumentPart(media_type=media_type, document=document)


def _decode_audio(audio: str) -> Part:
    if audio.startswith(("http://", "https://")):
        return AudioURLPart(url=audio)
    data = base64.b64decode(audio)
    return AudioPart(media_type="audio/wav" if data[:4] == b"RIFF" else "audio/mp3", audio=data)


def _thoughts(chunk: Json) -> str:
    return "".join(thought.get("text") or "" for thought in objects_in(chunk.get("thinking")))


def decode_content(content: Any) -> list[ReplyPart]:
    """The content of a whole reply, a text or a list of chunks, in the common form."""
    if isinstance(content, str):
        return [content]
    return [_decode_chunk(chunk) for chunk in objects_in(content)]


def _decode_chunk(chunk: Json) -> ReplyPart:
    match chunk.get("type"):
        case "text":
            return chunk.get("text") or ""
        case "thinking":
            return Thinking(_thoughts(chunk), chunk.get("signature"))
        case _:
            return NativeBlock(chunk)


def decode_delta_content(chunks: Iterable[Json], delta: Delta) -> None:
    """What the chunks of one event of a stream add."""
    references: list[Any] = []
    for chunk in chunks:
        match chunk.get("type"):
            case "text":
                delta.text += chunk.get("text") or ""
            case "thinking":
                delta.thinking += _thoughts(chunk)
                delta.signature += chunk.get("signature") or ""
            case "reference":
                references += chunk.get("reference_ids") or ()
            case _:
                delta.block = NativeBlock(chunk, key="chunk")
    if references:
        block: Json = {"type": "reference", "reference_ids": references}
        delta.block = NativeBlock(block, key="chunk")


def decode_fragments(calls: list[Json]) -> list[ToolFragment]:
    """The tool calls of one event, which come whole and are told apart by id, or by place."""
    return [_decode_fragment(place, call) for place, call in enumerate(objects_in(calls))]


def _decode_fragment(place: int, call: Json) -> ToolFragment:
    function: Json = call.get("function") or {}
    id, arguments = call.get("id"), function.get("arguments")
    return ToolFragment(
        key=call.get("index", place),
        id=own_id(id),
        name=function.get("name"),
        arguments="" if arguments is None else arguments,
    )


def own_id(id: str | None) -> str | None:
    """The id of a tool call; `"null"` is how the SDK and some models write that there is none."""
    return None if id == "null" else id


# --- rebuild


def encode_content(parts: Iterable[ReplyPart]) -> str | list[Json]:
    """The content of a reply as it may be sent back."""
    return compact([_encode_part(part) for part in parts if part and _is_content(part)])


def _is_content(part: ReplyPart) -> bool:
    if isinstance(part, NativeBlock):
        # One that does not say what it is cannot be sent back.
        return isinstance(part.data.get("type"), str)
    return not isinstance(part, ToolCall)


def _encode_part(part: ReplyPart) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Thinking):
        return think_chunk(part.text, part.signature)
    assert isinstance(part, NativeBlock)
    return part.data


def plain_message(message: Any) -> Json:
    """A message, which may be an object of the SDK, as JSON-shaped data."""
    return message if is_object(message) else message.model_dump(mode="json")
