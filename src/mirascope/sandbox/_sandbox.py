"""The sandbox itself: takes requests, keeps them, answers by script or by rule."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from pydantic_core import from_json, to_json

from mirascope.sandbox._http import HttpRequest, Plan
from mirascope.sandbox._protocol import Json, Question, Reply, Stamp, Usage
from mirascope.sandbox._requests import ReceivedRequest
from mirascope.sandbox._script import (
    Act,
    Cut,
    ErrorEvent,
    Fail,
    Malformed,
    Native,
    Say,
    Script,
    replies_for,
)
from mirascope.sandbox._server import Server
from mirascope.sandbox._services import KEY, SERVICES, Service, service_at

UNREADABLE = (LookupError, TypeError, AttributeError, ValueError)


class Sandbox:
    """A loopback server that speaks the providers' wire protocols.

    Use it as a context manager (`with sandbox() as box:`, also `async with`), or call `start()` and
    `stop()`. While it runs, default clients of the providers talk to it unless `redirect=False`.
    It never opens a connection to anywhere.

    Scripting methods take the requests in order: each call orders the answer to the next `times`
    requests (of `provider`, where given). What is not scripted is answered by rule.

    Args:
        redirect: Point the library's default clients here.
        strict: Refuse requests that the provider would refuse, with status 400.
        record: Keep the requests in `requests`. Turn it off for a server that runs for long.
        host, port: Where to listen; port 0 takes a free one.
    """

    def __init__(
        self,
        *,
        redirect: bool = True,
        strict: bool = True,
        record: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.strict = strict
        self.requests: list[ReceivedRequest] = []
        self.url = ""
        self._redirect = redirect
        self._record = record
        self._host = host
        self._server = Server(self._handle, host, port)
        self._script = Script()
        self._first_byte = 0.0
        self._between_events = 0.0
        self._numbers = itertools.count(1)
        self._workers = ThreadPoolExecutor(32, thread_name_prefix="mirascope-sandbox-reply")
        self._undo_redirect: Callable[[], None] | None = None

    # Start and stop.

    def start(self) -> Self:
        """Listen, and point default clients here. Raises OSError where the port is taken."""
        self.url = f"http://{self._host}:{self._server.start()}"
        if self._redirect:
            from mirascope.core.base._clients import Endpoint, redirect

            self._undo_redirect = redirect(
                {name: Endpoint(base_url=self.base_url(name), api_key=KEY) for name in SERVICES}
            )
        return self

    def stop(self) -> None:
        """Close the port and every connection, and point default clients back."""
        if self._undo_redirect is not None:
            self._undo_redirect()
            self._undo_redirect = None
        self._server.stop()
        self._workers.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(self, *exception: object) -> None:
        self.stop()

    # Where it is and what it saw.

    def base_url(self, provider: str) -> str:
        """What the provider's SDK takes as its base URL."""
        return self.url + _service(provider).base

    def environment(self) -> dict[str, str]:
        """The variables that point the SDKs here, for another process."""
        return {
            name: template.format(base_url=self.base_url(service.name), key=KEY)
            for service in SERVICES.values()
            for name, template in service.environment.items()
        }

    @property
    def connections(self) -> int:
        """How many TCP connections have been accepted so far."""
        return self._server.traffic.accepted

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open now."""
        return len(self._server.traffic.open)

    @property
    def unused(self) -> float:
        """How many scripted answers no request has taken yet."""
        return self._script.left

    def wait_until(self, condition: Callable[[], bool], timeout: float = 2.0) -> bool:
        """Wait until `condition()` holds, at most `timeout` seconds; whether it does."""
        deadline = time.monotonic() + timeout
        while not (holds := condition()) and time.monotonic() < deadline:
            time.sleep(0.002)
        return holds

    # Script.

    def reply(
        self,
        value: Any = None,
        *,
        times: float = 1,
        provider: str | None = None,
        **changes: Any,
    ) -> None:
        """Order the next answer.

        Args:
            value: A text; a `ToolCall` or a list of them; any other value (a pydantic model, a dict, a
                number, a list) as structured output, in the way the request asks for it; a `Reply`;
                a function that is given the `ReceivedRequest` and returns one of these. None leaves
                the content to the rules.
            times: For how many requests.
            provider: Only for requests to this provider.
            changes: Fields of `Reply` to set besides: `thinking`, `usage`, `finish_reason`,
                `refusal`, `tool_calls`, …
        """
        self._order(Say(value, _checked(changes)), provider, times)

    def reply_always(self, value: Any = None, **changes: Any) -> None:
        """What to answer whenever nothing is ordered; without arguments, by rule again."""
        self._script.always = Say(value, _checked(changes))

    def fail(
        self,
        status: int,
        *,
        message: str | None = None,
        retry_after: float | str | None = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """Fail the next requests with an HTTP status and an error body in the provider's form.

        `retry_after` is in seconds, or an HTTP date. `times=math.inf` never recovers.
        """
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        text = message or f"The sandbox was told to fail with status {status}."
        self._order(Fail(status, text, headers), provider, times)

    def cut(
        self,
        after_events: int = 1,
        *,
        before_headers: bool = False,
        reply: Any = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """Close the connection in the middle of the next reply.

        A stream is cut after so many events, a whole reply in the middle of its body.
        """
        fault = Cut(-1 if before_headers else after_events)
        self._order(Say(reply, fault=fault), provider, times)

    def malformed(
        self,
        at_event: int = 0,
        *,
        reply: Any = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """Break off the JSON of the next reply: of the event `at_event`, or of the whole body."""
        self._order(Say(reply, fault=Malformed(at_event)), provider, times)

    def error_event(
        self,
        at_event: int = 1,
        *,
        status: int = 529,
        message: str = "Overloaded",
        reply: Any = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """End the next stream with the provider's error event for `status`, as event `at_event`.

        A reply that is not streamed fails with that status.
        """
        fault = ErrorEvent(at_event, status, message)
        self._order(Say(reply, fault=fault), provider, times)

    def native(
        self,
        provider: str | None,
        body: Json | str | bytes | list[str] | list[bytes],
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: float = 1,
    ) -> None:
        """Answer with a recorded body, byte for byte.

        A dict is sent as JSON, a text as it is (as an event stream unless `headers` say otherwise);
        a list is sent as a stream of those pieces.
        """
        self._order(_native(body, status, headers or {}), provider, times)

    def slow(self, *, first_byte: float = 0.0, between_events: float = 0.0) -> None:
        """Delay all replies from now on, in seconds; without arguments, no longer."""
        self._first_byte = first_byte
        self._between_events = between_events

    def reset(self) -> None:
        """Forget the script, the delays and the requests."""
        self._script.clear()
        self.slow()
        self.requests.clear()

    def _order(self, act: Act, provider: str | None, times: float) -> None:
        if provider is not None:
            _service(provider)
        self._script.add(act, provider, times)

    # Answer. Called on the server's thread.

    def _handle(self, http: HttpRequest) -> Plan | Awaitable[Plan]:
        stamp = Stamp(next(self._numbers), int(time.time()))
        service = service_at(http.target.partition("?")[0])
        if service is None:
            return _json_plan(404, {"error": {"message": _not_found(http)}})
        try:
            body = from_json(http.body)
            question = service.protocol.read(body)
        except UNREADABLE as error:
            body, question = (body if isinstance(body := _decoded(http.body), dict) else {}), None
            unreadable = f"The request body cannot be read: {type(error).__name__}: {error}"
        else:
            unreadable = ""
        stream = question is not None and question.stream
        request = ReceivedRequest(service.name, body, stream, time.time(), http, service)
        if self._record:
            self.requests.append(request)
        if self.strict and body and (problems := request.problems):
            return self._failure(service, stamp, Fail(400, "; ".join(problems)))
        if question is None:
            return self._failure(service, stamp, Fail(400, unreadable))
        act = self._script.take(service.name)
        if isinstance(act, Say):
            if callable(act.value):
                return self._answer_by_function(request, question, act, act.value, stamp)
            return self._answer(service, question, act, act.value, stamp)
        if isinstance(act, Fail):
            return self._failure(service, stamp, act)
        return self._paced(Plan(act.status, act.headers, act.pieces, act.streamed))

    async def _answer_by_function(
        self,
        request: ReceivedRequest,
        question: Question,
        act: Say,
        function: Callable[[ReceivedRequest], Any],
        stamp: Stamp,
    ) -> Plan:
        """Functions run in a worker thread: they may block, or call the sandbox themselves."""
        loop = asyncio.get_running_loop()
        try:
            value = await loop.run_in_executor(self._workers, function, request)
            return self._answer(request.service, question, act, value, stamp)
        except Exception as error:
            message = f"The reply function raised {type(error).__name__}: {error}"
            return self._failure(request.service, stamp, Fail(500, message))

    def _answer(
        self, service: Service, question: Question, act: Say, value: Any, stamp: Stamp
    ) -> Plan:
        fault, protocol = act.fault, service.protocol
        replies = replies_for(value, act.changes, question)
        if not question.stream:
            if isinstance(fault, ErrorEvent):
                return self._failure(service, stamp, Fail(fault.status, fault.message))
            pieces = [to_json(protocol.write(question, replies, stamp))]
            if isinstance(fault, Malformed):
                pieces = [pieces[0][: len(pieces[0]) // 2]]
        else:
            pieces = list(protocol.events(question, replies, stamp))
            if isinstance(fault, Malformed):
                at = min(fault.at_event, len(pieces) - 1)
                pieces[at] = protocol.spoil(pieces[at])
            elif isinstance(fault, ErrorEvent):
                event = protocol.error_event(fault.status, fault.message, stamp)
                pieces[fault.at_event :] = [event]
        plan = Plan(200, _headers(service, stamp, question.stream), pieces, question.stream)
        if isinstance(fault, Cut):
            plan.cut_after = fault.after_events
        return self._paced(plan)

    def _failure(self, service: Service, stamp: Stamp, act: Fail) -> Plan:
        protocol = service.protocol
        headers = _headers(service, stamp, False) | protocol.error_headers(act.status)
        body = to_json(protocol.error(act.status, act.message, stamp))
        return self._paced(Plan(act.status, {**headers, **act.headers}, [body]))

    def _paced(self, plan: Plan) -> Plan:
        plan.first_byte = self._first_byte
        plan.between_events = self._between_events
        return plan


def sandbox(
    *,
    redirect: bool = True,
    strict: bool = True,
    record: bool = True,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Sandbox:
    """A sandbox to enter: `with sandbox() as box:`. See `Sandbox` for the arguments."""
    return Sandbox(redirect=redirect, strict=strict, record=record, host=host, port=port)


def _service(provider: str) -> Service:
    if provider not in SERVICES:
        known = ", ".join(f"`{name}`" for name in SERVICES)
        raise ValueError(f"The sandbox does not speak for `{provider}`; it knows {known}.")
    return SERVICES[provider]


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    unknown = [name for name in changes if name not in Reply.__dataclass_fields__]
    if unknown:
        raise TypeError(f"A reply has no `{unknown[0]}`; it has {', '.join(Reply.__slots__)}.")
    if isinstance(changes.get("usage"), Mapping):
        changes["usage"] = Usage(**changes["usage"])
    return changes


def _headers(service: Service, stamp: Stamp, stream: bool) -> dict[str, str]:
    protocol = service.protocol
    return {
        "content-type": protocol.stream_type if stream else "application/json",
        protocol.request_id_header: stamp.request_id,
        **protocol.reply_headers,
    }


def _json_plan(status: int, body: Json) -> Plan:
    return Plan(status, {"content-type": "application/json"}, [to_json(body)])


def _not_found(http: HttpRequest) -> str:
    return (
        f"The sandbox has nothing at `{http.method} {http.target}`; "
        f"base URLs end in {', '.join(repr(service.base) for service in SERVICES.values())}."
    )


def _decoded(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def _native(body: Any, status: int, headers: Mapping[str, str]) -> Native:
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("content-length", "transfer-encoding", "content-encoding", "connection"):
        given.pop(name, None)  # of the recording's own journey
    if isinstance(body, dict):
        return Native(status, {"content-type": "application/json"} | given, [to_json(body)], False)
    parts: list[Any] = [body] if isinstance(body, (str, bytes)) else list(body)
    pieces = [part.encode() if isinstance(part, str) else bytes(part) for part in parts]
    default = {"content-type": "text/event-stream; charset=utf-8"}
    return Native(status, default | given, pieces, True)


INFINITELY = math.inf
