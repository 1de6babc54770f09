"""`BasePrompt`, `merge_decorators` and `FromCallArgs`."""

from __future__ import annotations

import asyncio
import functools
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ConfigDict, computed_field

from mirascope.core.base._media_policy import MediaPolicy
from mirascope.core.base._prompt_function import Prompt, prompt_function
from mirascope.core.base.dynamic_config import BaseDynamicConfig
from mirascope.core.base.from_call_args import FromCallArgs
from mirascope.core.base.merge_decorators import merge_decorators
from mirascope.core.base.message_param import BaseMessageParam, ImageURLPart
from mirascope.core.base.metadata import metadata
from mirascope.core.base.prompt import BasePrompt, prompt_template


def call(fn: Any) -> Any:
    """A call decorator that gives what would be sent."""
    function = prompt_function(fn)

    @functools.wraps(fn)
    def sync(*args: Any, **kwargs: Any) -> Prompt:
        result = function.fn(*args, **kwargs)
        return function.interpret(result, function.bind(args, kwargs))

    @functools.wraps(fn)
    async def not_sync(*args: Any, **kwargs: Any) -> Prompt:
        result = await function.fn(*args, **kwargs)
        return function.interpret(result, function.bind(args, kwargs))

    return not_sync if function.is_async else sync


@metadata({"tags": {"version:1"}})
@prompt_template("SYSTEM: You are a librarian.\nUSER: Recommend a {genre} book")
class Recommend(BasePrompt):
    genre: str


def test_str_is_the_template_filled_in_with_its_keywords() -> None:
    filled = "SYSTEM: You are a librarian.\nUSER: Recommend a fantasy book"
    assert str(Recommend(genre="fantasy")) == filled


def test_message_params() -> None:
    assert Recommend(genre="fantasy").message_params() == [
        BaseMessageParam(role="system", content="You are a librarian."),
        BaseMessageParam(role="user", content="Recommend a fantasy book"),
    ]


def test_dump() -> None:
    prompt = Recommend(genre="fantasy")
    assert prompt.dump() == {
        "metadata": {"tags": {"version:1"}},
        "prompt": str(prompt),
        "template": "SYSTEM: You are a librarian.\nUSER: Recommend a {genre} book",
        "inputs": {"genre": "fantasy"},
    }


def test_run() -> None:
    prompt = Recommend(genre="fantasy")
    sent = prompt.run(call)
    assert sent.messages == prompt.message_params()
    assert sent.fn_args == {"genre": "fantasy"}
    assert sent.template == prompt.dump()["template"]
    assert sent.metadata == {"tags": {"version:1"}}
    assert sent.dynamic_config is None


def test_run_async() -> None:
    prompt = Recommend(genre="fantasy")
    assert asyncio.run(prompt.run_async(call)) == prompt.run(call)


def test_further_decorators_go_around_the_call() -> None:
    order: list[str] = []

    def noting(name: str) -> Any:
        def decorate(fn: Any) -> Any:
            @functools.wraps(fn)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                order.append(name)
                return fn(*args, **kwargs)

            return wrapper

        return decorate

    Recommend(genre="x").run(call, noting("inner"), noting("outer"))
    assert order == ["outer", "inner"]


class Configured(BasePrompt):
    prompt_template: ClassVar[str] = "{genre} {shout} {room} {self.genre} {kept}"
    genre: str
    calls: ClassVar[list[str]] = []

    @property
    def shout(self) -> str:
        return self.genre.upper()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def room(self) -> int:
        return 7

    @cached_property
    def kept(self) -> str:
        return "kept"

    @property
    def unused(self) -> str:
        raise AssertionError("a property that the template does not use is not evaluated")

    def dynamic_config(self) -> BaseDynamicConfig:
        return {
            "call_params": {"temperature": 0},
            "tools": [print],
            "metadata": {"tags": {"dynamic"}},
            "computed_fields": {"shout": "COMPUTED"},
        }


def test_a_dynamic_config_is_honoured_in_full() -> None:
    sent = Configured(genre="x").run(call)
    assert sent.messages == [BaseMessageParam(role="user", content="x COMPUTED 7 x kept")]
    assert sent.call_params == {"temperature": 0}
    assert sent.tools == [print]
    assert sent.metadata == {"tags": {"dynamic"}}
    assert str(Configured(genre="x")) == "x COMPUTED 7 x kept"


