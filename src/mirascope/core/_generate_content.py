"""The wire format of Google's `generateContent`: contents and their parts, usage, events.

Source: https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic_core import to_json

from .base._media import usual_media_type
from .base._narrow import is_list, is_object, objects_in
from .base._wire import Delta, NativeBlock, Reply, ReplyPart, Thinking, Tokens, ToolCall
from .base.message_param import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
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

FAMILY = frozenset({"google", "gemini", "vertex"})
"""The provider names whose own parts are Google's."""

# --- encode: the SDK's spelling, `inline_data`, of what the wire calls `inlineData`

ROLES = {"assistant": "model", "tool": "user"}
_IMAGE_TYPES = ("png", "jpeg", "webp", "heic", "heif", "gif")
_AUDIO_TYPES = (
    *("wav", "x-wav", "wave", "mp3", "mpeg", "aiff", "x-aiff", "aac", "ogg", "flac", "x-flac"),
    *("m4a", "mp4", "opus", "pcm", "webm"),
)


def encode_message(message: BaseMessageParam) -> Json:
    """A common message as a content."""
    role = ROLES.get(message.role, message.role)
    if isinstance(message.content, str):
        return {"role": role, "parts": [{"text": message.content}]}
    parts: list[Json] = []
    signature = b""
    for part in message.content:
        if isinstance(part, ThinkingPart):
            if part.provider not in (None, *FAMILY):
                continue
            if not part.thinking:
                # The signature of the part that follows, which is where Google wants it back.
                signature = _decode_base64(part.signature)
                continue
        if isinstance(part, ProviderPart) and part.provider not in FAMILY:
            continue
        encoded = PART_ENCODERS[part.type](part)
        if signature:
            encoded["thought_signature"] = signature
            signature = b""
        parts.append(encoded)
    if signature:
        parts.append({"text": "", "thought_signature": signature})
    return {"role": role, "parts": parts}


def _encode_thinking(part: ThinkingPart) -> Json:
    encoded: Json = {"text": part.thinking, "thought": True}
    if part.signature:
        encoded["thought_signature"] = _decode_base64(part.signature)
    return encoded


_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_ALPHABET_FOR_URLS = str.maketrans("+/", "-_")


def _decode_base64(text: str | None) -> bytes:
    # The API writes the standard alphabet, the SDK's own dumps the one for URLs.
    return base64.b64decode((text or "").translate(_STANDARD_ALPHABET))


def _inline(media_type: str, data: bytes) -> Json:
    return {"inline_data": {"mime_type": media_type, "data": data}}


def _check_type(kind: str, media_type: str, known: Iterable[str]) -> None:
    supported = [f"{kind}/{name}" for name in known]
    if media_type.partition(";")[0] not in supported:
        raise ValueError(
            f"Unsupported {kind} type: `{media_type}`. "
            f"Supported are {', '.join(f'`{name}`' for name in supported)}."
        )


def _encode_image(part: ImagePart) -> Json:
    _check_type("image", part.media_type, _IMAGE_TYPES)
    return _inline(part.media_type, part.image)


def _encode_audio(part: AudioPart) -> Json:
    _check_type("audio", part.media_type, _AUDIO_TYPES)
    data = part.audio if isinstance(part.audio, bytes) else base64.b64decode(part.audio)
    return _inline(part.media_type, data)


def _encode_document(part: DocumentPart) -> Json:
    if part.media_type != "application/pdf" and not part.media_type.startswith("text/"):
        raise ValueError(
            f"Unsupported document type: `{part.media_type}`. "
            "Supported are `application/pdf`, `text/plain` and any other `text/…`."
        )
    return _inline(part.media_type, part.document)


def _encode_url(part: ImageURLPart | AudioURLPart | DocumentURLPart) -> Json:
    """Google fetches it, from the web (http, https) or from its own storage (gs, Files API)."""
    file_data: Json = {"file_uri": part.url}
    if media_type := media_type_of(part.url):
        file_data["mime_type"] = media_type
    return {"file_data": file_data}


def media_type_of(url: str) -> str | None:
    """What a URL holds: empty where Google knows by itself, None where its name does not tell."""
    if url.startswith(_KNOWN_TO_GOOGLE):
        return ""
    guessed = mimetypes.guess_type(url.partition("?")[0])[0]
    return guessed and usual_media_type(guessed)


