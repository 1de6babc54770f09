"""The sandbox itself: takes requests, keeps them, answers by script or by rule."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from pydantic_core import from_json, to_json

from mirascope.sandbox._answering import failed, native, said
from mirascope.sandbox._http import HttpRequest, Plan
from mirascope.sandbox._json import Json, is_object
from mirascope.sandbox._protocol import Question, Reply, Stamp, Usage
from mirascope.sandbox._rate_limit import RateLimit
from mirascope.sandbox._requests import ReceivedRequest
from mirascope.sandbox._script import Act, Cut, ErrorEvent, Fail, Malformed, Native, Say, Script
from mirascope.sandbox._server import Server
from mirascope.sandbox._services import KEY, SERVICES, Service, service_at


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
        host: Where to listen.
        port: The port to listen on; 0 takes a free one.
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
        self.url: str = ""
        self._redirect = redirect
        self._record = record
        self._host = host
        self._server = Server(self._handle, host, port)
        self._script = Script()
        self._limits: list[RateLimit] = []
        self._first_byte = 0.0
        self._between_events = 0.0
        self._numbers = itertools.count(1)
        self._workers: ThreadPoolExecutor | None = None
        self._undo_redirect: Callable[[], None] | None = None

    # Start and stop.

    def start(self) -> Self:
        """Listen, and point default clients here.

        Raises OSError where the port is taken, RuntimeError where the sandbox is running already.
        """
        if self._workers is not None:
            raise RuntimeError("This sandbox is running. Make another one for a second server.")
        if not self._redirect:
            self._start_server()
            return self
        from mirascope.core.base._clients import Endpoint, redirect

        self._start_server()
        self._undo_redirect = redirect(
            {name: Endpoint(self.base_url(name), KEY) for name in SERVICES}
        )
        return self

    def _start_server(self) -> None:
        self.url = f"http://{self._host}:{self._server.start()}"
        self._workers = ThreadPoolExecutor(32, thread_name_prefix="mirascope-sandbox-reply")

    def stop(self) -> None:
        """Close the port and every connection, and point default clients back."""
        if self._undo_redirect is not None:
            self._undo_redirect()
            self._undo_redirect = None
        self._server.stop()
        if self._workers is not None:
            self._workers.shutdown(wait=False, cancel_futures=True)
            self._workers = None

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
        first_byte: float | None = None,
        between_events: float | None = None,
        **changes: Any,
    ) -> None:
        """Order the next answer.

        Args:
            value: A text; a `ToolCall` or a list of them; any other value (a pydantic model, a
                dict, a number, a list) as structured output, in the way the request asks for it; a
                `Reply`; a function that is given the `ReceivedRequest` and returns one of these.
                None leaves the content to the rules.
            times: For how many requests.
            provider: Only for requests to this provider.
            first_byte: The delay before this reply, in seconds, in the place of the one that
                `slow` sets.
            between_events: The delay between the events of this reply, likewise.
            changes: Fields of `Reply` to set besides: `thinking`, `usage`, `finish_reason`,
                `refusal`, `tool_calls`, …
        """
        act = Say(value, _checked(changes), None, first_byte, between_events)
        self._order(act, provider, times)

    def reply_always(self, value: Any = None, **changes: Any) -> None:
        """What to answer whenever nothing is ordered; without arguments, by rule again."""
        self._script.always = Say(value, _checked(changes))

    def fail(
        self,
        status: int,
        *,
        message: str | None = None,
        retry_after: float | str | None = None,
        headers: Mapping[str, str] | None = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """Fail the next requests with an HTTP status and an error body in the provider's form.

        `retry_after` is in seconds, or an HTTP date; `headers` are sent besides.
        `times=math.inf` never recovers.
        """
        told = {} if retry_after is None else {"retry-after": str(retry_after)}
        text = message or f"The sandbox was told to fail with status {status}."
        self._order(Fail(status, text, {**told, **(headers or {})}), provider, times)

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

        A stream is cut after so many events, a whole reply in the middle of its body. A stream that
        is cut after its last event lacks only the end of the HTTP body.
        """
        fault = Cut(-1 if before_headers else after_events)
        self._order(Say(reply, fault=fault), provider, times)

    def stall(
        self,
        after_events: int = 1,
        *,
        before_headers: bool = False,
        reply: Any = None,
        times: float = 1,
        provider: str | None = None,
    ) -> None:
        """Go silent in the middle of the next reply, at the places where `cut` closes it.

        The connection stays open until the client closes it.
        """
        fault = Cut(-1 if before_headers else after_events, stalls=True)
        self._order(Say(reply, fault=fault), provider, times)

    def refuse(self) -> None:
        """Close every connection, and refuse new ones until `accept` is called.

        The port stays taken, so that nobody else answers there.
        """
        self._server.refuse()

    def accept(self) -> None:
        """Take connections again, at the same port."""
        self._server.accept()

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
        self._order(native(body, status, headers or {}), provider, times)

    def slow(self, *, first_byte: float = 0.0, between_events: float = 0.0) -> None:
        """Delay all replies from now on, in seconds; without arguments, no longer."""
        self._first_byte = first_byte
        self._between_events = between_events

    def limit(
        self,
        *,
        requests: int | None = None,
        tokens: int | None = None,
        per: float = 60.0,
        provider: str | None = None,
    ) -> RateLimit:
        """Keep a rate limit from now on: in any `per` seconds so many requests, so many tokens.

        What is too much fails with status 429 and `Retry-After`, takes nothing from the script, and
        does not count. A request is taken as long as there are tokens left, and charged with what
        its reply reports. The headers of replies say what is left, as the provider's do. Returns
        what counts how many were `accepted` and `refused`.
        """
        if provider is not None:
            _service(provider)
        made = RateLimit(requests, tokens, per, provider)
        self._limits.append(made)
        return made

    def reset(self) -> None:
        """Forget the script, the delays, the limits and the requests; take connections again."""
        self._server.accept()
        self._script.clear()
        self._limits.clear()
        self.slow()
        self.requests.clear()

    def _order(self, act: Act, provider: str | None, times: float) -> None:
        if provider is not None:
            _service(provider)
        self._script.add(act, provider, times)

    # Answer. Called on the server's thread.

    def _handle(self, http: HttpRequest) -> Plan | Awaitable[Plan]:
        path = http.target.partition("?")[0]
        service = service_at(path)
        if service is None:
            return _not_found(http)
        stamp = Stamp(next(self._numbers), int(time.time()))
        body = _decoded(http.body)
        question = _question(service, body, path)
        stream = question is not None and question.stream
        request = ReceivedRequest(service.name, body, stream, time.time(), http, service)
        if self._record:
            self.requests.append(request)
        if question is None or (self.strict and request.problems):
            message = "; ".join(request.problems) or "$: this request cannot be read"
            return self._paced(failed(service, Fail(400, message), stamp))
        limits = [limit for limit in self._limits if limit.provider in (None, service.name)]
        if limits:
            return self._limited(request, question, limits, stamp)
        return self._answer(request, question, stamp)

    def _limited(
        self, request: ReceivedRequest, question: Question, limits: list[RateLimit], stamp: Stamp
    ) -> Plan | Awaitable[Plan]:
        service = request.service
        wait = max(limit.wait() for limit in limits)
        if wait > 0:
            for limit in limits:
                limit.refused += 1
            fail = Fail(429, "Rate limit reached.", {"retry-after": f"{wait:.3f}"})
            return _with_standings(self._paced(failed(service, fail, stamp)), service, limits)
        for limit in limits:
            limit.take()
        plan = self._answer(request, question, stamp)
        if isinstance(plan, Plan):
            return _charged(plan, service, limits)
        return self._charged_later(plan, service, limits)

    async def _charged_later(
        self, plan: Awaitable[Plan], service: Service, limits: list[RateLimit]
    ) -> Plan:
        return _charged(await plan, service, limits)

    def _answer(
        self, request: ReceivedRequest, question: Question, stamp: Stamp
    ) -> Plan | Awaitable[Plan]:
        service = request.service
        act = self._script.take(service.name)
        if isinstance(act, Native):
            return self._paced(Plan(act.status, act.headers, act.pieces, act.streamed))
        if isinstance(act, Fail):
            return self._paced(failed(service, act, stamp))
        if callable(act.value):
            return self._say_result(request, question, act, act.value, stamp)
        return self._say(service, question, act, act.value, stamp)

    async def _say_result(
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
        except Exception as error:
            return self._paced(failed(request.service, _gone_wrong(error), stamp))
        return self._say(request.service, question, act, value, stamp)

    def _say(
        self, service: Service, question: Question, act: Say, value: Any, stamp: Stamp
    ) -> Plan:
        try:
            return self._paced(said(service, question, act, value, stamp), act)
        except Exception as error:  # a scripted value that cannot be sent must not look like a hang
            return self._paced(failed(service, _gone_wrong(error), stamp))

    def _paced(self, plan: Plan, act: Say | None = None) -> Plan:
        plan.first_byte = self._first_byte
        plan.between_events = self._between_events
        if act is not None:
            if act.first_byte is not None:
                plan.first_byte = act.first_byte
            if act.between_events is not None:
                plan.between_events = act.between_events
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


def _charged(plan: Plan, service: Service, limits: list[RateLimit]) -> Plan:
    for limit in limits:
        limit.charge(plan.tokens)
    return _with_standings(plan, service, limits)


def _with_standings(plan: Plan, service: Service, limits: list[RateLimit]) -> Plan:
    headers = dict(plan.headers)
    for limit in limits:
        for standing in limit.standings():
            headers.update(service.protocol.limit_headers(standing))
    plan.headers = headers
    return plan


def _checked(changes: dict[str, Any]) -> dict[str, Any]:
    unknown = [name for name in changes if name not in Reply.__dataclass_fields__]
    if unknown:
        raise TypeError(f"A reply has no `{unknown[0]}`; it has {', '.join(Reply.__slots__)}.")
    if isinstance(changes.get("usage"), Mapping):
        changes["usage"] = Usage(**changes["usage"])
    return changes


def _question(service: Service, body: Json, path: str) -> Question | None:
    try:
        return service.protocol.read(body, path)
    except (LookupError, TypeError, AttributeError):
        return None


def _decoded(body: bytes) -> Json:
    """The JSON object in `body`, empty where there is none."""
    try:
        data = from_json(body)
    except ValueError:
        return {}
    return data if is_object(data) else {}


def _gone_wrong(error: Exception) -> Fail:
    message = f"The sandbox could not make the scripted reply: {type(error).__name__}: {error}"
    return Fail(500, message, {"x-should-retry": "false"})


def _not_found(http: HttpRequest) -> Plan:
    bases = ", ".join(f"`{service.base or '/'}` ({name})" for name, service in SERVICES.items())
    message = f"The sandbox has nothing at `{http.method} {http.target}`. Base URLs: {bases}."
    body = {"error": {"message": message, "type": "not_found_error"}}
    return Plan(404, {"content-type": "application/json"}, [to_json(body)])
