"""The ways in which the sandbox misbehaves when told to, as the real SDKs report them."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import anthropic
import openai
import pytest

from mirascope.sandbox import Sandbox, sandbox

USER = {"role": "user", "content": "Hello dear sandbox"}
CLAUDE = {"model": "claude-test", "max_tokens": 1024, "messages": [USER]}
TRANSPORT_ERRORS = ("RemoteProtocolError", "APIConnectionError")


def ask(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-4o", messages=[USER], **options)


def arrived_before_cut(stream: Any) -> int:
    """How many items came before the transport failed."""
    arrived: list[Any] = []
    with pytest.raises(Exception, match=r".") as caught:
        arrived.extend(stream)  # keeps what came before the error
    assert type(caught.value).__name__ in TRANSPORT_ERRORS
    return len(arrived)


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (503, "InternalServerError"),
    ],
)
def test_statuses(
    box: Sandbox, openai_client: Any, anthropic_client: Any, status: int, name: str
) -> None:
    box.fail(status, message="Because.", retry_after=7, times=2)
    with pytest.raises(getattr(openai, name)) as from_openai:
        ask(openai_client)
    with pytest.raises(anthropic.APIStatusError) as from_anthropic:
        anthropic_client.messages.create(**CLAUDE)
    for error in (from_openai.value, from_anthropic.value):
        assert error.status_code == status
        assert error.response.headers["retry-after"] == "7"
        assert error.request_id.startswith("req_")
        assert "Because." in str(error)
    assert ask(openai_client).choices


def test_error_bodies_are_the_providers_own(
    box: Sandbox, openai_client: Any, anthropic_client: Any
) -> None:
    box.fail(429, provider="openai")
    box.fail(529, provider="anthropic")
    with pytest.raises(openai.RateLimitError) as limited:
        ask(openai_client)
    assert limited.value.code == "rate_limit_exceeded"
    assert isinstance(limited.value.body, dict)
    assert set(limited.value.body) == {"message", "type", "param", "code"}
    with pytest.raises(anthropic.OverloadedError) as overloaded:
        anthropic_client.messages.create(**CLAUDE)
    assert isinstance(overloaded.value.body, dict)
    assert overloaded.value.body["error"]["type"] == "overloaded_error"
    assert overloaded.value.body["type"] == "error"


def test_the_sdks_own_retries_get_through(box: Sandbox, openai_client: Any) -> None:
    box.fail(503, retry_after=0.01, times=2)
    assert ask(openai_client.with_options(max_retries=2)).choices
    assert [request.finished for request in box.requests] == [True, True, True]


def test_failing_for_good(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.fail(500, times=math.inf, provider="openai")
    for _ in range(3):
        with pytest.raises(openai.InternalServerError):
            ask(openai_client)
    assert anthropic_client.messages.create(**CLAUDE).content


def test_unknown_path(box: Sandbox, openai_client: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="nothing at `GET /v1/models`"):
        openai_client.models.list()
    assert box.requests == []


def test_stream_cut_after_events(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.cut(after_events=3, times=2)
    assert arrived_before_cut(ask(openai_client, stream=True)) == 3
    # The third event is a ping, which this SDK keeps to itself.
    assert arrived_before_cut(anthropic_client.messages.create(**CLAUDE, stream=True)) == 2
    assert not any(request.finished or request.disconnected for request in box.requests)


@pytest.mark.parametrize("options", [{}, {"before_headers": True}])
def test_whole_reply_cut(box: Sandbox, openai_client: Any, options: dict[str, Any]) -> None:
    box.cut(**options)
    with pytest.raises(openai.APIConnectionError):
        ask(openai_client)
    assert ask(openai_client).choices


def test_stream_cut_at_once(box: Sandbox, openai_client: Any) -> None:
    box.cut(after_events=0, reply="never seen")
    assert arrived_before_cut(ask(openai_client, stream=True)) == 0


def test_malformed_body(box: Sandbox, openai_client: Any) -> None:
    box.malformed()
    raw = openai_client.chat.completions.with_raw_response.create(model="m", messages=[USER])
    with pytest.raises(ValueError, match=r"."):
        raw.http_response.json()


def test_malformed_event(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.malformed(at_event=2)
    box.malformed(at_event=3)
    stream = ask(openai_client, stream=True)
    assert len([next(stream), next(stream)]) == 2
    with pytest.raises(ValueError, match=r"."):
        next(stream)
    events = anthropic_client.messages.create(**CLAUDE, stream=True)
    with pytest.raises(ValueError, match=r"."):
        list(events)


def test_error_event(box: Sandbox, openai_client: Any, anthropic_client: Any) -> None:
    box.error_event(at_event=2, status=500, message="Broke down", provider="openai")
    box.error_event(at_event=4, provider="anthropic", times=2)
    stream = ask(openai_client, stream=True)
    assert len([next(stream), next(stream)]) == 2
    with pytest.raises(openai.APIError, match="Broke down"):
        next(stream)
    with pytest.raises(anthropic.APIStatusError) as caught:
        list(anthropic_client.messages.create(**CLAUDE, stream=True))
    assert isinstance(caught.value.body, dict)
    assert caught.value.body["error"]["type"] == "overloaded_error"
    with pytest.raises(anthropic.OverloadedError):
        anthropic_client.messages.create(**CLAUDE)


def test_slow(box: Sandbox, openai_client: Any) -> None:
    box.slow(first_byte=0.3, between_events=0.03)
    box.reply("one two three", times=2)
    start = time.perf_counter()
    times = [time.perf_counter() - start for _ in ask(openai_client, stream=True)]
    assert times[0] >= 0.3
    assert times[3] - times[0] >= 0.08
    with pytest.raises(openai.APITimeoutError):
        ask(openai_client.with_options(timeout=0.02))
    box.slow()
    start = time.perf_counter()
    ask(openai_client)
    assert time.perf_counter() - start < 0.3


class TestDisconnects:
    def test_stream_closed_by_the_client(self, box: Sandbox, openai_client: Any) -> None:
        box.slow(between_events=0.02)
        box.reply(" ".join(["word"] * 500))
        stream = ask(openai_client, stream=True)
        next(stream)
        stream.close()
        closed = time.time()
        (request,) = box.requests
        assert box.wait_until(lambda: request.disconnected)
        assert request.disconnected_at is not None
        assert request.disconnected_at - closed < 0.1
        assert not request.finished
        assert request.events_sent < 20

    async def test_noticed_in_a_long_gap(self, box: Sandbox, async_openai_client: Any) -> None:
        box.slow(first_byte=30)
        task = asyncio.create_task(ask(async_openai_client))
        assert await asyncio.to_thread(box.wait_until, lambda: len(box.requests) == 1)
        await asyncio.sleep(0.01)
        task.cancel()
        cancelled = time.time()
        with pytest.raises(asyncio.CancelledError):
            await task
        (request,) = box.requests
        assert await asyncio.to_thread(box.wait_until, lambda: request.disconnected)
        assert request.disconnected_at is not None
        assert request.disconnected_at - cancelled < 0.1
        assert request.events_sent == 0

    def test_client_that_does_not_read(self, box: Sandbox, openai_client: Any) -> None:
        """A reply larger than the sockets' buffers is under way until it has been read."""
        box.reply("x" * 20_000_000)
        with openai_client.chat.completions.with_streaming_response.create(
            model="m", messages=[USER]
        ) as response:
            (request,) = box.requests
            assert not request.disconnected
            response.close()
            assert box.wait_until(lambda: request.disconnected)
            assert not request.finished
        box.reply("x" * 20_000_000)
        ask(openai_client)
        assert box.requests[-1].finished

    def test_finished_is_not_disconnected(self, box: Sandbox, openai_client: Any) -> None:
        list(ask(openai_client, stream=True))
        openai_client.close()
        assert box.wait_until(lambda: box.open_connections == 0)
        assert box.requests[0].finished
        assert not box.requests[0].disconnected


