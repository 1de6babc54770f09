"""Images, recordings and documents in templates and in what prompt functions return."""

from __future__ import annotations

import base64
import io
import sys
import warnings
import wave
from pathlib import Path
from typing import Any

import pytest

from mirascope.core.base.message_param import (
    AudioPart,
    AudioURLPart,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    TextPart,
    ToolResultPart,
)
from mirascope.core.base.messages import Messages
from mirascope.core.base.prompt import prompt_template

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
PDF = b"%PDF-1.7\n"
URL = "https://example.com/file"


def content(template: str, **values: Any) -> Any:
    @prompt_template(template)
    def look(**values: Any) -> None: ...

    messages = look(**values)
    return messages[0].content if messages else None


def wav(frames: bytes = b"\x01\x00\x02\x00") -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(frames)
    return file.getvalue()


IMAGES = {
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/png": PNG,
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "image/heic": b"\0\0\0\x18ftypheic",
    "image/heif": b"\0\0\0\x18ftypmif1",
}
RECORDINGS = {
    "audio/wav": wav(),
    "audio/mp3": b"ID3\x04",
    "audio/aiff": b"FORM\0\0\0\0AIFF",
    "audio/aac": b"\xff\xf1\x50",
    "audio/ogg": b"OggS\0",
    "audio/flac": b"fLaC\0",
}


@pytest.mark.parametrize(("media_type", "data"), IMAGES.items())
def test_image_bytes_show_their_type(media_type: str, data: bytes) -> None:
    assert content("{x:image}", x=data) == [ImagePart(media_type=media_type, image=data)]


@pytest.mark.parametrize(("media_type", "data"), RECORDINGS.items())
def test_audio_bytes_show_their_type(media_type: str, data: bytes) -> None:
    assert content("{x:audio}", x=data) == [AudioPart(media_type=media_type, audio=data)]


def test_a_document_is_a_pdf() -> None:
    expected = [DocumentPart(media_type="application/pdf", document=PDF)]
    assert content("{x:document}", x=PDF) == expected


@pytest.mark.parametrize("url", [URL, "http://example.com/x", "gs://bucket/x", "HTTPS://E.COM/x"])
def test_urls_are_named_and_not_fetched(url: str) -> None:
    assert content("{x:image}", x=url) == [ImageURLPart(url=url)]
    assert content("{x:audio}", x=url) == [AudioURLPart(url=url)]
    assert content("{x:document}", x=url) == [DocumentURLPart(url=url)]


def test_a_data_url_holds_the_bytes() -> None:
    url = "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert content("{x:image}", x=url) == [ImagePart(media_type="image/png", image=PNG)]
    with pytest.raises(ValueError, match="Failed to load or encode"):
        content("{x:image}", x="data:image/png;base64,?")


