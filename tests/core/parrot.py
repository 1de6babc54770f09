"""A provider that is written completely, the way Mirascope v1 had it, for `call_factory`.

Its SDK is a client that answers from a script; it keeps what it was sent.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import computed_field
from pydantic.json_schema import SkipJsonSchema

from mirascope import BaseMessageParam, BaseTool
from mirascope.core.base import (
    BaseCallParams,
    BaseCallResponse,
    BaseCallResponseChunk,
    BaseStream,
    CostMetadata,
    ToolCallPart,
    call_factory,
    transform_tool_outputs,
)

# --- the SDK


@dataclass
class Call:
    name: str
    arguments: str
    id: str = "call_1"


@dataclass
class Answer:
    """What the service says, whole or as one piece of a stream."""

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    reason: str | None = "END"
    usage: dict[str, int] | None = field(default_factory=lambda: {"in": 3, "out": 5})
    model: str = "parrot-1-exact"
    id: str = "answer-1"


class Client:
    """Answers from a script, whole or word by word."""

    def __init__(self, *script: Answer | Exception) -> None:
        self.script = list(script)
        self.sent: list[dict[str, Any]] = []
        self.closed = 0

    def _next(self, request: dict[str, Any]) -> Answer:
        self.sent.append(request)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, **request: Any) -> Answer:
        return self._next(request)

    async def ask_async(self, **request: Any) -> Answer:
        await asyncio.sleep(0)
        return self._next(request)

    def tell(self, **request: Any) -> Generator[Answer]:
        answer = self._next(request)
        try:
            yield from self._pieces(answer)
        finally:
            self.closed += 1

    async def tell_async(self, **request: Any) -> AsyncGenerator[Answer]:
        answer = self._next(request)
        try:
            for piece in self._pieces(answer):
                await asyncio.sleep(0)
                yield piece
        finally:
            self.closed += 1

    @staticmethod
    def _pieces(answer: Answer) -> Generator[Answer]:
        for word in answer.text.split(" ") if answer.text else ():
            yield Answer(text=word + " ", reason=None, usage=None)
        for call in answer.calls:
            yield Answer(calls=[call], reason=None, usage=None)
        yield Answer(reason=answer.reason, usage=answer.usage)


# --- the provider


class ParrotCallParams(BaseCallParams):
    volume: int | None


class ParrotTool(BaseTool):
    """A tool in the service's form."""

    tool_call: SkipJsonSchema[Call]

    @classmethod
    def tool_schema(cls) -> dict[str, Any]:
        return {
            "name": cls._name(),
            "about": cls._description(),
            "fields": cls.model_json_schema()["properties"],
        }

    @classmethod
    def from_tool_call(cls, tool_call: Call, allow_partial: bool = False) -> ParrotTool:
        return cls.model_validate({**json.loads(tool_call.arguments), "tool_call": tool_call})


REASONS = {"END": "stop", "CALL": "tool_calls", "FULL": "length"}


def common_reasons(reasons: list[str] | None) -> Any:
    return [REASONS[reason] for reason in reasons or () if reason in REASONS] or None


class Counts:
    """What the service's whole answers and pieces have in common."""

    _answer: Answer

    @property
    def model(self) -> str:
        return self._answer.model

    @property
    def id(self) -> str:
        return self._answer.id

    @property
    def usage(self) -> dict[str, int] | None:
        return self._answer.usage

    @property
    def finish_reasons(self) -> list[str]:
        return [self._answer.reason] if self._answer.reason else []

    @property
    def input_tokens(self) -> int | None:
        return self.usage["in"] if self.usage else None

    @property
    def cached_tokens(self) -> int | None:
        return None

    @property
    def output_tokens(self) -> int | None:
        return self.usage["out"] if self.usage else None

    @property
    def cost_metadata(self) -> CostMetadata:
        return CostMetadata(input_tokens=self.input_tokens, output_tokens=self.output_tokens)

    @property
    def common_finish_reasons(self) -> Any:
        return common_reasons(self.finish_reasons)


class ParrotConverter:
    @staticmethod
    def to_provider(messages: list[Any]) -> list[dict[str, Any]]:
        return [
            {"role": m.role, "says": m.content} if isinstance(m, BaseMessageParam) else m
            for m in messages
        ]

    @staticmethod
    def from_provider(messages: list[Any]) -> list[BaseMessageParam]:
        return [BaseMessageParam(role=m["role"], content=m["says"]) for m in messages]