class TestSilence:
    @pytest.mark.parametrize("before_headers", [False, True])
    def test_whole_reply(self, box: Sandbox, openai_client: Any, before_headers: bool) -> None:
        box.stall(before_headers=before_headers)
        with pytest.raises(openai.APITimeoutError):
            ask(openai_client.with_options(timeout=0.1))
        (request,) = box.requests
        assert box.wait_until(lambda: request.disconnected)
        assert not request.finished
        assert ask(openai_client).choices

    def test_stream(self, box: Sandbox, openai_client: Any) -> None:
        box.stall(after_events=3, reply="one two three")
        stream = ask(openai_client.with_options(timeout=0.2), stream=True)
        assert [chunk.choices[0].delta.content for chunk in (next(stream), next(stream))][1]
        next(stream)
        assert box.requests[0].events_sent == 3
        # Nothing closes the connection but the client.
        assert box.open_connections == 1
        with pytest.raises(Exception, match="timed out"):
            next(stream)
        stream.close()
        assert box.wait_until(lambda: box.open_connections == 0)

    def test_it_ends_with_the_sandbox(self, openai_client: Any) -> None:
        with sandbox() as other:
            other.stall(2)
            stream = ask(openai_client.with_options(base_url=other.base_url("openai")), stream=True)
            next(stream)
        assert arrived_before_cut(stream) <= 1


def test_stream_cut_after_its_last_event(box: Sandbox, openai_client: Any) -> None:
    """All events have come; what is missing is the end of the HTTP body."""
    box.cut(after_events=99, reply="one two")
    with openai_client.chat.completions.with_streaming_response.create(
        model="m", messages=[USER], stream=True
    ) as response:
        lines: list[str] = []
        with pytest.raises(Exception, match=r"incomplete|peer closed"):
            lines.extend(response.iter_lines())
    assert "data: [DONE]" in lines
    assert not box.requests[0].finished


def test_delays_of_one_reply(box: Sandbox, openai_client: Any) -> None:
    box.slow(first_byte=10)
    box.reply("one two three", first_byte=0.1, between_events=0.02)
    start = time.perf_counter()
    times = [time.perf_counter() - start for _ in ask(openai_client, stream=True)]
    assert 0.1 <= times[0] < 5
    assert times[3] - times[0] >= 0.05
    box.reply(first_byte=0)
    ask(openai_client)
    with pytest.raises(openai.APITimeoutError):
        ask(openai_client.with_options(timeout=0.05))


class TestRefusing:
    def test_and_taking_connections_again(self, box: Sandbox, openai_client: Any) -> None:
        assert ask(openai_client).choices
        for _ in range(2):
            box.refuse()
            box.refuse()
            assert box.open_connections == 0
            with pytest.raises(openai.APIConnectionError):
                ask(openai_client)
            box.accept()
            box.accept()
            assert ask(openai_client).choices
        assert len(box.requests) == 3

    def test_reset_ends_it(self, box: Sandbox, openai_client: Any) -> None:
        box.refuse()
        box.reset()
        assert ask(openai_client).choices

    def test_a_sandbox_that_refuses_can_be_stopped(self, openai_client: Any) -> None:
        other = sandbox(redirect=False)
        for _ in range(2):
            with other:
                other.refuse()
            with other:
                client = openai_client.with_options(base_url=other.base_url("openai"))
                assert ask(client).choices
