"""The text that bytes from the web stand for."""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# On the web these names mean the larger set: https://encoding.spec.whatwg.org/#names-and-labels
_MEANT = {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "gb2312": "gbk"}
# Codecs of Python that no page is written in, some of which take very long.
_NO_CHARSETS = frozenset(
    {
        *("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"),
        *("unicode_escape", "raw_unicode_escape", "utf-7"),
    }
)
_TEXTUAL = re.compile(
    r"text/.*|image/svg\+xml|application/(.+\+)?"
    r"(json|xml|yaml|x-yaml|javascript|x-javascript|x-ndjson|x-www-form-urlencoded|graphql)"
)


def read_text(data: bytes, content_type: str) -> str | None:
    """The text, in the character set that is stated or that shows; None for what is no text."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    charset = _stated(content_type, data)
    if _TEXTUAL.fullmatch(media_type(content_type)):
        return data.decode(charset or "utf-8", "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode(charset or "utf-8")
    except UnicodeDecodeError:
        return None


def media_type(content_type: str) -> str:
    """The type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_html(text: str, content_type: str) -> bool:
    """Whether it is a page: stated so, or looking so where nothing is stated."""
    kind = media_type(content_type)
    if kind:
        return kind in ("text/html", "application/xhtml+xml")
    return bool(re.match(r"\s*<(!doctype html|html|head|body)\b", text, re.IGNORECASE))


def _stated(content_type: str, data: bytes) -> str | None:
    if match := _CHARSET.search(content_type):
        return _codec(match[1])
    if media_type(content_type) in ("", "text/html", "application/xhtml+xml") and (
        found := _META.search(data[:4096])
    ):
        charset = _codec(found[1].decode("ascii", "replace"))
        # It was read as ASCII, so it is not what it says: the specification has this rule too.
        return "utf-8" if charset and charset.startswith("utf-16") else charset
    return None


def _codec(name: str) -> str | None:
    try:
        codec = codecs.lookup(name)
        b"    ".decode(codec.name)  # There are codecs that give no text.
    except (LookupError, ValueError):
        return None
    return None if codec.name in _NO_CHARSETS else _MEANT.get(codec.name, codec.name)
