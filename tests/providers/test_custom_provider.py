"""The provider that `docs/custom_provider.md` adds: one module, one row, one extra."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from mirascope import DocumentPart, ImageURLPart, Messages, llm
from mirascope.core import _providers
from mirascope.core.openai import OpenAICallResponse, OpenAIStream
from mirascope.sandbox import Reply, Sandbox, ToolCall, Usage, sandbox

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "custom_provider.md").read_text()
BLOCKS = re.findall(r"^```(py|toml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
((_, MODULE), (_, ROW), (_, EXTRA)) = BLOCKS


class Book(BaseModel):
    title: str


def find(title: str) -> str:
    """Find a book."""
    return f"{title}: shelf 3"


@pytest.fixture
def deepseek(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the page, with the row of the page in the table."""
    (row,) = eval(f"{{{ROW}}}", {"Entry": _providers.Entry}).items()
    monkeypatch.setitem(_providers.PROVIDERS, *row)
    name = "mirascope.core.deepseek"
    file = tmp_path / "deepseek.py"
    file.write_text(MODULE)
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def box(deepseek: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A server that speaks OpenAI's format, at the provider's address."""
    with sandbox(redirect=False) as running:
        monkeypatch.setenv("DEEPSEEK_BASE_URL", running.base_url("openai"))
        monkeypatch.setenv("DEEPSEEK_API_KEY", "its-key")
        monkeypatch.setenv("OPENAI_API_KEY", "secret")
        yield running


@pytest.mark.parametrize("agnostic", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_each_shape_of_a_call(deepseek: Any, box: Sandbox, is_async: bool, agnostic: bool) -> None:
    def run(**options: Any) -> Any:
        def prompt(title: str) -> str:
            return f"Where is {title}?"

        async def prompt_async(title: str) -> str:
            return f"Where is {title}?"

        model = "deepseek-chat"
        decorate = llm.call("deepseek", model, **options)  # type: ignore[call-overload]
        if not agnostic:
            decorate = deepseek.call(model, **options)
        if not is_async:
            result = decorate(prompt)("Dune")
            return list(result) if options.get("stream") else result

        async def main() -> Any:
            result = await decorate(prompt_async)("Dune")
            return [item async for item in result] if options.get("stream") else result

        return asyncio.run(main())

    response = run(call_params={"max_tokens": 9, "stop": "END"})
    assert response.content == "Sandbox reply to: Where is Dune?"
    assert (response.provider, response.cost) == ("deepseek", None)
    assert isinstance(response._response if agnostic else response, OpenAICallResponse)
    request = box.requests[0]
    assert request.http.headers["authorization"] == "Bearer its-key"
    assert request.body == {
        "model": "deepseek-chat",
        "messages": [{"role": "user", "content": "Where is Dune?"}],
        "max_tokens": 9,
        "stop": "END",
    }
    box.reply("Shelf 3.")
    assert "".join(chunk.content for chunk, _ in run(stream=True)) == "Shelf 3."
    call = ToolCall("find", {"title": "Dune"}, id="call_1")
    box.reply(call, times=2)
    assert run(tools=[find]).tool.call() == "Dune: shelf 3"
    streamed = [tool for _, tool in run(tools=[find], stream=True) if tool is not None]
    assert [tool.call() for tool in streamed] == ["Dune: shelf 3"]
    for json_mode in (False, True):
        box.reply(Book(title="Dune"), times=2)
        assert run(response_model=Book, json_mode=json_mode) == Book(title="Dune")
        assert run(response_model=Book, json_mode=json_mode, stream=True)[-1].title == "Dune"
    assert "secret" not in str([request.http.headers for request in box.requests])


def test_reasoning_goes_back_with_tool_calls(deepseek: Any, box: Sandbox) -> None:
    thoughts = Reply(thinking="Hm.", tool_calls=[ToolCall("find", {"title": "Dune"}, id="call_1")])
    box.reply(thoughts, usage=Usage(input=3, output=5))
    ask = deepseek.call("deepseek-reasoner", tools=[find])(lambda history: history)
    first = ask([Messages.User("Where is Dune?")])
    assert (first.thinking, first.output_tokens) == ("Hm.", 5)
    results = first.tool_message_params([(first.tool, first.tool.call())])
    ask([first.user_message_param, first.message_param, *results])
    said = box.requests[1].body["messages"]
    assert (said[1]["reasoning_content"], said[2]["content"]) == ("Hm.", "Dune: shelf 3")


def test_contexts_and_overrides_reach_it(deepseek: Any, box: Sandbox) -> None:
    call = llm.call("openai", "gpt-4o-mini")(lambda: "Hi")
    there: Any = {"provider": "deepseek", "model": "deepseek-chat"}
    assert llm.override(call, **there)().provider == "deepseek"
    with llm.context(**there):
        assert call().provider == "deepseek"
    assert [request.body["model"] for request in box.requests] == ["deepseek-chat"] * 2


def test_a_stream_of_its_own_class(deepseek: Any, box: Sandbox) -> None:
    assert isinstance(deepseek.call("deepseek-chat", stream=True)(lambda: "Hi")(), OpenAIStream)


@pytest.mark.parametrize(
    "part",
    [
        ImageURLPart(type="image_url", url="https://a.b/c.png", detail=None),
        DocumentPart(media_type="application/pdf", document=b"%PDF-"),
    ],
)
def test_what_it_does_not_take_is_refused_by_its_name(
    deepseek: Any, box: Sandbox, part: Any
) -> None:
    with pytest.raises(ValueError, match="DeepSeek does not take"):
        deepseek.call("deepseek-chat")(lambda: Messages.User(["See:", part]))()
    assert box.requests == []


@pytest.mark.usefixtures("deepseek")
def test_without_a_key_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    call = llm.call("deepseek", "deepseek-chat")(lambda: "Hi")  # type: ignore[call-overload]
    with pytest.raises(openai.OpenAIError, match=r"no key for DeepSeek.*`DEEPSEEK_API_KEY`"):
        call()


def test_its_address(deepseek: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPSEEK_API_KEY", "its-key")
    client = deepseek.PROVIDER.new_client(False, None)
    assert str(client.base_url).rstrip("/") == "https://api.deepseek.com"
    client.close()


def test_the_extra_is_that_of_the_others_by_openais_sdk() -> None:
    (extra,) = tomllib.loads(EXTRA)["project"]["optional-dependencies"].items()
    name, packages = extra
    assert f'extra="{name}"' in ROW
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert packages == ours["xai"] == ours["openai"]
