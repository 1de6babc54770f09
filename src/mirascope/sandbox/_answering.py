"""From what is to be said to what is to be sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from mirascope.sandbox._http import Plan
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._script import Cut, ErrorEvent, Fail, Malformed, Native, Say, replies_for
from mirascope.sandbox._services import Service

SSE = "text/event-stream"
EVENTS = re.compile(rb".*?\n\n|.+\Z", re.DOTALL)

TRAVEL_HEADERS = {"content-length", "transfer-encoding", "content-encoding", "connection"}
"""Headers of a recorded reply that tell how it travelled then, not what it says."""


def said(service: Service, question: Question, act: Say, value: Any, stamp: Stamp) -> Plan:
    """The plan that says `value` in the service's protocol, with the fault the act asks for."""
    replies, protocol = replies_for(value, act.changes, question), service.protocol
    headers = reply_headers(service, stamp, question.stream)
    if question.stream:
        events = list(protocol.events(question, replies, stamp))
        plan = Plan(200, headers, events, streamed=True)
    else:
        plan = Plan(200, headers, [to_json(protocol.write(question, replies, stamp))])
    usages = [reply.usage_for(question) for reply in replies]
    plan.tokens = sum(usage.input + usage.output for usage in usages)
    match act.fault:
        case None:
            pass
        case Cut(after_events, stalls):
            plan.break_after, plan.stalls = after_events, stalls
        case Malformed() if not plan.streamed:
            plan.pieces = [plan.pieces[0][: len(plan.pieces[0]) // 2]]
        case Malformed(at_event):
            at = min(at_event, len(plan.pieces) - 1)
            plan.pieces[at] = protocol.spoil(plan.pieces[at])
        case ErrorEvent(_, status, message) if not plan.streamed:
            return failed(service, Fail(status, message), stamp)
        case ErrorEvent(at_event, status, message):
            plan.pieces[at_event:] = [protocol.error_event(status, message, stamp)]
    return plan


def failed(service: Service, act: Fail, stamp: Stamp) -> Plan:
    """The plan for an HTTP error in the service's own form."""
    headers = reply_headers(service, stamp, False)
    headers.update(service.protocol.error_headers(act.status))
    headers.update(act.headers)
    body = service.protocol.error(act.status, act.message, stamp)
    return Plan(act.status, headers, [to_json(body)])


def reply_headers(service: Service, stamp: Stamp, stream: bool) -> dict[str, str]:
    protocol = service.protocol
    return {
        "content-type": protocol.stream_type if stream else "application/json",
        protocol.request_id_header: stamp.request_id,
        **protocol.reply_headers,
    }


def native(
    body: dict[str, Any] | str | bytes | list[str] | list[bytes],
    status: int,
    headers: Mapping[str, str],
) -> Native:
    """The act that sends a recorded body: a JSON object, a text, or the pieces of a stream."""
    given = {name.lower(): value for name, value in headers.items()}
    for name in TRAVEL_HEADERS:
        given.pop(name, None)
    if isinstance(body, dict):
        return Native(status, {"content-type": "application/json"} | given, [to_json(body)], False)
    given = {"content-type": f"{SSE}; charset=utf-8"} | given
    if isinstance(body, list):
        return Native(status, given, [_encoded(piece) for piece in body], True)
    if given["content-type"].startswith(SSE):
        return Native(status, given, EVENTS.findall(_encoded(body)), True)
    return Native(status, given, [_encoded(body)], False)


def _encoded(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
