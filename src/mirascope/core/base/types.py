"""Small common types: provider names, finish reasons, usage and what a cost is worked out from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel

Provider: TypeAlias = Literal[
    "anthropic",
    "azure",
    "bedrock",
    "cohere",
    "gemini",
    "google",
    "groq",
    "litellm",
    "mistral",
    "openai",
    "vertex",
    "xai",
]
"""Names of hosted providers."""

LocalProvider: TypeAlias = Literal["ollama", "vllm"]
"""Names of servers on one's own machine that speak OpenAI's protocol."""

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why a reply ended, in terms common to all providers."""

if TYPE_CHECKING:
    JsonableType: TypeAlias = (
        str
        | int
        | float
        | bool
        | bytes
        | Sequence["JsonableType"]
        | set["JsonableType"]
        | Mapping[str, "JsonableType"]
        | BaseModel
        | None
    )
else:
    JsonableType = Any
"""What a tool may return: anything that has a JSON form."""


BaseType: TypeAlias = (
    str | int | float | bool | bytes | list[Any] | set[Any] | tuple[Any, ...] | dict[str, Any]
)
"""The built-in types that may be a response model, besides enums, literals and unions."""

AudioSegment: TypeAlias = Any
"""An `AudioSegment` of the `pydub` package, which a prompt may hold."""


class Usage(BaseModel):
    """Token counts of one call. `total_tokens` is input plus output."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    total_tokens: int


class ImageMetadata(BaseModel):
    """The size of an image in pixels."""

    width: int
    height: int
    tokens: int | None = None
    detail: str | None = None


class VideoMetadata(BaseModel):
    """A video's length in seconds."""

    duration_seconds: float
    with_audio: bool | None = False
    tokens: int | None = None


class AudioMetadata(BaseModel):
    """A recording's length in seconds."""

    duration_seconds: float
    with_timestamps: bool | None = False
    tokens: int | None = None


class PDFImageMetadata(BaseModel):
    """The size of an image on a PDF page, in pixels."""

    width: int
    height: int
    tokens: int | None = None


class PDFMetadata(BaseModel):
    """What a PDF holds."""

    page_count: int | None = None
    text_tokens: int | None = None
    images: list[PDFImageMetadata] | None = None
    cached: bool | None = None
    cache_hours: float | None = None


class GoogleMetadata(BaseModel):
    """What Google adds to a price."""

    use_vertex_ai: bool = False
    grounding_requests: int | None = None


class CostMetadata(BaseModel):
    """What a cost is worked out from.

    The token counts and `cost` are used; the other fields are accepted because programs pass them.
    """

    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    cached_tokens: int | float | None = None
    cache_write: int | float | bool | None = None
    streaming_mode: bool | None = None
    cached_response: bool | None = None
    context_length: int | None = None
    realtime_mode: bool | None = None
    region: str | None = None
    tier: str | None = None
    batch_mode: bool | None = False
    images: list[ImageMetadata] | None = None
    videos: list[VideoMetadata] | None = None
    audio: list[AudioMetadata] | None = None
    audio_output: list[AudioMetadata] | None = None
    pdf: PDFMetadata | None = None
    context_cache_tokens: int | float | None = None
    context_cache_hours: float | None = None
    google: GoogleMetadata | None = None
    realtime_tokens: int | float | None = None
    tool_use_tokens: int | float | None = None
    reasoning_tokens: int | float | None = None
    cost: float | None = None
    """A cost in US dollars that is known already, for instance from the provider itself."""
