"""Cohere's chat API, version 1, for programs that call the SDK's older client themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NotRequired, get_type_hints

from pydantic_core import to_json
from typing_extensions import TypedDict

from mirascope.sandbox._json import Json, objects_in
from mirascope.sandbox._protocol import Question, Reply, Stamp, split_words
from mirascope.sandbox.cohere_chat import CohereChat, finish_of, identity, usage_body


class CohereChatV1(CohereChat):
    """Texts only: version 1 has another form for tools, which is not spoken here."""

    endpoint = "/v1/chat"
    stream_type = "application/stream+json"

    def read(self, body: Json, path: str) -> Question:
        message: str = body["message"]
        history = [str(turn.get("message") or "") for turn in objects_in(body, "chat_history")]
        return Question(
            model=body.get("model") or "command",
            texts=[body.get("preamble") or "", *history, message],
            user_text=message,
            stream=bool(body.get("stream")),
            stop=body.get("stop_sequences") or [],
            max_tokens=body.get("max_tokens"),
        )

    def write(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Json:
        reply = replies[0]
        usage = usage_body(reply.usage_for(question))
        counts = {name: usage[name] for name in ("billed_units", "tokens")}
        said = reply.text or ""
        return {
            "response_id": identity(stamp),
            "generation_id": identity(stamp),
            "text": said,
            "chat_history": [
                {"role": "USER", "message": question.user_text},
                {"role": "CHATBOT", "message": said},
            ],
            "finish_reason": finish_of(reply),
            "meta": {"api_version": {"version": "1"}, **counts},
        }

    def events(self, question: Question, replies: Sequence[Reply], stamp: Stamp) -> Iterator[bytes]:
        yield line("stream-start", generation_id=identity(stamp))
        for piece in split_words(replies[0].text or ""):
            yield line("text-generation", text=piece)
        whole = self.write(question, replies, stamp)
        yield line("stream-end", True, finish_reason=whole["finish_reason"], response=whole)

    def error_event(self, status: int, message: str, stamp: Stamp) -> bytes:
        return line("stream-end", True, finish_reason="ERROR", error=message)

    def request_type(self, body: Json) -> Any:
        return request_type()

    def problems(self, body: Json) -> list[str]:
        return []


@cache
def request_type() -> Any:
    """The body that the SDK's own `chat` sends: it has no type for that, so its arguments tell."""
    from cohere.base_client import BaseCohere

    hints = get_type_hints(BaseCohere.chat)
    fields: dict[str, Any] = {
        name: hint if name == "message" else NotRequired[hint]
        for name, hint in hints.items()
        if name not in ("accepts", "request_options", "return")
    }
    return TypedDict("OlderChatRequest", fields)  # type: ignore[operator]  # pyright: ignore[reportArgumentType]


def line(kind: str, last: bool = False, **fields: Any) -> bytes:
    """One event: a line of JSON."""
    return to_json({"is_finished": last, "event_type": kind, **fields}) + b"\n"
