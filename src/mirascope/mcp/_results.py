"""What a server gives: results of tools, resources, messages of prompts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from ..core.base._media import is_image_type
from ..core.base.message_param import (
    AudioPart,
    BaseMessageParam,
    DocumentPart,
    ImagePart,
    Part,
    ResultPart,
    TextPart,
)
from ..core.base.tool_outputs import ShownOutput, tool_output_text
from ._sdk import field


class MCPToolResult(list[Any], ShownOutput):
    """What a tool of a server gave: its texts as `str`, other content as the SDK's objects.

    Given back to the model, texts are text, and images and PDFs are shown where the provider takes
    them in the results of tools; of anything else the model is told what it is.
    """

    structured_content: Any
    """The result as JSON-shaped data, where the tool has an output schema; else None."""

    def __init__(
        self,
        content: Sequence[Any] = (),
        structured_content: Any = None,
        part_types: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(each.text if each.type == "text" else each for each in content)
        self.structured_content = structured_content
        self._part_types = part_types

    def shown(self) -> str | list[ResultPart]:
        """What the model is shown: the texts, and parts where there is more than text."""
        parts = [_shown_part(each, self._part_types) for each in self]
        if not parts and self.structured_content is not None:
            return tool_output_text(self.structured_content)
        texts = [part.text for part in parts if isinstance(part, TextPart)]
        return "\n".join(texts) if len(texts) == len(parts) else parts

    def __reduce__(self) -> Any:
        state = {"structured_content": self.structured_content, "_part_types": self._part_types}
        return MCPToolResult, (), state, iter(self)


def result_text(content: Sequence[Any]) -> str:
    """The text of a result: why a tool failed."""
    shown = MCPToolResult(content).shown()
    return shown if isinstance(shown, str) else ""


def resource_contents(contents: Sequence[Any]) -> list[Any]:
    """The contents of a resource: texts as parts, others as the SDK's objects."""
    return [_as_text(each) or each for each in contents]


def prompt_message(message: Any) -> BaseMessageParam:
    """A message of a server's prompt as a common message."""
    part = _message_part(message.content)
    content = part.text if isinstance(part, TextPart) else [part]
    return BaseMessageParam(role=message.role, content=content)


def _shown_part(content: Any, part_types: frozenset[str]) -> ResultPart:
    if isinstance(content, str):
        return TextPart(text=content)
    part = _message_part(content)
    if isinstance(part, TextPart):
        return part
    if isinstance(part, ImagePart) and "image" in part_types and is_image_type(part.media_type):
        return part
    if isinstance(part, DocumentPart) and "document" in part_types and _is_pdf(part):
        return part
    return TextPart(text=_note(part))


def _message_part(content: Any) -> TextPart | ImagePart | AudioPart | DocumentPart:
    if content.type == "text":
        return TextPart(text=content.text)
    if content.type == "image":
        return ImagePart(media_type=field(content, "mime_type"), image=_bytes(content.data))
    if content.type == "audio":
        return AudioPart(media_type=field(content, "mime_type"), audio=_bytes(content.data))
    if content.type == "resource":
        return _as_text(content.resource) or _blob_part(content.resource)
    # A link to a resource, or what a later version of the protocol has.
    return TextPart(text=content.model_dump_json(by_alias=True, exclude_none=True))


def _as_text(resource: Any) -> TextPart | None:
    text: Any = getattr(resource, "text", None)
    return TextPart(text=text) if isinstance(text, str) else None


def _blob_part(resource: Any) -> ImagePart | AudioPart | DocumentPart:
    media_type: str = field(resource, "mime_type") or "application/octet-stream"
    data = _bytes(resource.blob)
    if media_type.startswith("image/"):
        return ImagePart(media_type=media_type, image=data)
    if media_type.startswith("audio/"):
        return AudioPart(media_type=media_type, audio=data)
    return DocumentPart(media_type=media_type, document=data)


def _is_pdf(part: DocumentPart) -> bool:
    return part.media_type == "application/pdf"


def _note(part: Part) -> str:
    data: Any = getattr(part, part.type)
    media_type: Any = getattr(part, "media_type", "")
    return f"[{media_type}, {len(data)} bytes, which cannot be shown here]"


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)