class ParrotCallResponse(
    Counts,
    BaseCallResponse[Answer, ParrotTool, dict, Any, dict, ParrotCallParams, dict, ParrotConverter],
):
    _message_converter: type = ParrotConverter
    _provider = "parrot"

    @property
    def _answer(self) -> Answer:
        return self.response

    @computed_field
    @property
    def message_param(self) -> dict[str, Any]:
        return {"role": "assistant", "says": self.content}

    @property
    def content(self) -> str:
        return self.response.text

    @property
    def tools(self) -> list[ParrotTool] | None:
        types = {tool_type._name(): tool_type for tool_type in self.tool_types or ()}
        calls = [call for call in self.response.calls if call.name in types]
        return [types[call.name].from_tool_call(call) for call in calls] or None

    @property
    def tool(self) -> ParrotTool | None:
        return self.tools[0] if self.tools else None

    @classmethod
    @transform_tool_outputs
    def tool_message_params(
        cls, tools_and_outputs: Sequence[tuple[ParrotTool, str]]
    ) -> list[dict[str, Any]]:
        return [{"role": "tool", "says": output} for _, output in tools_and_outputs]

    @property
    def common_message_param(self) -> BaseMessageParam:
        calls = [
            ToolCallPart(type="tool_call", name=call.name, args=json.loads(call.arguments))
            for call in self.response.calls
        ]
        return BaseMessageParam(role="assistant", content=calls or self.content)

    @property
    def common_user_message_param(self) -> BaseMessageParam | None:
        said = self.user_message_param
        return ParrotConverter.from_provider([said])[0] if said else None


class ParrotCallResponseChunk(Counts, BaseCallResponseChunk[Answer, str]):
    _provider = "parrot"

    @property
    def _answer(self) -> Answer:
        return self.chunk

    @property
    def content(self) -> str:
        return self.chunk.text


class ParrotStream(
    BaseStream[
        ParrotCallResponse,
        ParrotCallResponseChunk,
        dict,
        dict,
        dict,
        dict,
        ParrotTool,
        dict,
        Any,
        ParrotCallParams,
        str,
    ]
):
    _provider = "parrot"

    def _construct_message_param(
        self, tool_calls: list[Call] | None = None, content: str | None = None
    ) -> dict[str, Any]:
        return {"role": "assistant", "says": content or "", "calls": tool_calls or []}

    def construct_call_response(self) -> ParrotCallResponse:
        if not hasattr(self, "message_param"):
            raise ValueError("No stream response, check if the stream has been consumed.")
        answer = Answer(
            text=self.content,
            calls=self.message_param["calls"],
            reason=(self.finish_reasons or [None])[0],
            usage={"in": int(self.input_tokens or 0), "out": int(self.output_tokens or 0)},
            model=self.model,
            id=self.id,
        )
        return ParrotCallResponse(
            metadata=self.metadata,
            response=answer,
            tool_types=self.tool_types,
            prompt_template=self.prompt_template,
            fn_args=self.fn_args,
            dynamic_config=self.dynamic_config,
            messages=self.messages,
            call_params=self.call_params,
            call_kwargs=self.call_kwargs,
            user_message_param=self.user_message_param,
            start_time=self.start_time,
            end_time=self.end_time,
        )


def setup_call(
    *,
    model: str,
    client: Client,
    fn: Any,
    fn_args: dict[str, Any],
    dynamic_config: Any,
    tools: list[Any] | None,
    json_mode: bool,
    call_params: Any,
    response_model: Any,
    stream: Any,
) -> Any:
    messages = ParrotConverter.to_provider(dynamic_config["messages"])
    kwargs: dict[str, Any] = {**call_params, "model": model, "messages": messages}
    tool_types = [
        ParrotTool.type_from_base_model_type(tool)
        if isinstance(tool, type)
        else ParrotTool.type_from_fn(tool)
        for tool in tools or ()
    ]
    if json_mode:
        messages.append({"role": "user", "says": "JSON only."})
    if tool_types:
        kwargs["tools"] = [tool_type.tool_schema() for tool_type in tool_types]
    asks = {
        (False, False): client.ask,
        (False, True): client.ask_async,
        (True, False): client.tell,
        (True, True): client.tell_async,
    }
    send = asks[bool(stream), inspect.iscoroutinefunction(fn)]

    def create(*, stream: bool, **request: Any) -> Any:
        return send(**request)

    return create, getattr(fn, "_prompt_template", None), messages, tool_types or None, kwargs


def get_json_output(response: Any, json_mode: bool) -> str:
    answer = response._answer
    if answer.calls and not json_mode:
        return answer.calls[0].arguments
    return answer.text


def pairs(piece: Answer, tool_types: Any) -> Any:
    chunk = ParrotCallResponseChunk(chunk=piece)
    types = {tool_type._name(): tool_type for tool_type in tool_types or ()}
    tools = [types[call.name].from_tool_call(call) for call in piece.calls if call.name in types]
    return [(chunk, tool) for tool in tools] or [(chunk, None)]


def handle_stream(stream: Any, tool_types: Any, partial_tools: bool = False) -> Any:
    for piece in stream:
        yield from pairs(piece, tool_types)


async def handle_stream_async(stream: Any, tool_types: Any, partial_tools: bool = False) -> Any:
    async for piece in stream:
        for pair in pairs(piece, tool_types):
            yield pair


parrot_call = call_factory(
    TCallResponse=ParrotCallResponse,
    TCallResponseChunk=ParrotCallResponseChunk,
    TToolType=ParrotTool,
    TStream=ParrotStream,
    default_call_params=ParrotCallParams(volume=3),
    setup_call=setup_call,
    get_json_output=get_json_output,
    handle_stream=handle_stream,
    handle_stream_async=handle_stream_async,
)
