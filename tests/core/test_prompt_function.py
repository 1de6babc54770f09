"""Prompt functions: what they may return, how arguments are bound, what a dynamic config sets."""

from __future__ import annotations

import asyncio
import functools
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from mirascope.core.base._prompt_function import Prompt, PromptFunction, prompt_function
from mirascope.core.base.message_param import BaseMessageParam, ImageURLPart, TextPart
from mirascope.core.base.messages import Messages
from mirascope.core.base.metadata import metadata
from mirascope.core.base.prompt import prompt_template

HI = BaseMessageParam(role="user", content="hi")


class NativeMessage(BaseModel):
    role: str = "user"


def alone(result: Any) -> Any:
    @prompt_template()
    def ask() -> Any:
        return result

    return ask()


def prompt_of(fn: Any, *args: Any, **kwargs: Any) -> Prompt:
    function = prompt_function(fn)
    result = function.fn(*args, **kwargs)
    return function.interpret(result, function.bind(args, kwargs))


# What a prompt function may return


@pytest.mark.parametrize("text", ["hi", ""])
def test_a_text_is_one_user_message(text: str) -> None:
    assert alone(text) == [BaseMessageParam(role="user", content=text)]


@pytest.mark.parametrize("kind", [list, tuple])
def test_texts_are_the_parts_of_one_user_message(kind: Any) -> None:
    parts = [TextPart(text="a"), TextPart(text="b")]
    assert alone(kind(["a", "b"])) == [BaseMessageParam(role="user", content=parts)]


def test_parts_alone_are_one_user_message_too() -> None:
    parts = [TextPart(text="a"), ImageURLPart(url="https://a.b/c.png")]
    assert alone(parts) == [BaseMessageParam(role="user", content=parts)]
    assert alone(parts[1]) == [BaseMessageParam(role="user", content=[parts[1]])]


def test_messages_of_any_form_are_used_unchanged() -> None:
    native = [{"role": "user"}, NativeMessage(), SimpleNamespace(role="user"), HI]
    rendered = alone(native)
    assert all(one is other for one, other in zip(rendered, native, strict=True))
    assert alone(HI) == [HI]
    assert alone(native[1]) == [native[1]]


def test_a_dict_and_none_are_given_back() -> None:
    config = {"messages": [HI]}
    assert alone(config) is config
    assert alone({}) == {}
    assert alone(None) is None
    assert alone([]) == []


@pytest.mark.parametrize("result", [["a", HI], [HI, "a"], [HI, TextPart(text="a")], [HI, 3], [3]])
def test_a_list_of_texts_and_messages_is_refused(result: Any) -> None:
    with pytest.raises(ValueError, match=r"Invalid message sequence type: .*Messages\.User"):
        alone(result)


@pytest.mark.parametrize("result", [b"bytes", 3, object(), {"a"}])
def test_anything_else_is_refused(result: Any) -> None:
    with pytest.raises(ValueError, match=r"`ask` returned a .*return a `str`"):
        alone(result)


def test_messages_by_hand() -> None:
    assert Messages.System("a") == BaseMessageParam(role="system", content="a")
    assert Messages.Assistant(["a"]) == BaseMessageParam(
        role="assistant", content=[TextPart(text="a")]
    )
    assert Messages.User("hi") == HI
    with pytest.raises(ValueError, match="A message cannot hold a `int`"):
        Messages.User(["a", 3])  # type: ignore[list-item]


# With a template


def test_a_template_is_rendered_with_the_arguments() -> None:
    @prompt_template("Recommend {count} {genre} books")
    def recommend(genre: str, count: int = 3) -> None: ...

    assert recommend("fantasy")[0].content == "Recommend 3 fantasy books"
    assert recommend(count=1, genre="x")[0].content == "Recommend 1 x books"
    with pytest.raises(TypeError, match="genre"):
        recommend()  # type: ignore[call-arg]


def test_computed_fields_feed_the_template_and_win() -> None:
    @prompt_template("{genre} {shelf}")
    def recommend(genre: str) -> Any:
        return {"computed_fields": {"genre": genre.upper(), "shelf": 1}}

    assert recommend("fantasy")[0].content == "FANTASY 1"
    assert prompt_of(recommend, "fantasy").fn_args == {"genre": "FANTASY", "shelf": 1}


def test_returned_messages_replace_the_template() -> None:
    @prompt_template("template")
    def ask(result: Any) -> Any:
        return result

    assert ask([HI]) == [HI]
    assert ask({"messages": (HI,)}) == [HI]
    assert prompt_of(ask, {"messages": [HI]}).template is None
    assert prompt_of(ask, {"messages": []}).template == "template"
    with pytest.raises(ValueError, match="returned a `str` but has a template"):
        ask("text")


