"""Clients that are no plain ones: instrumented, wrapped, test doubles. The results are the same."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mirascope import llm
from mirascope.sandbox import Sandbox


def prompt(text: str) -> str:
    return text


async def prompt_async(text: str) -> str:
    return text


@contextmanager
def patched(owner: Any, wrapper: Callable[..., Any]) -> Iterator[None]:
    original = owner.__dict__.get("create")
    owner.create = wrapper
    yield
    if original is None:
        del owner.create
    else:
        owner.create = original


def wrapped(create: Callable[..., Any], seen: list[str]) -> Callable[..., Any]:
    @functools.wraps(create)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        seen.append(kwargs["model"])
        return create(*args, **kwargs)

    return wrapper


def client_of(box: Sandbox, provider: str, is_async: bool) -> Any:
    import anthropic
    import openai

    sdk, name = {"openai": (openai, "OpenAI"), "anthropic": (anthropic, "Anthropic")}[provider]
    made_by = getattr(sdk, f"Async{name}" if is_async else name)
    return made_by(api_key="k", base_url=box.base_url(provider), max_retries=0)


def resource_of(client: Any, provider: str) -> Any:
    return client.messages if provider == "anthropic" else client.chat.completions


def look_up(title: str) -> str:
    """Look a book up."""
    return title


async def everything(client: Any, provider: str, is_async: bool) -> list[Any]:
    """What calls of every shape give with this client."""

    def sync_prompt() -> str:
        return "Hello"

    async def async_prompt() -> str:
        return "Hello"

    async def made(**options: Any) -> Any:
        fn = async_prompt if is_async else sync_prompt
        result = llm.call(provider, "base", client=client, **options)(fn)()
        return await result if is_async else result

    async def items(stream: Any) -> list[Any]:
        return [item async for item in stream] if is_async else list(stream)

    plain, tool = await made(), await made(tools=[look_up])
    stream, tool_stream = await made(stream=True), await made(stream=True, tools=[look_up])
    chunks, tool_chunks = await items(stream), await items(tool_stream)
    structured = await items(await made(stream=True, response_model=list[str]))
    return [
        *(plain.content, plain.finish_reasons, plain.usage, plain.message_param),
        *(type(plain.response), tool.tool.args, tool.tool._name()),
        *([chunk.content for chunk, _ in chunks], stream.content, stream.usage),
        *(type(chunks[0][0].chunk), stream.construct_call_response().content),
        *(
            [tool.args for _, tool in tool_chunks if tool],
            tool_stream.message_param.content[0].name,
        ),
        *(structured[-1], await made(response_model=list[str])),
    ]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("patch", ["instance", "class"])
async def test_instrumented_clients_are_called_as_they_are(
    box: Sandbox, provider: str, is_async: bool, patch: str
) -> None:
    client = client_of(box, provider, is_async)
    expected = await everything(client, provider, is_async)
    seen: list[str] = []
    resource = resource_of(client, provider)
    owner = type(resource) if patch == "class" else resource
    with patched(owner, wrapped(owner.create, seen)):
        assert await everything(client, provider, is_async) == expected
    assert len(seen) == 6
    assert await everything(client, provider, is_async) == expected
    assert len(seen) == 6
    await client.close() if is_async else client.close()


class Double:
    """A test double: nothing of an SDK but the way to `create`."""

    def __init__(self, client: Any, provider: str, is_async: bool, as_dict: bool) -> None:
        self._create = resource_of(client, provider).create
        self._as_dict = as_dict
        self.messages = self.completions = self.chat = self
        self.create = self.answer_async if is_async else self.answer

    def plain(self, value: Any) -> Any:
        return value.model_dump(mode="json", exclude_unset=True) if self._as_dict else value

    def answer(self, **kwargs: Any) -> Any:
        answer = self._create(**kwargs)
        return (self.plain(event) for event in answer) if "stream" in kwargs else self.plain(answer)

    async def answer_async(self, **kwargs: Any) -> Any:
        answer = await self._create(**kwargs)
        if "stream" in kwargs:
            return (self.plain(event) async for event in answer)
        return self.plain(answer)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
@pytest.mark.parametrize("as_dict", [False, True], ids=["objects", "dicts"])
async def test_test_doubles(box: Sandbox, provider: str, is_async: bool, as_dict: bool) -> None:
    client = client_of(box, provider, is_async)
    expected = await everything(client, provider, is_async)
    double = Double(client, provider, is_async, as_dict)
    assert await everything(double, provider, is_async) == expected
    await client.close() if is_async else client.close()


async def test_an_async_double_may_return_without_being_awaitable(box: Sandbox) -> None:
    class Direct:
        def create(self, **kwargs: Any) -> Any:
            async def events() -> Any:
                yield {"choices": [{"index": 0, "delta": {"content": "Emma"}}]}

            if kwargs.get("stream"):
                return events()
            return {"choices": [{"index": 0, "message": {"content": "Emma"}}]}

    direct = Direct()
    direct.chat = type("Chat", (), {"completions": direct})  # type: ignore[attr-defined]
    call: Any = llm.call("openai", "base", client=direct)(prompt_async)
    assert (await call("x")).content == "Emma"
    stream = await llm.override(call, stream=True)("x")
    assert [chunk.content async for chunk, _ in stream] == ["Emma"]


async def test_a_double_that_returns_nonsense_is_told_so(box: Sandbox) -> None:
    class Nonsense:
        def create(self, **_: Any) -> Any:
            return 3

    nonsense = Nonsense()
    nonsense.chat = type("Chat", (), {"completions": nonsense})  # type: ignore[attr-defined]
    call: Any = llm.call("openai", "base", client=nonsense)(prompt)
    with pytest.raises(TypeError, match="`int`"):
        call("x")
