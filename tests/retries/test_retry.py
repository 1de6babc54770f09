"""Calls that are tried again."""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel, ValidationError

from mirascope import llm
from mirascope.core import openai as openai_module
from mirascope.errors import describe
from mirascope.retries import Attempt, RetryPolicy, retry
from mirascope.sandbox import Sandbox, ToolCall

from ..llm.faces import Face
from ..providers.cases import CASES, Case

NOW = {"first_wait": 0.0}


class Book(BaseModel):
    title: str


@pytest.fixture
async def client(face: Face, box: Sandbox) -> AsyncIterator[Any]:
    """A client that tries nothing again by itself."""
    kind: Any = openai.AsyncOpenAI if face.is_async else openai.OpenAI
    made = kind(base_url=box.base_url("openai"), api_key="k", max_retries=0)
    yield made
    if face.is_async:
        await made.close()
    else:
        made.close()


def sync_client(box: Sandbox) -> openai.OpenAI:
    return openai.OpenAI(base_url=box.base_url("openai"), api_key="k", max_retries=0)


def function(face: Face, client: Any, **options: Any) -> Any:
    @llm.call(provider="openai", model="gpt-4o-mini", client=client, **options)
    @face.function
    def ask(topic: str) -> Any:
        return f"Tell me of {topic}"

    return ask


async def test_attempts_at_a_stream_are_made_under_the_context_of_the_call(
    face: Face, box: Sandbox
) -> None:
    box.fail(400, times=2)
    ask = retry(3, catch="bad_request", **NOW)(function(face, None, stream=True))
    with llm.context(provider="anthropic", model="claude-haiku-4-5"):
        stream = ask("Emma")
        stream = await stream if face.is_async else stream
    await face.items(stream)
    assert [request.provider for request in box.requests] == ["anthropic"] * 3


