"""Responses out of the process and back, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from ..core.base._narrow import is_class
from ..core.base.message_param import BaseMessageParam, _tag_bytes, _untag_bytes
from ._asked import Asked, ResponseEvent
from ._outcome import Outcome, TokenUsage
from ._reply_flows import ReplyFlows
from ._tool_runner import flat_tools
from .tool_calls import ToolCall

ResponseT = TypeVar("ResponseT", bound=ReplyFlows)


def response_to_dict(response: ReplyFlows) -> dict[str, Any]:
    """A response in JSON types. Raises ValueError where it has not ended."""
    if not response.is_over:
        response._known()
    outcome, asked, error = response._outcome, response.prompt, response.error
    if outcome is not None and response._request is not None and response.status == "done":
        cost = response._as_call_response().cost
        outcome = replace(outcome, cost=cost, data=response._data())
    return {
        "version": 1,
        "model": response.model.model_id,
        "status": response.status,
        "error": None if error is None else f"{type(error).__name__}: {error}",
        "messages": [message.model_dump(mode="json") for message in asked.messages],
        "tools": [getattr(tool, "__name__", str(tool)) for tool in flat_tools(asked.tools)],
        "schema": _schema_to_dict(asked.schema),
        "options": dict(asked.options),
        "hide_reasoning": asked.hide_reasoning,
        "outcome": None if outcome is None else _outcome_to_dict(outcome),
    }


def response_from_dict(
    kind: type[ResponseT], data: Mapping[str, Any], tools: Sequence[Any], model: Any
) -> ResponseT:
    """The response that `response_to_dict` made `data` from."""
    from ._registry import model_object

    messages = [BaseMessageParam.model_validate(message) for message in data["messages"]]
    asked = Asked(messages, tools, data["schema"], data["options"], data["hide_reasoning"])
    response = kind(model or model_object(data["model"], kind.is_async), None, asked)
    response.status = data["status"]
    if data["error"] is not None:
        response.error = RuntimeError(data["error"])
    if data["outcome"] is not None:
        outcome = response._outcome = _outcome_from_dict(data["outcome"])
        response._events = [ResponseEvent("text", outcome.text)] if outcome.text else []
        calls = outcome.tool_calls
        response._events += [ResponseEvent("tool_call", tool_call=call) for call in calls]
    return response


def _outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome in JSON types."""
    dumped = {
        name: getattr(outcome, name)
        for name in ("text", "finish_reasons", "model", "id", "started", "ended", "refusal", "cost")
    }
    return {
        **dumped,
        "message": outcome.message.model_dump(mode="json"),
        "tool_calls": [asdict(call) for call in outcome.tool_calls],
        "usage": asdict(outcome.usage),
        "data": _tag_bytes(outcome.data),
    }


def _outcome_from_dict(data: dict[str, Any]) -> Outcome:
    """What `_outcome_to_dict` made it from."""
    values: dict[str, Any] = {
        **data,
        "message": BaseMessageParam.model_validate(data["message"]),
        "tool_calls": [ToolCall(**call) for call in data["tool_calls"]],
        "usage": TokenUsage(**data["usage"]),
        "data": _untag_bytes(data["data"]),
    }
    return Outcome(**values)


def _schema_to_dict(schema: Any) -> Any:
    """A schema as JSON: that of a model where it was given as a class."""
    if is_class(schema, BaseModel):
        return schema.model_json_schema()
    return schema
