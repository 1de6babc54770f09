"""Which parts of the messages a provider takes as they are, and what becomes of the others.

A URL goes to the provider as it is where the provider fetches it. Where the provider wants the
bytes, they are downloaded. What the provider does not take in any form is refused, by name, before
anything is downloaded or sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ._flow import Flow
from ._media import loaded_part, read_data_url
from .message_param import BaseMessageParam, Part, TextPart, ToolResultPart

if TYPE_CHECKING:
    from ._media_policy import MediaPolicy
    from ._provider import Provider

BYTES_FOR_URL = {"image_url": "image", "audio_url": "audio", "document_url": "document"}
"""The type of a part that names a URL, and of the part that has the bytes instead."""

_FETCHED = ("http", "https")
_MEDIA = frozenset({*BYTES_FOR_URL, *BYTES_FOR_URL.values()})


def with_downloads(part_types: Iterable[str]) -> set[str]:
    """Part types, and those of the URLs that can be downloaded into one of them."""
    types = set(part_types)
    return types | {url for url, twin in BYTES_FOR_URL.items() if twin in types}


def parts_to_load(provider: Provider, messages: Iterable[Any]) -> list[Part]:
    """The URL parts whose bytes the provider wants.

    Raises ValueError for the first part that it does not take in any form.
    """
    wanted: list[Part] = []
    for message in messages:
        if isinstance(message, BaseMessageParam) and not isinstance(message.content, str):
            for part in message.content:
                # Most parts are text, in long histories too.
                if type(part) is TextPart:
                    continue
                if part.type in _MEDIA:
                    _check(provider, part, provider.part_types, wanted)
                elif isinstance(part, ToolResultPart) and not isinstance(part.content, str):
                    check_result(provider, part, wanted)
    return wanted


def check_result(provider: Provider, result: ToolResultPart, wanted: list[Part]) -> None:
    """Raise ValueError for a tool's result that holds a part which the provider does not take.

    What has to be loaded for it is added to `wanted`.
    """
    for part in result.content:
        if not isinstance(part, str) and not isinstance(part, TextPart):
            _check(provider, part, provider.result_part_types, wanted, in_result=True)


def _check(
    provider: Provider,
    part: Any,
    types: Collection[str],
    wanted: list[Part],
    in_result: bool = False,
) -> None:
    twin = BYTES_FOR_URL.get(part.type)
    if twin is None:
        if part.type not in types:
            raise provider.refuse_part(part, in_result)
        return
    if part.type in types and provider.takes_url(part):
        return
    if part.type not in types and twin not in types:
        raise provider.refuse_part(part, in_result)
    scheme = part.url.partition(":")[0].lower()
    if twin not in types or scheme not in (*_FETCHED, "data"):
        raise provider.refuse_scheme(part, scheme)
    wanted.append(part)


def loaded(
    messages: Sequence[Any], wanted: Sequence[Any], policy: MediaPolicy, is_async: bool
) -> Flow[list[Any]]:
    """The messages with the bytes in the place of the URL parts that are `wanted`.

    Raises ValueError for a URL that may not be fetched, or holds nothing of the kind, and
    ConnectionError where the network fails.
    """
    contents = {part.url: read_data_url(part.url) for part in wanted if _is_data(part.url)}
    urls = list(dict.fromkeys(part.url for part in wanted if not _is_data(part.url)))
    if urls:
        from ._download import downloads

        found = yield from downloads(urls, policy, is_async)
        contents |= {
            url: (each.media_type, each.data) for url, each in zip(urls, found, strict=True)
        }
    parts: dict[int, Part] = {}
    for part in wanted:
        media_type, data = contents[part.url]
        parts[id(part)] = _loaded(part, data, media_type)
    return [_with_parts(message, parts) for message in messages]


def _is_data(url: str) -> bool:
    return url[:5].lower() == "data:"


def _loaded(part: Any, data: bytes, media_type: str) -> Part:
    try:
        return loaded_part(part, data, media_type)
    except ValueError as error:
        from ._exchange import shown

        raise ValueError(
            f"Failed to load or encode data from {shown(part.url)}: {error}."
        ) from None


def _with_parts(message: Any, parts: dict[int, Part]) -> Any:
    if not isinstance(message, BaseMessageParam) or isinstance(message.content, str):
        return message
    return message.model_copy(update={"content": _replaced(message.content, parts)})


def _replaced(content: Iterable[Any], parts: dict[int, Part]) -> list[Any]:
    replaced: list[Any] = []
    for part in content:
        if isinstance(part, ToolResultPart) and not isinstance(part.content, str):
            part = part.model_copy(update={"content": _replaced(part.content, parts)})
        replaced.append(parts.get(id(part), part))
    return replaced


# --- results of tools


def plain_results(provider: Provider, message: BaseMessageParam) -> BaseMessageParam:
    """The message with each tool's result in a form that the provider can encode.

    For a provider that takes only text, a result of several texts is one. Raises ValueError for a
    part that it does not take.
    """
    if isinstance(message.content, str) or not any(map(_has_parts, message.content)):
        return message
    content = [_plain(provider, part) for part in message.content]
    return message.model_copy(update={"content": content})


def _has_parts(part: Any) -> bool:
    return isinstance(part, ToolResultPart) and not isinstance(part.content, str)


def _plain(provider: Provider, part: Any) -> Any:
    if not _has_parts(part):
        return part
    unfit: list[Part] = []
    check_result(provider, part, unfit)
    if unfit:
        # Only a call can load what a URL names.
        raise provider.refuse_part(unfit[0], in_result=True)
    if provider.result_part_types:
        return part
    return part.model_copy(update={"content": "\n".join(text.text for text in part.content)})
