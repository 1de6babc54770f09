"""What may happen to a reply on its way: edits of its JSON, of its events, and of its bytes.

An edit is a plain value, so that Hypothesis can shrink a failing one and print it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from hypothesis import strategies as st

Json = dict[str, Any]


def nested(depth: int, leaf: Any = "x") -> Any:
    """Lists and objects within each other."""
    value = leaf
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


WRONG: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    float("nan"),
    float("inf"),
    10**400,
    "",
    "x",
    "9",
    "null",
    "{",
    "{}",
    "[1]",
    '{"title": 5}',
    "\0",
    "\ud800",
    "x" * 5000,
    "AAA",
    [],
    [None],
    [[]],
    [{}],
    ["x"],
    [1, 2],
    {},
    {"": {}},
    {"type": "text"},
    {"type": None},
    {"text": 5},
    {"a": {"b": 1}},
    nested(60),
    nested(190),
]
"""What stands in the place of something else."""
TOO_DEEP = [nested(400), nested(3000)]
"""What no parser of JSON that has a limit lets through."""


class Edit(NamedTuple):
    """`what` is done at `place`, counted around all places there are, with the value `number`."""

    what: str
    place: int
    number: int = 0


def edits(kinds: Sequence[str]) -> st.SearchStrategy[list[Edit]]:
    """One or a few edits, one mostly."""
    place = st.integers(0, 400)
    edit = st.builds(Edit, st.sampled_from(kinds), place, st.integers(0, len(WRONG) - 1))
    return st.lists(edit, min_size=1, max_size=3)


JSON_EDITS = ("replace", "replace", "replace", "drop", "rename", "swap", "repeat", "wrap", "empty")
EVENT_EDITS = ("lose", "double", "exchange", "late", "foreign")
BYTE_EDITS = (
    "truncate",
    "flip",
    "insert",
    "delete",
    "utf-16",
    "latin-1",
    "crlf",
    "join",
    "garbage",
)


GARBAGE = [
    b"",
    b"<html>Bad gateway</html>",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{}",
    b"data: null\n\n",
    b"data: " + b"[" * 100_000 + b"\n\n",
    b"\0\0\0\x10" * 4,
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"a": ' + b"9" * 100_000 + b"}",
]
"""What comes in the place of a body, or of a stream."""

# Of JSON


def edited(data: Any, edits: Sequence[Edit]) -> Any:
    """A copy of a JSON object, or list, after the edits of what is in it."""
    data = deepcopy(data)
    for edit in edits:
        if places := list(_places(data)):
            container, key = places[edit.place % len(places)]
            _JSON[edit.what](container, key, edit, places)
    return data


def _places(value: Any) -> Any:
    items: Any = ()
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for key, item in items:
        yield value, key
        yield from _places(item)


def _rename(container: Any, key: Any, edit: Edit, places: Any) -> None:
    if isinstance(container, dict):
        container[f"{key}_"] = container.pop(key)


def _drop(container: Any, key: Any, edit: Edit, places: Any) -> None:
    del container[key]


def _replace(container: Any, key: Any, edit: Edit, places: Any) -> None:
    container[key] = deepcopy(WRONG[edit.number % len(WRONG)])


def _swap(container: Any, key: Any, edit: Edit, places: Any) -> None:
    other, name = places[(edit.place * 7 + edit.number) % len(places)]
    # By value: two places may lie within each other.
    container[key], other[name] = deepcopy(other[name]), deepcopy(container[key])


def _repeat(container: Any, key: Any, edit: Edit, places: Any) -> None:
    if isinstance(container, list):
        container.insert(key, deepcopy(container[key]))
    elif isinstance(container[key], str):
        container[key] *= 2


def _wrap(container: Any, key: Any, edit: Edit, places: Any) -> None:
    container[key] = {"value": container[key]} if edit.number % 2 else [container[key]]


def _empty(container: Any, key: Any, edit: Edit, places: Any) -> None:
    container[key] = type(container[key])() if container[key] is not None else ""


_JSON: dict[str, Callable[[Any, Any, Edit, Any], None]] = {
    "replace": _replace,
    "drop": _drop,
    "rename": _rename,
    "swap": _swap,
    "repeat": _repeat,
    "wrap": _wrap,
    "empty": _empty,
}


# Of a stream's events


def edited_events(events: list[Any], edits: Sequence[Edit], others: list[Any]) -> list[Any]:
    """The events after the edits, whether these are of their order or of what one of them says.

    `others` are events of other streams that may turn up among them.
    """
    events = deepcopy(events)
    for edit in edits:
        at = edit.place % (len(events) or 1)
        match edit.what:
            case "lose":
                del events[at : at + 1 + edit.number % 3]
            case "double":
                events[at:at] = deepcopy(events[at : at + 1])
            case "exchange":
                events[at : at + 2] = events[at : at + 2][::-1]
            case "late":
                events += [events.pop(at)] if events else []
            case "foreign":
                events.insert(at, deepcopy(others[edit.number % len(others)]))
            case _ if events:
                inside = edit._replace(place=edit.place // len(events))
                events[at] = edited(events[at], [inside])
            case _:
                pass
    return events


# Of bytes


def spoilt(content: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes of a body or of a stream after the edits."""
    for edit in edits:
        at = edit.place * 7 % (len(content) + 1)
        content = _BYTES[edit.what](content, at, edit.number)
    return content


def _reencoded(content: bytes, encoding: str) -> bytes:
    return content.decode(errors="replace").encode(encoding, errors="replace")


_BYTES: dict[str, Callable[[bytes, int, int], bytes]] = {
    "truncate": lambda content, at, number: content[:at],
    "flip": lambda content, at, number: (
        content[:at]
        + bytes(byte ^ (1 << number % 8) for byte in content[at : at + 1])
        + content[at + 1 :]
    ),
    "insert": lambda content, at, number: (
        content[:at]
        + (b"\xff", b"\n\n", b"data: ", b"\0", b'"', b"[DONE]")[number % 6]
        + content[at:]
    ),
    "delete": lambda content, at, number: content[:at] + content[at + 1 + number :],
    "utf-16": lambda content, at, number: _reencoded(content, "utf-16"),
    "latin-1": lambda content, at, number: _reencoded(content, "latin-1"),
    "crlf": lambda content, at, number: content.replace(b"\n", b"\r\n"),
    "join": lambda content, at, number: content.replace(b"\n\n", b"\n"),
    "garbage": lambda content, at, number: GARBAGE[number % len(GARBAGE)],
}
