"""The wire format of OpenAI's Chat Completions, which many providers share.

Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, cast

from pydantic_core import to_json

from .base._media import check_image_type
from .base._narrow import inner, is_object, objects_in
from .base._provider import Draft, Provider
from .base._wire import (
    Audio,
    Delta,
    Reply,
    ReplyPart,
    Thinking,
    Tokens,
    ToolCall,
    ToolFragment,
)
from .base.message_param import (
    AudioPart,
    BaseMessageParam,
    DocumentPart,
    ImagePart,
    ImageURLPart,
    Part,
    ProviderPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from .base.types import FinishReason

Json = dict[str, Any]

NEEDS_COMPLETION_TOKENS = re.compile(r"(o\d|gpt-([5-9]|\d\d))")
"""OpenAI's models that refuse `max_tokens`: https://platform.openai.com/docs/guides/reasoning."""


class ChatCompletions(Provider):
    """Both translations of a provider that speaks Chat Completions."""

    param_names: ClassVar[Mapping[str, str | None]] = {
        "temperature": "temperature",
        "max_tokens": "max_tokens",
        "top_p": "top_p",
        "frequency_penalty": "frequency_penalty",
        "presence_penalty": "presence_penalty",
        "seed": "seed",
        "stop": "stop",
    }
    finish_reasons: ClassVar[Mapping[str, FinishReason]] = {
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
    }
    has_strict_json = True
    heeds_retry_after: ClassVar[tuple[str, ...]] = ("seconds", "date", "ms")
    part_types: ClassVar[frozenset[str]] = frozenset(
        {"text", "image", "image_url", "audio", "document", "tool_call", "tool_result"}
    )
    reasoning_keys: ClassVar[tuple[str, ...]] = ("reasoning_content", "reasoning")
    """Where providers that show the model's reasoning put it."""

    # --- encode

    def encode_message(self, message: BaseMessageParam) -> list[Json]:
        if isinstance(message.content, str):
            return [{"role": message.role, "content": message.content}]
        content: list[Json] = []
        calls: list[Json] = []
        results: list[Json] = []
        reasoning = ""
        for part in message.content:
            if isinstance(part, ToolCallPart):
                calls.append(_encode_call(part.id, part.name, part.args or {}))
            elif isinstance(part, ToolResultPart):
                results.append(
                    {"role": "tool", "content": part.content, "tool_call_id": part.id or ""}
                )
            elif isinstance(part, ThinkingPart):
                reasoning += part.thinking if part.provider == self.name else ""
            elif not isinstance(part, ProviderPart):
                # Foreign blocks have no place in this protocol's requests.
                content.append(self.encode_part(part))
        encoded: Json = {"role": message.role, "content": content or ""}
        if calls:
            encoded["content"] = _joined_text(content)
            encoded["tool_calls"] = calls
            self._give_back_reasoning(encoded, reasoning)
        return results if results and not content and not calls else [encoded, *results]

    def _give_back_reasoning(self, message: Json, reasoning: str) -> None:
        # Only models that show their reasoning have any, and those want it back with tool calls:
        # https://api-docs.deepseek.com/guides/thinking_mode
        if reasoning:
            message[self.reasoning_keys[0]] = reasoning

    def encode_part(self, part: Part) -> Json:
        """A part of a user's message in the provider's form."""
        encoder = _PART_ENCODERS.get(part.type)
        if part.type not in self.part_types or encoder is None:
            raise self.refuse_part(part)
        return encoder(part)

    def finalize(self, draft: Draft) -> Json:
        kwargs: Json = {**draft.params, "model": draft.model, "messages": draft.messages}
        if draft.tools:
            # Tools that the provider runs itself come as a parameter, beside the caller's own.
            own = kwargs.get("tools") or ()
            kwargs["tools"] = [*own, *(tool.tool_schema() for tool in draft.tools)]
        if draft.forced_tool:
            kwargs["tool_choice"] = "required"
        if draft.json:
            if draft.json.strict:
                schema = {"name": draft.json.name, "schema": draft.json.schema, "strict": True}
                kwargs["response_format"] = {"type": "json_schema", "json_schema": schema}
            elif not draft.tools:
                kwargs.setdefault("response_format", {"type": "json_object"})
        if draft.stream:
            kwargs["stream"] = True
            self.ask_for_usage(kwargs)
        return kwargs

    def ask_for_usage(self, kwargs: Json) -> None:
        """Have the stream end with the token counts, unless the user said otherwise."""
        kwargs["stream_options"] = {"include_usage": True, **(kwargs.get("stream_options") or {})}

    # --- decode

    def decode_message(self, message: Any) -> BaseMessageParam:
        data: Json = message if is_object(message) else message.model_dump()
        role, content = data.get("role", "user"), data.get("content")
        if role == "tool":
            result = ToolResultPart(content=_text_of(content), id=data.get("tool_call_id"))
            return BaseMessageParam(role="tool", content=[result])
        parts: list[Part] = []
        if reasoning := self.decode_thinking(data):
            parts.append(ThinkingPart(thinking=reasoning, provider=self.name))
        if isinstance(content, str):
            if not parts and not data.get("tool_calls"):
                return BaseMessageParam(role=role, content=content)
            parts.append(TextPart(text=content)) if content else None
        elif content:
            parts += map(self.decode_part, content)
        for call in self.decode_calls(data):
            parts.append(ToolCallPart(name=call.name, args=call.decoded(), id=call.id))
        return BaseMessageParam(role=role, content=parts or (data.get("refusal") or ""))

    def decode_reply(self, data: Json) -> Reply:
        choices = objects_in(data.get("choices"))
        message = cast(Json, (choices[0].get("message") if choices else None) or {})
        reply = Reply(
            id=data.get("id"),
            model=data.get("model"),
            created=data.get("created"),
            refusal=message.get("refusal"),
        )
        for choice in choices:
            if reason := choice.get("finish_reason"):
                reply.finish_reasons = [*(reply.finish_reasons or ()), reason]
        if audio := message.get("audio"):
            reply.audio = _decode_audio(audio)
        if thinking := self.decode_thinking(message):
            reply.parts.append(Thinking(thinking))
        if content := message.get("content"):
            reply.parts += self.decode_content(content)
        reply.parts += self.decode_calls(message)
        reply.usage = data.get("usage")
        reply.tokens = self.decode_usage(reply.usage)
        return reply

    def decode_content(self, content: Any) -> list[ReplyPart]:
        """The content of a reply, a text or a list of chunks, in the common form."""
        return [content if isinstance(content, str) else _text_of(content)]

    def decode_part(self, part: Any) -> Part:
        """A part of a message's content as a common one."""
        return _decode_part(self.name, part)

    def decode_calls(self, message: Mapping[str, Any]) -> list[ToolCall]:
        """The tool calls of an assistant message, in each of the forms they have had."""
        calls: list[ToolCall] = []
        given = message.get("tool_calls")
        for call in objects_in(given) if given else ():
            if (custom := call.get("custom")) and is_object(custom):
                arguments: Any = {"input": custom.get("input", "")}
                calls.append(ToolCall(custom.get("name", ""), arguments, call.get("id"), call))
            else:
                function: Json = call.get("function") or {}
                arguments = function.get("arguments")
                arguments = "" if arguments is None else arguments
                calls.append(ToolCall(function.get("name") or "", arguments, call.get("id"), call))
        if legacy := message.get("function_call"):
            calls.append(ToolCall(legacy.get("name") or "", legacy.get("arguments") or ""))
        return calls

    def decode_thinking(self, message: Mapping[str, Any]) -> str:
        """The model's reasoning that comes with a message or a delta; empty where there is none."""
        for key in self.reasoning_keys:
            if isinstance(text := message.get(key), str):
                return text
        return ""

    def decode_usage(self, usage: Any) -> Tokens | None:
        """Token counts from the wire's usage object."""
        if not is_object(usage):
            return None
        details = inner(usage, "prompt_tokens_details")
        output_details = inner(usage, "completion_tokens_details")
        return Tokens(
            input=usage.get("prompt_tokens"),
            cached=details.get("cached_tokens"),
            output=usage.get("completion_tokens"),
            reasoning=output_details.get("reasoning_tokens"),
        )

    def decode_delta(self, data: Json) -> Delta:
        delta = Delta.empty()
        delta.id, delta.model, delta.created = (
            data.get("id"),
            data.get("model"),
            data.get("created"),
        )
        for choice in data.get("choices") or ():
            # With `n` > 1 the choices come mixed: the stream is that of the first.
            if choice.get("index", 0) == 0:
                self._decode_choice(choice, delta)
        if usage := data.get("usage"):
            delta.usage = usage
            delta.tokens = self.decode_usage(usage)
        return delta

    def _decode_choice(self, choice: Json, delta: Delta) -> None:
        message: Json = choice.get("delta") or {}
        content = message.get("content")
        if content:
            delta.text = content if isinstance(content, str) else _text_of(content)
        if calls := message.get("tool_calls"):
            delta.tools = [_decode_fragment(call) for call in objects_in(calls)]
        if reason := choice.get("finish_reason"):
            delta.finish_reasons = [reason]
            delta.ends_stream = True
        if len(message) > 1 or not content:
            delta.thinking = self.decode_thinking(message)
            delta.refusal = message.get("refusal") or ""
            if audio := message.get("audio"):
                delta.audio = _decode_audio(audio)

    # --- rebuild

    def message_param(self, reply: Reply) -> Json:
        # From the wire's own words, not through the common parts: malformed arguments, which the
        # model must be told about, have no common form.
        text, calls = reply.text, reply.tool_calls
        message: Json = {"role": "assistant", "content": text or None}
        if calls:
            message["tool_calls"] = [_encode_reply_call(call) for call in calls]
            self._give_back_reasoning(message, "".join(part.text for part in reply.thinking))
        if reply.audio:
            message["audio"] = {"id": reply.audio.id}
        if reply.refusal:
            message["refusal"] = reply.refusal
        if len(message) == 2:
            message["content"] = text
        return message

    def encode_reply(self, reply: Reply) -> Json:
        message = self.message_param(reply)
        message.setdefault("refusal", None)
        if audio := reply.audio:
            message["audio"] = {
                "id": audio.id,
                "data": audio.data,
                "transcript": audio.transcript,
                "expires_at": audio.expires_at,
            }
        if thinking := reply.thinking:
            message[self.reasoning_keys[0]] = "".join(part.text for part in thinking)
        choice = {
            "index": 0,
            "message": message,
            "finish_reason": reply.finish_reasons[0] if reply.finish_reasons else None,
            "logprobs": None,
        }
        return {
            "id": reply.id or "",
            "object": "chat.completion",
            "created": reply.created or int(time.time()),
            "model": reply.model or "",
            "choices": [choice],
            "usage": reply.usage,
        }