def test_messages_of_a_dynamic_config_replace_the_template() -> None:
    class Own(BasePrompt):
        x: str

        def dynamic_config(self) -> BaseDynamicConfig:
            return {"messages": [BaseMessageParam(role="user", content=self.x)]}

    assert Own(x="hi").message_params() == [BaseMessageParam(role="user", content="hi")]


def test_a_docstring_template(monkeypatch: pytest.MonkeyPatch) -> None:
    class Documented(BasePrompt):
        """Recommend a {genre} book"""

        genre: str

    with pytest.raises(ValueError, match="No prompt template set!"):
        Documented(genre="x").message_params()
    monkeypatch.setenv("MIRASCOPE_DOCSTRING_PROMPT_TEMPLATE", "ENABLED")
    assert str(Documented(genre="x")) == "Recommend a x book"
    assert Documented(genre="x").message_params()[0].content == "Recommend a x book"


def test_a_property_may_stand_in_a_format_spec() -> None:
    @prompt_template("{title:>{width}}|")
    class Aligned(BasePrompt):
        title: str

        @computed_field  # type: ignore[prop-decorator]
        @property
        def width(self) -> int:
            return 2 * len(self.title)

    assert str(Aligned(title="ab")) == "  ab|"
    assert Aligned(title="ab").message_params()[0].content == "  ab|"
    assert Aligned(title="ab").run(call).fn_args == {"title": "ab", "width": 4}


def test_further_fields_are_variables_where_a_class_allows_them() -> None:
    @prompt_template("{title} by {author}")
    class Open(BasePrompt):
        model_config = ConfigDict(extra="allow")
        title: str

    prompt = Open.model_validate({"title": "Emma", "author": "Austen"})
    assert str(prompt) == prompt.message_params()[0].content == "Emma by Austen"


def test_the_text_heeds_the_media_policy_of_the_config(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")

    @prompt_template("See {path:image}")
    class See(BasePrompt):
        path: str
        trusted: bool

        def dynamic_config(self) -> BaseDynamicConfig:
            return {"media_policy": MediaPolicy(allow_local_paths=self.trusted)}

    assert str(See(path=str(path), trusted=True)) == "See [image]"
    with pytest.raises(ValueError, match="media policy"):
        str(See(path=str(path), trusted=False))


def test_an_unknown_variable_names_the_class() -> None:
    @prompt_template("{nope}")
    class Wrong(BasePrompt):
        genre: str

    with pytest.raises(KeyError, match=r"`Wrong`.*`nope`.*`genre`"):
        str(Wrong(genre="x"))


def test_parts_in_a_text() -> None:
    @prompt_template("See {url:image} {:cache_control}")
    class See(BasePrompt):
        url: str

    see = See(url="https://a.b/c.png")
    assert str(see) == "See https://a.b/c.png [cache_control]"
    assert isinstance(see.message_params()[0].content[1], ImageURLPart)


def test_a_template_on_a_class_is_parsed_when_decorated() -> None:
    with pytest.raises(ValueError, match="`Recommend`"):
        prompt_template("{")(Recommend)


def test_merge_decorators() -> None:
    def around(name: str) -> Any:
        def decorate(fn: Any) -> Any:
            def wrapper(*args: Any) -> str:
                return f"{name}({fn(*args)})"

            return wrapper

        return decorate

    merged = merge_decorators(around("a"), around("b"), around("c"))

    @merged()
    def say(x: str) -> str:
        """Say it."""
        return x

    assert say("x") == "a(b(c(x)))"
    assert (say.__name__, say.__doc__) == ("say", "Say it.")


def test_merge_decorators_keeps_async() -> None:
    merged = merge_decorators(call, prompt_template("hi {x}"))

    @merged()
    async def say(x: str) -> None: ...

    assert asyncio.run(say("Ann")).messages[0].content == "hi Ann"


def test_from_call_args_is_a_marker() -> None:
    assert FromCallArgs() == FromCallArgs()