_KNOWN_TO_GOOGLE = (
    "https://generativelanguage.googleapis.com/",
    "https://www.youtube.com/",
    "https://youtu.be/",
)
"""Where uploaded files and videos are: https://ai.google.dev/gemini-api/docs/files."""


def _encode_call(part: ToolCallPart) -> Json:
    call: Json = {"name": part.name, "args": part.args or {}}
    return {"function_call": call if part.id is None else {"id": part.id, **call}}


def _encode_result(part: ToolResultPart) -> Json:
    key = "error" if part.is_error else "result"
    result: Json = {"name": part.name}
    if isinstance(part.content, str):
        result["response"] = {key: part.content}
    else:
        texts = [each.text for each in part.content if isinstance(each, TextPart)]
        shown = [each for each in part.content if not isinstance(each, TextPart)]
        result["response"] = {key: "\n".join(texts)}
        result["parts"] = [PART_ENCODERS[each.type](each) for each in shown]
    return {"function_response": result if part.id is None else {"id": part.id, **result}}


PART_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"text": part.text},
    "image": _encode_image,
    "image_url": _encode_url,
    "audio": _encode_audio,
    "audio_url": _encode_url,
    "document": _encode_document,
    "document_url": _encode_url,
    "tool_call": _encode_call,
    "tool_result": _encode_result,
    "thinking": _encode_thinking,
    "provider": lambda part: dict(part.data),
}


def snake_name(name: str) -> str:
    """A key of the wire in the SDK's spelling."""
    return name if name.islower() else re.sub("[A-Z]", lambda match: f"_{match[0].lower()}", name)


def joined_results(contents: list[Any]) -> list[Any]:
    """The contents, the results of one turn's tools in one content, each with its tool's name.

    Google wants as many results in a turn as there were calls. What the caller wrote is not
    changed.
    """
    if len(contents) == 1 and is_object(contents[0]) and not _results_in(contents[0]):
        return contents[:]  # which takes up no more than it has to
    joined: list[Any] = []
    names: dict[str, str] = {}
    for content in contents:
        if not is_object(content):
            joined.append(content)
            continue
        results = _results_in(content)
        if not results:
            names.update(_names_by_id(content))
            joined.append(content)
            continue
        parts = [_named(part, names) for part in content["parts"]]
        if joined and is_object(joined[-1]) and _results_in(joined[-1]):
            joined[-1] = {**joined[-1], "parts": [*joined[-1]["parts"], *parts]}
        else:
            joined.append({**content, "parts": parts})
    return joined


def _objects_in(content: Json) -> list[Json]:
    parts = content.get("parts")
    return [part for part in parts if is_object(part)] if is_list(parts) else []


def _results_in(content: Json) -> bool:
    """Whether a content holds results of tools and nothing else."""
    parts = content.get("parts")
    if not is_list(parts) or not parts:
        return False
    return all(is_object(part) and _result_of(part) is not None for part in parts)


def _result_of(part: Json) -> Json | None:
    result = part.get("function_response", part.get("functionResponse"))
    return result if is_object(result) else None


def _names_by_id(content: Json) -> dict[str, str]:
    calls = [part.get("function_call", part.get("functionCall")) for part in _objects_in(content)]
    return {call["id"]: call["name"] for call in calls if is_object(call) and call.get("id")}


def _named(part: Json, names: dict[str, str]) -> Json:
    result = _result_of(part)
    if result is None or result.get("name"):
        return part
    name = names.get(result.get("id") or "")
    if name is None:
        raise ValueError(
            "Google needs the name of the tool that gave a result, and no tool call before it has "
            f"the id {result.get('id')!r}. Give the `ToolResultPart` its `name`."
        )
    return {"function_response": {**result, "name": name}}


# --- decode: the wire's spelling


def decode_content(provider: str, data: Json) -> BaseMessageParam:
    """A content as a common message."""
    role = {"model": "assistant"}.get(data.get("role") or "user", "user")
    parts = [part for item in data.get("parts") or () for part in _decode_part(provider, item)]
    if all(isinstance(part, ToolResultPart) for part in parts) and parts:
        role = "tool"
    if len(parts) == 1 and isinstance(parts[0], TextPart):
        return BaseMessageParam(role=role, content=parts[0].text)
    return BaseMessageParam(role=role, content=parts)