def _encode_call(id: str | None, name: str, arguments: str | Json) -> Json:
    text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
    return {"id": id or "", "type": "function", "function": {"name": name, "arguments": text}}


def _encode_reply_call(call: ToolCall) -> Json:
    if call.native and call.native.get("type") == "custom" and "custom" in call.native:
        return {"id": call.id or "", "type": "custom", "custom": call.native["custom"]}
    return _encode_call(call.id, call.name, call.arguments)


def _joined_text(content: list[Json]) -> str | None:
    return "".join(part.get("text", "") for part in content) or None


def _text_of(content: Any) -> str:
    """The text of a message's content, which may be a list of chunks."""
    if isinstance(content, str):
        return content
    if is_object(content) or not isinstance(content or (), Iterable):
        raise TypeError(f"{content!r:.60} is neither a text nor a list")
    return "".join(
        part if isinstance(part, str) else part.get("text") or part.get("refusal") or ""
        for part in content or ()
    )


def _decode_audio(audio: Json) -> Audio:
    return Audio(
        id=audio.get("id"),
        data=audio.get("data") or "",
        transcript=audio.get("transcript") or "",
        expires_at=audio.get("expires_at"),
    )


def _decode_fragment(call: Json) -> ToolFragment:
    function: Json = call.get("function") or call.get("custom") or {}
    arguments = function.get("arguments", function.get("input"))
    index = call.get("index")
    return ToolFragment(
        key=call.get("id") if index is None else index,
        id=call.get("id"),
        name=function.get("name"),
        arguments="" if arguments is None else arguments,
    )


