"""What a call costs, in things that can be counted: they are the same on every machine.

Times are measured in `benchmarks/`. A bound here that is exceeded on purpose is to be raised in the
same change, with the figures of the benchmarks.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

import mirascope
from mirascope import llm
from mirascope.sandbox import Sandbox

ROOT = os.path.dirname(mirascope.__file__)
SANDBOX = os.path.join(ROOT, "sandbox")


class Book(BaseModel):
    title: str


def find(title: str) -> str:
    """Find a book."""
    return title


def own_calls(action: Callable[[], Any]) -> int:
    """How many functions and generators of the library are entered."""
    count = 0

    def note(frame: Any, event: str, _: Any) -> None:
        nonlocal count
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(ROOT) and not name.startswith(SANDBOX):
            count += 1

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("options", "use", "most"),
    [
        ({}, lambda response: response.content, 95),
        ({"tools": [find]}, lambda response: response.tool.args, 132),
        ({"response_model": Book}, lambda book: book.title, 122),
    ],
    ids=["text", "tools", "structured"],
)
@pytest.mark.parametrize("provider", ["openai", "groq"])
def test_functions_of_a_call(
    box: Sandbox, provider: Any, options: Any, use: Callable[[Any], Any], most: int
) -> None:
    @llm.call(provider=provider, model="some-model", **options)
    def ask(text: str) -> str:
        return text

    for _ in range(2):
        use(ask("Hi"))
    counts = {own_calls(lambda: use(ask("Hi"))) for _ in range(3)}
    assert len(counts) == 1
    assert counts.pop() <= most


@pytest.mark.parametrize(
    ("provider", "model", "most"),
    [("openai", "gpt-4o-mini", 25), ("google", "gemini-2.5-flash", 32)],
    ids=["openai", "google"],
)
def test_functions_of_an_event_of_a_stream(
    box: Sandbox, provider: Any, model: str, most: int
) -> None:
    @llm.call(provider, model, stream=True)
    def tell(text: str) -> str:
        return text

    def read(words: int) -> int:
        box.reply("word " * words)
        return own_calls(lambda: [chunk.content for chunk, _ in tell("Hi")])

    read(1)
    short, long = read(20), read(220)
    assert (long - short) / 200 <= most


def test_a_call_costs_the_same_after_many(box: Sandbox) -> None:
    functions = [llm.call("openai", "gpt-4o-mini")(lambda: "Hi") for _ in range(200)]
    functions[0]()
    first = own_calls(lambda: functions[0]().content)
    for function in functions:
        function()
    assert own_calls(lambda: functions[0]().content) == first
    assert box.connections == 1
    assert len(box.requests) == 203


def test_no_object_of_the_sdk_is_made_unless_it_is_read(box: Sandbox) -> None:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

    def made(kind: type[Any]) -> int:
        return sum(type(thing) is kind for thing in gc.get_objects())

    gc.collect()
    before = made(ChatCompletion), made(ChatCompletionChunk)
    response = llm.call("openai", "gpt-4o-mini")(lambda: "Hi")()
    stream = llm.call("openai", "gpt-4o-mini", stream=True)(lambda: "Hi")()
    chunks = [chunk for chunk, _ in stream]
    assert response.content == stream.content
    assert response.usage
    assert (made(ChatCompletion), made(ChatCompletionChunk)) == before
    assert type(response.response) is ChatCompletion
    assert type(chunks[0].chunk) is ChatCompletionChunk


def modules_after(statements: str) -> set[str]:
    code = f"{statements}\nimport sys\nprint(*sys.modules)"
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    return set(output.split())


def test_modules_of_the_import() -> None:
    pydantic = modules_after("from pydantic import BaseModel")
    ours = modules_after("from pydantic import BaseModel\nfrom mirascope import llm")
    assert len(ours - pydantic) <= 25


SDKS = {"openai", "anthropic", "groq", "cohere", "mistralai.client", "boto3", "aiobotocore"}
SDKS |= {"azure.core", "google.genai", "litellm"}
FIRST_CALL = """
from mirascope import llm
from mirascope.sandbox import sandbox
with sandbox():
    llm.call({provider!r}, {model!r})(lambda: "Hi")()
"""


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-6")]
)
def test_modules_of_the_first_call(provider: str, model: str) -> None:
    loaded = modules_after(FIRST_CALL.format(provider=provider, model=model))
    assert loaded & SDKS == {provider}


@pytest.mark.parametrize(
    ("options", "use", "most"),
    [
        ({}, lambda response: response.content, 66),
        ({"tools": [find]}, lambda response: response.tool.args, 96),
        ({"response_model": Book}, lambda book: book.title, 84),
    ],
    ids=["text", "tools", "structured"],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_what_a_call_leaves_allocated(
    box: Sandbox, provider: Any, options: Any, use: Callable[[Any], Any], most: int
) -> None:
    """Blocks of memory for each result that is kept."""

    @llm.call(provider=provider, model="claude-sonnet-4-6", **options)
    def ask(text: str) -> str:
        return text

    def made(count: int) -> int:
        results: list[Any] = []
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(count):
            results.append(ask("Hi"))
            use(results[-1])
            box.requests.clear()
        gc.collect()
        return sys.getallocatedblocks() - before

    made(20)
    blocks = (made(60) - made(10)) / 50
    assert 0 < blocks <= most
