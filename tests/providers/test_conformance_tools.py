"""Tools: what the model is told of them, what becomes of its calls, and the agent loop."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from pydantic import ValidationError

from mirascope import BaseMessageParam, BaseTool, BaseToolKit, Messages, ToolResultPart, llm
from mirascope.core import toolkit_tool
from mirascope.sandbox import Reply, ToolCall

from .cases import Way
from .wires import Call, Offer


class FormatBook(BaseTool):
    """Format a book."""

    title: str
    author: str = "unknown"

    def call(self) -> str:
        return f"{self.title} by {self.author}"


class FindBook(BaseTool):
    """Find a book in a library."""

    title: str

    async def call(self) -> str:
        return f"{self.title} is on shelf 3"


class Library(BaseToolKit):
    """What a library can do."""

    __namespace__ = "library"

    city: str

    @toolkit_tool
    def find(self, title: str) -> str:
        """Find a book in {self.city}."""
        return f"{title} in {self.city}"


def get_weather(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: Where.
        days: For how long.
    """
    return f"sunny in {city} for {days} days"


async def count_books(shelf: int) -> int:
    """Count the books on a shelf."""
    return shelf * 10


def refresh() -> str:
    """Refresh the catalogue."""
    return "done"


async def outcome(tool: Any) -> Any:
    """What a tool gives, whether it is async or not."""
    result = tool.call()
    return await result if inspect.isawaitable(result) else result


async def test_what_the_model_is_told(way: Way) -> None:
    await way.ask("Hi", tools=[FormatBook, get_weather, refresh])
    book, weather, fresh = way.wire.tools(way.body)
    assert book == Offer(
        "FormatBook",
        "Format a book.",
        {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "author": {"type": "string", "default": "unknown"},
            },
            "required": ["title"],
        },
    )
    assert (weather.name, weather.description) == ("get_weather", "Tell the weather.")
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "days": {"type": "integer", "description": "For how long.", "default": 1},
        },
        "required": ["city"],
    }
    assert fresh.name == "refresh"
    assert fresh.parameters in (None, {"type": "object", "properties": {}})
    assert way.wire.demanded_tool(way.body) is None


async def test_a_class_as_a_tool(way: Way) -> None:
    way.box.reply(ToolCall("FormatBook", {"title": "Mistborn", "author": "BS"}, id="call_1"))
    response = await way.ask("Hi", tools=[FormatBook])
    tool = response.tool
    assert isinstance(tool, FormatBook)
    assert isinstance(tool, llm.Tool)
    assert isinstance(tool, way.case.of_module("Tool"))
    assert response.tools == [tool]
    assert response.common_tools == [tool]
    assert tool.call() == "Mistborn by BS"
    assert tool.args == {"title": "Mistborn", "author": "BS"}
    assert (tool.id, tool.delta) == ("call_1", None)
    assert type(tool.tool_call).__name__ == way.case.tool_call_class
    assert way.case.id_of_call(tool.tool_call) == "call_1"
    assert response.common_finish_reasons == ["tool_calls"]
    assert response.content == ""
    assert [tool_type._name() for tool_type in response.tool_types] == ["FormatBook"]


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        (get_weather, {"city": "Oslo"}, "sunny in Oslo for 1 days"),
        (get_weather, {"city": "Oslo", "days": 3}, "sunny in Oslo for 3 days"),
        (count_books, {"shelf": 4}, 40),
        (refresh, {}, "done"),
    ],
)
async def test_a_function_as_a_tool(
    way: Way, function: Any, arguments: dict[str, Any], result: Any
) -> None:
    way.box.reply(ToolCall(function.__name__, arguments))
    tool = (await way.ask("Hi", tools=[function])).tool
    assert tool._name() == function.__name__
    assert inspect.isawaitable(awaitable := tool.call()) is (function is count_books)
    assert (await awaitable if inspect.isawaitable(awaitable) else awaitable) == result


async def test_an_async_tool(way: Way) -> None:
    way.box.reply(ToolCall("FindBook", {"title": "Mistborn"}))
    tool = (await way.ask("Hi", tools=[FindBook])).tool
    assert isinstance(tool, FindBook)
    assert await tool.call() == "Mistborn is on shelf 3"


async def test_a_toolkit(way: Way) -> None:
    way.box.reply(ToolCall("library_find", {"title": "Mistborn"}))
    tool = (await way.ask("Hi", tools=Library(city="Oslo").create_tools())).tool
    assert way.wire.tools(way.body)[0].description == "Find a book in Oslo."
    assert tool.call() == "Mistborn in Oslo"


