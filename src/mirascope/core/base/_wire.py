"""The common form: what every provider's replies, chunks and tool calls are decoded into, once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pydantic_core import from_json

from ._narrow import is_object
from ._unreadable import MOST, NOT_JSON, beginning, check_depth, count, text, word, words


@dataclass(slots=True)
class Tokens:
    """Token counts as the provider reports them; None where it says nothing.

    `input` is the provider's own figure; some include `cached` and `cache_write` in it, some do not
    (see `costs`).
    """

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    """The price in US dollars, from a provider that states it."""

    def __post_init__(self) -> None:
        counts = (self.input, self.cached, self.output, self.cache_write, self.reasoning)
        for value in (*counts, self.cost):
            if value is not None and (type(value) is not int or not 0 <= value < MOST):
                break
        else:  # as it is mostly
            return
        self.input, self.cached, self.output, self.cache_write, self.reasoning = map(count, counts)
        self.cost = count(self.cost)

    def update(self, later: Tokens) -> None:
        """Take over what a later event of the same stream says: its counts are running totals."""
        self.input = self.input if later.input is None else later.input
        self.cached = self.cached if later.cached is None else later.cached
        self.output = self.output if later.output is None else later.output
        self.cache_write = self.cache_write if later.cache_write is None else later.cache_write
        self.reasoning = self.reasoning if later.reasoning is None else later.reasoning
        self.cost = self.cost if later.cost is None else later.cost


@dataclass(slots=True)
class ToolCall:
    """The model's request to run a tool. `arguments` is a JSON text or the decoded object."""

    name: str
    arguments: str | dict[str, Any]
    id: str | None = None
    native: Any = field(default=None, repr=False)
    """The call as it stood on the wire, from which the SDK's object can be rebuilt."""

    def decoded(self) -> dict[str, Any]:
        """The arguments as a dict. Raises ValueError where they are not a JSON object."""
        arguments: Any = self.arguments
        if isinstance(arguments, str):
            # Half of a surrogate pair is a TypeError: the text is then refused as it is.
            with suppress(TypeError):
                arguments = from_json(arguments) if arguments.strip() else {}
        if not is_object(arguments):
            raise ValueError(
                f"The arguments of tool call `{self.name}` are not a JSON object: "
                f"{beginning(arguments)}"
            )
        return arguments

    def decoded_or_text(self) -> dict[str, Any] | str:
        """The arguments as a dict; their text where cut short, which must not pass for a call."""
        try:
            return self.decoded()
        except ValueError:
            return cast(str, self.arguments)

    def decoded_or_empty(self) -> dict[str, Any]:
        """The arguments as a dict, for an API that takes nothing else; empty where cut short."""
        try:
            return self.decoded()
        except ValueError:
            return {}


@dataclass(slots=True)
class Thinking:
    """A stretch of the model's reasoning, with the signature that lets it be sent back."""

    text: str
    signature: str | None = None


@dataclass(slots=True)
class NativeBlock:
    """A content block that only its provider understands, kept so that it can be sent back."""

    data: dict[str, Any]
    text: str = ""
    """What the block adds to the text of the reply."""
    key: Any = None
    """In a stream: tells the fragments of this block's `input` from those of tool calls."""
    arguments: str = ""


@dataclass(slots=True)
class Audio:
    """Speech from the model. `data` is base64 text."""

    id: str | None = None
    data: str = ""
    transcript: str = ""
    expires_at: int | None = None


ReplyPart = str | ToolCall | Thinking | NativeBlock


@dataclass(slots=True)
class Reply:
    """One whole reply: the first choice's content in order, and what was said about it."""

    id: str | None = None
    model: str | None = None
    created: int | None = None
    """When the provider made the reply, in seconds since the epoch."""
    parts: list[ReplyPart] = field(default_factory=list[ReplyPart])
    finish_reasons: list[str] | None = None
    tokens: Tokens | None = None
    usage: Any = None
    """The usage object as it stood on the wire."""
    refusal: str | None = None
    audio: Audio | None = None
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    """What no other provider has a place for, by the provider's own names."""

    @property
    def text(self) -> str:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], str):
            return parts[0]
        return "".join(map(_text_of, parts))

    def checked(self) -> Reply:
        """The reply, without words about it that are of a wrong type.

        Raises TypeError where what it says is of a wrong type.
        """
        if type(self.id) is not str:
            self.id = word(self.id)
        if type(self.model) is not str:
            self.model = word(self.model)
        if type(self.created) is not int:
            self.created = count(self.created)
        for reason in self.finish_reasons or ():
            if type(reason) is not str:
                self.finish_reasons = words(self.finish_reasons)
                break
        if self.refusal is not None:
            self.refusal = text(self.refusal)
        for part in self.parts:
            if type(part) is not str:
                _check_part(part)
        if self.audio:
            _check_audio(self.audio)
        return self

    @property
    def tool_calls(self) -> list[ToolCall]:
        return [part for part in self.parts if isinstance(part, ToolCall)]

    @property
    def thinking(self) -> list[Thinking]:
        return [part for part in self.parts if isinstance(part, Thinking)]


