"""`call_factory`: what a caller sees of a provider that is written the way Mirascope v1 had it."""

from __future__ import annotations

import asyncio
import inspect
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ValidationError

from mirascope import BaseTool, Messages, prompt_template
from mirascope.core import FromCallArgs, metadata
from mirascope.core.base import BaseStructuredStream, Usage, call_factory

from .parrot import (
    Answer,
    Call,
    Client,
    ParrotCallResponse,
    ParrotCallResponseChunk,
    ParrotStream,
    ParrotTool,
    parrot_call,
)


class Book(BaseModel):
    """A book."""

    title: str
    pages: int


class FormatBook(BaseTool):
    """Formats a book."""

    title: str

    def call(self) -> str:
        return self.title.upper()


def shelf(number: int) -> str:
    """Looks at a shelf.

    Args:
        number: Which one.
    """
    return f"shelf {number}"


class Way:
    """Calls, sync or async."""

    def __init__(self, is_async: bool) -> None:
        self.is_async = is_async

    def ask(self, prompt: Any, *args: Any, above: Any = lambda fn: fn, **options: Any) -> Any:
        function = prompt if callable(prompt) else lambda: prompt
        if not self.is_async:
            return parrot_call("parrot-1", **options)(above(function))(*args)

        async def ask(*args: Any) -> Any:
            return function(*args)

        ask.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
        awaitable = parrot_call("parrot-1", **options)(above(ask))(*args)
        return asyncio.run(awaitable)

    def items(self, stream: Any) -> list[Any]:
        async def gather() -> list[Any]:
            return [item async for item in stream]

        return asyncio.run(gather()) if self.is_async else list(stream)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


def test_a_text(way: Way) -> None:
    client = Client(Answer("Mistborn"))
    response = way.ask(
        lambda genre: f"Recommend a {genre} book",
        "fantasy",
        client=client,
        above=metadata({"tags": {"a"}}),
    )
    said = {"role": "user", "says": "Recommend a fantasy book"}
    assert client.sent == [{"model": "parrot-1", "messages": [said], "volume": 3}]
    assert type(response) is ParrotCallResponse
    assert (response.content, str(response)) == ("Mistborn", "Mistborn")
    assert response.response == Answer("Mistborn")
    assert (response.model, response.id) == ("parrot-1-exact", "answer-1")
    assert response.finish_reasons == ["END"]
    assert response.common_finish_reasons == ["stop"]
    assert response.fn_args == {"genre": "fantasy"}
    assert response.messages == [said]
    assert response.user_message_param == said
    assert response.common_user_message_param == Messages.User("Recommend a fantasy book")
    assert response.common_messages == [Messages.User("Recommend a fantasy book")]
    assert response.message_param == {"role": "assistant", "says": "Mistborn"}
    assert response.metadata == {"tags": {"a"}}
    assert response.call_params == {"volume": 3}
    assert 0 < response.start_time <= response.end_time


def test_a_name_without_prices_costs_nothing_known_and_breaks_nothing(way: Way) -> None:
    response = way.ask("Hi", client=Client(Answer("Hello")))
    assert (response.provider, response.cost) == ("parrot", None)
    assert response.common_usage == Usage(
        input_tokens=3, cached_tokens=0, output_tokens=5, total_tokens=8
    )
    dumped = response.model_dump()
    assert (dumped["content"], dumped["input_tokens"], dumped["cost"]) == ("Hello", 3, None)
    assert '"content":"Hello"' in response.model_dump_json()
    assert "Hello" in repr(response)
    response.note = "kept"
    assert response.note == "kept"


def test_templates_and_dynamic_configs(way: Way) -> None:
    client = Client(*[Answer("Fine")] * 2)
    response = way.ask(
        lambda genre: {"computed_fields": {"genre": genre.upper()}, "call_params": {"volume": 9}},
        "fantasy",
        above=prompt_template("SYSTEM: Be brief.\nUSER: A {genre} book"),
        client=client,
        call_params={"volume": 5, "pitch": 1},
    )
    assert client.sent[0]["messages"] == [
        {"role": "system", "says": "Be brief."},
        {"role": "user", "says": "A FANTASY book"},
    ]
    assert (client.sent[0]["volume"], client.sent[0]["pitch"]) == (9, 1)
    assert response.prompt_template == "SYSTEM: Be brief.\nUSER: A {genre} book"
    assert response.call_params == {"volume": 5, "pitch": 1}
    given = {"messages": [Messages.User("Hi")], "client": client, "tools": [FormatBook]}
    response = way.ask(lambda: given, client=Client())
    assert client.sent[1]["tools"][0]["name"] == "FormatBook"
    assert response.dynamic_config["client"] is client


