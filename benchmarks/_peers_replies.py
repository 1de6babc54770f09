"""What the server answers to the peers: the same content in each form that they ask for.

The model's name says which: `bench-tool`, `bench-events_tool` for a library that always streams,
`bench-json` for one that asks for JSON in the place of a tool.
"""

from __future__ import annotations

import json
from typing import Any

from _chat_completions import USAGE, choice, chunk, completion
from _chat_completions import replies as common_replies
from _server import event_reply
from _shapes import BOOK, TEXT
from pydantic import BaseModel

CHUNKS = 2_000
PIECE = 6


class Summary(BaseModel):
    """A summary of a book."""

    title: str
    points: list[str]


def _summary() -> tuple[dict[str, Any], list[str]]:
    """A summary, and its JSON in `CHUNKS` pieces."""
    empty = json.dumps({"title": BOOK["title"], "points": []})
    point = "One thing that the reader learns of the story."
    each = len(point) + len('"", ')
    count = (CHUNKS * PIECE - len(empty)) // each
    summary = {"title": BOOK["title"], "points": [point] * count}
    text = json.dumps(summary)
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    # The last pieces are cut finer, so that there are as many as were said.
    while len(pieces) < CHUNKS:
        at = next(index for index, piece in enumerate(pieces) if len(piece) > 1)
        pieces[at : at + 1] = [pieces[at][:1], pieces[at][1:]]
    return summary, pieces


SUMMARY, SUMMARY_PIECES = _summary()


def _events(deltas: list[dict[str, Any]], finish_reason: str) -> bytes:
    return event_reply(
        [
            chunk([choice({"role": "assistant", "content": None})]),
            *[chunk([choice(delta)]) for delta in deltas],
            chunk([choice({}, finish_reason)]),
            chunk([], usage=USAGE),
            "data: [DONE]\n\n",
        ]
    )


def _call_events(name: str, pieces: list[str]) -> bytes:
    start = {"index": 0, "id": "call_1", "type": "function"}
    first = {"tool_calls": [{**start, "function": {"name": name, "arguments": ""}}]}
    rest = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
    return _events([first, *rest], "tool_calls")


def _call(name: str) -> bytes:
    function = {"name": name, "arguments": json.dumps(BOOK)}
    call = {"id": "call_1", "type": "function", "function": function}
    return completion({"content": None, "tool_calls": [call]}, "tool_calls")


def replies() -> dict[str, bytes]:
    book = json.dumps(BOOK)
    return {
        **common_replies(),
        "final_result": _call("final_result"),
        "json": completion({"content": book}, "stop"),
        "structured_stream": _call_events("Summary", SUMMARY_PIECES),
        "final_result_stream": _call_events("final_result", SUMMARY_PIECES),
        "json_stream": _events([{"content": piece} for piece in SUMMARY_PIECES], "stop"),
        "events_text": _events([{"content": TEXT}], "stop"),
        "events_tool": _call_events("book", [book]),
        "events_structured": _call_events("return_book", [book]),
        "events_json": _events([{"content": book}], "stop"),
    }