def data_url(media_type: str, data: bytes) -> str:
    """Bytes as a `data:` URL."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def split_data_url(url: str) -> tuple[str, bytes]:
    """The media type and the bytes of a `data:` URL."""
    head, _, data = url.partition(",")
    return head[5:].partition(";")[0], base64.b64decode(data)


_AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/mp3": "mp3",
    "audio/mpeg": "mp3",
}


def _encode_audio(part: AudioPart) -> Json:
    audio_format = _AUDIO_FORMATS.get(part.media_type)
    if audio_format is None:
        raise ValueError(
            f"Unsupported audio type: `{part.media_type}`. "
            f"Supported are {', '.join(f'`{name}`' for name in _AUDIO_FORMATS)}."
        )
    audio = part.audio if isinstance(part.audio, str) else base64.b64encode(part.audio).decode()
    return {"type": "input_audio", "input_audio": {"format": audio_format, "data": audio}}


def _encode_image(part: ImagePart) -> Json:
    check_image_type(part.media_type)
    url = data_url(part.media_type, part.image)
    return {"type": "image_url", "image_url": {"url": url, "detail": part.detail or "auto"}}


def _encode_document(part: DocumentPart) -> Json:
    if part.media_type != "application/pdf":
        raise ValueError(
            f"Unsupported document type: `{part.media_type}`. Supported is `application/pdf`."
        )
    file = {"filename": "document.pdf", "file_data": data_url(part.media_type, part.document)}
    return {"type": "file", "file": file}


_PART_ENCODERS: dict[str, Callable[[Any], Json]] = {
    "text": lambda part: {"type": "text", "text": part.text},
    "image": _encode_image,
    "image_url": lambda part: {
        "type": "image_url",
        "image_url": {"url": part.url, "detail": part.detail or "auto"},
    },
    "audio": _encode_audio,
    "document": _encode_document,
}


def _decode_part(provider: str, part: Any) -> Part:
    if isinstance(part, str):
        return TextPart(text=part)
    kind = part.get("type")
    if kind in ("text", "refusal"):
        return TextPart(text=part.get(kind) or "")
    if kind == "image_url":
        image = part["image_url"]
        if image["url"].startswith("data:"):
            media_type, data = split_data_url(image["url"])
            return ImagePart(media_type=media_type, image=data, detail=image.get("detail"))
        return ImageURLPart(url=image["url"], detail=image.get("detail"))
    if kind == "input_audio":
        audio = part["input_audio"]
        return AudioPart(media_type=f"audio/{audio['format']}", audio=audio["data"])
    if kind == "file" and "file_data" in part["file"]:
        media_type, data = split_data_url(part["file"]["file_data"])
        return DocumentPart(media_type=media_type, document=data)
    return ProviderPart(provider=provider, data=part)