def test_tools(way: Way) -> None:
    calls = [Call("FormatBook", '{"title": "Dune"}'), Call("shelf", '{"number": 4}', "call_2")]
    client = Client(Answer(calls=calls, reason="CALL"))
    response = way.ask("Hi", client=client, tools=[FormatBook, shelf])
    assert client.sent[0]["tools"] == [
        {"name": "FormatBook", "about": "Formats a book.", "fields": {"title": {"type": "string"}}},
        {
            "name": "shelf",
            "about": "Looks at a shelf.",
            "fields": {"number": {"type": "integer", "description": "Which one."}},
        },
    ]
    book, look = response.tools
    assert isinstance(book, FormatBook)
    assert isinstance(book, ParrotTool)
    assert (book.call(), look.call()) == ("DUNE", "shelf 4")
    assert book.args == {"title": "Dune"}
    assert book.tool_call == calls[0]
    assert response.tool == book
    assert response.common_tools == [book, look]
    assert response.tool_message_params([(book, {"a": 1}), (look, 3)]) == [
        {"role": "tool", "says": '{"a": 1}'},
        {"role": "tool", "says": "3"},
    ]


@pytest.mark.parametrize("json_mode", [False, True])
def test_response_models(way: Way, json_mode: bool) -> None:
    text = '{"title": "Dune", "pages": 412}'
    answer = Answer(f"```json\n{text}\n```") if json_mode else Answer(calls=[Call("Book", text)])
    client = Client(answer)
    book = way.ask("Hi", client=client, response_model=Book, json_mode=json_mode)
    assert book == Book(title="Dune", pages=412)
    assert type(book._response) is ParrotCallResponse
    if json_mode:
        assert "tools" not in client.sent[0]
        assert client.sent[0]["messages"][-1]["says"] == "JSON only."
    else:
        (tool,) = client.sent[0]["tools"]
        assert (tool["name"], list(tool["fields"])) == ("Book", ["title", "pages"])


def test_response_models_of_other_kinds(way: Way) -> None:
    class Shelved(Book):
        genre: str

    client = Client(
        Answer(calls=[Call("list", '{"value": ["Dune"]}')]),
        Answer('{"title": "Dune", "pages": 1}'),
        Answer(calls=[Call("FormatBook", '{"title": "Dune"}')]),
        Answer("Nothing."),
        Answer(calls=[Call("Book", '{"title": "Dune"}')]),
    )
    assert way.ask("Hi", client=client, response_model=list[str]) == ["Dune"]
    options: dict[str, Any] = {"client": client, "response_model": Book, "tools": [FormatBook]}
    assert way.ask("Hi", **options) == Book(title="Dune", pages=1)
    assert [tool["name"] for tool in client.sent[-1]["tools"]] == ["FormatBook"]
    assert way.ask("Hi", **options).tool.call() == "DUNE"
    with pytest.raises(ValueError, match="JSON") as caught:
        way.ask("Hi", client=client, response_model=Book)
    assert caught.value._response.content == "Nothing."  # type: ignore[attr-defined]
    with pytest.raises(ValidationError, match="pages"):
        way.ask("Hi", client=client, response_model=Book)


def test_output_parsers(way: Way) -> None:
    client = Client(Answer("Dune"), Answer(calls=[Call("Book", '{"title": "D", "pages": 1}')]))
    assert way.ask("Hi", client=client, output_parser=lambda r: r.content.lower()) == "dune"
    parsed = way.ask("Hi", client=client, response_model=Book, output_parser=lambda b: b.pages)
    assert parsed == 1
    with pytest.raises(ValueError, match="output_parser"):
        parrot_call("parrot-1", stream=True, output_parser=str)


