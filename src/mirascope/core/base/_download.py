"""One guarded download: what a URL in a prompt holds, where the provider wants the bytes.

A name is resolved once, every address it has is checked, and the connection is made to an address
that was checked. Redirects are checked like any URL. All of it is held to the time, the bytes and
the redirects that the policy allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPResponse

from ._checked_connection import Network
from ._exchange import ServerFailed, Unanswered, exchange, read_body
from ._flow import Flow, blocking_step
from ._media_policy import MediaPolicy, NotPublic

_MOST_AT_ONCE = 8
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadError(ConnectionError, ValueError):
    """A download that may succeed later: the network or the server failed."""


@dataclass(frozen=True, slots=True)
class Download:
    """What a URL holds."""

    data: bytes
    media_type: str
    """As the server states it, without parameters; empty where it does not."""


def downloads(urls: Sequence[str], policy: MediaPolicy, is_async: bool) -> Flow[list[Download]]:
    """What each URL holds, in order. Raises ValueError for what the policy refuses.

    In an async call a thread does it, so that the event loop goes on.
    """
    return (yield from blocking_step(is_async, fetch_all, urls, policy))


def fetch_all(urls: Sequence[str], policy: MediaPolicy) -> list[Download]:
    """What each URL holds, several at a time."""
    if len(urls) == 1:
        return [fetch(urls[0], policy)]
    from concurrent.futures import ThreadPoolExecutor

    def fetched(url: str) -> Download:
        return fetch(url, policy)

    with ThreadPoolExecutor(min(len(urls), _MOST_AT_ONCE)) as threads:
        return list(threads.map(fetched, urls))


def fetch(url: str, policy: MediaPolicy, network: Network | None = None) -> Download:
    """What a URL holds.

    Raises ValueError for what the policy refuses and what the server has not, and `DownloadError`
    (a ConnectionError and a ValueError) where the network or the server fails.
    """
    try:
        return exchange(url, policy, _read, network=network)
    except Unanswered as failure:
        way_out = f". {_WAY_OUT}" if isinstance(failure.reason, NotPublic) else ""
        kind = DownloadError if failure.may_pass else ValueError
        raise kind(
            f"Failed to load or encode data from {failure.place}: {failure.reason}{way_out}."
        ) from failure.__cause__


_WAY_OUT = "Allow it with a `MediaPolicy`, or pass the bytes"


def _read(response: HTTPResponse, policy: MediaPolicy) -> Download:
    if response.status in _TRANSIENT:
        raise ServerFailed(f"the server answers {response.status}")
    if response.status != 200:
        raise ValueError(f"the server answers {response.status} {response.reason}".rstrip())
    data = read_body(response, policy)
    if not data:
        raise ValueError("it is empty")
    media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    return Download(data, media_type)
