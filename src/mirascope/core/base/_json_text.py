"""JSON in what a model wrote: alone, in a code fence, with prose around it, or not finished yet."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_FENCE = re.compile(r"```[\w-]*\s*\n(.*?)```", re.DOTALL)
_OBJECT = re.compile(r'\{(?=\s*(?:["}]|$))')
_CONTAINER = re.compile(r'\{(?=\s*(?:["}]|$))|\[(?=\s*(?:["{\[\]\d-]|$))')
_SCALAR = re.compile(r'\s*(?:["\d-]|true|false|null)')
_decode_first = json.JSONDecoder().raw_decode


def json_candidates(text: str, any_value: bool = False) -> Iterator[str]:
    """The parts of `text` that may be the JSON that was asked for, the likeliest first.

    With `any_value` that may be a list as well as an object. Gives nothing where there is no JSON;
    a beginning of JSON that does not end well is given as it is, so that parsing it says why.
    """
    starts = _CONTAINER if any_value else _OBJECT
    if starts.search(text) or (any_value and _SCALAR.match(text)):
        yield text
    for fenced in _FENCE.finditer(text):
        yield fenced[1]
    end = 0
    for start in starts.finditer(text):
        if start.start() < end:
            continue
        try:
            _, end = _decode_first(text, start.start())
        except ValueError:
            # Cut off or malformed. What is well formed inside it is not what was asked for.
            yield text[start.start() :]
            return
        yield text[start.start() : end]


def start_of_json(text: str, any_value: bool = False) -> tuple[int | None, bool]:
    """Where JSON begins in a text that is arriving, and whether more text cannot change that.

    None where it has not begun.
    """
    start = (_CONTAINER if any_value else _OBJECT).search(text)
    if start is None:
        return None, False
    return start.start(), bool(text[start.end() :].strip())
