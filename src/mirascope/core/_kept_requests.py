"""What an SDK makes of a request, kept for the next one that differs in its texts alone."""

from __future__ import annotations

import marshal
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

MadeT = TypeVar("MadeT")

_MOST = 256
_LONGEST_KEY = 20_000


def key_of(settings: Any) -> bytes | None:
    """The same bytes for the same settings; None where they hold anything but plain values."""
    try:
        key = marshal.dumps(settings, 0)  # the version that does not write what is shared once
    except ValueError:
        return None
    return key if len(key) <= _LONGEST_KEY else None


class KeptRequests(Generic[MadeT]):
    """Requests by the client that sends them and the settings that they are made with."""

    def __init__(self) -> None:
        self._by_client: WeakKeyDictionary[Any, dict[bytes, MadeT]] = WeakKeyDictionary()

    def get(self, client: Any, key: bytes) -> MadeT | None:
        """The request that was kept; None where there is none."""
        kept = self._by_client.get(client)
        return None if kept is None else kept.get(key)

    def keep(self, client: Any, key: bytes, request: MadeT) -> None:
        """Keep a request for as long as its client lives, or until there are too many."""
        kept = self._by_client.setdefault(client, {})
        if len(kept) >= _MOST:
            kept.clear()
        kept[key] = request
