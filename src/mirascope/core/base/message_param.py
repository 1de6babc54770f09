"""The messages of a conversation and the parts they are made of, the same for every provider."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from ._narrow import is_dict, is_list_or_tuple


def _decode(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value.translate(_STANDARD_ALPHABET), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(
            f"A `str` here is base64 text, and this one is not ({error}). Pass the `bytes` instead."
        ) from None


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_STANDARD_ALPHABET = str.maketrans("-_", "+/")

_AS_BASE64 = (BeforeValidator(_decode), PlainSerializer(_encode, str, when_used="json"))
"""Bytes that are base64 text in JSON, also where the JSON was loaded by somebody else."""


def _tag_bytes(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": _encode(value)}
    return _rebuilt(value, _tag_bytes)


def _untag_bytes(value: Any) -> Any:
    if is_dict(value) and value.keys() == {"$bytes"}:
        return _decode(value["$bytes"])
    return _rebuilt(value, _untag_bytes)


def _rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    if is_dict(value):
        return {key: change(item) for key, item in value.items()}
    if is_list_or_tuple(value):
        return [change(item) for item in value]
    return value


class _Part(BaseModel):
    # The schemas are built on first use: `from mirascope import llm` needs none of them.
    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            if isinstance(value, bytes) and len(value) > 32:
                yield name, _Abbreviated(f"<{len(value)} bytes>")
            else:
                yield name, value


class _Abbreviated(str):
    def __repr__(self) -> str:
        return str(self)


class TextPart(_Part):
    """Text between other parts of a message."""

    type: Literal["text"] = "text"
    text: str


class ImagePart(_Part):
    """An image, as bytes. `detail` is `low`, `high` or `auto` where the provider knows it."""

    type: Literal["image"] = "image"
    media_type: str
    image: Annotated[bytes, *_AS_BASE64]
    detail: str | None = None


class ImageURLPart(_Part):
    """An image that the provider fetches from `url`."""

    type: Literal["image_url"] = "image_url"
    url: str
    detail: str | None = None


class AudioPart(_Part):
    """A recording. `audio` may be given as bytes or as base64 text; it is kept as bytes."""

    type: Literal["audio"] = "audio"
    media_type: str
    audio: Annotated[bytes | str, *_AS_BASE64]


class AudioURLPart(_Part):
    """A recording that is fetched from `url`."""

    type: Literal["audio_url"] = "audio_url"
    url: str


class DocumentPart(_Part):
    """A document, as bytes."""

    type: Literal["document"] = "document"
    media_type: str
    document: Annotated[bytes, *_AS_BASE64]


class DocumentURLPart(_Part):
    """A document that is fetched from `url`."""

    type: Literal["document_url"] = "document_url"
    url: str


class CacheControlPart(_Part):
    """Asks the provider to cache the prompt up to here. `cache_type` is `ephemeral`."""

    type: Literal["cache_control"] = "cache_control"
    cache_type: str = "ephemeral"


class ToolCallPart(_Part):
    """The model's request to run the tool `name` with `args`, in an assistant message."""

    type: Literal["tool_call"] = "tool_call"
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


ResultPart: TypeAlias = TextPart | ImagePart | ImageURLPart | DocumentPart | DocumentURLPart
RESULT_PART_TYPES: tuple[type[ResultPart], ...] = (
    TextPart,
    ImagePart,
    ImageURLPart,
    DocumentPart,
    DocumentURLPart,
)


def result_content(parts: Sequence[Any], text: str) -> str | list[ResultPart]:
    """What a tool's result holds: its parts where they are more than text, and else the text."""
    shown: list[ResultPart] = [part for part in parts if isinstance(part, RESULT_PART_TYPES)]
    only_text = all(isinstance(part, TextPart) for part in shown)
    return text if only_text or len(shown) < len(parts) else shown


if TYPE_CHECKING:
    ResultContent: TypeAlias = str | Sequence[ResultPart]
else:
    ResultContent = str | list[Annotated[ResultPart, Field(discriminator="type")]]


class ToolResultPart(_Part):
    """What running a tool gave; `id` is that of the `ToolCallPart` it answers.

    `content` is a text, or a sequence of texts, images and documents: a provider that takes only
    texts refuses the others by name.
    """

    type: Literal["tool_result"] = "tool_result"
    content: ResultContent
    name: str = ""
    id: str | None = None
    is_error: bool = False


class ThinkingPart(_Part):
    """The model's reasoning, in an assistant message; `signature` proves that it is unchanged.

    `provider` is where it comes from: another provider is not sent it.
    """

    type: Literal["thinking"] = "thinking"
    thinking: str
    signature: str | None = None
    provider: str | None = None


class ProviderPart(_Part):
    """A content block in the wire form that only `provider` understands, carried untouched."""

    type: Literal["provider"] = "provider"
    provider: str
    data: Annotated[
        dict[str, Any],
        BeforeValidator(_untag_bytes),
        PlainSerializer(_tag_bytes, dict[str, Any], when_used="json"),
    ]


Part: TypeAlias = (
    TextPart
    | ImagePart
    | ImageURLPart
    | AudioPart
    | AudioURLPart
    | DocumentPart
    | DocumentURLPart
    | CacheControlPart
    | ToolCallPart
    | ToolResultPart
    | ThinkingPart
    | ProviderPart
)

PART_TYPES: tuple[type[Part], ...] = (
    TextPart,
    ImagePart,
    ImageURLPart,
    AudioPart,
    AudioURLPart,
    DocumentPart,
    DocumentURLPart,
    CacheControlPart,
    ToolCallPart,
    ToolResultPart,
    ThinkingPart,
    ProviderPart,
)

if TYPE_CHECKING:
    Content: TypeAlias = str | Sequence[Part]
else:
    # Any sequence is accepted and kept as a list, so that what comes back from JSON is equal.
    Content = str | list[Annotated[Part, Field(discriminator="type")]]


class BaseMessageParam(BaseModel):
    """One message. `role` is `system`, `user`, `assistant` or `tool`.

    `content` is a text or a sequence of parts. `model_dump_json` and `model_validate_json` lose
    nothing: bytes are base64 text in JSON.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True)

    role: str
    content: Content
