"""Prompt functions of every kind, and where a call may be defined."""

from __future__ import annotations

from typing import Any, assert_type

from pydantic import BaseModel

from mirascope import BaseDynamicConfig, BaseMessageParam, Messages, llm, prompt_template


class Book(BaseModel):
    title: str


@prompt_template("Recommend a {genre} book")
def template(genre: str) -> None: ...


@prompt_template()
def messages(genre: str) -> Messages.Type:
    return [Messages.System("You are a librarian"), Messages.User(genre)]


@prompt_template("Recommend a {genre} book")
async def template_async(genre: str) -> None: ...


def check_prompt_functions_alone() -> None:
    assert_type(template("fantasy"), list[BaseMessageParam])
    assert_type(messages("fantasy"), list[BaseMessageParam])
    template()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_async_prompt_functions_alone() -> None:
    assert_type(await template_async("fantasy"), list[BaseMessageParam])


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template("Recommend a {genre} book")
def from_template(genre: str) -> None: ...


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template("Recommend a {genre} book, one of {books:list}")
def from_template_with_config(genre: str) -> BaseDynamicConfig:
    return {"computed_fields": {"books": ["a", "b"]}}


@llm.call(provider="openai", model="gpt-4o-mini")
@prompt_template("Recommend a {genre} book")
async def from_template_async(genre: str) -> None: ...


@llm.call(provider="openai", model="gpt-4o-mini")
def from_messages(genre: str) -> Messages.Type:
    return Messages.User(genre)


@llm.call(provider="openai", model="gpt-4o-mini")
def from_message_list(genre: str) -> list[BaseMessageParam]:
    return [Messages.User(genre)]


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
async def from_dynamic_config(genre: str) -> BaseDynamicConfig:
    return {"messages": [Messages.User(genre)], "call_params": {"temperature": 0.5}}


def check_calls() -> None:
    assert_type(from_template("fantasy"), llm.CallResponse)
    assert_type(from_template_with_config("fantasy"), llm.CallResponse)
    assert_type(from_messages("fantasy"), llm.CallResponse)
    assert_type(from_message_list("fantasy"), llm.CallResponse)
    from_template()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def check_async_calls() -> None:
    assert_type(await from_template_async("fantasy"), llm.CallResponse)
    assert_type(await from_dynamic_config("fantasy"), Book)


class Librarian:
    shelf: str = "A"

    @llm.call(provider="openai", model="gpt-4o-mini")
    def ask(self, genre: str) -> str:
        return f"{self.shelf} {genre}"

    @llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
    async def find(self, genre: str) -> str:
        return f"{self.shelf} {genre}"

    @staticmethod
    @llm.call(provider="openai", model="gpt-4o-mini")
    def greet(name: str) -> str:
        return name

    @classmethod
    @llm.call(provider="openai", model="gpt-4o-mini")
    def introduce(cls, name: str) -> str:
        return f"{cls.__name__} {name}"


async def check_methods(librarian: Librarian) -> None:
    assert_type(librarian.ask("fantasy"), llm.CallResponse)
    assert_type(await librarian.find("fantasy"), Book)
    assert_type(Librarian.greet("Ann"), llm.CallResponse)
    assert_type(Librarian.introduce("Ann"), llm.CallResponse)
    librarian.ask()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    librarian.ask(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def check_override_and_context(librarian: Librarian) -> None:
    other = llm.override(from_template, provider="anthropic", model="claude-haiku-4-5")
    assert_type(other("fantasy"), llm.CallResponse)
    other()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_type(llm.override(from_template, stream=True)("fantasy"), llm.Stream)
    assert_type(llm.override(from_template, response_model=Book)("fantasy"), Book)
    with llm.context(provider="anthropic", model="claude-haiku-4-5"):
        assert_type(librarian.ask("fantasy"), llm.CallResponse)


def check_agent_loop(history: list[BaseMessageParam]) -> None:
    response = from_message_list("fantasy")
    if (message := response.user_message_param) is not None:
        history.append(message)
    history.append(response.message_param)
    if tool := response.tool:
        outputs: list[Any] = [(tool, tool.call())]
        history += response.tool_message_params(outputs)
