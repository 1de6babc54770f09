"""Message parts: what a provider says it takes it sends, and anything else is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from mirascope import (
    AudioPart,
    AudioURLPart,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    Messages,
    TextPart,
)

from .cases import Way

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
PARTS: dict[str, Any] = {
    "text": TextPart(type="text", text="Look."),
    "image": ImagePart(type="image", media_type="image/png", image=PNG, detail=None),
    "image_url": ImageURLPart(type="image_url", url="https://a.b/c.png", detail=None),
    "audio": AudioPart(type="audio", media_type="audio/wav", audio=b"RIFF"),
    "audio_url": AudioURLPart(type="audio_url", url="https://a.b/c.wav"),
    "document": DocumentPart(type="document", media_type="application/pdf", document=b"%PDF"),
    "document_url": DocumentURLPart(type="document_url", url="https://a.b/c.pdf"),
    "cache_control": CacheControlPart(type="cache_control", cache_type="ephemeral"),
}


@pytest.mark.parametrize("kind", PARTS)
async def test_each_kind_of_part(way: Way, kind: str) -> None:
    part = PARTS[kind]
    types = way.case.module.PROVIDER.part_types
    fetches = "https" in way.case.module.PROVIDER.url_schemes
    if kind.endswith("_url") and not (fetches and kind in types) and kind[:-4] in types:
        # The provider wants the bytes: see `test_conformance_media.py`.
        return

    def prompt() -> Any:
        return Messages.User(["What is it?", part])

    if kind in types:
        response = await way.ask(prompt)
        # The sandbox refuses what does not fit the types of the SDK.
        assert response.content
        assert len(way.wire.messages(way.body)) == 1
        assert response.common_user_message_param.content[1] == part
    else:
        with pytest.raises(ValueError, match=f"does not take `{type(part).__name__}`"):
            await way.ask(prompt)
        assert way.box.requests == []


@pytest.mark.parametrize(
    "part",
    [
        ImagePart(type="image", media_type="image/tiff", image=b"II*", detail=None),
        AudioPart(type="audio", media_type="audio/midi", audio=b"MThd"),
        DocumentPart(type="document", media_type="application/zip", document=b"PK"),
    ],
    ids=lambda part: part.type,
)
async def test_a_media_type_that_is_not_taken(way: Way, part: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"`{part.media_type}`|does not take `{part.__class__.__name__}`"
    ):
        await way.ask(lambda: Messages.User(["What is it?", part]))
    assert way.box.requests == []