def test_the_decorated_function_is_a_plain_function_that_looks_like_the_original() -> None:
    @prompt_template("hi {x}")
    def ask(x: str) -> None:
        """Ask."""

    assert inspect.isfunction(ask)
    assert (ask.__name__, ask.__doc__) == ("ask", "Ask.")
    assert list(inspect.signature(ask).parameters) == ["x"]
    assert ask._prompt_template == "hi {x}"


def test_a_decorator_between_still_runs() -> None:
    def polite(fn: Any) -> Any:
        @functools.wraps(fn)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return [*fn(*args, **kwargs), Messages.User("please")]

        return wrapper

    @polite
    @prompt_template("hi {x}")
    def ask(x: str) -> None: ...

    assert [message.content for message in prompt_of(ask, "Ann").messages] == ["hi Ann", "please"]


def test_misplaced_decorators_say_so() -> None:
    def call() -> None: ...

    call.__mirascope_call__ = True  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="put it below"):
        prompt_template("hi")(call)
    with pytest.raises(TypeError, match=r"write `@prompt_template\(\)`"):
        prompt_template(call)  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match="put it below"):
        assert metadata({"tags": {"x"}})(call) is call


# Sync and async


def test_async_prompt_functions_are_coroutine_functions() -> None:
    @prompt_template("hi {x}")
    async def ask(x: str) -> Any:
        await asyncio.sleep(0)
        return {"computed_fields": {"x": x.upper()}}

    assert inspect.iscoroutinefunction(ask)
    assert asyncio.run(ask("a"))[0].content == "hi A"
    assert prompt_function(ask).is_async


def test_asyncness_is_that_of_what_is_wrapped() -> None:
    async def ask(x: str) -> str:
        return x

    class Asker:
        async def __call__(self, x: str) -> str:
            return x

    @functools.wraps(ask)
    def wrapper(x: str) -> Any:
        return ask(x)

    for fn in (ask, wrapper, functools.partial(ask, "a"), Asker(), Asker().__call__):
        assert prompt_function(fn).is_async
    for fn in (lambda x: x, functools.partial(len, "a"), print):
        assert not prompt_function(fn).is_async


def test_functions_of_every_kind() -> None:
    class Asker:
        @prompt_template("{x}")
        def method(self, x: str) -> None: ...

        @staticmethod
        @prompt_template("{x}")
        def static(x: str) -> None: ...

        @prompt_template("{x}")
        @classmethod
        def late(cls, x: str) -> None: ...

        def __call__(self, x: str) -> str:
            return x

    asker = Asker()
    for ask in (asker.method, Asker.static, asker.late, Asker.late):
        assert ask("hi") == [HI]  # type: ignore[operator]
    assert prompt_template()(asker)("hi") == [HI]
    assert prompt_template()(lambda: "hi")() == [HI]
    assert prompt_template("{x}")(functools.partial(lambda x: None, x="hi"))() == [HI]
    assert prompt_function(asker).name == "Asker"
    assert prompt_function(functools.partial(alone)).name == "alone"
    assert prompt_function(staticmethod(alone)).fn is alone


def test_the_body_runs_once_and_without_its_wrappers() -> None:
    def ask() -> str:
        return "hi"

    decorated = metadata({"tags": {"a"}})(prompt_template()(ask))
    assert PromptFunction(decorated).fn is ask


# Binding


def no_parameters() -> None: ...
def plain(a: Any, b: Any = 2, c: Any = None) -> None: ...
def rest(a: Any, *args: Any, **kwargs: Any) -> None: ...
def mixed(a: Any, /, b: Any = 1, *, c: Any, d: Any = 4) -> None: ...


names = st.sampled_from(["a", "b", "c", "d", "e"])


@pytest.mark.parametrize("fn", [no_parameters, plain, rest, mixed])
@given(args=st.lists(st.integers(), max_size=4), kwargs=st.dictionaries(names, st.integers()))
def test_binding_is_that_of_the_signature(fn: Any, args: list[int], kwargs: dict[str, int]) -> None:
    try:
        bound = inspect.signature(fn).bind(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError, match=f"`{fn.__name__}`"):
            prompt_function(fn).bind(tuple(args), kwargs)
        return
    bound.apply_defaults()
    expected = dict(bound.arguments)
    expected |= expected.pop("kwargs", {})
    assert prompt_function(fn).bind(tuple(args), kwargs) == expected


