"""A number of retries for Mistral's SDK, which itself knows only how long to go on.

The SDK's loop asks after each failure whether the time that has passed exceeds the
`max_elapsed_time` of its backoff. Here that is a time that runs out by being asked.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

FIRST_WAIT_MILLISECONDS = 500
LONGEST_WAIT_MILLISECONDS = 8_000


class Countdown(int):
    """A time that is over when it has been compared so often, whatever it is compared with."""

    def __new__(cls, left: int) -> Countdown:
        # As a mere number it forbids to go on, should the SDK ever do something else with it.
        made = super().__new__(cls, 0)
        made.left = left
        return made

    left: int

    def __lt__(self, elapsed: int) -> bool:
        self.left -= 1
        return self.left < 0


class Backoff:
    """The waits between the requests, doubling. The SDK reads each attribute once per call."""

    initial_interval = FIRST_WAIT_MILLISECONDS
    max_interval = LONGEST_WAIT_MILLISECONDS
    exponent = 2.0
    jitter_ms = FIRST_WAIT_MILLISECONDS

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries

    @property
    def max_elapsed_time(self) -> Countdown:
        """One of its own for each call."""
        return Countdown(self._max_retries)


@cache
def retry_config(package: str, max_retries: int) -> Any:
    """What `retries=` takes for so many: None, for none, wins over the client's own."""
    if max_retries == 0:
        return None
    # The SDK's Azure and Google clients know only the class of their own package.
    made_by = import_module(f"{package}.utils").RetryConfig
    return made_by("backoff", Backoff(max_retries), retry_connection_errors=True)
