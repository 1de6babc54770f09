"""Streams of tool calls and of response models that are cut, at every event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mirascope import BaseTool

from .setups import CALLS, TITLES, Setup
from .ways import Trial, params_of


class FormatBook(BaseTool):
    """Format a book."""

    title: str

    def call(self) -> str:
        return self.title.upper()


def before_each_event(setup: Setup) -> range:
    return range(len(setup.events(CALLS)))


AT_EVERY_EVENT = pytest.mark.parametrize(("way", "at"), params_of(before_each_event))


def whole_calls(setup: Setup, count: int) -> int:
    """How many tool calls had been sent with all their arguments."""
    return sum(sent_whole(setup, count, number) for number in range(len(TITLES)))


def sent_whole(setup: Setup, count: int, number: int) -> bool:
    """Whether the last piece of a title is among the events that were sent."""
    last_words = ("Wind", "Fear")
    return last_words[number].encode() in setup.delivered(count, CALLS).sent


@AT_EVERY_EVENT
async def test_tools_that_were_finished_are_the_only_ones(trial: Trial, at: int) -> None:
    setup = trial.setup
    trial.box.cut(at, reply=CALLS)
    items: list[Any] = []
    delivered = setup.delivered(at, CALLS)
    trial.skip_what_is_open(delivered.finished)
    if delivered.said_all:
        stream = await trial.stream(items, tools=[FormatBook])
    else:
        stream, error = await trial.broken(items, tools=[FormatBook])
        trial.check(error, "cut in a stream", status=None)
    tools = [tool for _, tool in items if tool is not None]
    assert [tool.title for tool in tools] == list(TITLES[: len(tools)])
    # A call is known to be whole when the next one begins, or when the reply ends.
    begun, whole = delivered.calls_begun, whole_calls(setup, at)
    least = len(TITLES) if delivered.finished else begun - 1
    assert least <= len(tools) <= whole
    # What had arrived can be told, also of a call that cannot be run.
    content = stream.common_message_param.content
    parts = [part for part in content if not isinstance(part, str)]
    assert [part.name for part in parts] == ["FormatBook"] * begun
    assert [part.id for part in parts] == [f"call_{number}" for number in range(begun)]
    for number, part in enumerate(parts):
        if sent_whole(setup, at, number):
            assert part.args == {"title": TITLES[number]}
        else:
            # None, or an empty object where nothing of the arguments has come.
            assert not part.args
    assert stream.construct_call_response().common_message_param == stream.common_message_param
    assert stream.input_tokens == delivered.input_tokens
    await trial.check_connections()


@AT_EVERY_EVENT
async def test_partial_arguments_can_be_read(trial: Trial, at: int) -> None:
    trial.skip_what_is_open(trial.setup.delivered(at, CALLS).finished)
    trial.box.cut(at, reply=CALLS)
    items: list[Any] = []
    options: Any = {"stream": {"partial_tools": True}, "tools": [FormatBook]}
    stream = await trial.way.run(trial.call(**options))
    if trial.setup.delivered(at, CALLS).said_all:
        await trial.way.gather(stream, items)
    else:
        with pytest.raises(Exception) as caught:
            await trial.way.gather(stream, items)
        trial.check(caught.value, "cut in a stream")
    titles: list[str] = []
    for _, tool in items:
        title = tool and tool.title
        # A tool that is finished comes once more.
        if title and titles and title.startswith(titles[-1]):
            titles[-1] = title
        elif title and title not in titles:
            titles.append(title)
    # As far as the sandbox has spelt each title, in pieces.
    assert titles == titles_sent(trial.setup, at)


def titles_sent(setup: Setup, count: int) -> list[str]:
    """The titles as far as they are in the events that were sent."""
    sent: list[str] = []
    events = setup.events(CALLS)[:count]
    for title in TITLES:
        arguments = json.dumps({"title": title}, separators=(",", ":"))
        whole, pieces = title, [arguments[at : at + 12] for at in range(0, len(arguments), 12)]
        if sent_whole(setup, count, TITLES.index(title)):
            sent.append(whole)
            continue
        arrived = ""
        for piece in pieces:
            spelt = json.dumps(piece)[1:-1].encode()
            if not any(spelt in event for event in events_of(title, events)):
                break
            arrived += piece
        if value := arrived.removeprefix('{"title":"'):
            sent.append(value)
    return sent


def events_of(title: str, events: list[bytes]) -> list[bytes]:
    """The events of the call for a title: those from where it begins."""
    number = TITLES.index(title)
    starts = [at for at, event in enumerate(events) if b"FormatBook" in event]
    return events[starts[number] :] if number < len(starts) else []


# Response models

BOOKS = ["The Name of the Wind", "Mistborn", "Dune"]


def around_a_list(setup: Setup) -> range:
    """More positions than any stream of the list has events before its text ends."""
    return range(8)


@pytest.mark.parametrize(("way", "at"), params_of(around_a_list))
async def test_a_response_model_that_is_cut(trial: Trial, at: int) -> None:
    trial.box.cut(at, reply=json.dumps(BOOKS))
    items: list[Any] = []
    options: Any = {"response_model": list[str], "json_mode": True}
    stream = await trial.way.run(trial.call(stream=True, **options))
    try:
        await trial.way.gather(stream, items)
    except Exception as error:
        trial.check(error, "cut in a stream", status=None)
        assert not hasattr(stream, "constructed_response_model")
    else:
        assert stream.stream.is_complete()
        assert stream.constructed_response_model == BOOKS
    text = stream.stream.content
    assert json.dumps(BOOKS).startswith(text)
    for item in items:
        # Each is a beginning of the whole.
        for given, title in zip(item, BOOKS, strict=False):
            assert title.startswith(given)
    assert bool(items) <= bool(text)
    if items:
        assert sum(map(len, items[-1])) <= len(text)
    await trial.check_connections()
