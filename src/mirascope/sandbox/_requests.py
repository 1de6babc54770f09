"""What the sandbox keeps of every request it received."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from mirascope.sandbox._checking import problems_in
from mirascope.sandbox._http import HttpRequest
from mirascope.sandbox._json import Json
from mirascope.sandbox._services import Service

SECRET_HEADERS = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"}
MASK = "***"


@dataclass
class ReceivedRequest:
    """A request as the sandbox saw it, and what became of its reply.

    `body` is the decoded JSON. `received_at` is in seconds since the epoch, like `time.time()`.
    """

    provider: str
    body: Json
    stream: bool
    received_at: float
    http: HttpRequest = field(repr=False)
    service: Service = field(repr=False)

    @property
    def method(self) -> str:
        return self.http.method

    @property
    def path(self) -> str:
        """The path with its query, as sent."""
        return self.http.target

    @property
    def connection(self) -> int:
        """The number of the TCP connection it came over, from 1."""
        return self.http.connection

    @cached_property
    def headers(self) -> dict[str, str]:
        """Names in lower case; the values of those that carry a key are masked."""
        return {
            name: MASK if name in SECRET_HEADERS else value
            for name, value in self.http.headers.items()
        }

    @property
    def finished(self) -> bool:
        """The whole reply has been sent, and the client has not left before it arrived."""
        return self.http.finished

    @property
    def disconnected(self) -> bool:
        """The client went away before the reply was complete."""
        return self.http.disconnected_at is not None

    @property
    def disconnected_at(self) -> float | None:
        """When the client went away, in seconds since the epoch."""
        return self.http.disconnected_at

    @property
    def events_sent(self) -> int:
        """How many events (or body parts) had been sent so far."""
        return self.http.pieces_sent

    @cached_property
    def problems(self) -> list[str]:
        """What the provider would refuse, one line each; empty where the request is sound.

        Without the provider's SDK only its own rules are checked, not the types.
        """
        if not self.body:
            return ["$: the request body is not a JSON object"]
        protocol = self.service.protocol
        try:
            kind = protocol.request_type(self.body)
        except ImportError:
            found: list[str] = []
        else:
            found = problems_in(self.body, kind, protocol.extra_keys)
        if found:
            return found
        try:
            return protocol.problems(self.body)
        except (LookupError, TypeError, AttributeError) as error:
            return [f"$: this request cannot be read: {type(error).__name__}: {error}"]
