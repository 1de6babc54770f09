"""Recorded traffic of real providers: where it is, and what one exchange holds.

The recordings are no part of this repository. They are looked for in `EVERSCOPE_RECORDINGS`, or in
a directory `recordings` that lies up to one level deep beside the repository.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

REPOSITORY = Path(__file__).parents[2]
ABSENT = (
    "There are no recordings. Set `EVERSCOPE_RECORDINGS` to a directory of them: one directory a "
    "provider, one JSON file a recording."
)


@dataclass(frozen=True)
class Exchange:
    """One request and its reply. `text` is the event stream of a streamed reply."""

    recording: str
    index: int
    request: Json = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: Json | None = field(repr=False)
    text: str | None = field(repr=False)
    path: str = ""
    """What was asked for."""
    binary: bytes | None = field(default=None, repr=False)
    """A streamed reply that is no text."""

    @property
    def is_streamed(self) -> bool:
        by_path = self.path.endswith("-stream") or ":stream" in self.path
        return by_path or self.request.get("stream") is True

    @property
    def is_failure(self) -> bool:
        """Whether the reply is an error, or a stream that ends with one."""
        return self.status != 200 or any("error" in event for event in events(self.text or ""))

    @property
    def messages(self) -> list[Json]:
        return list(self.request.get("messages") or self.request["contents"])

    def __str__(self) -> str:
        return f"{self.recording}[{self.index}]"


def recordings_of(directory: str) -> list[list[Exchange]]:
    """The recordings of one directory, each a list of exchanges in their order."""
    root = _root()
    paths = sorted((root / directory).glob("*.json")) if root else []
    return [_exchanges(f"{directory}/{path.stem}", path) for path in paths]


def _root() -> Path | None:
    if given := os.environ.get("EVERSCOPE_RECORDINGS"):
        return Path(given)
    beside = REPOSITORY.parent
    found = [*beside.glob("recordings/MANIFEST.md"), *beside.glob("*/recordings/MANIFEST.md")]
    return found[0].parent if found else None


def _exchanges(name: str, path: Path) -> list[Exchange]:
    return [
        Exchange(
            recording=name,
            index=index,
            request=exchange["request"]["body"],
            status=exchange["response"]["status"],
            headers=exchange["response"]["headers"],
            body=exchange["response"].get("body"),
            text=exchange["response"].get("text"),
            path=exchange["request"]["path"],
            binary=_binary(exchange["response"]),
        )
        for index, exchange in enumerate(json.loads(path.read_text())["exchanges"])
    ]


def _binary(response: Json) -> bytes | None:
    content = response.get("base64")
    return None if content is None else base64.b64decode(content)


def events(text: str) -> list[Json]:
    """The JSON of each server-sent event of a stream."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    data = [
        "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))
        for block in blocks
    ]
    return [json.loads(item) for item in data if item and item != "[DONE]"]
