"""The common form: what is put together from pieces is what came whole."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirascope.core.base._wire import (
    Audio,
    Delta,
    NativeBlock,
    Reply,
    ReplyBuilder,
    Thinking,
    Tokens,
    ToolCall,
    ToolCallAssembler,
    ToolFragment,
)


def assembled(*fragments: ToolFragment) -> tuple[list[ToolCall], list[ToolCall]]:
    """The calls in the order in which they began, and in which they were complete."""
    assembler = ToolCallAssembler()
    complete: list[ToolCall] = []
    for fragment in fragments:
        complete += assembler.feed([fragment])
    complete += assembler.finish()
    return list(assembler.calls.values()), complete


def content(calls: list[ToolCall]) -> list[tuple[str, Any, str | None]]:
    return [(call.name, call.decoded(), call.id) for call in calls]


TWO = [("find", {"title": "a"}, "1"), ("buy", {"title": "b", "n": 2}, "2")]

STREAMS = {
    "one after the other": [
        *(ToolFragment(0, "1", "find"), ToolFragment(0, arguments='{"title"')),
        *(ToolFragment(0, arguments=': "a"}'), ToolFragment(1, "2", "buy")),
        *(ToolFragment(1, arguments='{"title": "b",'), ToolFragment(1, arguments=' "n": 2}')),
    ],
    "interleaved": [
        *(ToolFragment(0, "1", "find", '{"ti'), ToolFragment(1, "2", "buy", '{"title":')),
        *(ToolFragment(0, arguments='tle": "a"}'), ToolFragment(1, arguments=' "b", "n": 2}')),
    ],
    "named first": [
        *(ToolFragment(0, "1", "find"), ToolFragment(1, "2", "buy")),
        *(ToolFragment(0, arguments='{"title": "a"}'), ToolFragment(1, arguments='{"title": "b"')),
        ToolFragment(1, arguments=', "n": 2}'),
    ],
    "all of one index": [
        ToolFragment(0, "1", "find", '{"title": "a"}'),
        ToolFragment(0, "2", "buy", '{"title": "b", "n": 2}'),
    ],
    "the id repeated": [
        *(ToolFragment(0, "1", "find", '{"title": '), ToolFragment(0, "1", "find", '"a"}')),
        ToolFragment(1, "2", "buy", '{"title": "b", "n": 2}'),
    ],
    "decoded objects": [
        ToolFragment(0, "1", "find", {"title": "a"}),
        ToolFragment(1, "2", "buy", {"title": "b", "n": 2}),
    ],
    "the name late": [
        *(ToolFragment(0, "1"), ToolFragment(0, name="find", arguments='{"title": "a"}')),
        ToolFragment(1, "2", "buy", '{"title": "b", "n": 2}'),
    ],
}


@pytest.mark.parametrize("fragments", STREAMS.values(), ids=STREAMS)
def test_tool_calls(fragments: list[ToolFragment]) -> None:
    begun, complete = assembled(*fragments)
    assert content(begun) == content(complete) == TWO


def test_tool_calls_without_arguments() -> None:
    for second in (ToolFragment(1, "2", "buy"), ToolFragment(0, "2", "buy")):
        begun, complete = assembled(ToolFragment(0, "1", "find"), second)
        assert content(begun) == content(complete) == [("find", {}, "1"), ("buy", {}, "2")]


def test_a_tool_call_is_complete_as_soon_as_the_next_begins() -> None:
    assembler = ToolCallAssembler()
    assert assembler.feed([ToolFragment(0, "1", "find", '{"title": "a"}')]) == []
    assert content(assembler.feed([ToolFragment(1, "2", "buy")])) == [TWO[0]]


texts = st.text(max_size=12)
calls = st.lists(
    st.dictionaries(
        texts, st.one_of(texts, st.integers(), st.lists(texts, max_size=2)), max_size=3
    ),
    min_size=1,
    max_size=4,
)


@given(calls, st.randoms(use_true_random=False))
def test_tool_calls_cut_and_interleaved_anyhow(
    arguments: list[dict[str, Any]], random: Any
) -> None:
    waiting = {key: json.dumps(value) for key, value in enumerate(arguments)}
    fragments = [ToolFragment(key, str(key), f"tool{key}") for key in waiting]
    while waiting:
        key = random.choice(list(waiting))
        size = random.randint(1, len(waiting[key]))
        fragments.append(ToolFragment(key, arguments=waiting[key][:size]))
        waiting[key] = waiting[key][size:]
        if not waiting[key]:
            del waiting[key]
    begun, complete = assembled(*fragments)
    assert [call.decoded() for call in begun] == arguments
    assert sorted(call.name for call in complete) == sorted(call.name for call in begun)


@pytest.mark.parametrize("arguments", ["[]", "3", '"text"', "null"])
def test_arguments_that_are_no_object(arguments: str) -> None:
    with pytest.raises(ValueError, match="`find`"):
        ToolCall("find", arguments).decoded()


def built(*deltas: Delta) -> Reply:
    builder = ReplyBuilder()
    for delta in deltas:
        builder.add(delta)
    return builder.so_far()


def test_text_thinking_and_tools_keep_their_order() -> None:
    reply = built(
        Delta(id="id", model="model", created=7),
        Delta(thinking="Let "),
        Delta(thinking="me see"),
        Delta(signature="signed"),
        Delta(ends_part=True),
        Delta(text="Here "),
        Delta(text="it is", ends_part=True),
        Delta(tools=[ToolFragment(0, "1", "find", '{"title": "a"}')], ends_part=True),
        Delta(text="Done"),
        Delta(finish_reasons=["stop"], ends_stream=True),
    )
    assert (reply.id, reply.model, reply.created) == ("id", "model", 7)
    assert reply.parts[0] == Thinking("Let me see", "signed")
    assert reply.parts[1] == "Here it is"
    assert reply.parts[3] == "Done"
    assert content(reply.tool_calls) == [TWO[0]]
    assert reply.text == "Here it isDone"
    assert reply.finish_reasons == ["stop"]


def test_counts_are_running_totals() -> None:
    reply = built(
        Delta(tokens=Tokens(input=9, output=1), usage={"input": 9, "output": 1, "tier": "x"}),
        Delta(tokens=Tokens(output=5), usage={"output": 5, "tier": None}),
        Delta(tokens=Tokens(output=7, cached=2), usage={"output": 7}),
    )
    assert reply.tokens is not None
    assert (reply.tokens.input, reply.tokens.output, reply.tokens.cached) == (9, 7, 2)
    assert reply.usage == {"input": 9, "output": 7, "tier": "x"}


def test_audio_and_refusals_add_up() -> None:
    reply = built(
        Delta(audio=Audio(id="a", data="AAAA")),
        Delta(audio=Audio(data="BBBB", transcript="Hel")),
        Delta(audio=Audio(transcript="lo", expires_at=5)),
        Delta(refusal="I can"),
        Delta(refusal="not"),
    )
    assert reply.audio == Audio(id="a", data="AAAABBBB", transcript="Hello", expires_at=5)
    assert reply.refusal == "I cannot"


def test_input_of_a_native_block_is_put_together() -> None:
    block = NativeBlock({"type": "server_tool_use", "name": "search", "input": {}}, key=0)
    reply = built(
        Delta(block=block),
        Delta(tools=[ToolFragment(0, arguments='{"query": "bo')]),
        Delta(tools=[ToolFragment(0, arguments='oks"}')]),
        Delta(ends_part=True),
        Delta(text="Found"),
    )
    assert reply.tool_calls == []
    assert block.data["input"] == {"query": "books"}
    assert reply.text == "Found"


@given(st.lists(st.tuples(st.sampled_from(["text", "thinking"]), texts), max_size=20))
def test_any_sequence_of_pieces(pieces: list[tuple[str, str]]) -> None:
    builder = ReplyBuilder()
    for kind, piece in pieces:
        builder.add(Delta(**{kind: piece}))
        # Reading in between changes nothing.
        builder.so_far()
    reply = builder.so_far()
    assert reply.text == "".join(piece for kind, piece in pieces if kind == "text")
    thoughts = "".join(thought.text for thought in reply.thinking)
    assert thoughts == "".join(piece for kind, piece in pieces if kind == "thinking")


def test_the_common_form_travels() -> None:
    reply = built(Delta(text="a"), Delta(tools=[ToolFragment(0, "1", "find", "{}")]))
    assert pickle.loads(pickle.dumps(reply)) == reply
