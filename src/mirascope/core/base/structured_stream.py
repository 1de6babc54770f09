"""A response model that fills up while the reply arrives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._feed import Feed, Source
from ._flow import Flow
from .call_response import BaseCallResponse
from .stream import BaseStream

if TYPE_CHECKING:
    from ._extract import Extraction

T = TypeVar("T")


class BaseStructuredStream(Feed[T], Generic[T]):
    """Iterate over it for instances of the response model: partial ones, and at last the whole one.

    A partial instance has None for what has not arrived yet, and nothing of it is validated. The
    last item is validated; pydantic.ValidationError or ValueError is raised where it does not fit.
    """

    stream: BaseStream
    """The underlying stream."""
    response_model: Any
    fields_from_call_args: dict[str, Any]
    constructed_response_model: T
    """The whole, validated object; set when the stream is exhausted."""

    def __init__(
        self, stream: BaseStream, extraction: Extraction, fn_args: Mapping[str, Any]
    ) -> None:
        self.stream = stream
        self.response_model = extraction.response_model
        self.fields_from_call_args = {name: fn_args[name] for name in extraction.call_args}
        self._extraction = extraction
        self._fn_args = fn_args
        self._is_async = stream._is_async
        self._arriving = extraction.arriving()
        self._seen = 0

    def open(self) -> Flow[Source]:
        return self.stream.open()

    def feed(self, event: Any) -> Iterator[T]:
        for _ in self.stream.feed(event):
            buffer = self._buffer()
            if len(buffer) == self._seen:
                continue
            self._seen = len(buffer)
            partial = self._arriving.read(buffer)
            if partial is not None:
                yield partial

    def finish(self) -> Iterator[T]:
        for _ in self.stream.finish():
            pass
        self.stream.stop()
        response = self.stream.construct_call_response()
        self.constructed_response_model = extracted(self._extraction, response, self._fn_args)
        yield self.constructed_response_model

    def is_complete(self) -> bool:
        return self.stream.is_complete()

    def fail(self, error: Exception) -> Exception:
        return self.stream.fail(error)

    def stop(self) -> None:
        self.stream.stop()

    def _repr_markdown_(self) -> str:
        return self.stream._repr_markdown_()

    def __rich__(self) -> Any:
        return self.stream.__rich__()

    def _buffer(self) -> str:
        """What has arrived of the object: the arguments of the first tool call, or the text."""
        for call in self.stream._builder.tools.calls.values():
            return call.arguments if isinstance(call.arguments, str) else ""
        return self.stream.content


def extracted(
    extraction: Extraction, response: BaseCallResponse, fn_args: Mapping[str, Any]
) -> Any:
    """The response model's instance, or the bare value, that a reply holds, with its `_response`.

    Raises pydantic.ValidationError where it does not fit, ValueError where there is none and where
    the model refused; the exception has the reply as `_response` too.
    """
    try:
        reply = response._reply
        if reply.refusal:
            raise ValueError(reply.refusal)
        calls, text = reply.tool_calls, reply.text
        if calls and (calls[0].name == extraction.name or not text):
            output = extraction.from_arguments(calls[0].arguments, fn_args)
        elif text:
            output = extraction.from_text(text, fn_args)
        else:
            raise ValueError("No tool call or JSON object found in response.")
    except ValueError as error:
        vars(error)["_response"] = response
        raise
    if not extraction.is_built_in:
        object.__setattr__(output, "_response", response)
    return output
