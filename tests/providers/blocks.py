"""What each provider's requests have for images, recordings and documents."""

from __future__ import annotations

import base64
import io
import wave
from collections.abc import Iterator
from typing import Any
from zlib import crc32

Json = dict[str, Any]


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setparams((1, 2, 8000, 2, "NONE", ""))
        recording.writeframes(b"\x01\x00\x02\x00")
    return file.getvalue()


FILES = {
    "image": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
        "rkJggg=="
    ),
    "audio": _wav(),
    "document": b"%PDF-1.4\n%%EOF\n",
}
"""The bytes of a file of each kind."""
NAMES = {"image": "cat.png", "audio": "cat.wav", "document": "cat.pdf"}
TYPES = {"image": "image/png", "audio": "audio/wav", "document": "application/pdf"}


def _base64(kind: str) -> str:
    return base64.b64encode(FILES[kind]).decode()


def _data_url(kind: str) -> str:
    return f"data:{TYPES[kind]};base64,{_base64(kind)}"


def _openai_image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url, "detail": "auto"}}


_OPENAI_IMAGES = {"image": _openai_image(_data_url("image")), "image_url": _openai_image("URL")}
_OPENAI_AUDIO = {
    "type": "input_audio",
    "input_audio": {"format": "wav", "data": _base64("audio")},
}
_OPENAI_FILE = {
    "type": "file",
    "file": {"filename": "document.pdf", "file_data": _data_url("document")},
}
_OPENAI = {**_OPENAI_IMAGES, "audio": _OPENAI_AUDIO, "document": _OPENAI_FILE}


def _anthropic(kind: str) -> Json:
    data = {"type": "base64", "media_type": TYPES[kind], "data": _base64(kind)}
    return {"type": kind, "source": data}


def _google(kind: str) -> Json:
    # The SDK writes the alphabet for URLs, and the API reads both.
    data = base64.urlsafe_b64encode(FILES[kind]).decode()
    return {"inlineData": {"mimeType": TYPES[kind], "data": data}}


def _google_url(kind: str) -> Json:
    return {"fileData": {"fileUri": "URL", "mimeType": TYPES[kind]}}


def _plain_image(url: str) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


def _bedrock(kind: str, data_format: str, **more: str) -> Json:
    return {kind: {"format": data_format, **more, "source": {"bytes": _base64(kind)}}}


BLOCKS: dict[str, dict[str, Json]] = {
    "openai": _OPENAI,
    "litellm": _OPENAI,
    "groq": _OPENAI_IMAGES,
    "xai": _OPENAI_IMAGES,
    "azure": {**_OPENAI_IMAGES, "audio": _OPENAI_AUDIO},
    "anthropic": {
        "image": _anthropic("image"),
        "image_url": {"type": "image", "source": {"type": "url", "url": "URL"}},
        "document": _anthropic("document"),
        "document_url": {"type": "document", "source": {"type": "url", "url": "URL"}},
    },
    "google": {
        **{kind: _google(kind) for kind in FILES},
        **{f"{kind}_url": _google_url(kind) for kind in FILES},
    },
    "mistral": {
        "image": _plain_image(_data_url("image")),
        "image_url": _plain_image("URL"),
        "audio": {"type": "input_audio", "input_audio": _base64("audio")},
        "audio_url": {"type": "input_audio", "input_audio": "URL"},
        "document": {"type": "document_url", "document_url": _data_url("document")},
        "document_url": {"type": "document_url", "document_url": "URL"},
    },
    "cohere": {
        "image": _plain_image(_data_url("image")),
        "image_url": _plain_image("URL"),
    },
    "bedrock": {
        "image": _bedrock("image", "png"),
        "audio": _bedrock("audio", "wav"),
        "document": _bedrock("document", "pdf", name=f"document-{crc32(FILES['document']):08x}"),
    },
}
"""By provider and type of part, the block of the request; `URL` stands for the URL.

Of a URL part that is not here and whose kind is, the bytes are sent; any other is refused.
"""

CACHE_MARKS: dict[str, Json] = {
    "anthropic": {"type": "text", "text": "Look.", "cache_control": {"type": "ephemeral"}},
    "bedrock": {"cachePoint": {"type": "default"}},
}
"""What a cache control part after the text `Look.` gives."""

IN_RESULTS: dict[str, frozenset[str]] = {
    "anthropic": frozenset({"image", "image_url", "document", "document_url"}),
    "google": frozenset({"image", "document"}),
    "bedrock": frozenset({"image", "document"}),
}
"""The types of parts that a tool's result may hold beside text."""


def block(provider: str, kind: str, url: str = "URL") -> Json | None:
    """The block for a part, None where there can be none."""
    blocks = BLOCKS[provider]
    return _filled(blocks.get(kind) or blocks.get(kind.removesuffix("_url")), url)


def _filled(value: Any, url: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, url) for key, item in value.items()}
    return url if value == "URL" else value


def holds(body: Any, wanted: Json) -> bool:
    """Whether a request has a block, however its keys are cased (Google's SDK mixes the cases)."""
    return any(_same(item, wanted) for item in _items(body))


def _items(value: Any) -> Iterator[Any]:
    yield value
    children = value.values() if isinstance(value, dict) else value
    if isinstance(children, str | bytes) or not hasattr(children, "__iter__"):
        return
    for child in children:
        yield from _items(child)


def _same(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    if not isinstance(value, dict):
        return False
    items = {key.replace("_", "").lower(): item for key, item in value.items()}
    keys = {key.replace("_", "").lower(): item for key, item in wanted.items()}
    return items.keys() == keys.keys() and all(_same(items[key], keys[key]) for key in keys)