async def test_a_call_is_tried_again(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(503, times=2)
    box.reply("Here")
    ask = retry(attempts=3, **NOW)(function(face, client))
    response = await face.get(ask("owls"))
    assert response.content == "Here"
    assert [r.body["messages"][0]["content"] for r in box.requests] == ["Tell me of owls"] * 3
    assert [type(error) for error in response._caught] == [openai.InternalServerError] * 2
    assert all(isinstance(attempt, Attempt) for attempt in response._attempts)
    assert response._attempts[0].reason.startswith("InternalServerError: ")
    assert inspect.iscoroutinefunction(ask) is face.is_async


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_three_attempts_are_three_requests(
    face: Face, case: Case, box: Sandbox, stream: bool
) -> None:
    box.fail(500, times=math.inf)
    function: Any = llm.call(provider=case.name, model=case.model, stream=stream)
    ask = retry(attempts=3, **NOW)(function(face.function(lambda: "Hi")))

    async def all_of_it() -> None:
        result = await face.get(ask())
        await face.items(result)

    with pytest.raises(Exception) as raised:
        await all_of_it()
    assert describe(raised.value).kind == "server_error"
    assert len(box.requests) == 3


async def test_the_sdk_repeats_where_it_is_told_to(face: Face, box: Sandbox) -> None:
    box.fail(500, times=math.inf)
    function: Any = llm.call("openai", "gpt-4o-mini", call_params={"max_retries": 1})
    ask = retry(attempts=2, **NOW)(function(face.function(lambda: "Hi")))
    with pytest.raises(openai.InternalServerError):
        await face.get(ask())
    assert len(box.requests) == 4


async def test_a_chain_and_a_model_send_each_request_as_often_as_the_policy_says(
    face: Face, box: Sandbox
) -> None:
    box.fail(500, times=math.inf)
    for stream in (False, True):
        response = face.model(retry=retry(attempts=2, **NOW)).prompt("Hi", stream=stream)
        with pytest.raises(openai.InternalServerError):
            await face.get(response.text())
        assert len(box.requests) == 2
        box.requests.clear()
    ask = retry(attempts=2, **NOW)(llm.call("openai", "m")(face.function(lambda: "Hi")))
    with pytest.raises(openai.InternalServerError):
        await face.get(ask.chain().text())
    assert len(box.requests) == 2


async def test_the_last_error_is_raised_as_it_is(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(503, times=math.inf)
    ask = retry(attempts=3, **NOW)(function(face, client))
    with pytest.raises(openai.InternalServerError) as raised:
        await face.get(ask("owls"))
    assert len(box.requests) == 3
    assert len(raised.value._caught) == 2


async def test_what_will_not_pass_is_not_tried_again(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(401)
    ask = retry(**NOW)(function(face, client))
    with pytest.raises(openai.AuthenticationError):
        await face.get(ask("owls"))
    assert len(box.requests) == 1


@pytest.mark.parametrize(
    "catch",
    [
        "rate_limit",
        openai.RateLimitError,
        openai.OpenAIError,
        ["timeout", openai.RateLimitError],
        lambda error: error.status_code == 429,
    ],
)
async def test_what_is_caught(face: Face, box: Sandbox, client: Any, catch: Any) -> None:
    ask = retry(catch=catch, **NOW)(function(face, client))
    box.fail(429)
    assert (await face.get(ask("owls"))).content
    if catch is openai.OpenAIError:
        return
    box.fail(500)
    with pytest.raises(openai.InternalServerError):
        await face.get(ask("owls"))


async def test_a_reply_that_does_not_fit_is_asked_for_again(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.reply(ToolCall("Book", {"name": "Emma"}))
    box.reply({"title": "Emma"})
    ask = retry(catch=ValidationError, **NOW)(function(face, client, response_model=Book))
    book = await face.get(ask("owls"))
    assert book == Book(title="Emma")
    assert [type(error) for error in book._caught] == [ValidationError]


async def test_a_bare_value_has_no_room_for_the_attempts(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.fail(500)
    box.reply({"value": 7})
    ask = retry(**NOW)(function(face, client, response_model=int))
    assert await face.get(ask("owls")) == 7


@pytest.mark.parametrize("options", [{}, {"response_model": Book}], ids=["text", "structured"])
async def test_a_stream_is_tried_again_before_its_first_chunk(
    face: Face, box: Sandbox, client: Any, options: Any
) -> None:
    box.fail(503)
    box.cut(0)
    box.error_event(0, status=503)
    box.reply({"title": "Emma"} if options else "One two three")
    ask = retry(attempts=4, **NOW)(function(face, client, stream=True, **options))
    stream = ask("owls")
    stream = await stream if face.is_async else stream
    assert box.requests == []
    items = await face.items(stream)
    assert len(box.requests) == 4
    if options:
        assert items[-1] == stream.constructed_response_model == Book(title="Emma")
    else:
        assert "".join(chunk.content for chunk, _ in items) == stream.content == "One two three"
        assert stream.construct_call_response().content == "One two three"
        assert stream.end_time >= stream.start_time > 0
    assert len(stream._caught) == 3
    assert box.wait_until(lambda: box.open_connections <= 1)


async def test_a_stream_is_not_tried_again_after_its_first_chunk(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.cut(3, reply="One two three four five six")
    ask = retry(**NOW)(function(face, client, stream=True))
    stream = ask("owls")
    stream = await stream if face.is_async else stream
    with pytest.raises(openai.APIConnectionError):
        await face.items(stream)
    assert len(box.requests) == 1
    assert stream.content


async def test_a_stream_that_never_begins_raises_the_last_error(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.fail(503, times=math.inf)
    ask = retry(attempts=2, **NOW)(function(face, client, stream=True))
    stream = ask("owls")
    stream = await stream if face.is_async else stream
    with pytest.raises(openai.InternalServerError):
        await face.items(stream)
    assert len(box.requests) == 2
    assert stream.content == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_every_provider(face: Face, case: Case, box: Sandbox, stream: bool) -> None:
    box.cut(0, before_headers=False) if stream else box.malformed()
    box.reply("Here")

    @retry(catch=Exception, **NOW)
    @llm.call(provider=case.name, model=case.model, stream=stream)
    @face.function
    def ask() -> Any:
        return "Where?"

    result = ask()
    result = await result if face.is_async else result
    if stream:
        await face.items(result)
    assert result.content == "Here"
    assert len(box.requests) == 2
    assert len(result._caught) == 1


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_each_request_of_a_chain_is_tried_again_by_itself(
    face: Face, box: Sandbox, client: Any, stream: bool
) -> None:
    ran: list[int] = []

    def count(number: int) -> int:
        """Count."""
        ran.append(number)
        return number

    box.fail(503)
    box.reply(ToolCall("count", {"number": 1}))
    box.fail(503)
    box.reply("One.")
    ask = retry(**NOW)(function(face, client, tools=[count]))
    chain = ask.chain("owls")
    if stream:
        assert "".join(await face.items(chain)) == "One."
    assert await face.get(chain.text()) == "One."
    assert ran == [1]
    assert len(box.requests) == 4
    assert all(request.stream is stream for request in box.requests)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_model_with_a_policy(face: Face, box: Sandbox, client: Any, stream: bool) -> None:
    model = face.model(client=client, retry=retry(**NOW))
    box.fail(503, times=2)
    response = model.prompt("Hi", stream=stream)
    assert await face.get(response.text()) == "Sandbox reply to: Hi"
    assert len(box.requests) == 3
    assert [type(a.error) for a in response.attempts] == [openai.InternalServerError] * 2
    assert response.status == "done"
    box.fail(503, times=3)
    failed = model.prompt("Hi", stream=stream)
    with pytest.raises(openai.InternalServerError):
        await face.get(failed.text())
    assert (failed.status, len(failed.attempts)) == ("failed", 2)


async def test_attempts_do_not_keep_a_result_from_being_pickled_and_copied(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.fail(503)
    response = await face.get(retry(**NOW)(function(face, client))("owls"))
    assert response._caught
    for copied in (pickle.loads(pickle.dumps(response)), copy.deepcopy(response)):
        assert copied.content == response.content
        assert [str(error) for error in copied._caught] == [
            f"InternalServerError: {error}" for error in response._caught
        ]
    assert "_caught" not in response.model_dump()


async def test_the_provider_says_how_long_to_wait(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(429, retry_after=0.2)
    ask = retry(first_wait=30.0)(function(face, client))
    started = time.perf_counter()
    response = await face.get(ask("owls"))
    assert 0.2 <= time.perf_counter() - started < 5
    assert response._attempts[0].waited == 0.2


async def test_a_longer_wait_than_allowed_is_not_waited(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.fail(429, retry_after=90)
    ask = retry(longest_wait=60)(function(face, client))
    with pytest.raises(openai.RateLimitError):
        await face.get(ask("owls"))
    assert len(box.requests) == 1


def error_with(box: Sandbox, **headers: str) -> Exception:
    body: Any = {"error": {"message": "Slow down"}}
    box.native("openai", body, status=429, headers=headers)
    with sync_client(box) as client, pytest.raises(openai.RateLimitError) as raised:
        function(Face(False), client)("owls")
    return raised.value


def test_the_forms_of_retry_after(box: Sandbox) -> None:
    policy = RetryPolicy(3)
    assert policy.wait_after(error_with(box, **{"retry-after": "7"}), 1) == 7
    assert policy.wait_after(error_with(box, **{"retry-after-ms": "250"}), 1) == 0.25
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    wait = policy.wait_after(error_with(box, **{"retry-after": moment}), 1)
    assert wait is not None
    assert 15 < wait <= 20


def test_waits_grow_and_are_shortened_at_random() -> None:
    error = ConnectionError("gone")
    steady = RetryPolicy(9, first_wait=1, longest_wait=6, jitter=0)
    assert [steady.wait_after(error, n) for n in range(1, 6)] == [1, 2, 4, 6, 6]
    assert steady.wait_after(error, 9) is None
    shaken = RetryPolicy(9, first_wait=1, jitter=0.5)
    waits = {shaken.wait_after(error, 1) for _ in range(50)}
    assert len(waits) > 40
    assert all(wait is not None and 0.5 <= wait <= 1 for wait in waits)


@pytest.mark.parametrize(
    "options",
    [
        {"attempts": 0},
        {"attempts": True},
        {"first_wait": -1},
        {"longest_wait": -1},
        {"jitter": 2},
        {"catch": "rate_limits"},
    ],
)
def test_options_that_make_no_sense(options: Any) -> None:
    with pytest.raises(ValueError, match="`"):
        retry(**options)


def test_what_cannot_be_caught() -> None:
    with pytest.raises(TypeError, match="does not say what to catch"):
        retry(catch=7)  # type: ignore[arg-type]


async def test_other_functions_are_tried_again_too(face: Face) -> None:
    calls: list[int] = []

    @retry(catch=KeyError, **NOW)
    @face.function
    def fetch(number: int) -> int:
        calls.append(number)
        if len(calls) < 3:
            raise KeyError(number)
        return number

    assert await face.get(fetch(5)) == 5
    assert calls == [5, 5, 5]


def test_a_method_of_a_class(box: Sandbox) -> None:
    with sync_client(box) as client:

        class Guide:
            style = "briefly"

            @retry(**NOW)
            @openai_module.call("gpt-4o-mini", client=client)
            def ask(self, topic: str) -> str:
                return f"Tell me {self.style} of {topic}"

        box.fail(500)
        assert Guide().ask("owls").content == "Sandbox reply to: Tell me briefly of owls"
        assert len(box.requests) == 2


async def test_an_anthropic_stream_that_begins_with_an_error(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.error_event(0, status=529, provider="anthropic")

    @retry(catch="overloaded", **NOW)
    @llm.call(provider="anthropic", model="claude-sonnet-4-6", stream=True)
    @face.function
    def ask() -> Any:
        return "Where?"

    stream = ask()
    stream = await stream if face.is_async else stream
    assert await face.items(stream)
    assert [isinstance(error, anthropic.APIStatusError) for error in stream._caught] == [True]
