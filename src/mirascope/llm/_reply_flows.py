"""What a response does, written once for its sync and its async face."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..core.base._call import reply_to
from ..core.base._feed import END, pulled
from ..core.base._flow import Flow, step
from ..core.base._provider import Received
from ..core.base.message_param import BaseMessageParam
from ..core.base.structured_stream import extracted
from ._asked import Asked, ResponseEvent, Status
from ._json_schema import extraction_for
from ._loops import Hooks
from ._outcome import (
    Outcome,
    TokenUsage,
    outcome_of,
)
from ._readers import exclusively
from ._tool_runner import flat_tools, offered_tools, run_tools
from .call_response import CallResponse
from .tool_calls import AfterCall, BeforeCall, ToolCall, ToolResult

if TYPE_CHECKING:
    from typing import Self

    from ..core.base._request import Request
    from ..core.base._wire import Reply
    from ..retries import Attempt
    from ._source import Source
    from .conversation import ConversationCore

_OVER = ("done", "failed", "cancelled")


class ReplyFlows:
    """One prompt and its reply. A subclass says how flows are run."""

    is_async: ClassVar[bool]
    model: Any
    """The model object that is asked."""
    prompt: Asked
    """What was asked."""
    status: Status = "pending"
    error: BaseException | None = None
    """What the request failed with."""

    def __init__(
        self,
        model: Any,
        source: Source | None,
        asked: Asked,
        conversation: ConversationCore[Any] | None = None,
    ) -> None:
        self.model = model
        self.prompt = asked
        self.conversation = conversation
        self._source = source
        self._request: Request | None = None
        self._raw: Any = None
        self._stream: Any = None
        self._iterator: Any = None
        self._outcome: Outcome | None = None
        self._events: list[ResponseEvent] = []
        self._callbacks: list[tuple[Callable[..., Any], bool]] = []
        self._closing = False
        self._started = 0.0
        self._lock = self._new_lock()

    def _new_lock(self) -> Any:
        raise TypeError("Use `Response` or `AsyncResponse`.")

    # --- known without waiting

    def text_or_raise(self) -> str:
        """The text of a reply that has been read. Raises ValueError where it has not."""
        return self._known().text

    def tool_calls_or_raise(self) -> list[ToolCall]:
        """The tool calls of a reply that has been read. Raises ValueError where it has not."""
        return self._known().tool_calls

    @property
    def is_over(self) -> bool:
        """Whether the reply has ended, however it did."""
        return self.status in _OVER

    @property
    def id(self) -> str | None:
        """The provider's identifier of the reply, once it is known."""
        return self._outcome.id if self._outcome else None

    @property
    def resolved_model(self) -> str | None:
        """The model that replied, in the provider's words, once it is known."""
        return self._outcome.model if self._outcome else None

    @property
    def finish_reasons(self) -> Sequence[str] | None:
        """Why the reply ended, in common terms, once it is known."""
        return self._outcome.finish_reasons if self._outcome else None

    @property
    def attempts(self) -> Sequence[Attempt]:
        """The attempts at this request that failed before the one that counts."""
        ends = (self._stream, self._raw, self.error)
        return next(filter(None, (getattr(end, "_attempts", None) for end in ends)), ())

    def _known(self) -> Outcome:
        if not self.is_over:
            raise ValueError(f"Response not yet {'awaited' if self.is_async else 'read'}")
        if self.error is not None:
            raise self.error
        assert self._outcome is not None
        return self._outcome

    # --- what is read of it

    def _finished(self) -> Flow[Outcome]:
        while not self.is_over:
            yield from exclusively(self._lock, self._advance(whole=self.prompt.stream is not True))
        return self._known()

    def _text(self) -> Flow[str]:
        return (yield from self._finished()).text

    def _usage(self) -> Flow[TokenUsage]:
        return (yield from self._finished()).usage

    def _tool_calls(self) -> Flow[list[ToolCall]]:
        return list((yield from self._finished()).tool_calls)

    def _messages(self) -> Flow[list[BaseMessageParam]]:
        outcome = yield from self._finished()
        return [*self.prompt.messages, outcome.message]

    def _duration(self) -> Flow[int]:
        outcome = yield from self._finished()
        return round(outcome.ended - outcome.started)

    def _datetime(self) -> Flow[datetime]:
        outcome = yield from self._finished()
        return datetime.fromtimestamp(outcome.started / 1000, UTC)

    def _cost(self) -> Flow[float | None]:
        outcome = yield from self._finished()
        return outcome.cost if self._request is None else self._as_call_response().cost

    def _json(self) -> Flow[Any]:
        outcome = yield from self._finished()
        return outcome.data if self._request is None else self._data()

    def _call_response(self) -> Flow[CallResponse]:
        yield from self._finished()
        return self._as_call_response()

    def _parsed(self) -> Flow[Any]:
        outcome = yield from self._finished()
        extraction = extraction_for(self.prompt.schema)
        if extraction is None:
            raise ValueError(
                "There is no schema to parse the reply by: give `schema=` to `prompt`."
            )
        if self._request is not None:
            fn_args = self._request.prompt.fn_args
            return extracted(extraction, self._as_call_response(), fn_args)
        if outcome.refusal:
            raise ValueError(outcome.refusal)
        return extraction.from_text(outcome.text, {})

    def _execute(
        self, before_call: BeforeCall | None, after_call: AfterCall | None
    ) -> Flow[list[ToolResult]]:
        hooks = Hooks(before_call, after_call)
        hooks.check(self.is_async)
        calls = yield from self._tool_calls()
        tools = offered_tools(self.model.adapter, flat_tools(self.prompt.tools))
        return (yield from run_tools(calls, tools, hooks, {}, self.is_async))

    def _as_call_response(self) -> CallResponse:
        request, outcome = self._request, self._outcome
        if request is None or outcome is None:
            raise ValueError("There is no `CallResponse` of a response that was restored.")
        if self._raw is None:
            received = Received(request.provider.encode_reply(self._stream._reply))
            self._raw = request.provider.response_type._received(
                request, received, outcome.started, outcome.ended
            )
        return CallResponse(self._raw)

    def _data(self) -> Any:
        self._as_call_response()
        return self._raw._raw.data

    # --- its events

    def _event(self, index: int) -> Flow[Any]:
        while index >= len(self._events):
            if self.is_over:
                if self.error is not None:
                    raise self.error
                return END
            advance = self._advance(whole=self.prompt.stream is False, beyond=index)
            yield from exclusively(self._lock, advance)
        return self._events[index]

    def _texts(self) -> EventCursor:
        return EventCursor(self, as_text=True)

    def _all_events(self) -> EventCursor:
        return EventCursor(self, as_text=False)

    # --- how it comes about

    def _advance(self, *, whole: bool, beyond: int | None = None) -> Flow[None]:
        """Send the request, or take in what arrives next of the reply."""
        if self.is_over or (beyond is not None and beyond < len(self._events)):
            return
        try:
            if self.status == "pending":
                yield from self._send(whole)
            elif (item := (yield from pulled(self._iterator, self.is_async))) is not END:
                self._take_in(item[0])
            elif self._closing:
                yield from self._end("cancelled", self._stream._reply)
            else:
                yield from self._end("done", self._stream._reply)
        except BaseException as error:
            if not self.is_over:
                yield from self._break(error)
            raise

    def _send(self, whole: bool) -> Flow[None]:
        assert self._source is not None
        self.status = "running"
        self._started = time.time() * 1000

        def ask(source: Source) -> Flow[Any]:
            return self._ask(source, whole)

        reply = yield from self._source.tried(ask, self.is_async)
        if not whole:
            self._stream = reply
            self._iterator = (aiter if self.is_async else iter)(reply)
            return
        self._raw = reply
        reply = self._raw._reply
        self._add("thinking", "".join(part.text for part in reply.thinking))
        self._add("text", reply.text or reply.refusal or "")
        yield from self._end("done", reply)

    def _ask(self, source: Source, whole: bool) -> Flow[Any]:
        """Send the request, for a whole reply, or make the stream that will."""
        request = yield from source.open(not whole)
        self._source, self._request = source, request
        prompt = yield from source.prompt()
        self.prompt.messages = list(prompt.messages)
        self._started = time.time() * 1000
        if whole:
            return (yield from reply_to(request))
        # Without the tools: what of a call does not fit is for the model, not for the reader.
        return request.provider.stream_type(replace(request, tool_types=None))

    def _take_in(self, chunk: Any) -> None:
        delta = chunk._delta
        self._add("thinking", delta.thinking)
        self._add("text", delta.text or delta.refusal)

    def _add(self, kind: Literal["text", "thinking"], text: str) -> None:
        if text and not (kind == "thinking" and self.prompt.hide_reasoning):
            self._events.append(ResponseEvent(kind, text))

    def _end(self, status: Status, reply: Reply | None) -> Flow[None]:
        if reply is not None and self._request is not None:
            provider, ended = self._request.provider, time.time() * 1000
            whole = status == "done"
            self._outcome = outcome_of(provider, reply, self._started, ended, whole)
            calls = self._outcome.tool_calls
            self._events += [ResponseEvent("tool_call", tool_call=call) for call in calls]
        self.status = status
        if self.conversation is not None and self._started:
            self.conversation._record(self)
        yield from self._call_back()

    def _break(self, error: BaseException) -> Flow[None]:
        is_failure = isinstance(error, Exception) and not isinstance(error, asyncio.CancelledError)
        self.error = error if is_failure else self._cut_off()
        reply = self._stream._reply if self._stream is not None else None
        ending = self._end("failed" if is_failure else "cancelled", reply)
        if isinstance(error, GeneratorExit):
            # Whoever could wait for something is gone: callbacks are left out.
            next(ending, None)
            ending.close()
        else:
            yield from ending

    def _cut_off(self) -> Exception:
        return ValueError(
            "This response was cancelled before its reply was complete. What had arrived can be "
            "read by iterating over it; prompt again for a whole one."
        )

    def _close(self) -> Flow[None]:
        if self.is_over:
            return
        self._closing = True
        if self._stream is not None:
            yield from step(self._stream.aclose if self.is_async else self._stream.close)
        if not self.is_over:
            self.error = self._cut_off()
            yield from self._end("cancelled", self._stream._reply if self._stream else None)

    def _itself(self) -> Flow[Self]:
        return self
        yield

    # --- who wants to know

    def _register(self, callback: Callable[..., Any], *, only_done: bool) -> Flow[None]:
        if inspect.iscoroutinefunction(callback) and not self.is_async:
            raise TypeError(
                "The callback is async, and the response is sync. Write it with `def`, or use an "
                "async model (`llm.get_async_model`)."
            )
        self._callbacks.append((callback, only_done))
        if self.is_over:
            yield from self._call_back()

    def _call_back(self) -> Flow[None]:
        # Taken off the list before it is called: a callback is called once.
        while self._callbacks:
            callback, only_done = self._callbacks.pop(0)
            if not only_done:
                yield from step(callback, self, self.status)
            elif self.status == "done":
                yield from step(callback, self)

    # --- out of the process and back

    def to_dict(self) -> dict[str, Any]:
        """The response in JSON types, without loss. Raises ValueError on one that has not ended.

        Tools are kept by name: give them again to `from_dict` where they are to be run.
        """
        from ._response_json import response_to_dict

        return response_to_dict(self)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, tools: Sequence[Any] = (), model: Any = None
    ) -> Self:
        """The response that `to_dict` made `data` from.

        `model` is what `reply` goes on with, where that is to be another than before.
        """
        from ._response_json import response_from_dict

        return response_from_dict(cls, data, tools, model)

    def _history(self) -> list[BaseMessageParam] | None:
        """The conversation after this response; None where nothing came of it."""
        sent = self.prompt.messages
        if self._outcome is not None and (self.status == "done" or self._outcome.text):
            return [*sent, self._outcome.message]
        # Results of tools that have run must not be lost, whatever became of the answer to them.
        return list(sent) if sent and sent[-1].role == "tool" else None

    def __repr__(self) -> str:
        outcome = self._outcome
        shown = repr(outcome.text) if outcome else f"... {_unread(self)} ..."
        return f"<{type(self).__name__} of {self.model.model_id}: {shown}>"


def _unread(response: ReplyFlows) -> str:
    if response.status in ("pending", "running"):
        return "not yet awaited" if response.is_async else "not yet read"
    return response.status


class EventCursor:
    """How far one reader has come in the events of a response."""

    def __init__(self, response: ReplyFlows, *, as_text: bool) -> None:
        self._response = response
        self._as_text = as_text
        self._index = 0

    def following(self) -> Flow[Any]:
        """The next event, or the next text, or `END`."""
        while True:
            event = yield from self._response._event(self._index)
            if event is END:
                return END
            self._index += 1
            if not self._as_text:
                return event
            if event.kind == "text":
                return event.text