async def test_text_beside_a_tool_call(way: Way) -> None:
    call = ToolCall("FormatBook", {"title": "Mistborn"}, id="call_1")
    way.box.reply(Reply(text="Let me see.", tool_calls=[call]))
    response = await way.ask("Hi", tools=[FormatBook])
    assert response.content == "Let me see."
    assert isinstance(response.tool, FormatBook)
    kinds = [part.type for part in response.common_message_param.content]
    assert kinds == ["text", "tool_call"]


async def test_no_tool_is_called(way: Way) -> None:
    way.box.reply("Hello.")
    response = await way.ask("Hi", tools=[FormatBook])
    assert (response.tools, response.tool, response.common_tools) == (None, None, None)


async def test_an_unknown_tool_is_called(way: Way) -> None:
    way.box.reply([ToolCall("Burn", {"title": "Mistborn"}), ToolCall("FormatBook", {"title": "A"})])
    way.box.reply(ToolCall("Burn", {"title": "Mistborn"}))
    some, none = [await way.ask("Hi", tools=[FormatBook]) for _ in range(2)]
    assert [tool.title for tool in some.tools] == ["A"]
    assert not none.tools
    assert none.tool is None
    assert none.common_finish_reasons == ["tool_calls"]


async def test_arguments_that_do_not_fit(way: Way) -> None:
    way.box.reply(ToolCall("FormatBook", {"author": 5}, id="call_1"))
    response = await way.ask("Hi", tools=[FormatBook])
    assert response.input_tokens
    with pytest.raises(ValidationError, match="title") as caught:
        _ = response.tool
    assert caught.value.error_count() == 2
    (part,) = response.common_message_param.content
    assert (part.name, part.args, part.id) == ("FormatBook", {"author": 5}, "call_1")
    assert response.message_param


async def test_arguments_that_are_not_json(way: Way) -> None:
    if not way.case.takes_any_arguments:
        # The protocol carries an object: it cannot be malformed without the whole body being so.
        return
    way.box.reply(ToolCall("FormatBook", '{"title": "Mist', id="call_1"))
    response = await way.ask("Hi", tools=[FormatBook])
    with pytest.raises(ValueError, match="JSON"):
        _ = response.tools
    assert response.message_param
    assert response.common_finish_reasons == ["tool_calls"]


async def test_a_refusal(way: Way) -> None:
    way.box.reply(Reply(refusal="I would rather not."))
    response = await way.ask("Hi", tools=[FormatBook])
    if way.case.has_refusals:
        assert response.content == ""
        with pytest.raises(ValueError, match=r"I would rather not\."):
            _ = response.tools
    else:
        assert response.content == "I would rather not."
        assert response.tool is None
    assert response.message_param


@pytest.mark.parametrize("tool", ["FormatBook", FormatBook(title="A"), {"name": "x"}, len])
async def test_what_is_no_tool(way: Way, tool: Any) -> None:
    with pytest.raises(TypeError, match="cannot be a tool"):
        way.decorate("Hi", tools=[tool])
    with pytest.raises(TypeError, match="cannot be a tool"):
        await way.ask(lambda: {"messages": [Messages.User("Hi")], "tools": [tool]})
    assert way.box.requests == []


# The agent loop


def ask_librarian(question: str, history: list[Any]) -> Any:
    said = [Messages.User(question)] if question else []
    return [Messages.System("You are a librarian."), *history, *said]


async def test_the_agent_loop(way: Way) -> None:
    """Two rounds of tools, the second with a text and two calls; an answer; another question."""
    find = ToolCall("FindBook", {"title": "Mistborn"}, id="call_1")
    way.box.reply(find)
    more = [
        ToolCall("count_books", {"shelf": 3}, id="call_2"),
        ToolCall("refresh", {}, id="call_3"),
    ]
    way.box.reply(Reply(text="One moment.", tool_calls=more))
    way.box.reply("Shelf 3 of 30 books.")
    way.box.reply("You are welcome.")
    call = way.decorate(ask_librarian, tools=[FindBook, count_books, refresh])
    history: list[Any] = []

    response = await way.run(call, "Where is Mistborn?", history)
    while response.tools:
        if response.user_message_param:
            history.append(response.user_message_param)
        history.append(response.message_param)
        done = [(tool, await outcome(tool)) for tool in response.tools]
        history += response.tool_message_params(done)
        response = await way.run(call, "", history)
        assert len(way.box.requests) <= 3
    assert response.content == "Shelf 3 of 30 books."
    history.append(response.message_param)
    response = await way.run(call, "Thanks!", history)
    assert response.content == "You are welcome."

    assert way.wire.system(way.body) == "You are a librarian."
    assert way.wire.turns(way.body) == [
        ("user", "Where is Mistborn?"),
        ("assistant", "One moment."),
        ("assistant", "Shelf 3 of 30 books."),
        ("user", "Thanks!"),
    ]
    assert way.wire.tool_calls(way.body) == [
        Call("call_1", "FindBook", {"title": "Mistborn"}),
        Call("call_2", "count_books", {"shelf": 3}),
        Call("call_3", "refresh", {}),
    ]
    assert way.wire.tool_results(way.body) == [
        ("call_1", "Mistborn is on shelf 3"),
        ("call_2", "30"),
        ("call_3", "done"),
    ]


