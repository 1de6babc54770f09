"""Files that go with a prompt: from a path, a URL or bytes to a part of a message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core.base._flow import Flow
from ..core.base._media import _sniffed, loaded_part, read_local, usual_media_type
from ..core.base._media_policy import MediaPolicy
from ..core.base.message_param import (
    AudioURLPart,
    DocumentURLPart,
    ImageURLPart,
    Part,
)

_URL_PARTS = {
    "image": ImageURLPart,
    "audio": AudioURLPart,
    "application/pdf": DocumentURLPart,
    "text": DocumentURLPart,
}
"""By media type, or the family of it: the part that names a URL."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file for the model: an image, a recording or a document.

    Give one of `path`, `url` and `content` (bytes). `type` is the media type, such as `image/png`;
    without it the bytes or the name tell. A path is read, and a URL whose type its name does not
    tell is downloaded under the `MediaPolicy` in force, when the prompt is sent.

    Raises ValueError unless exactly one of the three is given.
    """

    type: str | None = None
    path: str | Path | None = None
    url: str | None = None
    content: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        given = [value for value in (self.path, self.url, self.content) if value is not None]
        if len(given) != 1:
            raise ValueError("An attachment has one of `path`, `url` and `content`.")

    def resolve_type(self) -> str | None:
        """The media type, as far as it can be told without asking a server; else None."""
        if self.type:
            return usual_media_type(self.type.lower())
        if self.content is not None:
            return _proven_type(self.content)
        name = urlsplit(self.url).path if self.url else str(self.path)
        guessed = guess_type(name)[0]
        return usual_media_type(guessed) if guessed else None

    def part(self) -> Any:
        """The part of a message that holds the file, or names its URL.

        Raises ValueError for a file that cannot be read, or is of a type that no part is for.
        """
        if self.url is not None:
            return self._kind()(url=self.url)
        data = self.content if self.content is not None else read_local(Path(str(self.path)))
        return _loaded(self, data)

    def _kind(self) -> Any:
        media_type = self.resolve_type() or ""
        family = media_type.partition("/")[0]
        kind = _URL_PARTS.get(media_type) or _URL_PARTS.get(family)
        if kind is None:
            raise ValueError(
                f"{self._named()} is of type `{media_type or 'unknown'}`, which no message can "
                "hold. Attach an image, a recording, a PDF or a text, and state its `type` (such "
                "as `image/png`) where the name does not tell it."
            )
        return kind

    def _named(self) -> str:
        what = self.url or self.path
        return f"The attachment `{what}`" if what else "The attachment"


def attached(
    attachments: Iterable[Attachment], policy: MediaPolicy, is_async: bool
) -> Flow[list[Part]]:
    """The parts of attachments; a URL of unknown type is downloaded for its bytes."""
    parts: list[Part] = []
    for attachment in attachments:
        if attachment.url is not None and attachment.resolve_type() is None:
            from ..core.base._download import downloads

            (found,) = yield from downloads([attachment.url], policy, is_async)
            parts.append(_loaded(attachment, found.data, found.media_type))
        else:
            parts.append(attachment.part())
    return parts


def _loaded(attachment: Attachment, data: bytes, stated_type: str = "") -> Part:
    stated = attachment.type or _proven_type(data) or attachment.resolve_type() or stated_type
    known = Attachment(type=stated or None, content=data)
    kind = known._kind()
    try:
        return loaded_part(kind(url=""), data, usual_media_type(stated.lower()))
    except ValueError as error:
        raise ValueError(f"{attachment._named()} cannot be attached: {error}.") from None


def _proven_type(data: bytes) -> str | None:
    kinds = ("document", "image", "audio")
    return next(filter(None, (_sniffed(data, kind) for kind in kinds)), None)
