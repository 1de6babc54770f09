"""Images, recordings and documents: from what a user has at hand to a part of a message.

Nothing here touches the network: a URL becomes a part that names the URL. What local files a `str`
may name is up to the `MediaPolicy` that is in force.
"""

from __future__ import annotations

import base64
import binascii
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

from ._media_policy import media_policy
from .message_param import (
    AudioPart,
    AudioURLPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    Part,
)

_URL_SCHEMES = ("http://", "https://", "gs://")

_Signature: TypeAlias = tuple[int, bytes, str]

# Where the bytes stand, the bytes, and the media type they prove; the first match counts.
_IMAGE_SIGNATURES: tuple[_Signature, ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypheix", "image/heic"),
    (4, b"ftyphevc", "image/heic"),
    (4, b"ftyphevx", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypmsf1", "image/heif"),
    (4, b"ftypheim", "image/heif"),
    (4, b"ftypheis", "image/heif"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypavis", "image/avif"),
)
_AUDIO_SIGNATURES: tuple[_Signature, ...] = (
    (8, b"WAVE", "audio/wav"),
    (8, b"AIFF", "audio/aiff"),
    (8, b"AIFC", "audio/aiff"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mp3"),
    (0, b"\xff\xfb", "audio/mp3"),
    (0, b"\xff\xfa", "audio/mp3"),
    (0, b"\xff\xf3", "audio/mp3"),
    (0, b"\xff\xf2", "audio/mp3"),
    (0, b"\xff\xe3", "audio/mp3"),
    (0, b"\xff\xe2", "audio/mp3"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf0", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"\xff\xf8", "audio/aac"),
    (4, b"ftypM4A ", "audio/mp4"),
    (4, b"ftypM4B ", "audio/mp4"),
)
_PDF_STARTS_WITHIN = 1024
"""Readers accept anything before the header: https://opensource.adobe.com/dc-acrobat-sdk-docs."""

_MEDIA_TYPES = {
    "audio/mpeg": "audio/mp3",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "image/jpg": "image/jpeg",
}
"""What servers and systems say, and what is said here."""

_PICTURE_FORMATS = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
}
_PNG_MODES = frozenset({"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"})


def image_part(value: Any, detail: str | None = None) -> Part | None:
    """The image `value`: bytes, a `Path`, a PIL image, or a `str` that is a URL or a local path.

    Nothing (None, `""`, `b""`) is no part. Raises ValueError for what is not a known image.
    """
    if isinstance(value, ImagePart | ImageURLPart):
        return value
    if _is_picture(value):
        return _picture_part(value, detail)
    if not value:
        return None
    if is_url(value):
        return ImageURLPart(url=value, detail=detail)
    data = _read(value, "image")
    return ImagePart(media_type=_media_type(data, "image"), image=data, detail=detail)


def audio_part(value: Any) -> Part | None:
    """The recording `value`: bytes, `Path`, `wave.Wave_read`, pydub `AudioSegment`, URL or path."""
    if isinstance(value, AudioPart | AudioURLPart):
        return value
    if encode := _sound_encoder(value):
        return AudioPart(media_type="audio/wav", audio=encode(value))
    if not value:
        return None
    if is_url(value):
        return AudioURLPart(url=value)
    data = _read(value, "audio")
    return AudioPart(media_type=_media_type(data, "audio"), audio=data)


def document_part(value: Any) -> Part | None:
    """The document `value`: the bytes of a PDF, a `Path`, or a `str`: a URL or a local path."""
    if isinstance(value, DocumentPart | DocumentURLPart):
        return value
    if not value:
        return None
    if is_url(value):
        return DocumentURLPart(url=value)
    data = _read(value, "document")
    return DocumentPart(media_type=_media_type(data, "document"), document=data)


def is_media_object(value: Any) -> bool:
    """Whether `value` is an object that shows by its class what it is: a PIL image, a recording."""
    return _is_picture(value) or _sound_encoder(value) is not None


def media_object_part(value: Any) -> Part | None:
    """The part for a PIL image or a recording, and None for anything else."""
    if _is_picture(value):
        return image_part(value)
    if _sound_encoder(value):
        return audio_part(value)
    return None


def is_url(value: Any) -> bool:
    """Whether `value` is a `str` that the provider, not this process, can fetch."""
    return isinstance(value, str) and value[:8].lower().startswith(_URL_SCHEMES)


def read_local(path: str | Path) -> bytes:
    """The bytes of a local file. Every local read that a prompt causes goes through here.

    Raises ValueError for a `str` where the media policy in force does not let it name a file.
    """
    policy = media_policy()
    if isinstance(path, str) and not policy.allow_local_paths:
        # The same whether there is such a file or not.
        raise ValueError(
            f"Failed to load or encode data from {_shortened(path)}: the media policy does not let "
            "a `str` name a local file. Pass an http(s) URL, a `pathlib.Path`, or the bytes."
        )
    try:
        if isinstance(path, Path):
            return path.read_bytes()
        return _read_regular_file(Path(path), policy.max_bytes)
    except (OSError, ValueError) as error:
        # Not the whole of an `OSError`, which repeats the path.
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Failed to load or encode data from {_shortened(str(path))}: {reason}. "
            "Pass an http(s) URL, the path of a readable file, or the bytes."
        ) from error


def _read_regular_file(path: Path, max_bytes: int) -> bytes:
    size = path.stat().st_size
    if not path.is_file():
        # A device or a pipe may have no end.
        raise ValueError("it is not a regular file")
    if size > max_bytes:
        raise ValueError(f"its {size} bytes are more than the {max_bytes} of the media policy")
    return path.read_bytes()


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 200 else text[:199] + "…")


def _read(value: Any, kind: str) -> bytes:
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, Path):
        return read_local(value)
    if not isinstance(value, str):
        raise ValueError(
            f"Unsupported {kind} value of type `{type(value).__name__}`: "
            f"pass bytes, a `Path`, a URL{_ALSO[kind]}."
        )
    scheme = value[:5].lower()
    if scheme == "data:":
        return read_data_url(value)[1]
    if scheme == "file:":
        raise ValueError(f"{value!r} is a `file:` URL: pass a `pathlib.Path` or the bytes instead.")
    return read_local(value)


