"""Every way to reach a provider that faults are tried on: a provider by one of its SDKs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from mirascope.core._providers import is_installed
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage
from mirascope.sandbox._protocol import Question, Stamp
from mirascope.sandbox._services import SERVICES

from ..providers.cases import CASES, Case

WORDS = ("alpha", "beta", "gamma")
USAGE = Usage(input=1234, output=567)
"""Counts that nothing else in a stream looks like."""
REPLY = Reply(text=" ".join(WORDS), usage=USAGE)
TITLES = ("The Name of the Wind", "The Wise Man's Fear")
CALLS = Reply(
    tool_calls=[
        ToolCall("FormatBook", {"title": title}, id=f"call_{number}")
        for number, title in enumerate(TITLES)
    ],
    usage=USAGE,
)

END_MARKS = {"anthropic": b"message_stop"}
"""What must have come of a stream besides the reason why it ended, by provider."""
_FINISH = re.compile(rb'"(finish|stop)_?[Rr]eason": ?"')
"""What tells in any protocol why the reply ended."""


@dataclass(frozen=True)
class Setup:
    """A provider by one of its SDKs."""

    name: str
    title: str
    case: Case

    def options(self, box: Sandbox, is_async: bool) -> dict[str, Any]:
        """What a call is given to be made in this way; most are made by a default client."""
        return {}

    def events(self, reply: Reply = REPLY) -> list[bytes]:
        """The events of a stream, as the sandbox sends them."""
        return _events(self.case.name, self.case.model, reply is CALLS)

    @property
    def content_type(self) -> str:
        """What a stream says it is."""
        return SERVICES[self.case.name].protocol.stream_type

    def delivered(self, count: int, reply: Reply = REPLY) -> Delivered:
        """What the first `count` events of a stream hold."""
        sent = b"".join(self.events(reply)[:count])
        return Delivered(sent, END_MARKS.get(self.case.name))


@cache
def _events(service: str, model: str, calls: bool) -> list[bytes]:
    question = Question(model=model, stream=True)
    reply = CALLS if calls else REPLY
    return list(SERVICES[service].protocol.events(question, [reply], Stamp(1, 1)))


@dataclass(frozen=True)
class Delivered:
    """What the caller has been sent, read off the bytes alone."""

    sent: bytes
    end_mark: bytes | None = None

    @property
    def text(self) -> str:
        """The text, without white space."""
        return "".join(word for word in WORDS if word.encode() in self.sent)

    @property
    def input_tokens(self) -> int | None:
        return USAGE.input if b"1234" in self.sent else None

    @property
    def output_tokens(self) -> int | None:
        return USAGE.output if b"567" in self.sent else None

    @property
    def finished(self) -> bool:
        """Whether it has been said why the reply ended."""
        return _FINISH.search(self.sent) is not None

    @property
    def ended(self) -> bool:
        """Whether the reply is complete for all that the protocol says."""
        return self.finished and (self.end_mark is None or self.end_mark in self.sent)

    @property
    def said_all(self) -> bool:
        """Whether it has been said that nothing more will come."""
        return b"[DONE]" in self.sent

    @property
    def calls_begun(self) -> int:
        """How many tool calls have begun."""
        return self.sent.count(b"FormatBook")


class ByOpenAI(Setup):
    """Azure AI, reached by OpenAI's SDK."""

    def options(self, box: Sandbox, is_async: bool) -> dict[str, Any]:
        sdk = import_module("openai")
        made_by = sdk.AsyncOpenAI if is_async else sdk.OpenAI
        http = sdk.DefaultAsyncHttpxClient if is_async else sdk.DefaultHttpxClient
        base_url = f"{box.base_url('azure')}/openai/v1/"
        client = made_by(base_url=base_url, api_key="k", http_client=http(verify=False))
        return {"client": client}


def _setups() -> Iterator[Setup]:
    by_name = {case.name: case for case in CASES}
    for case in CASES:
        yield Setup(case.name, case.module.PROVIDER.title, case)
    if not is_installed("openai"):
        return
    like_openai = by_name["openai"]
    for name in ("ollama", "vllm"):
        if name not in by_name:
            case = replace(like_openai, name=name, sdk_name="openai", client_prefix="OpenAI")
            yield Setup(name, case.module.PROVIDER.title, case)
    if "azure" in by_name:
        case = replace(by_name["azure"], model="gpt-4o-mini")
        yield ByOpenAI("azure-openai", "Azure AI, by OpenAI's SDK", case)


SETUPS = {setup.name: setup for setup in _setups()}
