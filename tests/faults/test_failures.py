"""Requests that fail before anything of the reply has come: whole replies and streams alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import pytest

from mirascope import errors

from .setups import REPLY
from .ways import IMPATIENT, Trial

HTML = "<html><body>Bad gateway</body></html>"
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@dataclass(frozen=True)
class Failure:
    """A status, with what it says of when to come back."""

    fault: str
    status: int
    retry_after: tuple[float, float] | None = None
    """The least and the most seconds to find in the error."""
    headers: Callable[[], dict[str, str]] = dict


FAILURES = {
    "429": Failure("status 429", 429),
    "429-seconds": Failure("status 429", 429, (7, 7), lambda: {"retry-after": "7"}),
    "429-fraction": Failure("status 429", 429, (0.5, 0.5), lambda: {"retry-after": "0.5"}),
    "429-date": Failure(
        "status 429", 429, (25, 30), lambda: {"retry-after": formatdate(time.time() + 30)}
    ),
    "429-ms": Failure(
        "status 429",
        429,
        (1.5, 1.5),
        lambda: {"retry-after-ms": "1500", "retry-after": "2"},
    ),
    "500": Failure("status 500", 500),
    "503": Failure("status 503", 503),
    "503-seconds": Failure("status 503", 503, (3, 3), lambda: {"retry-after": "3"}),
    "529": Failure("status 529", 529),
}


async def failing(trial: Trial, stream: bool, **options: Any) -> Exception:
    """The error of a call of which nothing comes."""
    if stream:
        items: list[Any] = []
        broken, error = await trial.broken(items, **options)
        assert items == []
        assert broken.content == ""
        assert broken.construct_call_response().content == ""
        return error
    with pytest.raises(Exception) as caught:
        await trial.whole(**options)
    return caught.value


def of(stream: bool, fault: str) -> str:
    """The name of a fault that a reply and a stream have each their own of."""
    return f"{fault} {'as a stream' if stream else 'as a reply'}"


@STREAMS
@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
async def test_a_status(trial: Trial, failure: Failure, stream: bool) -> None:
    trial.box.fail(failure.status, message="Because.", headers=failure.headers())
    error = await failing(trial, stream)
    trial.check(error, failure.fault, status=failure.status)
    described = errors.describe(error)
    assert (described.request_id or "").startswith("req_sandbox")
    if failure.retry_after is None:
        assert described.retry_after is None
    else:
        least, most = failure.retry_after
        assert described.retry_after is not None
        assert least <= described.retry_after <= most
    await trial.check_connections()


@STREAMS
async def test_an_html_page_with_a_status(trial: Trial, stream: bool) -> None:
    trial.box.native(None, HTML, status=502, headers={"content-type": "text/html"})
    error = await failing(trial, stream)
    trial.check(error, "status 502, an HTML page", status=502)
    await trial.check_connections()


@STREAMS
async def test_an_html_page(trial: Trial, stream: bool) -> None:
    trial.box.native(None, HTML, headers={"content-type": "text/html"})
    error = await failing(trial, stream)
    trial.check(error, of(stream, "an HTML page"))
    await trial.check_connections()


@STREAMS
async def test_an_empty_body(trial: Trial, stream: bool) -> None:
    kind = "text/event-stream" if stream else "application/json"
    trial.box.native(None, "", headers={"content-type": kind})
    error = await failing(trial, stream)
    trial.check(error, of(stream, "nothing"))
    await trial.check_connections()


@STREAMS
async def test_nobody_there(trial: Trial, stream: bool) -> None:
    trial.box.refuse()
    error = await failing(trial, stream)
    trial.check(error, "connection refused", status=None)
    trial.box.accept()
    await trial.check_connections(requests=0)


@STREAMS
async def test_a_connection_that_is_closed_without_a_reply(trial: Trial, stream: bool) -> None:
    trial.box.cut(before_headers=True)
    error = await failing(trial, stream)
    trial.check(error, "cut before the reply", status=None)
    await trial.check_connections()


@STREAMS
async def test_headers_that_do_not_come_in_time(trial: Trial, stream: bool) -> None:
    trial.box.stall(before_headers=True)
    error = await failing(trial, stream, call_params=IMPATIENT)
    trial.check(error, "no reply in time", status=None)
    await trial.check_disconnected()
    await trial.check_connections(was_impatient=True)


@STREAMS
async def test_headers_that_come_just_in_time(trial: Trial, stream: bool) -> None:
    trial.box.reply(REPLY, first_byte=0.1)
    params = {**IMPATIENT, "timeout": 1.0}
    reply = await (trial.stream if stream else trial.whole)(call_params=params)
    assert reply.content == "alpha beta gamma"
    await trial.check_connections(was_impatient=True)


# Bodies that break


async def test_a_body_that_is_cut(trial: Trial) -> None:
    trial.box.cut(reply=REPLY)
    error = await failing(trial, stream=False)
    # botocore's sync client does not see that a body is shorter than it was said to be.
    if trial.setup.name == "bedrock" and not trial.is_async:
        assert errors.describe(error).kind == "unreadable_reply"
        assert trial.outcome("cut in a reply").is_of_class(error)
    else:
        trial.check(error, "cut in a reply")
    await trial.check_connections()


async def test_a_body_that_stalls(trial: Trial) -> None:
    trial.box.stall(reply=REPLY)
    error = await failing(trial, stream=False, call_params=IMPATIENT)
    trial.check(error, "no reply in time")
    await trial.check_disconnected()
    await trial.check_connections(was_impatient=True)


async def test_a_body_that_is_no_json(trial: Trial) -> None:
    trial.box.malformed(reply=REPLY)
    error = await failing(trial, stream=False)
    trial.check(error, "JSON broken in a reply")
    await trial.check_connections()