def _check_part(part: ReplyPart) -> None:
    if isinstance(part, ToolCall):
        if type(part.name) is not str:
            part.name = word(part.name) or ""
        if type(part.id) is not str:
            part.id = word(part.id)
        if not isinstance(part.arguments, str):
            check_depth(part.arguments)
    elif isinstance(part, Thinking):
        part.text, part.signature = text(part.text), word(part.signature)
    elif isinstance(part, NativeBlock):
        part.text = text(part.text)
        check_depth(part.data)
    else:
        text(part)


def _check_audio(audio: Audio) -> None:
    audio.id, audio.expires_at = word(audio.id), count(audio.expires_at)
    audio.data, audio.transcript = text(audio.data), text(audio.transcript)


def _text_of(part: ReplyPart) -> str:
    if isinstance(part, str):
        return part
    return part.text if isinstance(part, NativeBlock) else ""


@dataclass(slots=True)
class ToolFragment:
    """A piece of a tool call in a stream. `key` tells the calls of one reply apart."""

    key: Any
    id: str | None = None
    name: str | None = None
    arguments: str | dict[str, Any] = ""


@dataclass
class Delta:
    """What one event of a stream adds to the reply.

    It has no slots: what an event does not say is a default of the class, which costs nothing.
    """

    id: str | None = None
    model: str | None = None
    created: int | None = None
    text: str = ""
    thinking: str = ""
    signature: str = ""
    tools: list[ToolFragment] | None = None
    parts: list[ReplyPart] | None = None
    """Whole parts in their order, from a provider that does not cut them up. They are what counts
    then; `text` and `thinking` only say what they show."""
    block: NativeBlock | None = None
    ends_part: bool = False
    """The part under way is complete: what follows belongs to a new one."""
    finish_reasons: list[str] | None = None
    tokens: Tokens | None = None
    usage: Any = None
    refusal: str = ""
    audio: Audio | None = None
    extras: dict[str, Any] | None = None
    """Additions to the `extras` of the reply: texts and lists grow."""
    ends_stream: bool = False
    """Nothing is missing any more: a connection that closes from here on was not cut."""

    @classmethod
    def empty(cls) -> Delta:
        """One to fill in, made without going through every field."""
        return cls.__new__(cls)


class ToolCallAssembler:
    """Puts the fragments of streamed tool calls together."""

    def __init__(self) -> None:
        self.calls: dict[Any, ToolCall] = {}
        self._open: dict[Any, ToolCall] = {}

    def feed(self, fragments: Iterable[ToolFragment]) -> list[ToolCall]:
        """Take in the fragments; returns the calls that are now complete.

        A call is complete once another begins and its arguments are whole JSON: a provider that
        interleaves the fragments of parallel calls loses nothing.
        """
        complete: list[ToolCall] = []
        for fragment in fragments:
            if not isinstance(fragment.id, str):
                fragment.id = word(fragment.id)
            call = self._open.get(fragment.key)
            # Some providers give every call of a reply the same index, and tell them apart by id.
            if call is None or (fragment.id and call.id and fragment.id != call.id):
                complete += self.finish(only_whole=True)
                if unfinished := self._open.pop(fragment.key, None):
                    complete.append(unfinished)
                call = ToolCall(word(fragment.name) or "", "", fragment.id)
                self._open[fragment.key] = call
                self.calls[len(self.calls)] = call
            elif fragment.name and not call.name:
                call.name = word(fragment.name) or ""
            if not isinstance(fragment.arguments, str):
                check_depth(fragment.arguments)
                call.arguments = fragment.arguments
            elif fragment.arguments:
                before = call.arguments if isinstance(call.arguments, str) else ""
                call.arguments = before + fragment.arguments
        return complete

    def current(self, key: Any) -> ToolCall | None:
        """The call under way that a fragment with `key` belongs to."""
        return self._open.get(key)

    def finish(self, *, only_whole: bool = False) -> list[ToolCall]:
        """The calls still open, which are thereby complete."""
        done = {key: call for key, call in self._open.items() if not only_whole or _is_whole(call)}
        for key in done:
            del self._open[key]
        return list(done.values())


def _is_whole(call: ToolCall) -> bool:
    if not isinstance(call.arguments, str):
        return True
    try:
        # None at all are not whole: a provider may name its calls before it fills them.
        from_json(call.arguments)
    except NOT_JSON:
        return False
    return True


