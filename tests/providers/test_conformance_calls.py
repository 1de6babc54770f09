"""Calls that answer with a text: what is sent for each kind of prompt, and what comes back."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mirascope import BaseMessageParam, Messages, TextPart, llm
from mirascope.core.base import BaseCallResponse, ImagePart, ImageURLPart, Usage
from mirascope.sandbox import Usage as Reported

from .cases import Way

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
PNG_URL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg=="
HISTORY = [("user", "Hi"), ("assistant", "Hello!"), ("user", "Recommend a fantasy book")]


def recommend(genre: str) -> Any:
    """Recommend a book."""
    return f"Recommend a {genre} book"


async def test_a_text(way: Way) -> None:
    way.box.reply("Mistborn", usage=Reported(input=1000, output=500, cached=0))
    before = time.time() * 1000
    response = await way.ask(recommend, "fantasy")
    assert way.body == way.wire.text_body(way.case.model, "Recommend a fantasy book", stream=False)
    assert len(way.box.requests) == 1
    assert response.content == str(response) == "Mistborn"
    assert response.model == way.case.model
    assert response.id == way.case.id_of(response.response)
    assert response.provider == way.case.name
    assert (response.input_tokens, response.output_tokens) == (1000, 500)
    assert response.cost == pytest.approx(way.case.cost)
    assert response.fn_args == {"genre": "fantasy"}
    assert (response.tools, response.tool, response.tool_types) == (None, None, None)
    assert response.call_params == {}
    assert response.metadata == {}
    assert response.prompt_template is None
    assert before <= response.start_time <= response.end_time <= time.time() * 1000


async def test_the_classes_of_a_response(way: Way) -> None:
    response = await way.ask("Recommend a book")
    own = way.case.of_module("CallResponse")
    assert isinstance(response, BaseCallResponse)
    assert isinstance(response, llm.CallResponse if way.agnostic else own)
    assert isinstance(response, own) is not way.agnostic
    assert way.case.is_native(response.response)
    assert isinstance(response.usage, Usage) is way.agnostic
    assert isinstance(response.common_usage, Usage)
    if way.agnostic:
        assert isinstance(response._response, own)


async def test_the_messages_of_a_response(way: Way) -> None:
    way.box.reply("Mistborn")
    response = await way.ask("Recommend a book")
    asked = BaseMessageParam(role="user", content="Recommend a book")
    said = BaseMessageParam(role="assistant", content="Mistborn")
    assert response.common_user_message_param == asked
    assert response.common_message_param == said
    assert response.common_messages == [asked]
    if way.agnostic:
        assert (response.user_message_param, response.message_param) == (asked, said)
        assert response.messages == [asked]
    else:
        assert way.wire.native_text(response.message_param) == "Mistborn"
        sent = way.wire.messages(way.body)
        assert way.wire.plain(response.user_message_param) == sent[0]
        assert [way.wire.plain(message) for message in response.messages] == sent


@pytest.mark.parametrize("common", ["stop", "length", "content_filter"])
async def test_finish_reasons(way: Way, common: str) -> None:
    if common not in way.wire.finish_reasons:
        return
    way.box.reply("Well.", finish_reason=common)
    response = await way.ask("Hi")
    assert response.common_finish_reasons == [common]
    expected = common if way.agnostic else way.wire.finish_reasons[common]
    assert response.finish_reasons == [expected]


async def test_cached_tokens(way: Way) -> None:
    way.box.reply("Mistborn", usage=Reported(input=100, output=5, cached=60))
    way.box.reply("Mistborn", usage=Reported(input=100, output=5))
    cached, uncached = await way.ask("Hi"), await way.ask("Hi")
    assert cached.cached_tokens == 60
    assert not uncached.cached_tokens
    assert 0 < cached.cost <= uncached.cost
    assert (cached.cost < uncached.cost) is way.case.has_cache_price


async def test_a_dump(way: Way) -> None:
    way.box.reply("Mistborn")
    response = await way.ask(lambda: [TextPart(text="What is it?"), image()])
    dumped = response.model_dump()
    assert dumped["content"] == "Mistborn"
    assert dumped["model"] == way.case.model
    assert '"content":"Mistborn"' in response.model_dump_json()
    assert "Mistborn" in repr(response)
    assert len(way.box.requests) == 1


# Prompts


def image(detail: str | None = None) -> ImagePart:
    return ImagePart(type="image", media_type="image/png", image=PNG, detail=detail)


PROMPTS: dict[str, Any] = {
    "text": lambda genre: f"Recommend a {genre} book",
    "list of texts": lambda genre: [f"Recommend a {genre} ", "book"],
    "messages": lambda genre: [Messages.User(f"Recommend a {genre} book")],
    "one message": lambda genre: Messages.User(f"Recommend a {genre} book"),
    "message params": lambda genre: [
        BaseMessageParam(role="user", content=f"Recommend a {genre} book")
    ],
    "config": lambda genre: {"messages": [Messages.User(f"Recommend a {genre} book")]},
}


@pytest.mark.parametrize("style", PROMPTS)
async def test_each_style_of_a_prompt(way: Way, style: str) -> None:
    response = await way.ask(PROMPTS[style], "fantasy")
    assert way.wire.turns(way.body) == [("user", "Recommend a fantasy book")]
    assert way.wire.system(way.body) is None
    assert "Recommend a fantasy" in response.content


async def test_a_template(way: Way) -> None:
    response = await way.ask(
        lambda genre: None, "fantasy {braces}", template="Recommend a {genre} book"
    )
    assert way.wire.turns(way.body) == [("user", "Recommend a fantasy {braces} book")]
    assert response.prompt_template == "Recommend a {genre} book"


TEMPLATE = """
SYSTEM: You are a librarian.
MESSAGES: {history}
USER: Recommend a {genre} book
"""


def with_history(genre: str, history: list[Any]) -> Any:
    system = Messages.System("You are a librarian.")
    return [system, *history, Messages.User(f"Recommend a {genre} book")]


@pytest.mark.parametrize("style", ["messages", "template"])
async def test_system_message_and_history(way: Way, style: str) -> None:
    history = [Messages.User("Hi"), Messages.Assistant("Hello!")]
    if style == "messages":
        response = await way.ask(with_history, "fantasy", history)
    else:
        response = await way.ask(lambda genre, history: None, "fantasy", history, template=TEMPLATE)
    assert way.wire.system(way.body) == "You are a librarian."
    assert way.wire.turns(way.body) == HISTORY
    expected = [BaseMessageParam(role=role, content=text) for role, text in HISTORY]
    assert response.common_user_message_param == expected[-1]
    assert response.common_messages == [Messages.System("You are a librarian."), *expected]


async def test_several_system_messages_are_all_sent(way: Way) -> None:
    await way.ask(lambda: [Messages.System("One."), Messages.System("Two."), Messages.User("Hi")])
    assert way.wire.system(way.body) == "One.\n\nTwo."
    assert way.wire.turns(way.body) == [("user", "Hi")]


async def test_the_providers_own_messages(way: Way) -> None:
    history = way.wire.native_history
    before = repr(history)
    response = await way.ask(lambda: list(history), json_mode=True)
    assert way.wire.messages(way.body)[: len(history) - 1] == history[:-1]
    assert way.wire.images(way.body) == [way.wire.image_url]
    assert repr(history) == before
    assert response.common_messages[-1].role == "user"
    parts = response.common_messages[-1].content
    assert parts == [
        TextPart(type="text", text="Sure?"),
        ImageURLPart(type="image_url", url=way.wire.image_url, detail=None),
    ]


async def test_the_providers_own_messages_go_unchanged(way: Way) -> None:
    history = way.wire.native_history
    await way.ask(lambda: {"messages": history})
    assert way.wire.messages(way.body) == history


@pytest.mark.parametrize("style", ["parts", "template"])
async def test_images(way: Way, style: str) -> None:
    url = way.wire.image_url
    if style == "parts":
        part = ImageURLPart(type="image_url", url=url, detail=None)
        await way.ask(lambda: Messages.User(["What are these?", part, image()]))
    elif not url.startswith("http"):
        # A template takes no other address.
        return
    else:
        template = "What are these? {url:image} {data:image}"
        await way.ask(lambda url, data: None, url, PNG, template=template)
    assert way.wire.images(way.body) == [url, PNG_URL]
    assert way.wire.turns(way.body) == [("user", "What are these?")]


async def test_an_unknown_kind_of_image_is_refused_before_anything_is_sent(way: Way) -> None:
    part = ImagePart(type="image", media_type="image/tiff", image=b"II*", detail=None)
    with pytest.raises(ValueError, match=r"image/tiff.*image/png"):
        await way.ask(lambda: Messages.User(["What is it?", part]))
    assert way.box.requests == []


@pytest.mark.parametrize("nothing", [None, [], {"messages": []}, {"call_params": {}}])
async def test_no_prompt_is_an_error_before_anything_is_sent(way: Way, nothing: Any) -> None:
    with pytest.raises(ValueError, match="No prompt template set!"):
        await way.ask(lambda: nothing)
    assert way.box.requests == []


async def test_wrong_arguments_are_a_type_error(way: Way) -> None:
    call = way.decorate(recommend)
    with pytest.raises(TypeError, match="genre"):
        await way.run(call)
    with pytest.raises(TypeError, match="too many"):
        await way.run(call, "fantasy", "sad")
    assert way.box.requests == []


async def test_the_decorated_function_keeps_its_face(way: Way) -> None:
    call = way.decorate(recommend)
    assert (call.__name__, call.__doc__) == ("recommend", "Recommend a book.")
    assert call.__mirascope_call__ is True


async def test_a_method(way: Way) -> None:
    class Librarian:
        genre = "fantasy"

        recommend = way.decorate(lambda self: f"Recommend a {self.genre} book")

    librarian = Librarian()
    response = await way.run(librarian.recommend)
    assert way.wire.turns(way.body) == [("user", "Recommend a fantasy book")]
    assert response.fn_args == {"self": librarian}


# What a response is parsed with


async def test_an_output_parser(way: Way) -> None:
    seen: list[Any] = []

    def shout(response: Any) -> str:
        seen.append(response)
        return response.content.upper()

    way.box.reply("Mistborn")
    assert await way.ask("Recommend a book", output_parser=shout) == "MISTBORN"
    assert isinstance(seen[0], llm.CallResponse) is way.agnostic


async def test_an_output_parser_goes_with_no_stream(way: Way) -> None:
    with pytest.raises(ValueError, match=r"`output_parser`.*`stream=True`"):
        way.decorator(stream=True, output_parser=str)


async def test_json_mode(way: Way) -> None:
    way.box.reply('{"title": "Mistborn"}')
    response = await way.ask("Recommend a book", json_mode=True)
    for key, value in way.wire.json_flag.items():
        assert way.body[key] == value
    turns = way.wire.turns(way.body)
    assert turns[0][1].startswith("Recommend a book")
    assert "JSON" in turns[-1][1]
    assert response.content == '{"title": "Mistborn"}'
    assert response.common_user_message_param.content == "Recommend a book"
