"""What is sync and what is async are twins: the same methods with the same parameters."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from mirascope import llm

PAIRS = [
    (llm.Model, llm.AsyncModel),
    (llm.Response, llm.AsyncResponse),
    (llm.ChainResponse, llm.AsyncChainResponse),
    (llm.Conversation, llm.AsyncConversation),
]
PROTOCOL = {
    "__iter__": "__aiter__",
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
}
ONLY_ASYNC = {"__await__"}


def public(kind: type[Any]) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}


def parameters(member: Any) -> list[tuple[str, Any, Any]]:
    if not callable(member):
        return []
    given = inspect.signature(member).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in given]


@pytest.mark.parametrize(("of_sync", "of_async"), PAIRS)
def test_methods_and_parameters(of_sync: type[Any], of_async: type[Any]) -> None:
    sync_members, async_members = public(of_sync), public(of_async)
    assert sync_members.keys() == async_members.keys()
    for name, member in sync_members.items():
        assert parameters(member) == parameters(async_members[name]), name
        if callable(member) or isinstance(member, property):
            assert inspect.getdoc(member), name
            assert inspect.getdoc(async_members[name]), name
    assert parameters(of_sync) == parameters(of_async)


@pytest.mark.parametrize(("of_sync", "of_async"), PAIRS)
def test_protocols(of_sync: type[Any], of_async: type[Any]) -> None:
    def own(kind: type[Any]) -> set[str]:
        names = {*PROTOCOL, *PROTOCOL.values(), *ONLY_ASYNC}
        return {name for name in names if hasattr(kind, name)}

    twins = {PROTOCOL[name] for name in own(of_sync)}
    assert own(of_async) - ONLY_ASYNC == twins


def test_functions() -> None:
    for name in ("model", "models"):
        of_sync, of_async = getattr(llm, f"get_{name}"), getattr(llm, f"get_async_{name}")
        assert parameters(of_sync) == parameters(of_async)