class ReplyBuilder:
    """Adds up the deltas of a stream to the reply that the same call would have given whole."""

    def __init__(self) -> None:
        self.reply = Reply()
        self.tools = ToolCallAssembler()
        self.ended = False
        self._blocks: dict[Any, NativeBlock] = {}
        self._pieces: list[str] = []
        self._kind: type | None = None

    def add(self, delta: Delta) -> list[ToolCall]:
        """Take in one delta; returns the tool calls that are now complete."""
        said = vars(delta)
        if len(said) == 1 and (piece := said.get("text")):  # as it is mostly
            self._grow(str, piece)
            return []
        reply = self.reply
        complete: list[ToolCall] = []
        if (id := delta.id) is not None:
            if type(id) is not str:
                delta.id = id = word(id)
            reply.id = id or reply.id
        if (model := delta.model) is not None:
            if type(model) is not str:
                delta.model = model = word(model)
            reply.model = model or reply.model
        if created := delta.created:
            reply.created = created if type(created) is int else count(created)
        if delta.parts is not None:
            complete = self._add_parts(delta.parts)
        else:
            complete = self._add_pieces(delta)
        if delta.block:
            _check_part(delta.block)
            self._close_part()
            self._blocks[delta.block.key] = delta.block
            reply.parts.append(delta.block)
        if delta.ends_part or delta.finish_reasons:
            self._close_part()
            self._close_blocks()
            complete += self.tools.finish()
        if delta.finish_reasons:
            delta.finish_reasons = words(delta.finish_reasons)
            reply.finish_reasons = delta.finish_reasons or reply.finish_reasons
        if delta.tokens:
            if reply.tokens is None:
                reply.tokens = replace(delta.tokens)
            else:
                reply.tokens.update(delta.tokens)
            reply.usage = _merged(reply.usage, delta.usage)
        if delta.refusal:
            reply.refusal = (reply.refusal or "") + text(delta.refusal)
        if delta.audio:
            _check_audio(delta.audio)
            self._add_audio(delta.audio)
        if delta.extras:
            extras = reply.extras
            for name, more in delta.extras.items():
                extras[name] = extras[name] + more if name in extras else more
        if delta.ends_stream:
            self.ended = True
        return complete

    def so_far(self) -> Reply:
        """The reply as far as it has arrived."""
        self._join()
        return self.reply

    def _add_pieces(self, delta: Delta) -> list[ToolCall]:
        if delta.thinking or delta.signature:
            self._grow(Thinking, delta.thinking)
            if delta.signature:
                self._last_thinking().signature = word(delta.signature)
        if delta.text:
            self._grow(str, delta.text)
        return self._add_tools(delta.tools) if delta.tools else []

    def _add_parts(self, parts: list[ReplyPart]) -> list[ToolCall]:
        complete: list[ToolCall] = []
        for part in parts:
            _check_part(part)
            if isinstance(part, str):
                self._grow(str, part)
            elif isinstance(part, Thinking) and not part.signature:
                self._grow(Thinking, part.text)
            else:
                self._close_part()
                self.reply.parts.append(part)
                if isinstance(part, ToolCall):
                    complete.append(part)
        return complete

    def _add_tools(self, fragments: list[ToolFragment]) -> list[ToolCall]:
        calls: list[ToolFragment] = []
        for fragment in fragments:
            if (block := self._blocks.get(fragment.key)) and isinstance(fragment.arguments, str):
                block.arguments += fragment.arguments
            else:
                calls.append(fragment)
        self._close_part()
        known = len(self.tools.calls)
        complete = self.tools.feed(calls)
        for index in range(known, len(self.tools.calls)):
            self.reply.parts.append(self.tools.calls[index])
        return complete

    def _close_blocks(self) -> None:
        for block in self._blocks.values():
            if block.arguments:
                block.data["input"] = _as_far_as_json(block.arguments)
        self._blocks.clear()

    def _grow(self, kind: type, piece: str) -> None:
        if type(piece) is not str:
            text(piece)
        if self._kind is not kind:
            self._close_part()
            self._kind = kind
            self.reply.parts.append("" if kind is str else Thinking(""))
        self._pieces.append(piece)

    def _close_part(self) -> None:
        self._join()
        self._kind = None

    def _join(self) -> None:
        if not self._pieces:
            return
        joined = "".join(self._pieces)
        self._pieces.clear()
        if self._kind is str:
            last = self.reply.parts[-1]
            self.reply.parts[-1] = (last if isinstance(last, str) else "") + joined
        else:
            self._last_thinking().text += joined

    def _last_thinking(self) -> Thinking:
        last = self.reply.parts[-1]
        assert isinstance(last, Thinking)
        return last

    def _add_audio(self, piece: Audio) -> None:
        audio = self.reply.audio
        if audio is None:
            self.reply.audio = replace(piece)
            return
        audio.id = piece.id or audio.id
        audio.data += piece.data
        audio.transcript += piece.transcript
        audio.expires_at = piece.expires_at or audio.expires_at


def _as_far_as_json(text: str) -> Any:
    """JSON that may be cut short; the text itself where it is none."""
    try:
        return from_json(text, allow_partial="trailing-strings")
    except NOT_JSON:
        return text


def _merged(earlier: Any, later: Any) -> Any:
    if not is_object(earlier) or not is_object(later):
        return earlier if later is None else later
    return {**earlier, **{key: value for key, value in later.items() if value is not None}}
