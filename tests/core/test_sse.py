"""Server-sent events come out the same however the bytes were cut, and whatever ends the lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirascope.core.base._sse import EventDecoder

LINE_ENDS = [b"\n", b"\r\n", b"\r"]
DATA = '{"text": "caf\u00e9 \\n \u4f60\u597d \U0001f600", "n": 1}'.encode()


def decoded(body: bytes, *cuts: int) -> list[bytes]:
    decoder, events, start = EventDecoder(), list[bytes](), 0
    for end in (*sorted(cuts), len(body)):
        events += decoder.feed(body[start:end])
        start = max(start, end)
    return events


def reference(body: bytes) -> list[bytes]:
    """The standard, read line by line with the whole body at hand."""
    text = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events: list[bytes] = []
    data: list[bytes] = []
    for line in text.split(b"\n")[:-1]:
        if not line and data:
            events.append(b"\n".join(data))
            data = []
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
    return [event for event in events if event]


@pytest.mark.parametrize("end", LINE_ENDS)
@pytest.mark.parametrize(
    ("lines", "events"),
    [
        ([b"data: one", b""], [b"one"]),
        ([b"data:one", b""], [b"one"]),
        ([b"data:  one", b""], [b" one"]),
        ([b"event: message", b"id: 7", b"retry: 3", b"data: one", b""], [b"one"]),
        ([b"data: one", b"data: two", b""], [b"one\ntwo"]),
        ([b": a comment", b"", b"data: one", b""], [b"one"]),
        ([b"event: ping", b"", b"data: one", b""], [b"one"]),
        ([b"", b"", b"data: one", b"", b"", b"data: two", b""], [b"one", b"two"]),
        ([b"data: " + DATA, b"", b"data: [DONE]", b""], [DATA, b"[DONE]"]),
        ([b"data: one", b"", b"data: not complete"], [b"one"]),
        ([b"database: 7", b"", b"data: one", b""], [b"one"]),
        ([b": OPENROUTER PROCESSING", b"", b"data: one", b""], [b"one"]),
    ],
)
def test_events(end: bytes, lines: list[bytes], events: list[bytes]) -> None:
    # One more event follows: after a lone `\r` a `\n` could still come.
    body = end.join([*lines, b"data: next", b"", b""])
    if lines[-1]:
        body = end.join([*lines, b""])
        assert decoded(body) == events
        return
    assert decoded(body)[: len(events)] == events
    for cut in range(len(body)):
        assert decoded(body, cut)[: len(events)] == events


def test_an_event_comes_out_with_the_block_that_completes_it() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: one\n") == []
    assert decoder.feed(b"\nda") == [b"one"]
    assert decoder.feed(b"ta: two\r\n\r") == []
    assert decoder.feed(b"\n") == [b"two"]
    assert decoder.feed(b"") == []


field = st.sampled_from(
    [b"data: one", b"data:", b"data", b"data:{}", b"data: " + DATA, b"event: x", b": c", b"id: 1"]
)


@given(
    lines=st.lists(st.one_of(field, st.just(b""), st.just(b"")), max_size=20),
    ends=st.lists(st.sampled_from(LINE_ENDS), min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 200), max_size=12),
)
def test_any_stream_cut_anywhere(lines: list[bytes], ends: list[bytes], cuts: list[int]) -> None:
    body = b"".join(line + ends[at % len(ends)] for at, line in enumerate(lines))
    # The last `\r` may still become a `\r\n`, so something has to follow it.
    body += b": end\n\n"
    assert [event for event in decoded(body, *cuts) if event] == reference(body)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_garbage_raises_nothing_and_is_read_alike(body: bytes, cuts: list[int]) -> None:
    body += b": end\n\n"
    assert [event for event in decoded(body, *cuts) if event] == reference(body)
