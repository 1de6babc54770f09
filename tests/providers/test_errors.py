"""`mirascope.errors` says the same of every provider's exceptions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mirascope import errors, llm
from mirascope.sandbox import Sandbox

from .cases import CASES, Case

KINDS = {
    400: "bad_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    429: "rate_limit",
    500: "server_error",
    503: "overloaded",
    529: "overloaded",
}


def error_of(case: Case, box: Sandbox, stream: bool = False) -> Exception:
    client = case.new_client(box, False)

    @llm.call(case.name, case.model, client=client, stream=stream)
    def ask() -> str:
        return "Hello"

    with pytest.raises(Exception) as caught:
        for _ in ask() if stream else [ask()]:
            pass
    case.close(client, False)
    return caught.value


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_status_has_one_meaning(case: Case, status: int, box: Sandbox) -> None:
    box.fail(status, retry_after=7)
    found = errors.describe(error_of(case, box))
    assert (found.kind, found.status, found.retry_after) == (KINDS[status], status, 7)
    assert found.request_id
    assert found.is_transient == (status in (429, 500, 503, 529))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_too_long_a_prompt_is_told_from_other_bad_requests(case: Case, box: Sandbox) -> None:
    box.fail(400, message="This model's maximum context length is 8192 tokens: reduce the length.")
    assert errors.describe(error_of(case, box)).kind == "context_length"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_connection_that_breaks(case: Case, box: Sandbox) -> None:
    box.cut(before_headers=True)
    found = errors.describe(error_of(case, box))
    assert (found.kind, found.status, found.is_transient) == ("connection", None, True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_stream_that_breaks(case: Case, box: Sandbox) -> None:
    box.cut(after_events=2)
    assert errors.describe(error_of(case, box, stream=True)).kind == "connection"


class Refused(Exception):
    def __init__(self, **known: object) -> None:
        super().__init__("refused")
        vars(self).update(known)


def test_retry_after_in_each_of_its_forms() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    details = {"error": {"details": [{"@type": "RetryInfo", "retryDelay": "12.5s"}]}}
    by_header = {
        "2.5": 2.5,
        "-1": 0,
        format_datetime(soon, usegmt=True): pytest.approx(30, abs=5),
        "whenever": None,
    }
    for value, expected in by_header.items():
        assert errors.describe(Refused(headers={"Retry-After": value})).retry_after == expected
    both = Refused(headers={"retry-after-ms": "1500", "retry-after": "2"})
    assert errors.describe(both).retry_after == 1.5
    assert errors.describe(Refused(details=details)).retry_after == 12.5


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError("too slow"), "timeout"),
        (ConnectionResetError("reset"), "connection"),
        (ValueError("context length exceeded"), "unknown"),
        (KeyError("x"), "unknown"),
        (Refused(body={"error": {"type": "overloaded_error"}}, status_code=200), "overloaded"),
        (Refused(body={"error": {"code": "content_filter"}}, status_code=400), "content_filter"),
        (Refused(body={"code": "context_length_exceeded"}, status_code=400), "context_length"),
        (Refused(code=429, status="RESOURCE_EXHAUSTED"), "rate_limit"),
        (Refused(code=503, status="UNAVAILABLE"), "overloaded"),
        (Refused(status_code=418), "bad_request"),
        (Refused(status_code=200), "unreadable_reply"),
        (Refused(status_code=200, body={"code": "something_new"}), "unknown"),
        (errors.UnreadableReply("not what it should be"), "unreadable_reply"),
        (json.JSONDecodeError("no JSON", "<html>", 0), "unreadable_reply"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no text"), "unknown"),
        (caused(TimeoutError("slow"), ConnectionRefusedError("nobody there")), "connection"),
        (caused(ConnectionError("broken"), TimeoutError("slow")), "timeout"),
        # As `requests` has it: the exception below is the first argument.
        (ConnectionError(TimeoutError("slow")), "timeout"),
        (
            Refused(response={"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}}),
            "rate_limit",
        ),
    ],
)
def test_what_an_exception_says_of_itself(error: Exception, kind: str) -> None:
    assert errors.describe(error).kind == kind
