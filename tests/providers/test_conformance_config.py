"""What configures a call: parameters, dynamic configs, clients, contexts and overrides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mirascope import BaseTool, Messages, llm
from mirascope.sandbox import Sandbox

from .cases import CASES, COMMON_PARAMS, Case, Way

OTHERS = [pytest.param(case, id=f"to-{case.name}") for case in CASES]


class FormatBook(BaseTool):
    """Format a book."""

    title: str

    def call(self) -> str:
        return self.title.upper()


class Lend(FormatBook):
    """Lend a book."""


def sent(way: Way, *names: str) -> dict[str, Any]:
    """What a request is to have for these common parameters."""
    return {key: value for name in names for key, value in way.case.params[name].items()}


def extras(way: Way) -> dict[str, Any]:
    """What the last request had besides a model, messages and the default limit."""
    plain = way.wire.text_body(way.case.model, "", stream=False)
    return {key: value for key, value in way.body.items() if plain.get(key, object()) != value}


def params_sent(way: Way) -> dict[str, Any]:
    return {key: value for key, value in extras(way).items() if key != way.wire.messages_key}


# Parameters


async def test_common_parameters(way: Way) -> None:
    common = {name: COMMON_PARAMS[name] for name in way.case.params}
    response = await way.ask("Hi", call_params=common)
    assert params_sent(way) == sent(way, *common)
    assert response.call_params == common
    assert way.wire.kwargs(response.call_kwargs)["model"] == way.case.model


async def test_parameters_that_the_provider_lacks_are_left_out_with_a_warning(way: Way) -> None:
    lacking = COMMON_PARAMS.keys() - way.case.params
    if lacking:
        with pytest.warns(UserWarning, match=f"{way.case.prefix}.* no parameter `"):
            call = way.decorate("Hi", call_params=COMMON_PARAMS)
    else:
        call = way.decorate("Hi", call_params=COMMON_PARAMS)
    await way.run(call)
    assert params_sent(way) == sent(way, *way.case.params)


async def test_the_providers_own_parameters(way: Way) -> None:
    own = dict(way.case.own_params)
    await way.ask("Hi", call_params=own)
    assert params_sent(way) == own
    assert {"max_tokens": 1024}.items() & way.body.items() == way.wire.max_tokens.items()


async def test_common_and_own_parameters_together(way: Way) -> None:
    own = dict(way.case.own_params)
    await way.ask("Hi", call_params={"max_tokens": 64, "stop": "END", **own})
    assert params_sent(way) == {**sent(way, "max_tokens", "stop"), **own}


async def test_several_stop_sequences(way: Way) -> None:
    await way.ask("Hi", call_params={"stop": ["END", "STOP"]})
    (key,) = way.case.params["stop"]
    assert way.body[key] == ["END", "STOP"]


async def test_dynamic_parameters_are_merged_key_by_key(way: Way) -> None:
    def prompt() -> Any:
        return {"messages": [Messages.User("Hi")], "call_params": {"max_tokens": 7, "stop": "END"}}

    given = {"temperature": 0.2, "max_tokens": 64}
    response = await way.ask(prompt, call_params=given)
    (limit,) = way.case.params["max_tokens"]
    assert params_sent(way) == {**sent(way, "temperature", "stop"), limit: 7}
    assert response.call_params == given == {"temperature": 0.2, "max_tokens": 64}


async def test_parameters_that_are_none_are_not_sent(way: Way) -> None:
    own = dict(way.case.own_params)
    await way.ask("Hi", call_params={"temperature": None, "stop": None, **own})
    assert params_sent(way) == own
    await way.ask("Hi", call_params=None)
    assert params_sent(way) == {}


async def test_parameters_cannot_replace_what_the_call_is_about(way: Way) -> None:
    await way.ask("Hi", call_params={"model": "another", way.wire.messages_key: []})
    assert way.body["model"] == way.case.model
    assert way.wire.turns(way.body) == [("user", "Hi")]


async def test_an_unknown_parameter_is_the_sdks_type_error(way: Way) -> None:
    if way.case.unknown_param is None:
        with pytest.raises(Exception, match="no_such_thing: unknown key"):
            await way.ask("Hi", call_params={"no_such_thing": 1})
        assert way.body["no_such_thing"] == 1
        return
    with pytest.raises(way.case.error(way.case.unknown_param), match="no_such_thing"):
        await way.ask("Hi", call_params={"no_such_thing": 1})
    assert way.box.requests == []


async def test_what_the_sdk_takes_besides_the_body(way: Way) -> None:
    if not way.case.besides:
        return
    await way.ask("Hi", call_params=dict(way.case.besides))
    assert way.box.requests[0].headers["x-mine"] == "yes"
    assert way.box.requests[0].path.endswith("?trace=1") is ("trace" in str(way.case.besides))
    assert params_sent(way) == {}


# Dynamic configs


async def test_dynamic_messages_win_over_a_template(way: Way) -> None:
    def prompt() -> Any:
        return {"messages": [Messages.User("Hello")]}

    response = await way.ask(prompt, template="Hi")
    assert way.wire.turns(way.body) == [("user", "Hello")]
    assert response.prompt_template is None
    assert response.dynamic_config == {"messages": [Messages.User("Hello")]}


async def test_dynamic_fields(way: Way) -> None:
    def prompt(genre: str) -> Any:
        return {"computed_fields": {"genre": genre.upper(), "kind": "book"}}

    response = await way.ask(prompt, "fantasy", template="Recommend a {genre} {kind}")
    assert way.wire.turns(way.body) == [("user", "Recommend a FANTASY book")]
    assert response.fn_args == {"genre": "FANTASY", "kind": "book"}


async def test_dynamic_tools_replace_the_decorators(way: Way) -> None:
    def prompt(tools: Any) -> Any:
        return {"messages": [Messages.User("Hi")], "tools": tools}

    call = way.decorate(prompt, tools=[FormatBook])
    response = await way.run(call, [Lend])
    assert [tool.name for tool in way.wire.tools(way.body)] == ["Lend"]
    assert isinstance(response.tool, Lend)
    for none, names in (([], []), (None, ["FormatBook"])):
        response = await way.run(call, none)
        assert [tool.name for tool in way.wire.tools(way.body)] == names
        assert (response.tool_types is None) is not names
    assert "tools" not in way.box.requests[1].body


async def test_dynamic_metadata_replaces_the_decorators(way: Way) -> None:
    def prompt(config: Any) -> Any:
        return {"messages": [Messages.User("Hi")], **config}

    call = way.decorate(prompt, metadata={"tags": {"a"}})
    assert (await way.run(call, {})).metadata == {"tags": {"a"}}
    assert (await way.run(call, {"metadata": {"tags": ["b"]}})).metadata == {"tags": {"b"}}


async def test_a_dynamic_client_is_for_one_call(way: Way) -> None:
    async with way.client() as client:
        given = iter([{"client": client}, {}])
        call = way.decorate(lambda: {"messages": [Messages.User("Hi")], **next(given)})
        await way.run(call)
        await way.run(call)
    assert way.is_users(0)
    assert not way.is_users(1)


@pytest.mark.parametrize(
    "config", [{"tools": "FormatBook"}, {"call_params": [1]}, {"messages": 5}, {"metadata": "a"}]
)
async def test_a_wrong_config_is_an_error_before_anything_is_sent(way: Way, config: Any) -> None:
    with pytest.raises(TypeError, match=f"`{next(iter(config))}`"):
        await way.ask(lambda: {"messages": [Messages.User("Hi")], **config})
    assert way.box.requests == []


# Clients


async def test_the_users_client_is_used_and_left_open(way: Way) -> None:
    async with way.client() as client:
        call = way.decorate("Hi", client=client)
        for _ in range(2):
            assert (await way.run(call)).content == "Sandbox reply to: Hi"
        assert not way.case.is_closed(client)
    assert way.is_users(0)
    assert way.is_users(1)


async def test_default_clients_are_reused(way: Way) -> None:
    call = way.decorate("Hi")
    for _ in range(3):
        await way.run(call)
    assert way.box.connections == 1


async def test_concurrent_calls(async_way: Way) -> None:
    call = async_way.decorate(lambda n: f"Book {n}")
    responses = await asyncio.gather(*(call(n) for n in range(20)))
    assert [r.content for r in responses] == [f"Sandbox reply to: Book {n}" for n in range(20)]


WRONG_KIND = r"function needs an? a?sync client of .*, not `"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_of_the_wrong_kind_is_refused_at_decoration(way: Way, stream: bool) -> None:
    if way.case.has_one_client_class:
        return
    async with way.client(wrong=True) as client:
        with pytest.raises(TypeError, match=WRONG_KIND):
            way.decorate("Hi", client=client, stream=stream)


async def test_a_dynamic_client_of_the_wrong_kind_is_refused_unsent(way: Way) -> None:
    if way.case.has_one_client_class:
        return
    async with way.client(wrong=True) as client:
        with pytest.raises(TypeError, match=WRONG_KIND):
            await way.ask(lambda: {"messages": [Messages.User("Hi")], "client": client})
    assert way.box.requests == []


# Contexts and overrides


@pytest.mark.parametrize("other", OTHERS)
async def test_context(llm_way: Way, other: Case) -> None:
    way = llm_way
    call = way.decorate("Hi", call_params={"temperature": 0.2})
    with llm.context(provider=other.name, model=other.model, call_params={"max_tokens": 7}):
        inside = await way.run(call)
    outside = await way.run(call)
    assert [r.provider for r in way.box.requests] == [other.name, way.case.name]
    assert inside.provider == other.name
    body = other.wire.flat(way.box.requests[0])
    (limit,) = other.params["max_tokens"]
    assert other.wire.turns(body) == [("user", "Hi")]
    assert body[limit] == 7
    assert "temperature" not in body
    assert params_sent(way) == sent(way, "temperature")
    assert isinstance(outside, llm.CallResponse)


@pytest.mark.parametrize("other", OTHERS)
async def test_override(llm_way: Way, other: Case) -> None:
    way = llm_way
    async with way.client() as client:
        call = way.decorate("Hi", client=client)
        overridden = llm.override(call, provider=other.name, model=other.model)
        assert overridden.__name__ == call.__name__
        response = await way.run(overridden)
        await way.run(call)
    assert [r.provider for r in way.box.requests] == [other.name, way.case.name]
    assert response.provider == other.name
    # The decorator's client goes along only as long as the provider is its own.
    assert way.is_users(0) is (other.name == way.case.name)
    assert way.is_users(1)


async def test_override_of_each_setting(llm_way: Way) -> None:
    way = llm_way
    call = way.decorate("Hi", tools=[FormatBook])
    response = await way.run(llm.override(call, tools=[Lend], call_params={"max_tokens": 7}))
    assert isinstance(response.tool, Lend)
    (limit,) = way.case.params["max_tokens"]
    assert way.body[limit] == 7
    response = await way.run(llm.override(call, tools=[]))
    assert response.tool is None
    stream = await way.run(llm.override(call, stream=True))
    assert isinstance(stream, llm.Stream)
    assert [tool.title for _, tool in await way.items(stream) if tool]
    way.box.reply("Mistborn")
    assert await way.run(llm.override(call, output_parser=str)) == "Mistborn"
    way.box.reply(["Mistborn"])
    assert await way.run(llm.override(call, response_model=list[str])) == ["Mistborn"]
    async with way.client() as client:
        await way.run(llm.override(call, client=client))
        assert way.is_users()


async def test_contexts_nest(llm_way: Way) -> None:
    way = llm_way
    call = way.decorate("Hi")
    with llm.context(provider=way.case.name, model="outer"):
        with llm.context(provider=way.case.name, model="inner"):
            await way.run(call)
        await way.run(call)
    await way.run(call)
    models = [way.wire.flat(request)["model"] for request in way.box.requests]
    assert models == ["inner", "outer", way.case.model]


async def test_a_context_is_that_of_the_call(llm_way: Way) -> None:
    way = llm_way
    call = way.decorate("Hi", stream=True)
    with llm.context(provider=way.case.name, model="inside"):
        stream = call()
    items = await way.items(await stream if way.is_async else stream)
    assert items
    assert way.body["model"] == "inside"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_contexts_do_not_reach_other_tasks(case: Case, box: Sandbox) -> None:
    way = Way(case, is_async=True, agnostic=True, box=box)
    call = way.decorate("Hi")
    overridden = llm.override(call, provider=way.case.name, model="another")
    responses = await asyncio.gather(overridden(), call(), overridden(), call())
    models = [way.case.model, "another"]
    assert [response.model for response in responses] == [models[1], models[0]] * 2


async def test_a_client_of_the_wrong_kind_is_refused_there_too(llm_way: Way) -> None:
    way = llm_way
    if way.case.has_one_client_class:
        return
    call = way.decorate("Hi")
    async with way.client(wrong=True) as client:
        with pytest.raises(TypeError, match=WRONG_KIND):
            await way.run(llm.override(call, client=client))
        with llm.context(client=client), pytest.raises(TypeError, match=WRONG_KIND):
            await way.run(call)
    assert way.box.requests == []
