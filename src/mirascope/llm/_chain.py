"""The automatic tool loop: ask, run the tools that are called, say what they gave, ask again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, cast

from typing_extensions import TypeVar

from ..core.base._controls import held_to
from ..core.base._corrections import correction
from ..core.base._feed import END
from ..core.base._flow import Flow, run, run_async
from ..core.base._wire import Reply
from ..core.base.message_param import BaseMessageParam
from ._loops import Hooks
from ._outcome import TokenUsage
from ._readers import AsyncReader, Reader, exclusively
from ._settings import within
from ._tool_runner import offered_tools, run_tools
from .response import AsyncResponse, Response
from .tool_calls import ChainLimitError, OfferedTool, PauseChain, ToolCall, waiting_calls

if TYPE_CHECKING:
    from ._reply_flows import EventCursor, ReplyFlows
    from ._source import Source
    from .call_response import CallResponse

DEFAULT_LIMIT = 10
"""How many replies a chain asks for at most, unless it is told otherwise."""

ParsedT = TypeVar("ParsedT", default=Any)


class ChainFlows:
    """What a chain does, written once for its sync and its async face."""

    is_async: ClassVar[bool]

    def __init__(
        self,
        source: Source,
        respond: Callable[[Source], ReplyFlows],
        hooks: Hooks,
        limit: int | None = None,
        finish: Callable[[Any], Any] | None = None,
        corrections: int = 0,
    ) -> None:
        hooks.check(self.is_async)
        self._source = source
        self._respond = respond
        self._hooks = hooks
        self._limit = DEFAULT_LIMIT if limit is None else limit
        self._finish = finish
        self._corrections = corrections
        self._turns: list[ReplyFlows] = []
        self._results: dict[int, Any] = {}
        self._tools: Mapping[str, OfferedTool] | None = None
        self._is_over = False
        self._lock = self._new_lock()

    def _new_lock(self) -> Any:
        raise TypeError("Use `ChainResponse` or `AsyncChainResponse`.")

    # --- turn by turn

    def _turn(self, index: int) -> Flow[Any]:
        """The response of a turn, which may not have been read yet, or `END`."""
        while index >= len(self._turns):
            if self._is_over:
                return END
            yield from exclusively(self._lock, self._next_turn(index))
        return self._turns[index]

    def _next_turn(self, beyond: int) -> Flow[None]:
        if self._is_over or beyond < len(self._turns):
            return
        if not self._turns:
            source = self._source
            messages: Sequence[BaseMessageParam] = (yield from source.prompt()).messages
            calls = waiting_calls(messages)
        else:
            last = self._turns[-1]
            outcome = yield from last._finished()
            source, calls = last._source or self._source, outcome.tool_calls
            messages = [*last.prompt.messages, outcome.message]
            if not calls:
                self._is_over = True
                return
            self._check_limit()
        if calls:
            source = source.with_messages((yield from self._with_results(source, messages, calls)))
            self._results = {}
        self._turns.append(self._respond(source))

    def _check_limit(self) -> None:
        if self._limit and len(self._turns) >= self._limit:
            raise ChainLimitError(
                f"Chain limit of {self._limit} exceeded. Give a higher `chain_limit`, or 0 for "
                "none."
            )

    def _with_results(
        self, source: Source, messages: Sequence[BaseMessageParam], calls: Sequence[ToolCall]
    ) -> Flow[list[BaseMessageParam]]:
        tools = yield from self._offered(source)
        running = run_tools(calls, tools, self._hooks, self._results, self.is_async)
        try:
            results = yield from within(source.settings, held_to(source.scope.controls, running))
        except PauseChain as pause:
            pause.messages = [*messages, *(result.message for result in pause.tool_results)]
            raise
        return [*messages, *(result.message for result in results)]

    def _offered(self, source: Source) -> Flow[Mapping[str, OfferedTool]]:
        if self._tools is None:
            prompt = yield from source.prompt()
            self._tools = offered_tools(source.provider, prompt.tools or ())
        return self._tools

    # --- what is read of it

    def _all(self) -> Flow[list[ReplyFlows]]:
        while (yield from self._turn(len(self._turns))) is not END:
            pass
        return self._turns

    def _last(self) -> Flow[ReplyFlows]:
        turns = yield from self._all()
        return turns[-1]

    def _text(self) -> Flow[str]:
        text = ""
        for turn in (yield from self._all()):
            text = joined(text, (yield from turn._text()))
        return text

    def _parsed(self) -> Flow[Any]:
        last = yield from self._last()
        if last.prompt.schema is not None:
            try:
                parsed = yield from last._parsed()
            except ValueError as error:
                if not self._correct(last, error):
                    raise
                return (yield from self._parsed())
        else:
            parsed = yield from last._call_response()
        return self._finish(parsed) if self._finish else parsed

    def _correct(self, last: ReplyFlows, error: ValueError) -> bool:
        """Ask for another last reply, where the model may still correct it."""
        source, outcome = last._source, last._outcome
        if not self._corrections or source is None or outcome is None or outcome.refusal:
            return False
        self._corrections -= 1
        said = Reply(parts=[outcome.text])
        messages = [*last.prompt.messages, *correction(source.provider, said, error)]
        self._turns.append(self._respond(source.with_messages(messages)))
        self._is_over = False
        return True

    def _usage(self) -> Flow[TokenUsage]:
        total = TokenUsage()
        for turn in (yield from self._all()):
            total += yield from turn._usage()
        return total

    def _cost(self) -> Flow[float | None]:
        costs: list[float] = []
        for turn in (yield from self._all()):
            cost = yield from turn._cost()
            if cost is None:
                return None
            costs.append(cost)
        return sum(costs)

    def _messages(self) -> Flow[list[BaseMessageParam]]:
        return (yield from (yield from self._last())._messages())

    def _call_response(self) -> Flow[CallResponse]:
        return (yield from (yield from self._last())._call_response())

    def _close(self) -> Flow[None]:
        self._is_over = True
        for turn in self._turns:
            yield from turn._close()

    def _itself(self) -> Flow[Self]:
        return self
        yield

    def __repr__(self) -> str:
        state = "complete" if self._is_over else "not complete"
        return f"<{type(self).__name__}: {len(self._turns)} responses, {state}>"


def joined(text: str, more: str) -> str:
    """The texts of two turns, with a space between them where there is none."""
    return f"{text} {more}" if _lacks_space(text, more) else text + more


def _lacks_space(text: str, more: str) -> bool:
    return bool(text and more) and not (text[-1].isspace() or more[0].isspace())


class _TextCursor:
    """How far one reader has come in the text of a chain."""

    def __init__(self, chain: ChainFlows) -> None:
        self._chain = chain
        self._index = 0
        self._turn: EventCursor | None = None
        self._before = ""
        self._begins_turn = True

    def following(self) -> Flow[Any]:
        while True:
            turn = self._turn
            if turn is None:
                response = yield from self._chain._turn(self._index)
                if response is END:
                    return END
                turn = self._turn = cast("ReplyFlows", response)._texts()
            text = yield from turn.following()
            if text is END:
                self._turn, self._begins_turn = None, True
                self._index += 1
                continue
            if self._begins_turn and _lacks_space(self._before, text):
                text = " " + text
            self._before, self._begins_turn = text, False
            return text


class _TurnCursor:
    """How far one reader has come in the responses of a chain."""

    def __init__(self, chain: ChainFlows) -> None:
        self._chain = chain
        self._index = -1

    def following(self) -> Flow[Any]:
        turn = yield from self._chain._turn(self._index + 1)
        self._index += turn is not END
        return turn


class ChainResponse(ChainFlows, Generic[ParsedT]):
    """The replies of a sync chain. Iterate over it for its text, through all turns.

    Nothing is sent before something is read; whatever is read can be read again. Reading raises
    what a request failed with, what a hook raised, PauseChain where a call has to wait, and
    ChainLimitError where the model does not come to an end.
    """

    is_async: ClassVar[bool] = False

    def _new_lock(self) -> Any:
        return threading.Lock()

    def __iter__(self) -> Iterator[str]:
        return Reader(_TextCursor(self).following)

    def responses(self) -> Iterator[Response]:
        """The response of each turn; the one under way can be iterated over for its text."""
        return Reader(_TurnCursor(self).following)

    def text(self) -> str:
        """The text of all turns."""
        return run(self._text())

    def parsed(self) -> ParsedT:
        """The last reply as an instance of the schema, or of the function's `response_model`.

        Without either, the last reply as `llm.CallResponse`; what the function's `output_parser`
        makes of that, where it has one. Raises pydantic.ValidationError where the reply does not
        fit.
        """
        parsed: ParsedT = run(self._parsed())
        return parsed

    def usage(self) -> TokenUsage:
        """The token counts of all turns together."""
        return run(self._usage())

    def cost(self) -> float | None:
        """The price of all turns in US dollars; None where it is not known."""
        return run(self._cost())

    def messages(self) -> list[BaseMessageParam]:
        """The conversation up to and with the last reply, as another prompt takes it."""
        return run(self._messages())

    def call_response(self) -> CallResponse:
        """The last reply as `llm.CallResponse`."""
        return run(self._call_response())

    def close(self) -> None:
        """End it now and give the connection back. What has arrived stays readable."""
        run(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncChainResponse(ChainFlows, Generic[ParsedT]):
    """The replies of an async chain. Iterate over it for its text, through all turns.

    Nothing is sent before something is read; whatever is read can be read again. Reading raises
    what a request failed with, what a hook raised, PauseChain where a call has to wait, and
    ChainLimitError where the model does not come to an end. Awaiting the chain itself gives the
    chain, complete.
    """

    is_async: ClassVar[bool] = True

    def _new_lock(self) -> Any:
        return asyncio.Lock()

    def __await__(self) -> Generator[Any, Any, Self]:
        return run_async(self._complete()).__await__()

    def _complete(self) -> Flow[Self]:
        yield from self._all()
        return self

    def __aiter__(self) -> AsyncIterator[str]:
        return AsyncReader(_TextCursor(self).following)

    def responses(self) -> AsyncIterator[AsyncResponse]:
        """The response of each turn; the one under way can be iterated over for its text."""
        return AsyncReader(_TurnCursor(self).following)

    def text(self) -> Coroutine[Any, Any, str]:
        """The text of all turns."""
        return run_async(self._text())

    def parsed(self) -> Coroutine[Any, Any, ParsedT]:
        """The last reply as an instance of the schema, or of the function's `response_model`.

        Without either, the last reply as `llm.CallResponse`; what the function's `output_parser`
        makes of that, where it has one. Raises pydantic.ValidationError where the reply does not
        fit.
        """
        return run_async(self._parsed())

    def usage(self) -> Coroutine[Any, Any, TokenUsage]:
        """The token counts of all turns together."""
        return run_async(self._usage())

    def cost(self) -> Coroutine[Any, Any, float | None]:
        """The price of all turns in US dollars; None where it is not known."""
        return run_async(self._cost())

    def messages(self) -> Coroutine[Any, Any, list[BaseMessageParam]]:
        """The conversation up to and with the last reply, as another prompt takes it."""
        return run_async(self._messages())

    def call_response(self) -> Coroutine[Any, Any, CallResponse]:
        """The last reply as `llm.CallResponse`."""
        return run_async(self._call_response())

    def close(self) -> Coroutine[Any, Any, None]:
        """End it now and give the connection back. What has arrived stays readable."""
        return run_async(self._close())

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        return run_async(self._itself())

    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        return run_async(self._close())