def test_a_stream(way: Way) -> None:
    client = Client(Answer("The Name of the Wind", reason="FULL"))
    stream = way.ask(lambda genre: f"A {genre} book", "fantasy", client=client, stream=True)
    assert client.sent == []
    assert isinstance(stream, ParrotStream)
    assert type(stream).__name__ == "ParrotStream"
    with pytest.raises(ValueError, match="has been consumed"):
        stream.construct_call_response()
    items = way.items(stream)
    assert len(client.sent) == 1
    assert {type(chunk) for chunk, _ in items} == {ParrotCallResponseChunk}
    assert "".join(chunk.content for chunk, _ in items) == stream.content
    assert stream.content == "The Name of the Wind "
    assert (stream.model, stream.id, stream.provider) == ("parrot-1-exact", "answer-1", "parrot")
    assert (stream.input_tokens, stream.output_tokens, stream.cost) == (3, 5, None)
    assert stream.finish_reasons == ["FULL"]
    assert stream.common_finish_reasons == ["length"]
    assert stream.message_param["says"] == stream.content
    assert stream.user_message_param == {"role": "user", "says": "A fantasy book"}
    assert 0 < stream.start_time <= stream.end_time
    assert (items[0][0].cost, items[0][0].provider) == (None, "parrot")
    assert items[-1][0].common_usage.total_tokens == 8
    response = stream.construct_call_response()
    assert type(response) is stream.call_response_type is ParrotCallResponse
    assert (response.content, response.fn_args) == (stream.content, {"genre": "fantasy"})
    assert way.items(stream) == []


def test_tools_in_a_stream(way: Way) -> None:
    calls = [Call("FormatBook", '{"title": "Dune"}'), Call("FormatBook", '{"title": "Ubik"}')]
    client = Client(Answer("Well.", calls=calls, reason="CALL"))
    stream = way.ask("Hi", client=client, tools=[FormatBook], stream=True)
    tools = [tool for _, tool in way.items(stream) if tool is not None]
    assert [tool.call() for tool in tools] == ["DUNE", "UBIK"]
    assert stream.message_param["calls"] == calls
    assert len(stream.construct_call_response().tools) == 2


@pytest.mark.parametrize("json_mode", [False, True])
def test_a_structured_stream(way: Way, json_mode: bool) -> None:
    text = '{"title": "The Name of the Wind", "pages": 662}'
    answer = Answer(text) if json_mode else Answer(calls=[Call("Book", text)])
    stream = way.ask(
        "Hi", client=Client(answer), response_model=Book, json_mode=json_mode, stream=True
    )
    assert isinstance(stream, BaseStructuredStream)
    *partial, last = way.items(stream)
    assert (
        last == stream.constructed_response_model == Book(title="The Name of the Wind", pages=662)
    )
    assert partial
    assert all(isinstance(book, Book) for book in partial)
    if json_mode:
        assert next(book.title for book in partial if book.title) == "The "
        assert partial[0].pages is None
    assert type(last._response) is ParrotCallResponse


def test_fields_from_the_call(way: Way) -> None:
    class Shelved(BaseModel):
        title: str
        genre: Annotated[str, FromCallArgs()]

    client = Client(Answer(calls=[Call("Shelved", '{"title": "Dune"}')]))
    book = way.ask(lambda genre: f"A {genre} book", "sf", client=client, response_model=Shelved)
    assert (book.title, book.genre) == ("Dune", "sf")
    assert list(client.sent[0]["tools"][0]["fields"]) == ["title"]


def test_errors_reach_the_caller_as_they_are(way: Way) -> None:
    client = Client(ConnectionError("no"), ConnectionError("no"))
    with pytest.raises(ConnectionError, match="no"):
        way.ask("Hi", client=client)
    stream = way.ask("Hi", client=client, stream=True)
    with pytest.raises(ConnectionError, match="no"):
        way.items(stream)


def test_a_stream_that_is_left_early_closes_what_it_opened(way: Way) -> None:
    client = Client(Answer("The Name of the Wind"))
    stream = way.ask("Hi", client=client, stream=True)
    if way.is_async:

        async def leave() -> None:
            async with stream:
                async for _ in stream:
                    break

        asyncio.run(leave())
    else:
        with stream:
            for _ in stream:
                break
    assert client.closed == 1
    assert stream.content == "The "


def test_the_function_keeps_its_face() -> None:
    @parrot_call("parrot-1", client=Client())
    async def ask(genre: str) -> str:
        """Ask for a book."""
        return genre

    assert (ask.__name__, ask.__doc__) == ("ask", "Ask for a book.")
    assert inspect.iscoroutinefunction(ask)
    assert vars(ask)["__mirascope_call__"] is True
    assert vars(ask)["_model"] == "parrot-1"


def test_both_paths_give_the_function() -> None:
    from mirascope.core import base
    from mirascope.core.base.call_factory import call_factory as by_module

    assert base.call_factory is by_module is call_factory
