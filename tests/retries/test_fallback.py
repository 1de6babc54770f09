"""Calls that another model answers when one fails."""

from __future__ import annotations

import inspect
import math
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import openai as openai_module
from mirascope.retries import Fallback, FallbackError, fallback, retry
from mirascope.retries.fallback import Fallback as FallbackOfModule
from mirascope.sandbox import Sandbox, ToolCall

from ..llm.faces import Face
from ..providers.cases import CASES, Case

CLAUDE = "claude-sonnet-4-6"
TO_CLAUDE: list[Fallback] = [{"catch": Exception, "provider": "anthropic", "model": CLAUDE}]


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


def function(face: Face, client: Any, **options: Any) -> Any:
    @llm.call(provider="openai", model="gpt-4o-mini", client=client, **options)
    @face.function
    def ask(topic: str) -> Any:
        return f"Tell me of {topic}"

    return ask


async def test_another_model_answers(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(429, provider="openai")
    ask = fallback(openai.RateLimitError, TO_CLAUDE)(function(face, client))
    response = await face.get(ask("owls"))
    assert response.provider == "anthropic"
    assert [request.provider for request in box.requests] == ["openai", "anthropic"]
    assert box.requests[-1].body["model"] == CLAUDE
    assert [type(error) for error in response._caught] == [openai.RateLimitError]
    (attempt,) = response._attempts
    assert (attempt.provider, attempt.model) == ("openai", "gpt-4o-mini")
    assert inspect.iscoroutinefunction(ask) is face.is_async
    assert ask.__wrapped__.__name__ == ask.__name__


async def test_call_params_and_client_of_a_fallback(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(500)
    backups: list[Fallback] = [
        {
            "catch": "transient",
            "provider": "openai",
            "model": "gpt-4o",
            "call_params": {"max_tokens": 7},
            "client": client,
        }
    ]
    ask = fallback("transient", backups)(function(face, client, call_params={"temperature": 0}))
    await face.get(ask("owls"))
    body = box.requests[-1].body
    assert (body["model"], body["max_tokens"]) == ("gpt-4o", 7)
    assert "temperature" not in body


async def test_other_errors_are_raised(face: Face, box: Sandbox, client: Any) -> None:
    ask = fallback("rate_limit", TO_CLAUDE)(function(face, client))
    box.fail(401)
    with pytest.raises(openai.AuthenticationError):
        await face.get(ask("owls"))
    assert len(box.requests) == 1
    # An error of a fallback is judged by what that one catches.
    backups: list[Fallback] = [{"catch": KeyError, "provider": "anthropic", "model": CLAUDE}]
    ask = fallback("rate_limit", backups)(function(face, client))
    box.fail(429, provider="openai")
    box.fail(400, provider="anthropic")
    with pytest.raises(anthropic.BadRequestError) as raised:
        await face.get(ask("owls"))
    assert [type(error) for error in raised.value._caught] == [  # type: ignore[attr-defined]
        openai.RateLimitError
    ]


async def test_all_fail(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(429, provider="openai")
    box.fail(400, provider="anthropic")
    ask = fallback("rate_limit", TO_CLAUDE)(function(face, client))
    with pytest.raises(FallbackError, match="All fallbacks failed") as raised:
        await face.get(ask("owls"))
    error = raised.value
    assert [type(each) for each in error.errors] == [
        openai.RateLimitError,
        anthropic.BadRequestError,
    ]
    assert error.__cause__ is error.errors[-1]
    assert f"anthropic/{CLAUDE}: BadRequestError" in str(error)
    assert [attempt.provider for attempt in error.attempts] == ["openai", "anthropic"]


@pytest.mark.parametrize("options", [{}, {"response_model": Book}], ids=["text", "structured"])
async def test_a_stream_falls_back_before_its_first_chunk(
    face: Face, box: Sandbox, client: Any, options: Any
) -> None:
    box.fail(503, provider="openai")
    box.reply({"title": "Emma"} if options else "One two three", provider="anthropic")
    ask = fallback("transient", TO_CLAUDE)(function(face, client, stream=True, **options))
    stream = ask("owls")
    stream = await stream if face.is_async else stream
    items = await face.items(stream)
    assert [request.provider for request in box.requests] == ["openai", "anthropic"]
    if options:
        assert items[-1] == Book(title="Emma")
        assert stream.stream.provider == "anthropic"
    else:
        assert stream.content == "One two three"
        assert stream.provider == "anthropic"
        assert stream.construct_call_response().content == "One two three"
    assert [type(error) for error in stream._caught] == [openai.InternalServerError]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_from_and_to_every_provider(face: Face, case: Case, box: Sandbox) -> None:
    other = CASES[(CASES.index(case) + 1) % len(CASES)]
    box.malformed(provider=case.name)

    @fallback(Exception, [{"catch": Exception, "provider": other.name, "model": other.model}])
    @llm.call(provider=case.name, model=case.model)
    @face.function
    def ask() -> Any:
        return "Where?"

    response = await face.get(ask())
    assert response.content == "Sandbox reply to: Where?"
    assert response.provider == other.name
    assert [request.provider for request in box.requests] == [case.name, other.name]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_chain_goes_on_with_the_model_that_answered(
    face: Face, box: Sandbox, client: Any, stream: bool
) -> None:
    ran: list[int] = []

    def count(number: int) -> int:
        """Count."""
        ran.append(number)
        return number

    box.reply(ToolCall("count", {"number": 1}, id="call_1"), provider="openai")
    box.fail(503, provider="openai")
    box.reply(ToolCall("count", {"number": 2}, id="call_2"), provider="anthropic")
    box.reply("Two.", provider="anthropic")
    ask = fallback("transient", TO_CLAUDE)(function(face, client, tools=[count]))
    chain = ask.chain("owls")
    if stream:
        assert "".join(await face.items(chain)) == "Two."
    assert await face.get(chain.text()) == "Two."
    assert ran == [1, 2]
    assert [r.provider for r in box.requests] == ["openai", "openai", "anthropic", "anthropic"]
    assert (await face.get(chain.call_response())).provider == "anthropic"


async def test_a_retry_inside_a_fallback(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(503, times=2, provider="openai")
    inner = retry(attempts=2, first_wait=0)(function(face, client))
    response = await face.get(fallback("transient", TO_CLAUDE)(inner)("owls"))
    assert response.provider == "anthropic"
    assert [r.provider for r in box.requests] == ["openai", "openai", "anthropic"]


async def test_a_retry_around_a_fallback(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(503, provider="openai")
    box.fail(400, provider="anthropic")
    inner = fallback("transient", TO_CLAUDE)(function(face, client))
    response = await face.get(retry(catch=FallbackError, first_wait=0)(inner)("owls"))
    assert response.provider == "openai"
    assert [type(error) for error in response._caught] == [FallbackError]


@pytest.mark.parametrize("inner_first", [False, True])
async def test_chains_of_both(face: Face, box: Sandbox, client: Any, inner_first: bool) -> None:
    box.fail(503, times=2, provider="openai")
    decorators = [retry(attempts=2, first_wait=0, catch=Exception), fallback(Exception, TO_CLAUDE)]
    ask = function(face, client)
    for decorator in decorators if inner_first else reversed(decorators):
        ask = decorator(ask)
    assert await face.get(ask.chain("owls").text()) == "Sandbox reply to: Tell me of owls"
    asked = [request.provider for request in box.requests]
    assert asked == (["openai", "openai", "anthropic"] if inner_first else ["openai", "anthropic"])


async def test_a_model_that_failed_is_asked_last_for_a_while(
    face: Face, box: Sandbox, client: Any
) -> None:
    box.fail(503, provider="openai", times=2)
    ask = fallback("transient", TO_CLAUDE, cooldown=60)(function(face, client))
    for _ in range(3):
        assert (await face.get(ask("owls"))).provider == "anthropic"
    asked = [request.provider for request in box.requests]
    assert asked == ["openai", "anthropic", "anthropic", "anthropic"]
    # It is asked again where the others fail.
    box.fail(503, provider="anthropic", times=math.inf)
    with pytest.raises(FallbackError):
        await face.get(ask("owls"))
    assert box.requests[-1].provider == "openai"


async def test_a_cooldown_ends(face: Face, box: Sandbox, client: Any) -> None:
    box.fail(503, provider="openai")
    ask = fallback("transient", TO_CLAUDE, cooldown=0.0)(function(face, client))
    assert (await face.get(ask("owls"))).provider == "anthropic"
    assert (await face.get(ask("owls"))).provider == "openai"


def test_what_cannot_fall_back(box: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"`llm.call` made"):
        fallback("transient", TO_CLAUDE)(openai_module.call("gpt-4o-mini")(lambda: "Hi"))
    with pytest.raises(ValueError, match="this has no `model`"):
        fallback("transient", [{"catch": "timeout", "provider": "openai", "model": ""}])
    with pytest.raises(ValueError, match="cooldown"):
        fallback("transient", [], cooldown=-1)
    decorator = fallback("timeout", [{"catch": "timeout", "provider": "nobody", "model": "m"}])
    with pytest.raises(ValueError, match="Unsupported provider"):
        decorator(llm.call("openai", "gpt-4o-mini")(lambda: "Hi"))
    assert FallbackOfModule is Fallback
