"""What a provider's adapter to the recordings must say, and what is read from a recorded reply."""

from __future__ import annotations

import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import create_model

from mirascope.core import BaseTool
from mirascope.sandbox import Sandbox

from ._anatomy import anatomy
from ._recordings import Exchange, Json

Call = tuple[str, str | None, Json]
"""Name, id and arguments of a tool call."""


@dataclass
class Reading:
    """What a recorded reply says, read from its JSON without the library."""

    text: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    finish_reasons: list[str] | None = None
    common_finish_reasons: list[str] | None = None
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    thinking: list[tuple[str, str | None]] = field(default_factory=list[tuple[str, str | None]])
    model: str | None = None
    id: str | None = None
    refusal: str | None = None
    audio: bytes | None = None
    transcript: str | None = None
    turn: Any = None
    """The assistant's turn as `Adapter.turn` gives it, where the API lets all of it go back."""


@dataclass(frozen=True)
class Results:
    """What a message says about the results of tools: text by the id of the call."""

    texts: dict[str, str]


class Adapter(ABC):
    """One provider. Recordings of further providers are replayed by adding a subclass."""

    provider: str
    """Its name in `llm.call`, and that of its module in `mirascope.core`."""

    @abstractmethod
    def client(self, box: Sandbox, is_async: bool) -> Any:
        """An SDK client that talks to `box` and does not try again."""

    @abstractmethod
    def create(self, client: Any) -> Callable[..., Any]:
        """The SDK's own method that sends a request."""

    @abstractmethod
    def wrapped(self, client: Any) -> Any:
        """A client of no class of the SDK that passes requests on, as wrappers and doubles do."""

    @abstractmethod
    def read(self, exchange: Exchange) -> Reading:
        """What the recorded reply says."""

    @abstractmethod
    def tool(self, native: Json) -> type[BaseTool] | None:
        """A tool class for a recorded tool; None for one that the provider itself runs."""

    @abstractmethod
    def turn(self, message: Json) -> Any:
        """An assistant's turn so that two that mean the same to the provider are equal."""

    @abstractmethod
    def results(self, messages: list[Json]) -> dict[str, str]:
        """The results of tools in messages: their text, by the id of the call."""

    def replays(self, recording: list[Exchange]) -> bool:
        """Whether a recording is of an API that the provider's adapter speaks."""
        return True

    def of(self, exchange: Exchange) -> Adapter:
        """The adapter for one exchange, where a provider has been recorded by several SDKs."""
        return self

    def model(self, exchange: Exchange) -> str:
        return str(exchange.request["model"])

    def messages(self, exchange: Exchange) -> list[Any]:
        """The recorded messages as the SDK takes them."""
        return exchange.messages

    def body(self, request: Json) -> Json:
        """What a recorded request says, without what says nothing."""
        # `"stream": false` is the default, and not said.
        return {k: v for k, v in request.items() if (k, v) != ("stream", False)}

    def sent(self, request: Json) -> Json:
        """What a request that was sent says, in the same way."""
        return request

    def outputs(self, tools: list[Any], messages: list[Json]) -> list[tuple[Any, str]]:
        """Each tool with its result in messages."""
        results = self.results(messages)
        return [(tool, results[self.call_id(tool)]) for tool in tools]

    def ask(self, client: Any, exchange: Exchange) -> Any:
        """Make the recorded request by the bare SDK."""
        params = self.params(exchange.request, client)
        if "tools" in exchange.request:
            params["tools"] = exchange.request["tools"]
        return self.create(client)(
            model=self.model(exchange),
            messages=self.messages(exchange),
            stream=exchange.is_streamed,
            **params,
        )

    def events(self, raw: Any) -> list[Any]:
        """The events of a stream that `ask` gave."""
        return list(raw)

    def anatomy(self, native: Any) -> Any:
        """What an object of the SDK consists of."""
        return anatomy(native)

    def told(self, error: Any) -> Any:
        """What an exception of the SDK tells."""
        return type(error), getattr(error, "status_code", None), error.body

    def status(self, error: Any) -> int:
        return int(error.status_code)

    def call_id(self, tool: Any) -> str:
        """The id of a tool call, also where the tool has an argument of that name."""
        return str(tool.tool_call.id)

    def tools(self, request: Json) -> list[type[BaseTool]]:
        return [tool for native in request.get("tools", ()) if (tool := self.tool(native))]

    def params(self, request: Json, client: Any) -> Json:
        """What a recorded request says besides model, messages, stream and the caller's tools."""
        known = inspect.signature(self.create(client)).parameters
        params = {k: v for k, v in request.items() if k not in ("model", "messages", "stream")}
        if self.tools(request):
            del params["tools"]
        extra = {name: params.pop(name) for name in [*params] if name not in known}
        return params | {"extra_body": extra} if extra else params


class RecordedTool(BaseTool):
    """A tool that describes itself as it was described in the recording."""

    @classmethod
    def tool_schema(cls) -> Any:
        return cls.__dict__.get("recorded") or cls.__base__.recorded  # type: ignore[union-attr]

    def call(self) -> str:
        return "unused"


def recorded_tool(native: Json, name: str, schema: Json) -> type[BaseTool]:
    """A tool class with the fields of a recorded JSON schema."""
    required = schema.get("required", ())
    fields: dict[str, Any] = {
        field: (Any, ... if field in required else None) for field in schema.get("properties", ())
    }
    tool = create_model("Tool", __base__=RecordedTool, __module__=__name__, **fields)
    tool.__custom_name__ = name
    tool.recorded = native  # type: ignore[attr-defined]
    return tool


def without_defaults(arguments: Json) -> Json:
    return {name: value for name, value in arguments.items() if value is not None}


def decoded(arguments: str) -> Json:
    return dict(json.loads(arguments)) if arguments else {}