def _decode_part(provider: str, part: Json) -> list[Part]:
    if is_object(blob := part.get("inlineData")):
        if media := _decode_inline(blob):
            return [media]
    elif is_object(file := part.get("fileData")):
        return [_decode_file(file)]
    elif is_object(result := part.get("functionResponse")):
        return [_decode_result(result)]
    return [common_part(provider, item) for item in decode_reply_part(part)]


def common_part(provider: str, part: ReplyPart) -> Part:
    """A part of a reply as a part of a common message."""
    if isinstance(part, str):
        return TextPart(text=part)
    if isinstance(part, ToolCall):
        return ToolCallPart(name=part.name, args=part.decoded(), id=part.id)
    if isinstance(part, Thinking):
        return ThinkingPart(thinking=part.text, signature=part.signature, provider=provider)
    return ProviderPart(provider=provider, data=part.data)


def _decode_inline(blob: Json) -> Part | None:
    media_type: str = blob.get("mimeType") or ""
    data = _decode_base64(blob.get("data"))
    match media_type.partition("/")[0]:
        case "image":
            return ImagePart(media_type=media_type, image=data)
        case "audio":
            return AudioPart(media_type=media_type, audio=data)
        case "application" | "text":
            return DocumentPart(media_type=media_type, document=data)
        case _:
            return None


def _decode_file(file: Json) -> Part:
    url = file.get("fileUri") or ""
    media_type = file.get("mimeType") or mimetypes.guess_type(url)[0] or ""
    match media_type.partition("/")[0]:
        case "image":
            return ImageURLPart(url=url)
        case "audio":
            return AudioURLPart(url=url)
        case _:
            return DocumentURLPart(url=url)


def _decode_result(result: Json) -> Part:
    response: Json = result.get("response") or {}
    (key, value) = next(iter(response.items())) if len(response) == 1 else ("", response)
    if key not in ("result", "output", "content", "error"):
        value = response
    text = value if isinstance(value, str) else to_json(value).decode()
    parts = [_decode_inline(part.get("inlineData") or {}) for part in result.get("parts") or ()]
    said = [TextPart(text=text)] if text else []
    return ToolResultPart(
        name=result.get("name") or "",
        content=result_content([*said, *parts], text),
        id=result.get("id"),
        is_error=key == "error",
    )


def decode_reply_part(part: Json) -> list[ReplyPart]:
    """A part of a reply in the common form.

    A signature becomes a `Thinking` without text, right before what it signs; it is written as the
    SDK writes it, wherever the part comes from.
    """
    signature = part.get("thoughtSignature")
    if isinstance(signature, str):
        signature = signature.translate(_ALPHABET_FOR_URLS)
    signed: list[ReplyPart] = [Thinking("", signature)] if signature else []
    text: str | None = part.get("text")
    if part.get("thought") is True:
        return [Thinking(text or "", signature)]
    if is_object(call := part.get("functionCall")):
        arguments: Json = call.get("args") or {}
        return [*signed, ToolCall(call.get("name") or "", arguments, call.get("id"), call)]
    if text is not None:
        return [*signed, text] if signed and text else [text] if text else signed
    # Code that Google runs, an image it drew, something newer: it is sent back as it came.
    return [NativeBlock(part)] if part else []


def decode_parts(parts: list[Json]) -> list[ReplyPart]:
    """The parts of a reply; the pieces of one thought are one part, as they are in a stream."""
    if len(parts) == 1:
        return decode_reply_part(parts[0])
    decoded: list[ReplyPart] = []
    for item in parts:
        for part in decode_reply_part(item):
            last = decoded[-1] if decoded else None
            if _is_unsigned(part) and _is_unsigned(last):
                decoded[-1] = Thinking(_text(last) + _text(part))
            else:
                decoded.append(part)
    return decoded


def _is_unsigned(part: ReplyPart | None) -> bool:
    return isinstance(part, Thinking) and not part.signature


def _text(part: ReplyPart | None) -> str:
    return part.text if isinstance(part, Thinking) else ""


def decode_usage(usage: Any) -> Tokens | None:
    """Token counts from the wire's usage object."""
    if not is_object(usage):
        return None
    return Tokens(
        input=usage.get("promptTokenCount"),
        cached=usage.get("cachedContentTokenCount"),
        output=usage.get("candidatesTokenCount"),
        reasoning=usage.get("thoughtsTokenCount"),
    )