async def test_the_documented_loop(way: Way) -> None:
    """As the documentation writes it: one tool, and `user_message_param` whenever there is one."""
    way.box.reply(ToolCall("FormatBook", {"title": "Mistborn"}, id="call_1"))
    call = way.decorate(lambda query, history: [*history, Messages.User(query)], tools=[FormatBook])
    history: list[Any] = []
    response = await way.run(call, "Format Mistborn", history)
    history += [response.user_message_param, response.message_param]
    history += response.tool_message_params([(response.tool, response.tool.call())])
    response = await way.run(call, "And now?", history)
    assert way.wire.tool_calls(way.body) == [Call("call_1", "FormatBook", {"title": "Mistborn"})]
    assert way.wire.tool_results(way.body) == [("call_1", "Mistborn by unknown")]
    assert way.wire.turns(way.body) == [("user", "Format Mistborn"), ("user", "And now?")]
    assert response.common_user_message_param == Messages.User("And now?")


async def test_the_history_can_move_to_another_provider(llm_way: Way, way: Way) -> None:
    """The turns that `llm.call` gives mean the same to every provider, by each decorator."""
    way.box.reply(
        Reply(text="Hm.", tool_calls=[ToolCall("FormatBook", {"title": "A"}, id="call_1")])
    )
    first = await llm_way.ask("Format A", tools=[FormatBook])
    history = [first.user_message_param, first.message_param]
    history += first.tool_message_params([(first.tool, first.tool.call())])
    assert all(isinstance(message, BaseMessageParam) for message in history)
    await way.ask(lambda: history, tools=[FormatBook])
    assert way.box.requests[1].provider == way.case.name
    assert way.wire.tool_calls(way.body) == [Call("call_1", "FormatBook", {"title": "A"})]
    assert way.wire.tool_results(way.body) == [("call_1", "A by unknown")]
    assert way.wire.turns(way.body) == [("user", "Format A"), ("assistant", "Hm.")]


OUTPUTS = [
    ("text", "text"),
    (None, "null"),
    (3, "3"),
    (True, "true"),
    ([1, "a"], '[1,"a"]'),
    ({"a": 1}, '{"a":1}'),
    (b"abc", "YWJj"),
    (FormatBook(title="A"), '{"title":"A","author":"unknown"}'),
]


async def test_what_a_tool_may_give(way: Way) -> None:
    calls = [ToolCall("refresh", {}, id=f"call_{n}") for n in range(len(OUTPUTS))]
    way.box.reply(calls)
    response = await way.ask("Hi", tools=[refresh])
    given = [output for output, _ in OUTPUTS]
    results = response.tool_message_params(list(zip(response.tools, given, strict=True)))
    history = [response.user_message_param, response.message_param, *results]
    await way.ask(lambda: history, tools=[refresh])
    expected = [(f"call_{n}", text) for n, (_, text) in enumerate(OUTPUTS)]
    sent = [(id, text.replace(", ", ",").replace(": ", ":")) for id, text in tool_results(way)]
    assert sent == expected
    with pytest.raises(TypeError, match="object"):
        response.tool_message_params([(response.tool, object())])


def tool_results(way: Way) -> list[tuple[str, str]]:
    return way.wire.tool_results(way.body)


async def test_after_a_tool_the_last_message_is_not_the_users(way: Way) -> None:
    way.box.reply(ToolCall("refresh", {}, id="call_1"))
    first = await way.ask("Hi", tools=[refresh])
    history = [first.user_message_param, first.message_param]
    history += first.tool_message_params([(first.tool, "done")])
    response = await way.ask(lambda: history)
    assert response.user_message_param is None
    assert response.common_user_message_param is None
    stream = await way.ask(lambda: history, stream=True)
    assert stream.user_message_param is None


async def test_a_failed_tool_can_tell_the_model(way: Way) -> None:
    way.box.reply(ToolCall("FormatBook", {}, id="call_1"))
    response = await way.ask("Hi", tools=[FormatBook])
    with pytest.raises(ValidationError) as caught:
        _ = response.tool
    result = llm_result(str(caught.value), "call_1")
    history = [response.user_message_param, response.message_param, result]
    await way.ask(lambda: history, tools=[FormatBook])
    ((call_id, text),) = tool_results(way)
    assert call_id == "call_1"
    assert "title" in text


def llm_result(text: str, call_id: str) -> BaseMessageParam:
    part = ToolResultPart(type="tool_result", name="", content=text, id=call_id, is_error=True)
    return BaseMessageParam(role="tool", content=[part])
