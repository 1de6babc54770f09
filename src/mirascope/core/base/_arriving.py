"""The answer of a response model while its text arrives: unvalidated, as far as it goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._growing_json import NOTHING, GrowingJson
from ._json_text import start_of_json
from ._partial import Settled, parse_partial

Build = Callable[[Any, Settled | None], Any]
"""JSON data as the answer so far; None while there is nothing of it."""


class Arriving:
    """Reads a text that grows, for one stream. What is complete of it is read and built once, and
    is the same object in every answer."""

    def __init__(self, build: Build, any_value: bool) -> None:
        self._build = build
        self._any_value = any_value
        self._growing: GrowingJson | None = None
        self._settled: Settled | None = None
        self._read = ""

    def read(self, text: str) -> Any:
        """The answer as far as `text` has it, which grows from one time to the next."""
        if not text.startswith(self._read):
            # The model has begun anew, with a tool call after a text.
            self._growing = None
        before, self._read = len(self._read), text
        if self._growing is None:
            start, is_certain = start_of_json(text, self._any_value)
            if start is None:
                return self._build(parse_partial(text), None) if self._any_value else None
            if not is_certain:
                return self._build(parse_partial(text[start:]), None)
            self._growing = GrowingJson()
            self._settled = Settled(self._growing.closed)
            before = start
        value = self._growing.feed(text[before:])
        return self._build(None if value is NOTHING else value, self._settled)
