"""The ready-made tools in the automatic loop, by hand, and with every provider."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirascope import Messages, llm
from mirascope.core import MediaPolicy
from mirascope.sandbox import Sandbox, ToolCall
from mirascope.tools import (
    HTTPX,
    AsyncHTTPX,
    FileSystemToolKit,
    HTTPXConfig,
    ParseURLConfig,
    ParseURLContent,
    Requests,
    RequestsConfig,
)

from ..llm.faces import Face
from ..providers.cases import CASES, Case
from .conftest import Site

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

LOCAL = MediaPolicy(allow_private=True)
WEB_TOOLS: list[Any] = [
    HTTPX.from_config(HTTPXConfig(policy=LOCAL)),
    AsyncHTTPX.from_config(HTTPXConfig(policy=LOCAL)),
    Requests.from_config(RequestsConfig(policy=LOCAL)),
    ParseURLContent.from_config(ParseURLConfig(policy=LOCAL)),
]


def by_object(face: Face, case: Case, tools: list[Any]) -> Callable[[str], Any]:
    model = face.model(f"{case.name}/{case.model}")
    return lambda question: model.chain(question, tools=tools)


def by_function(face: Face, case: Case, tools: list[Any]) -> Callable[[str], Any]:
    @llm.call(provider=case.name, model=case.model, tools=tools)
    @face.function
    def ask(question: str) -> Any:
        return question

    return ask.chain  # type: ignore[no-any-return]


every_way = pytest.mark.parametrize("way", [by_object, by_function])


@every_case
@every_way
async def test_the_web(face: Face, case: Case, way: Any, box: Sandbox, site: Site) -> None:
    page = site.answer("/page", "<h1>Foxes</h1><nav>menu</nav>", content_type="text/html")
    form = site.answer("/form", "sent")
    box.reply(
        [
            ToolCall("HTTPX", {"url": form, "method": "POST", "json": {"a": [1]}}, id="call_1"),
            ToolCall("AsyncHTTPX", {"url": form, "params": {"b": "2"}}, id="call_2"),
            ToolCall("Requests", {"url": form, "method": "PUT", "data": {"c": "3"}}, id="call_3"),
            ToolCall("ParseURLContent", {"url": page}, id="call_4"),
            ToolCall("HTTPX", {"url": "http://169.254.169.254/"}, id="call_5"),
        ]
    )
    box.reply("Done.")
    assert await face.get(way(face, case, WEB_TOOLS)("Go.").text()) == "Done."
    body = case.wire.flat(box.requests[-1])
    assert case.wire.tool_results(body) == [
        *(("call_1", "sent"), ("call_2", "sent"), ("call_3", "sent"), ("call_4", "# Foxes")),
        (
            "call_5",
            "Error: 'http://169.254.169.254/': `169.254.169.254` is not a public address "
            "(the metadata service of a cloud).",
        ),
    ]
    assert {(asked.method, asked.target, asked.body) for asked in site.asked} == {
        ("POST", "/form", b'{"a":[1]}'),
        ("GET", "/form?b=2", b""),
        ("PUT", "/form", b"c=3"),
        ("GET", "/page", b""),
    }
    offers = {offer.name: offer for offer in case.wire.tools(body)}
    assert list(offers) == ["HTTPX", "AsyncHTTPX", "Requests", "ParseURLContent"]


@every_case
@every_way
async def test_files(face: Face, case: Case, way: Any, box: Sandbox, tmp_path: Path) -> None:
    tools = FileSystemToolKit(base_directory=tmp_path).create_tools()
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("CreateDirectory", {"path": "notes"}, "Created `notes`."),
        ("WriteFile", {"path": "notes/a.md", "content": "Fox"}, "Wrote 3 bytes to `notes/a.md`."),
        ("ReadFile", {"path": "notes/a.md"}, "Fox"),
        ("ListDirectory", {}, "notes/"),
        ("DeleteFile", {"path": "notes/a.md"}, "Deleted `notes/a.md`."),
        ("ReadFile", {"path": "../a.md"}, "Error: `../a.md` has `..`."),
    ]
    for number, (name, arguments, _) in enumerate(calls):
        box.reply(ToolCall(f"file_system_{name}", arguments, id=f"call_{number}"))
    box.reply("Done.")
    assert await face.get(way(face, case, tools)("Go.").text()) == "Done."
    body = case.wire.flat(box.requests[-1])
    for (_, _, expected), (_, told) in zip(calls, case.wire.tool_results(body), strict=True):
        assert told.startswith(expected)
    assert list((tmp_path / "notes").iterdir()) == []
    assert [offer.name for offer in case.wire.tools(body)] == [tool._name() for tool in tools]


@every_case
async def test_by_hand(face: Face, case: Case, box: Sandbox, site: Site) -> None:
    url = site.answer("/x", "open")
    for tool in WEB_TOOLS:

        @llm.call(provider=case.name, model=case.model, tools=[tool])
        @face.function
        def ask(history: Any) -> Any:
            return history

        box.reply(ToolCall(tool._name(), {"url": url}, id="call_1"))
        response = await face.get(ask([Messages.User("Open?")]))
        called = response.tool
        assert isinstance(called, tool)
        result = called.call()
        output = await result if inspect.isawaitable(result) else result
        assert output == "open"
        history = [Messages.User("Open?"), response.message_param]
        box.reply("Yes.")
        answer = await face.get(ask([*history, *response.tool_message_params([(called, output)])]))
        assert answer.content == "Yes."
