"""The reply to a prompt: sent when it is first read, and readable as often as one likes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Generator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

from ..core.base._flow import Flow, run, run_async
from ._asked import Status
from ._readers import AsyncReader, Reader
from ._reply_flows import ReplyFlows
from .tool_calls import AfterCall, BeforeCall, ToolCall, ToolResult

if TYPE_CHECKING:
    from datetime import datetime

    from ..core.base.message_param import BaseMessageParam
    from ._asked import ResponseEvent
    from ._outcome import TokenUsage
    from .call_response import CallResponse
    from .models import AsyncModel, Model

__all__ = ["AsyncResponse", "Response", "Status"]


class Response(ReplyFlows):
    """The reply to a sync prompt. Iterate over it for its text, as it arrives.

    Nothing is sent before something is read; whatever is read can be read again. Each method that
    needs the reply waits for it, and raises what the request failed with.
    """

    is_async: ClassVar[bool] = False
    model: Model

    def _new_lock(self) -> Any:
        return threading.Lock()

    def __iter__(self) -> Iterator[str]:
        return Reader(self._texts().following)

    def stream_events(self) -> Iterator[ResponseEvent]:
        """The reply event by event: text, reasoning, tool calls."""
        return Reader(self._all_events().following)

    def text(self) -> str:
        """The text of the reply; empty where there is none."""
        return run(self._text())

    def usage(self) -> TokenUsage:
        """The token counts: `input`, `output`, `details`."""
        return run(self._usage())

    def cost(self) -> float | None:
        """The price in US dollars; None where it is not known."""
        return run(self._cost())

    def json(self) -> Any:
        """The provider's reply as JSON-shaped data."""
        return run(self._json())

    def parsed(self) -> Any:
        """The reply as an instance of the prompt's `schema`; of a JSON schema, the JSON.

        Raises pydantic.ValidationError where it does not fit, ValueError without a schema.
        """
        return run(self._parsed())

    def tool_calls(self) -> list[ToolCall]:
        """The tools that the model wants to be run."""
        return run(self._tool_calls())

    def execute_tool_calls(
        self, *, before_call: BeforeCall | None = None, after_call: AfterCall | None = None
    ) -> list[ToolResult]:
        """Run those tools, and give their results in the order of the calls."""
        return run(self._execute(before_call, after_call))

    def messages(self) -> list[BaseMessageParam]:
        """The conversation up to and with this reply, as another prompt takes it."""
        return run(self._messages())

    def duration_ms(self) -> int:
        """How long it took from sending the request to the end of the reply."""
        return run(self._duration())

    def datetime_utc(self) -> datetime:
        """When the request was sent."""
        return run(self._datetime())

    def call_response(self) -> CallResponse:
        """The same reply as an `llm.CallResponse`. Raises ValueError on one made `from_dict`."""
        return run(self._call_response())

    def on_done(self, callback: Any) -> None:
        """Call `callback(response)` once the reply is complete: at once where it is already."""
        run(self._register(callback, only_done=True))

    def on_end(self, callback: Any) -> None:
        """Call `callback(response, status)` once, however it ends: done, failed or cancelled."""
        run(self._register(callback, only_done=False))

    def reply(self, prompt: Any = None, **options: Any) -> Response:
        """Go on from here: a prompt after this reply, with the same tools unless others are given.

        The options are those of `model.prompt`.
        """
        response: Response = self.model._continued(self, prompt, options)
        return response

    def close(self) -> None:
        """End it now and give the connection back. What has arrived stays readable."""
        run(self._close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncResponse(ReplyFlows):
    """The reply to an async prompt: await it, or iterate over it for its text, as it arrives.

    Nothing is sent before something is read; whatever is read can be read again. Each method that
    needs the reply waits for it, and raises what the request failed with. Awaiting the response
    itself gives the response, complete.
    """

    is_async: ClassVar[bool] = True
    model: AsyncModel

    def _new_lock(self) -> Any:
        return asyncio.Lock()

    def __await__(self) -> Generator[Any, Any, Self]:
        return run_async(self._complete()).__await__()

    def _complete(self) -> Flow[Self]:
        yield from self._finished()
        return self

    def __aiter__(self) -> AsyncIterator[str]:
        return AsyncReader(self._texts().following)

    def stream_events(self) -> AsyncIterator[ResponseEvent]:
        """The reply event by event: text, reasoning, tool calls."""
        return AsyncReader(self._all_events().following)

    def text(self) -> Coroutine[Any, Any, str]:
        """The text of the reply; empty where there is none."""
        return run_async(self._text())

    def usage(self) -> Coroutine[Any, Any, TokenUsage]:
        """The token counts: `input`, `output`, `details`."""
        return run_async(self._usage())

    def cost(self) -> Coroutine[Any, Any, float | None]:
        """The price in US dollars; None where it is not known."""
        return run_async(self._cost())

    def json(self) -> Coroutine[Any, Any, Any]:
        """The provider's reply as JSON-shaped data."""
        return run_async(self._json())

    def parsed(self) -> Coroutine[Any, Any, Any]:
        """The reply as an instance of the prompt's `schema`; of a JSON schema, the JSON.

        Raises pydantic.ValidationError where it does not fit, ValueError without a schema.
        """
        return run_async(self._parsed())

    def tool_calls(self) -> Coroutine[Any, Any, list[ToolCall]]:
        """The tools that the model wants to be run."""
        return run_async(self._tool_calls())

    def execute_tool_calls(
        self, *, before_call: BeforeCall | None = None, after_call: AfterCall | None = None
    ) -> Coroutine[Any, Any, list[ToolResult]]:
        """Run those tools, and give their results in the order of the calls."""
        return run_async(self._execute(before_call, after_call))

    def messages(self) -> Coroutine[Any, Any, list[BaseMessageParam]]:
        """The conversation up to and with this reply, as another prompt takes it."""
        return run_async(self._messages())

    def duration_ms(self) -> Coroutine[Any, Any, int]:
        """How long it took from sending the request to the end of the reply."""
        return run_async(self._duration())

    def datetime_utc(self) -> Coroutine[Any, Any, datetime]:
        """When the request was sent."""
        return run_async(self._datetime())

    def call_response(self) -> Coroutine[Any, Any, CallResponse]:
        """The same reply as an `llm.CallResponse`. Raises ValueError on one made `from_dict`."""
        return run_async(self._call_response())

    def on_done(self, callback: Any) -> Coroutine[Any, Any, None]:
        """Call `callback(response)` once the reply is complete: at once where it is already."""
        return run_async(self._register(callback, only_done=True))

    def on_end(self, callback: Any) -> Coroutine[Any, Any, None]:
        """Call `callback(response, status)` once, however it ends: done, failed or cancelled."""
        return run_async(self._register(callback, only_done=False))

    def reply(self, prompt: Any = None, **options: Any) -> AsyncResponse:
        """Go on from here: a prompt after this reply, with the same tools unless others are given.

        The options are those of `model.prompt`.
        """
        response: AsyncResponse = self.model._continued(self, prompt, options)
        return response

    def close(self) -> Coroutine[Any, Any, None]:
        """End it now and give the connection back. What has arrived stays readable."""
        return run_async(self._close())

    def __aenter__(self) -> Coroutine[Any, Any, Self]:
        return run_async(self._itself())

    def __aexit__(self, *_: object) -> Coroutine[Any, Any, None]:
        return run_async(self._close())
