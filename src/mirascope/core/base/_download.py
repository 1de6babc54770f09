"""One guarded download: what a URL in a prompt holds, where the provider wants the bytes.

A name is resolved once, every address it has is checked, and the connection is made to an address
that was checked. Redirects are checked like any URL. All of it is held to the time, the bytes and
the redirects that the policy allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from urllib.parse import quote, urljoin

from ._checked_connection import NETWORK, Deadline, Network, open_request
from ._flow import Flow, step
from ._media_policy import MediaPolicy

_MOST_AT_ONCE = 8
_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
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
    if not is_async:
        return (yield from step(fetch_all, urls, policy))
    import asyncio

    return (yield from step(asyncio.to_thread, fetch_all, urls, policy))


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
    network = network or NETWORK
    deadline = Deadline(policy.timeout)
    for _ in range(policy.max_redirects + 1):
        try:
            place = policy.check_url(url)
        except ValueError as error:
            raise ValueError(f"Failed to load or encode data from {shown(url)}: {error}.") from None
        try:
            with open_request(place, policy, network, deadline) as response:
                location = _redirection(response)
                if location is None:
                    return _read(response, policy)
        except (OSError, HTTPException) as error:
            reason = "it took too long" if deadline.is_over else _reason(error)
            raise DownloadError(f"Failed to load or encode data from {place}: {reason}.") from error
        except ValueError as error:
            kind = DownloadError if isinstance(error, _ServerFailed) else ValueError
            raise kind(f"Failed to load or encode data from {place}: {error}.") from None
        url = urljoin(f"{place.scheme}://{place.authority}{place.target}", location)
    raise ValueError(
        f"Failed to load or encode data from {shown(url)}: "
        f"there are more than {policy.max_redirects} redirects."
    )


class _ServerFailed(ValueError):
    pass


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    scheme, separator, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    return repr(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:200])


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _redirection(response: HTTPResponse) -> str | None:
    """Where the response sends to, None where it is the answer itself."""
    if response.status in _REDIRECTS and (location := response.getheader("Location")):
        # Bytes that the header should not have held are escaped, as browsers do.
        return quote(location.encode("latin-1", "replace"), safe="%/:=&?~+!$,;'@()*[]#|")
    if response.status in _TRANSIENT:
        raise _ServerFailed(f"the server answers {response.status}")
    if response.status != 200:
        raise ValueError(f"the server answers {response.status} {response.reason}".rstrip())
    return None


def _read(response: HTTPResponse, policy: MediaPolicy) -> Download:
    encoding = (response.getheader("Content-Encoding") or "identity").lower()
    if encoding != "identity":
        raise ValueError(f"it comes compressed (`{encoding}`), which was not asked for")
    if (response.length or 0) > policy.max_bytes:
        raise _too_large(policy)
    chunks: list[bytes] = []
    left = policy.max_bytes
    while chunk := response.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise _too_large(policy)
        chunks.append(chunk)
    if response.length:
        raise _ServerFailed("the connection broke off")
    if not chunks:
        raise ValueError("it is empty")
    media_type = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    return Download(b"".join(chunks), media_type)


def _too_large(policy: MediaPolicy) -> ValueError:
    return ValueError(f"it has more than the {policy.max_bytes} bytes that the media policy allows")