def _finish_reasons(data: Json, candidates: list[Json]) -> list[str] | None:
    if len(candidates) == 1:
        return [reason] if (reason := candidates[0].get("finishReason")) else None
    reasons = [reason for each in candidates if (reason := each.get("finishReason"))]
    if not candidates and is_object(feedback := data.get("promptFeedback")):
        # The prompt was refused, so that there is nothing that could have finished.
        reasons = [reason] if (reason := feedback.get("blockReason")) else []
    return reasons or None


_EXTRAS = frozenset(
    {"citationMetadata", "groundingMetadata", "safetyRatings", "urlContextMetadata"}
)


def _extras(candidate: Json) -> Json:
    # In lists, because what a stream adds grows: the last counts.
    return {name: [value] for name, value in candidate.items() if value and name in _EXTRAS}


def decode_reply(data: Json) -> Reply:
    """A whole reply: the first candidate's content, and every candidate's reason to finish."""
    candidates = objects_in(data.get("candidates"))
    first: Json = candidates[0] if candidates else {}
    content: Json = first.get("content") or {}
    usage = data.get("usageMetadata")
    return Reply(
        id=data.get("responseId"),
        model=data.get("modelVersion"),
        parts=decode_parts(objects_in(content.get("parts"))),
        finish_reasons=_finish_reasons(data, candidates),
        usage=usage,
        tokens=decode_usage(usage),
        extras=_extras(first),
    )


def decode_delta(data: Json) -> Delta:
    """An event of a stream, which is a reply of its own with whole parts and running totals."""
    candidates = objects_in(data.get("candidates"))
    for each in candidates:
        if each.get("index"):
            # With `candidate_count` > 1 they come mixed: the stream is that of the first.
            candidates = [each for each in candidates if not each.get("index")]
            data = {**data, "promptFeedback": None}
            break
    delta = Delta.empty()
    if (id := data.get("responseId")) is not None:
        delta.id = id
    if (model := data.get("modelVersion")) is not None:
        delta.model = model
    if candidates:
        _decode_piece(candidates[0], delta)
    if reasons := _finish_reasons(data, candidates):
        delta.finish_reasons = reasons
        delta.ends_stream = True
    if tokens := decode_usage(usage := data.get("usageMetadata")):
        delta.tokens = tokens
        delta.usage = usage
    return delta


def _decode_piece(candidate: Json, delta: Delta) -> None:
    """What an event adds to the content of a candidate."""
    content: Json = candidate.get("content") or {}
    items = objects_in(content.get("parts"))
    if len(items) == 1 and len(item := items[0]) == 1 and type(item.get("text")) is str:
        delta.text = item["text"]  # as it is mostly
    else:
        delta.parts = parts = decode_parts(items)
        delta.text = Reply(parts=parts).text
        delta.thinking = "".join(part.text for part in parts if isinstance(part, Thinking))
    if not _EXTRAS.isdisjoint(candidate):
        delta.extras = _extras(candidate)


# --- rebuild


def _encode_reply_part(part: ReplyPart) -> Json:
    if isinstance(part, str):
        return {"text": part}
    if isinstance(part, Thinking):
        signed: Json = {"thoughtSignature": part.signature} if part.signature else {}
        return {"text": part.text, "thought": True, **signed} if part.text else signed
    if isinstance(part, NativeBlock):
        return part.data
    call: Json = {"name": part.name, "args": part.decoded_or_empty()}
    return {"functionCall": call if part.id is None else {"id": part.id, **call}}


def encode_candidate(reply: Reply) -> Json:
    """The one candidate that amounts to a reply."""
    reasons = reply.finish_reasons
    return {
        "index": 0,
        "content": {"role": "model", "parts": _encode_parts(reply.parts)},
        **({"finishReason": reasons[0]} if reasons else {}),
        **{name: values[-1] for name, values in reply.extras.items()},
    }


def _encode_parts(parts: Iterable[ReplyPart]) -> list[Json]:
    """The parts of a reply on the wire, each signature on the part that it signs."""
    encoded: list[Json] = []
    signature: Json = {}
    for part in parts:
        data = _encode_reply_part(part)
        if isinstance(part, Thinking) and not part.text:
            signature = data
            continue
        encoded.append({**data, **signature})
        signature = {}
    return [*encoded, {"text": "", **signature}] if signature else encoded
