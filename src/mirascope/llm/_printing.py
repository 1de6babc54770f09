"""Printing a stream while it arrives."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

from ..core.base._feed import END, pulled
from ..core.base._flow import Flow, run, run_async, step
from ..core.base._looks import as_rich, json_markdown, json_text, object_text, tool_markdown
from ..core.base.stream import BaseStream
from ..core.base.structured_stream import BaseStructuredStream
from ..core.base.tool import arguments_of
from ._terminal import rich_console

if TYPE_CHECKING:
    from rich.console import Console

    from ..core.base.tool import BaseTool

StreamT = TypeVar("StreamT", bound="BaseStream[Any, Any] | BaseStructuredStream[Any]")


def print_stream(stream: StreamT, *, file: TextIO | None = None) -> StreamT:
    """Print a stream while it arrives, and give it back when it has been read to its end.

        stream = llm.print_stream(recommend("fantasy"))
        print(stream.cost)

    On a terminal, and with the package `rich`, the Markdown is rendered as it grows; anywhere else
    the text is printed as it comes. A tool is shown, with its arguments, when its call is complete.
    The object of a call with a response model is shown as JSON: on such a terminal as it grows,
    anywhere else when it is whole, or as far as it came before an error.

    Args:
        stream: Of a sync call. What has been read of it before is not printed.
        file: Where to print; by default `sys.stdout`.

    Raises what the stream raises, after what had arrived; it is closed then. Raises TypeError for
    anything but the stream of a sync call.
    """
    _check(stream, is_async=False)
    return run(_printed(stream, file))


async def print_async_stream(stream: StreamT, *, file: TextIO | None = None) -> StreamT:
    """Print the stream of an async call while it arrives; otherwise as `print_stream`.

    stream = await llm.print_async_stream(await recommend("fantasy"))
    """
    _check(stream, is_async=True)
    return await run_async(_printed(stream, file))


def _check(stream: Any, *, is_async: bool) -> None:
    name, other = "llm.print_stream(stream)", "await llm.print_async_stream(stream)"
    if is_async:
        name, other = other, name
    if not isinstance(stream, BaseStream | BaseStructuredStream):
        raise TypeError(
            f"`{name}` prints the stream of a call with `stream=True`, "
            f"not a `{type(stream).__name__}`. An async call is awaited first."
        )
    if stream._is_async is not is_async:
        kind = "an async" if stream._is_async else "a sync"
        raise TypeError(f"This stream belongs to {kind} call: use `{other}`.")


def _printed(stream: StreamT, file: TextIO | None) -> Flow[StreamT]:
    is_async = stream._is_async
    out = sys.stdout if file is None else file
    console = rich_console(out)
    page = _PlainPage(out) if console is None else _RichPage(console)
    try:
        with page.shown():
            iterator: Any = aiter(stream) if is_async else iter(stream)
            add: Any = _add_object if isinstance(stream, BaseStructuredStream) else _add_step
            while (item := (yield from pulled(iterator, is_async))) is not END:
                add(page, item, stream)
            refusal = stream._reply.refusal if isinstance(stream, BaseStream) else None
            if refusal and not page.has_text:
                page.add_text(refusal)
    finally:
        yield from step(stream.aclose if is_async else stream.close)
        page.end()
    return stream


def _add_step(page: _PlainPage | _RichPage, item: tuple[Any, Any], stream: Any) -> None:
    """What a step of a stream brings: a chunk, and a tool or None."""
    chunk, tool = item
    if chunk.content:
        page.add_text(chunk.content)
    # A tool of which but a part has arrived has the fragment that came last.
    if tool is not None and tool._delta is None:
        page.add_tool(tool)


def _add_object(page: _PlainPage | _RichPage, item: Any, stream: BaseStructuredStream[Any]) -> None:
    """What there is of the object of a structured stream, the whole one being the last."""
    is_whole = item is getattr(stream, "constructed_response_model", END)
    page.show_object(item, is_whole)


class _PlainPage:
    """Text as it comes, each tool on a line of its own."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._object: tuple[Any, bool] | None = None
        self._at_start = True
        self.has_text = False

    def shown(self) -> AbstractContextManager[None]:
        return nullcontext()

    def add_text(self, text: str) -> None:
        print(text, end="", file=self._out, flush=True)
        self.has_text = True
        self._at_start = text.endswith("\n")

    def add_tool(self, tool: BaseTool) -> None:
        self.end()
        print(tool._name(), json_text(arguments_of(tool)), file=self._out, flush=True)

    def show_object(self, value: Any, is_whole: bool) -> None:
        # What has been printed cannot be drawn anew, so it is printed at the end.
        self._object = value, is_whole

    def end(self) -> None:
        """Leave the line, so that what is printed next has one of its own."""
        if self._object is not None:
            print(object_text(*self._object), file=self._out, flush=True)
            self._object = None
        if not self._at_start:
            print(file=self._out, flush=True)
            self._at_start = True


class _RichPage:
    """Markdown, rendered anew some times a second: not for each chunk."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._texts: list[str] = []
        self._object: tuple[Any, bool] | None = None
        self._is_over = False
        self.has_text = False

    @contextmanager
    def shown(self) -> Generator[None, None, None]:
        from rich.live import Live

        with Live(console=self._console, get_renderable=self._rendered):
            try:
                yield
            finally:
                self._is_over = True

    def _rendered(self) -> Any:
        # In a thread of `rich`, too: a list that only grows can be read there, and one reference.
        from rich.segment import SegmentLines

        shown = self._object
        text = "".join(self._texts) if shown is None else json_markdown(object_text(*shown))
        lines = self._console.render_lines(as_rich(text), pad=False)
        if not self._is_over:
            # What scrolled away cannot be drawn again: see the newest, and at last all.
            lines = lines[-max(self._console.height - 1, 1) :]
        return SegmentLines(lines, new_lines=True)

    def add_text(self, text: str) -> None:
        self._texts.append(text)
        self.has_text = True

    def add_tool(self, tool: BaseTool) -> None:
        self._texts.append(f"\n\n{tool_markdown(tool._name(), arguments_of(tool))}\n\n")

    def show_object(self, value: Any, is_whole: bool) -> None:
        self._object = value, is_whole

    def end(self) -> None:
        """The last state stays on the terminal."""