def test_binding_includes_self_and_leaves_what_it_was_given() -> None:
    class Asker:
        def ask(self, x: str) -> None: ...

    asker, kwargs = Asker(), {"x": "a"}
    values = prompt_function(Asker.ask).bind((asker,), kwargs)
    assert list(values.items()) == [("self", asker), ("x", "a")]
    assert kwargs == {"x": "a"}


# Dynamic configs


def test_everything_a_dynamic_config_sets() -> None:
    client = object()
    config = {
        "messages": (HI,),
        "call_params": {"temperature": 0},
        "tools": [],
        "client": client,
        "metadata": {"tags": ["b"]},
        "computed_fields": {"y": 2},
        "other": 1,
    }
    prompt = prompt_of(metadata({"tags": {"a"}})(lambda x: config), 1)
    assert prompt == Prompt(
        messages=[HI],
        fn_args={"x": 1, "y": 2},
        dynamic_config=config,
        template=None,
        metadata={"tags": {"b"}},
        tools=[],
        call_params={"temperature": 0},
        client=client,
    )
    assert prompt.client is client


def test_what_is_not_given() -> None:
    prompt = prompt_of(lambda: {"messages": [HI], "tools": None, "metadata": None})
    assert (prompt.tools, prompt.call_params, prompt.client) == (None, {}, None)
    assert prompt.metadata == {}


def test_the_dynamic_config_of_other_results() -> None:
    assert prompt_of(lambda: "hi").dynamic_config == {"messages": [HI]}
    templated = prompt_of(prompt_template("hi")(lambda: None))
    assert (templated.dynamic_config, templated.template) == (None, "hi")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("messages", "hi"),
        ("messages", HI),
        ("call_params", [1]),
        ("tools", "tool"),
        ("tools", print),
        ("metadata", ["a"]),
        ("computed_fields", "x"),
    ],
)
def test_a_wrong_type_is_refused_before_anything_is_sent(key: str, value: Any) -> None:
    def ask() -> Any:
        return {"messages": [HI], key: value}

    with pytest.raises(TypeError, match=f"dynamic config of `ask` must have .* under `{key}`"):
        prompt_of(ask)


def test_a_text_among_the_messages_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Invalid message sequence type.*Messages\.User"):
        prompt_of(lambda: {"messages": ["hi"]})


# No prompt


@pytest.mark.parametrize("result", [None, [], (), {}, {"messages": []}])
def test_no_prompt_is_an_error(result: Any) -> None:
    with pytest.raises(ValueError, match="No prompt template set!"):
        prompt_of(lambda: result)


def test_an_empty_template_is_no_prompt() -> None:
    ask = prompt_template("USER: {x}")(lambda x: None)
    assert ask(None) == []
    with pytest.raises(ValueError, match=r"No prompt template set!.*came out empty"):
        prompt_of(ask, None)


def documented(genre: str) -> None:
    """
    SYSTEM: You are a librarian.
    USER:
    Recommend a {genre} book
      - short
    """


def test_a_docstring_is_a_template_where_that_is_switched_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    switch = "MIRASCOPE_DOCSTRING_PROMPT_TEMPLATE"
    monkeypatch.delenv(switch, raising=False)
    with pytest.raises(ValueError, match=f"{switch}=ENABLED"):
        prompt_of(documented, "fantasy")
    monkeypatch.setenv(switch, "ENABLED")
    expected = [
        BaseMessageParam(role="system", content="You are a librarian."),
        BaseMessageParam(role="user", content="Recommend a fantasy book\n  - short"),
    ]
    assert prompt_of(documented, "fantasy").messages == expected
    assert prompt_template()(documented)("fantasy") == expected


# Metadata


def test_metadata_is_carried_and_called_alone_gives_the_messages() -> None:
    @metadata({"tags": ["a", "b"], "owner": "me"})
    def ask(x: str) -> str:
        return x

    assert ask("hi") == [HI]
    assert prompt_of(ask, "hi").metadata == {"tags": {"a", "b"}, "owner": "me"}
    assert ask._metadata == {"tags": {"a", "b"}, "owner": "me"}


def test_metadata_and_template_in_either_order() -> None:
    def ask(x: str) -> None: ...

    tagged, templated = metadata({"tags": {"a"}}), prompt_template("{x}")
    for decorated in (tagged(templated(ask)), templated(tagged(ask))):
        prompt = prompt_of(decorated, "hi")
        assert (prompt.messages, prompt.metadata) == ([HI], {"tags": {"a"}})