_ALSO = {"image": " or a PIL image", "audio": " or an audio object", "document": ""}


def read_data_url(url: str) -> tuple[str, bytes]:
    """The media type that a `data:` URL states (or an empty text) and its bytes."""
    header, comma, body = url.partition(",")
    media_type, *options = header[5:].split(";")
    data = unquote_to_bytes(body)
    if options[-1:] == ["base64"]:
        try:
            data = base64.b64decode(data, validate=True)
        except binascii.Error:
            comma = ""
    if not comma:
        raise ValueError(
            f"Failed to load or encode data from {url[:40]!r}…: write a data URL as "
            "`data:<media type>;base64,<data>`."
        )
    return media_type.lower(), data


def loaded_part(part: Part, data: bytes, stated_type: str) -> Part:
    """The part that has the bytes in the place of one that has their URL.

    What the bytes show counts more than the media type that is stated. Raises ValueError where
    they are nothing of the kind.
    """
    kind = part.type.removesuffix("_url")
    media_type = _sniffed(data, kind) or usual_media_type(stated_type)
    if not media_type.startswith(_FAMILIES[kind]):
        raise ValueError(
            f"it is no {kind}: neither the bytes nor the stated type `{stated_type}` are of one"
        )
    if isinstance(part, ImageURLPart):
        return ImagePart(media_type=media_type, image=data, detail=part.detail)
    if isinstance(part, AudioURLPart):
        return AudioPart(media_type=media_type, audio=data)
    return DocumentPart(media_type=media_type, document=data)


def usual_media_type(name: str) -> str:
    """The usual name of a media type that has several."""
    return _MEDIA_TYPES.get(name, name)


# By kind: what bytes show, what is known in words, and how a media type of the kind begins.
_SIGNATURES = {
    "image": _IMAGE_SIGNATURES,
    "audio": _AUDIO_SIGNATURES,
    "document": (),
}
_KNOWN = {
    "image": "JPEG, PNG, GIF, WebP, HEIC, HEIF, AVIF",
    "audio": "WAV, MP3, AIFF, AAC, OGG, FLAC, M4A",
    "document": "PDF",
}
_FAMILIES = {"image": ("image/",), "audio": ("audio/",), "document": ("application/pdf", "text/")}


def _sniffed(data: bytes, kind: str) -> str | None:
    """The media type that the bytes prove, if they prove one of the kind."""
    if kind == "document" and b"%PDF-" in data[:_PDF_STARTS_WITHIN]:
        return "application/pdf"
    for offset, signature, media_type in _SIGNATURES[kind]:
        if data.startswith(signature, offset):
            return media_type
    return None


def _media_type(data: bytes, kind: str) -> str:
    if media_type := _sniffed(data, kind):
        return media_type
    raise ValueError(
        f"Unsupported {kind} type: the {len(data)} bytes are none of {_KNOWN[kind]}. "
        "Convert them, or build the part yourself and state its `media_type`."
    )


def _loaded_class(module: str, name: str) -> type[Any] | tuple[()]:
    # An object of a class can exist only if the module that defines it has been imported.
    return getattr(sys.modules.get(module), name, ())


def _is_picture(value: Any) -> bool:
    return isinstance(value, _loaded_class("PIL.Image", "Image"))


def _picture_part(picture: Any, detail: str | None) -> ImagePart:
    file_format = picture.format if picture.format in _PICTURE_FORMATS else "PNG"
    if file_format == "PNG" and picture.mode not in _PNG_MODES:
        picture = picture.convert("RGB")
    file = io.BytesIO()
    picture.save(file, format=file_format)
    return ImagePart(media_type=_PICTURE_FORMATS[file_format], image=file.getvalue(), detail=detail)


def _sound_encoder(value: Any) -> Callable[[Any], bytes] | None:
    if isinstance(value, _loaded_class("wave", "Wave_read")):
        return _wave_bytes
    if isinstance(value, _loaded_class("pydub", "AudioSegment")):
        return _segment_bytes
    return None


def _wave_bytes(recording: Any) -> bytes:
    import wave

    file = io.BytesIO()
    position = recording.tell()
    recording.rewind()
    with wave.open(file, "wb") as copy:
        copy.setparams(recording.getparams())
        copy.writeframes(recording.readframes(recording.getnframes()))
    recording.setpos(position)
    return file.getvalue()


def _segment_bytes(segment: Any) -> bytes:
    file = io.BytesIO()
    speech = segment.set_frame_rate(24_000).set_channels(1).set_sample_width(2)
    speech.export(file, format="wav")
    return file.getvalue()


_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")


def is_image_type(media_type: str) -> bool:
    """Whether most providers read images of this type."""
    return media_type in _IMAGE_TYPES


def check_image_type(media_type: str) -> None:
    """Raise ValueError for an image that is none of the types that most providers read."""
    if not is_image_type(media_type):
        raise ValueError(
            f"Unsupported image type: `{media_type}`. "
            f"Supported are {', '.join(f'`{name}`' for name in _IMAGE_TYPES)}."
        )