def test_files_by_path(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(PNG)
    expected = [ImagePart(media_type="image/png", image=PNG)]
    assert content("{x:image}", x=path) == expected
    assert content("{x:image}", x=str(path)) == expected
    with pytest.raises(ValueError, match="Failed to load or encode data from"):
        content("{x:image}", x=tmp_path / "missing.png")
    with pytest.raises(ValueError, match=r"`file:` URL: pass a `pathlib.Path`"):
        content("{x:image}", x=path.as_uri())


@pytest.mark.parametrize("kind", ["image", "audio", "document"])
def test_nothing_is_no_part(kind: str) -> None:
    for nothing in (None, "", b""):
        assert content(f"Look: {{x:{kind}}}", x=nothing) == "Look:"


@pytest.mark.parametrize("kind", ["image", "audio", "document"])
def test_unknown_data_is_refused_and_located(kind: str) -> None:
    with pytest.raises(ValueError, match=rf"`{{x:{kind}}}` in line 1 .*Unsupported {kind} type"):
        content(f"{{x:{kind}}}", x=b"nothing known")
    with pytest.raises(ValueError, match=rf"Unsupported {kind} value of type `int`"):
        content(f"{{x:{kind}}}", x=3)


def test_parts_stand_between_the_text() -> None:
    template = """
        SYSTEM: Describe.
        USER:
        First this: {a:image(detail=low)}
        then these: {b:images(detail = high)} {c.file:document}
        {:cache_control}
        What do you see?
        """

    class Box:
        file = URL

    @prompt_template(template)
    def look(a: str, b: list[str], c: type[Box]) -> None: ...

    system, user = look(URL, [URL, URL], Box)
    assert system.content == "Describe."
    assert user.content == [
        TextPart(text="First this:"),
        ImageURLPart(url=URL, detail="low"),
        TextPart(text="then these:"),
        ImageURLPart(url=URL, detail="high"),
        ImageURLPart(url=URL, detail="high"),
        DocumentURLPart(url=URL),
        CacheControlPart(),
        TextPart(text="What do you see?"),
    ]


def test_cache_control_takes_a_type() -> None:
    assert content("{:cache_control(type=foo)}") == [CacheControlPart(cache_type="foo")]


@pytest.mark.parametrize("spec", ["images", "audios", "documents", "texts", "parts"])
def test_the_plural_needs_a_list(spec: str) -> None:
    assert content(f"a {{x:{spec}}}", x=[]) == "a"
    with pytest.raises(ValueError, match=rf"`{{x:{spec}}}` in line 1 .*needs a list, not a `str`"):
        content(f"{{x:{spec}}}", x="a")


def test_any_part_goes_in_unchanged() -> None:
    parts = [DocumentURLPart(url=URL), ToolResultPart(content="4", id="1"), TextPart(text="a")]
    assert content("{x:parts}", x=parts) == parts
    assert content("{x:part}", x=parts[0]) == [parts[0]]
    assert content("{x:image}", x=ImageURLPart(url=URL)) == [ImageURLPart(url=URL)]
    with pytest.raises(ValueError, match="needs a part"):
        content("{x:part}", x="text")


def picture(mode: str = "RGB", file_format: str | None = None) -> Any:
    image = pytest.importorskip("PIL.Image")
    made = image.new(mode, (2, 2))
    if file_format:
        file = io.BytesIO()
        made.save(file, format=file_format)
        made = image.open(file)
    return made


@pytest.mark.parametrize(
    ("mode", "file_format", "media_type"),
    [
        ("RGB", None, "image/png"),
        ("CMYK", None, "image/png"),
        ("RGB", "JPEG", "image/jpeg"),
        ("RGB", "GIF", "image/gif"),
        ("RGB", "BMP", "image/png"),
    ],
)
def test_pictures(mode: str, file_format: str | None, media_type: str) -> None:
    value = picture(mode, file_format)
    (part,) = content("{x:image(detail=low)}", x=value)
    assert (part.media_type, part.detail) == (media_type, "low")
    assert content("{x:image}", x=part.image)[0].media_type == media_type
    text, same = Messages.User(["Look", value]).content
    assert text == TextPart(text="Look")
    assert isinstance(same, ImagePart)
    assert same.image == part.image


def test_a_wave_file_keeps_its_header() -> None:
    data = wav(b"\x01\x00\x02\x00")
    with wave.open(io.BytesIO(data)) as recording:
        recording.readframes(1)
        (part,) = content("{x:audio}", x=recording)
        assert part == AudioPart(media_type="audio/wav", audio=data)
        assert Messages.User([recording]).content == [part]
        assert recording.tell() == 1


def test_an_audio_segment_becomes_speech() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydub = pytest.importorskip("pydub")
    segment = pydub.AudioSegment.from_wav(io.BytesIO(wav()))
    (part,) = content("{x:audio}", x=segment)
    with wave.open(io.BytesIO(part.audio)) as recording:
        assert recording.getframerate() == 24_000
        assert recording.getnchannels() == 1
        assert recording.getsampwidth() == 2


def test_a_picture_alone_is_a_prompt() -> None:
    value = picture()

    @prompt_template()
    def look() -> Any:
        return value

    (message,) = look()
    assert message.role == "user"
    assert isinstance(message.content[0], ImagePart)


def test_imaging_libraries_are_not_imported(tmp_path: Path) -> None:
    import subprocess

    code = (
        "import sys; from mirascope.core.base.prompt import prompt_template\n"
        "prompt_template('{x:image}{y:audio}')(lambda x, y: None)('https://a', 'https://b')\n"
        "assert not {'PIL', 'pydub', 'wave'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
