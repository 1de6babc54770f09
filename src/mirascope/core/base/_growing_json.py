"""JSON that is still arriving: what has come of it, at any time, with each character read once.

At every point it holds what `pydantic_core.from_json(text, allow_partial="trailing-strings")` makes
of the whole text so far; that reads the whole text again for every piece, which adds up to the
square of its length.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any, Final

from pydantic_core import from_json

from ._narrow import is_object
from ._unreadable import NOT_JSON

_SPACE = re.compile(r"[ \t\n\r]+")
_STRING_PIECE = re.compile(
    r"(?:[^\"\\]+|\\[^u]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})+"
)
"""Characters and whole escapes; two that make up one character count as one."""
_ESCAPE_SO_FAR = re.compile(
    r"(?:\\(?:u(?:[0-9a-fA-F]{0,3}"
    r"|[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?)?)?)?"
)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NUMBER_SO_FAR = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][+-]?\d*)?)?")
_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}
_DEEPEST = 200

NOTHING: Final[Any] = object()


class _State(Enum):
    FIRST_ITEM = auto()
    VALUE = auto()
    FIRST_KEY = auto()
    KEY = auto()
    COLON = auto()
    COMMA = auto()
    STRING = auto()
    OVER = auto()


class GrowingJson:
    """Grows by `feed`; `value` is what has arrived, and the same objects go on growing in it."""

    def __init__(self) -> None:
        self.value: Any = NOTHING
        """None where the text is no JSON, `NOTHING` before there is anything."""
        self.closed: dict[int, Any] = {}
        """The lists and dicts that are complete, by their `id`."""
        self._text = ""
        self._at = 0
        self._state = _State.VALUE
        self._open: list[Any] = []
        self._keys: list[str] = []
        self._string: list[str] = []
        self._string_is_key = False
        self._provisional: tuple[Any, str | None, Any] | None = None

    def feed(self, piece: str) -> Any:
        """Take in what has come, and return the value."""
        self._take_back()
        self._text = text = self._text[self._at :] + piece
        self._at = 0
        try:
            while self._has_more() and self._step(text):
                pass
        except NOT_JSON:
            self.value, self._state = None, _State.OVER
            self._open.clear()
            self.closed.clear()
        return self.value

    def _has_more(self) -> bool:
        # A string that has begun is there, be it empty.
        return self._state is _State.STRING or (
            self._at < len(self._text) and self._state is not _State.OVER
        )

    def _step(self, text: str) -> bool:
        """Read one token; False where it is not complete."""
        state = self._state
        if state is _State.STRING:
            return self._read_string(text)
        if space := _SPACE.match(text, self._at):
            self._at = space.end()
            return True
        character = text[self._at]
        if state is _State.COMMA:
            return self._read_comma(character)
        if state is _State.COLON:
            return self._pass(character == ":", _State.VALUE)
        if state is _State.KEY or (state is _State.FIRST_KEY and character != "}"):
            self._string_is_key = True
            return self._pass(character == '"', _State.STRING)
        if state is _State.FIRST_KEY or (state is _State.FIRST_ITEM and character == "]"):
            return self._close()
        return self._read_value(text, character)

    def _pass(self, is_expected: bool, state: _State) -> bool:
        if not is_expected:
            raise ValueError(self._text)
        self._at += 1
        self._state = state
        return True

    def _read_value(self, text: str, character: str) -> bool:
        if character in "{[":
            opened: Any = {} if character == "{" else []
            self._put(opened)
            self._open.append(opened)
            self._keys.append("")
            is_key_next = character == "{"
            return self._pass(
                len(self._open) <= _DEEPEST, _State.FIRST_KEY if is_key_next else _State.FIRST_ITEM
            )
        if character == '"':
            self._string_is_key = False
            return self._pass(True, _State.STRING)
        for word, value in _WORDS.items():
            if text.startswith(word, self._at):
                return self._complete(value, self._at + len(word))
            if word.startswith(text[self._at :]):
                return False
        return self._read_number(text)

    def _read_number(self, text: str) -> bool:
        number = _NUMBER.match(text, self._at)
        so_far = _NUMBER_SO_FAR.match(text, self._at)
        end, end_so_far = number.end() if number else -1, so_far.end() if so_far else -1
        if end_so_far == len(text):
            if number and end == end_so_far:
                self._put(from_json(number[0]), provisionally=True)
            return False
        if not number or end != end_so_far or text[end].isdigit():
            raise ValueError(text)
        return self._complete(from_json(number[0]), end)

    def _read_string(self, text: str) -> bool:
        piece = _STRING_PIECE.match(text, self._at)
        if piece:
            self._string.append(from_json(f'"{piece[0]}"'))
            self._at = piece.end()
        if text.startswith('"', self._at):
            string = "".join(self._string)
            self._string.clear()
            if not self._string_is_key:
                return self._complete(string, self._at + 1)
            self._keys[-1] = string
            return self._pass(True, _State.COLON)
        if not _ESCAPE_SO_FAR.fullmatch(text, self._at):
            raise ValueError(text)
        if not self._string_is_key:
            self._string = ["".join(self._string)]
            self._put(self._string[0], provisionally=True)
        return False

    def _read_comma(self, character: str) -> bool:
        is_dict = isinstance(self._open[-1], dict)
        if character == ",":
            return self._pass(True, _State.KEY if is_dict else _State.VALUE)
        if character == ("}" if is_dict else "]"):
            return self._close()
        # What has come before it counts.
        self._state = _State.OVER
        return False

    def _complete(self, value: Any, end: int) -> bool:
        self._put(value)
        self._at = end
        self._state = _State.COMMA if self._open else _State.OVER
        return True

    def _close(self) -> bool:
        closed = self._open.pop()
        self._keys.pop()
        self.closed[id(closed)] = closed
        return self._pass(True, _State.COMMA if self._open else _State.OVER)

    def _put(self, value: Any, provisionally: bool = False) -> None:
        before: tuple[Any, str | None, Any]
        if not self._open:
            before, self.value = (self, None, self.value), value
        else:
            inside: Any = self._open[-1]
            if is_object(inside):
                key = self._keys[-1]
                before = (inside, key, inside.get(key, NOTHING))
                inside[key] = value
            else:
                before = (inside, None, NOTHING)
                inside.append(value)
        if provisionally:
            self._provisional = before

    def _take_back(self) -> None:
        """Remove what was put in the place of a token that had not come to its end."""
        if self._provisional is None:
            return
        (inside, key, before), self._provisional = self._provisional, None
        if inside is self:
            self.value = before
        elif isinstance(inside, list):
            inside.pop()
        elif before is NOTHING:
            del inside[key]
        else:
            inside[key] = before
