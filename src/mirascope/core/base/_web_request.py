"""What is asked of a web server: the method, the headers that may be chosen, and the body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

# The connection's own: who sets them decides what the server takes for the next request.
_OF_THE_CONNECTION = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "http2-settings"),
        *("keep-alive", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
# What another server may be told, where a redirect leads there: none of it is a secret.
_HARMLESS = frozenset({"accept", "accept-language", "content-language", "content-type"})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class WebRequest:
    """What is asked of a URL. Raises ValueError for a header that may not be set."""

    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for name, value in self.headers.items():
            known = name.lower()
            if known in _OF_THE_CONNECTION or known.startswith("proxy-"):
                raise ValueError(f"the header `{name}` is not for a request to set")
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if not _VALUE.fullmatch(value):
                raise ValueError(f"the header `{name}` holds a character that headers may not have")
            if known in seen:
                raise ValueError(f"the header `{name}` is there twice")
            seen.add(known)

    def with_defaults(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers, with those of `headers` that are not among them."""
        own = {name.lower() for name in self.headers}
        defaults = {name: value for name, value in headers.items() if name.lower() not in own}
        return {**defaults, **self.headers}

    def redirected(self, status: int, is_same_server: bool) -> WebRequest:
        """The request to send where a response of that status leads, as browsers do it.

        Another server gets no header that may hold a secret.
        """
        method, body = self.method, self.body
        if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
            method, body = "GET", None
        kept = {
            name: value
            for name, value in self.headers.items()
            if (is_same_server or name.lower() in _HARMLESS)
            and (body is not None or not name.lower().startswith("content-"))
        }
        return WebRequest(method, kept, body)
