"""A request to a web server, and the answer to it: every redirect checked, all of it in time."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from typing import TypeVar
from urllib.parse import quote, urljoin

from ._addresses import WebAddress
from ._checked_connection import NETWORK, Deadline, Network, open_request
from ._media_policy import MediaPolicy
from ._web_request import WebRequest

AnswerT = TypeVar("AnswerT")

GET = WebRequest()

_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Unanswered(ValueError):
    """There is no answer: where, why, and whether there may be one later."""

    def __init__(self, place: str, reason: Exception | str, may_pass: bool = False) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
        self.may_pass = may_pass


class ServerFailed(ValueError):
    """Raised by what reads a response, where the same request may succeed later."""


def exchange(
    url: str,
    policy: MediaPolicy,
    read: Callable[[HTTPResponse, MediaPolicy], AnswerT],
    request: WebRequest = GET,
    network: Network | None = None,
    *,
    follow: bool = True,
) -> AnswerT:
    """What `read` makes of the response, or of the last one where redirects are followed.

    Raises `Unanswered` for what the policy refuses, where `read` raises a ValueError, and where the
    network or the server fails.
    """
    network = network or NETWORK
    deadline = Deadline(policy.timeout)
    before: WebAddress | None = None
    status = 0
    for _ in range(policy.max_redirects + 1):
        try:
            if before is not None:
                url = urljoin(f"{before.scheme}://{before.authority}{before.target}", url)
            place = policy.check_url(url)
        except ValueError as error:
            raise Unanswered(shown(url), error) from None
        if before is not None:
            request = request.redirected(status, _server(place) == _server(before))
        try:
            with open_request(place, policy, network, deadline, request) as response:
                location = location_of(response) if follow else None
                if location is None:
                    return read(response, policy)
        except (OSError, HTTPException) as error:
            reason = "it took too long" if deadline.is_over else str(error) or type(error).__name__
            raise Unanswered(str(place), reason, may_pass=True) from error
        except ValueError as error:
            raise Unanswered(str(place), error, isinstance(error, ServerFailed)) from None
        before, status, url = place, response.status, location
    raise Unanswered(str(before), f"there are more than {policy.max_redirects} redirects")


def _server(place: WebAddress) -> tuple[str, str, int]:
    return place.scheme, place.host, place.port


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    scheme, separator, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    host, slash, path = rest.partition("/")
    return repr(f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"[:200])


def location_of(response: HTTPResponse) -> str | None:
    """Where the response sends to, None where it is the answer itself."""
    if response.status in _REDIRECTS and (location := response.getheader("Location")):
        # Bytes that the header should not have held are escaped, as browsers do.
        return quote(location.encode("latin-1", "replace"), safe="%/:=&?~+!$,;'@()*[]#|")
    return None


def read_body(response: HTTPResponse, policy: MediaPolicy) -> bytes:
    """All that a response holds. Raises ValueError where that is too much, or compressed."""
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
        raise ServerFailed("the connection broke off")
    return b"".join(chunks)


def _too_large(policy: MediaPolicy) -> ValueError:
    return ValueError(f"it has more than the {policy.max_bytes} bytes that the media policy allows")
