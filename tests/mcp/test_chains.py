"""Tools of servers in calls, chains and conversations: what the provider is sent."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from typing import Any

import pytest
from mcp import types

from mirascope import llm
from mirascope.mcp import in_process_client
from mirascope.sandbox import Sandbox, ToolCall

from ..llm.faces import Face
from ..providers.cases import CASES, Case
from .library import server
from .opening import opened, tools_of
from .raw import IMAGE, PDF, PNG, SCHEMA, SOUND, RawServer, tool

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

DESCRIPTION = "Search the catalogue."


def searching(*content: Any) -> RawServer:
    listed = tool("search_catalogue", SCHEMA, description=DESCRIPTION)
    return RawServer([listed], types.CallToolResult(content=list(content)) if content else None)


# --- what is sent, to the letter


async def test_openai_is_sent_the_servers_schema(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("search_catalogue", {"query": "Emma"}, id="call_1"))
    box.reply("Found.")
    raw, schema = searching(types.TextContent(text="shelf"), types.TextContent(text="3")), SCHEMA
    before = copy.deepcopy(schema)
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        chain = face.model("openai/gpt-4o-mini").chain("Find Emma", tools=tools)
        assert await face.get(chain.text()) == "Found."
    assert raw.calls == [("search_catalogue", {"query": "Emma"})]
    body = box.requests[-1].body
    function = {"name": "search_catalogue", "description": DESCRIPTION, "parameters": before}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "call_1",
        "content": "shelf\n3",
    }


async def test_anthropic_is_sent_the_servers_schema(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("search_catalogue", {"query": "Emma"}, id="call_1"))
    box.reply("Found.")
    raw = searching()
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        chain = face.model("anthropic/claude-haiku-4-5").chain("Find Emma", tools=tools)
        assert await face.get(chain.text()) == "Found."
    body = box.requests[-1].body
    assert body["tools"] == [
        {"name": "search_catalogue", "description": DESCRIPTION, "input_schema": SCHEMA}
    ]
    (result,) = body["messages"][-1]["content"]
    assert (result["type"], result["tool_use_id"], result["content"]) == (
        "tool_result",
        "call_1",
        "done",
    )


async def test_google_is_sent_the_servers_schema(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("search_catalogue", {"query": "Emma"}, id="call_1"))
    box.reply("Found.")
    raw = searching()
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        chain = face.model("google/gemini-2.5-flash").chain("Find Emma", tools=tools)
        assert await face.get(chain.text()) == "Found."
    body = box.requests[-1].body
    (declaration,) = body["tools"][0]["functionDeclarations"]
    assert declaration == {
        "name": "search_catalogue",
        "description": DESCRIPTION,
        "parameters_json_schema": SCHEMA,
    }
    (part,) = body["contents"][-1]["parts"]
    assert part["functionResponse"]["name"] == "search_catalogue"
    assert "done" in json.dumps(part["functionResponse"]["response"])


# --- every provider


@every_case
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_chain_with_every_provider(
    face: Face, case: Case, box: Sandbox, stream: bool
) -> None:
    box.reply(
        [
            ToolCall("find_book", {"title": "A"}, id="call_1"),
            ToolCall("find_book", {"title": "B"}, id="call_2"),
        ]
    )
    box.reply(ToolCall("burn", {"title": "A"}, id="call_3"))
    box.reply("Shelf 3.")
    async with opened(face, in_process_client(server)) as client:
        tools = await face.get(client.list_tools())
        chain = face.model(f"{case.name}/{case.model}").chain("Where?", tools=tools)
        if stream:
            assert "".join(await face.items(chain)) == "Shelf 3."
        assert await face.get(chain.text()) == "Shelf 3."
    body = case.wire.flat(box.requests[-1])
    failed = "Tool `burn` of MCP server `library` failed: Error executing tool burn"
    assert case.wire.tool_results(body) == [
        ("call_1", "A by anybody: shelf 3"),
        ("call_2", "B by anybody: shelf 3"),
        ("call_3", f"Error: RuntimeError: {failed}: A does not burn"),
    ]
    offers = {offer.name: offer for offer in case.wire.tools(body)}
    assert list(offers) == [tool._name() for tool in tools]
    offered = offers["find_book"].parameters
    assert offered is not None
    assert offered["properties"].keys() == {"title", "author"}
    assert offered["required"] == ["title"]


@every_case
async def test_a_loop_of_ones_own_with_every_provider(face: Face, case: Case, box: Sandbox) -> None:
    async with opened(face, in_process_client(server)) as client:
        find = (await tools_of(face, client))["find_book"]

        @llm.call(provider=case.name, model=case.model, tools=[find])
        @face.function
        def ask(history: list[Any]) -> Any:
            return history

        box.reply(ToolCall("find_book", {"title": "Emma"}, id="call_1"))
        response: Any = await face.get(ask([llm_message("Where is Emma?")]))
        called = response.tool
        assert isinstance(called, find)
        assert called.args == {"title": "Emma"}
        outputs = [(called, await face.get(called.call()))]
        history = [*response.messages, response.message_param]
        box.reply("Shelf 3.")
        again: Any = await face.get(ask([*history, *response.tool_message_params(outputs)]))
    assert again.content == "Shelf 3."
    body = case.wire.flat(box.requests[-1])
    assert case.wire.tool_results(body) == [("call_1", "Emma by anybody: shelf 3")]


def llm_message(text: str) -> Any:
    from mirascope import Messages

    return Messages.User(text)


# --- more ways to give tools


async def test_a_conversation(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("find_book", {"title": "Emma", "author": "Austen"}, id="call_1"))
    box.reply("Shelf 3.")
    async with opened(face, in_process_client(server)) as client:
        tools = await face.get(client.list_tools())
        conversation = face.model().conversation(tools=tools)
        assert await face.get(conversation.chain("Where?").text()) == "Shelf 3."
    assert box.requests[-1].body["messages"][-1]["content"] == "Emma by Austen: shelf 3"


async def test_arguments_that_do_not_fit_are_told_to_the_model(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("search_catalogue", {"query": "x", "kind": "song"}))
    raw = searching()
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        await face.get(face.model().chain("Find", tools=tools).text())
    assert raw.calls == []
    assert box.requests[-1].body["messages"][-1]["content"] == (
        "Error: the arguments do not fit `search_catalogue`: query: 'x' is too short; "
        "kind: 'song' is not one of ['book', 'film', None]"
    )


async def test_tools_as_they_arrive(face: Face, box: Sandbox) -> None:
    box.reply(ToolCall("search_catalogue", {"query": "The Name of the Wind", "id": "7"}))
    raw = searching()
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())

        @llm.call("openai", "gpt-4o-mini", tools=tools, stream={"partial_tools": True})
        @face.function
        def ask() -> str:
            return "Find it"

        stream: Any = await face.get(ask())
        seen = [part for _, part in await face.items(stream) if part is not None]
    partial = [part.args for part in seen if part.delta is not None]
    assert partial[-1] == {"query": "The Name of the Wind", "id": "7"}
    assert len({str(args) for args in partial}) > 2
    assert isinstance(seen[-1], tools[0])


async def test_sync_tools_in_async_chains_do_not_hold_up_the_loop(box: Sandbox) -> None:
    box.reply([ToolCall("find_book", {"title": str(n)}, id=f"call_{n}") for n in range(5)])
    box.reply("Done.")
    with in_process_client(server) as client:
        chain = llm.get_async_model("gpt-4o-mini").chain("Go", tools=client.list_tools())
        assert await asyncio.wait_for(chain.text(), 10) == "Done."
    results = [m["content"] for m in box.requests[-1].body["messages"] if m["role"] == "tool"]
    assert results == [f"{n} by anybody: shelf 3" for n in range(5)]


def test_sync_tools_at_once(box: Sandbox) -> None:
    box.reply([ToolCall("find_book", {"title": str(n)}, id=f"call_{n}") for n in range(5)])
    box.reply("Done.")
    with in_process_client(server) as client:
        chain = llm.get_model("gpt-4o-mini").chain("Go", tools=client.list_tools())
        assert chain.text() == "Done."
    results = [m["content"] for m in box.requests[-1].body["messages"] if m["role"] == "tool"]
    assert results == [f"{n} by anybody: shelf 3" for n in range(5)]


async def test_an_async_client_in_a_sync_chain_is_told_to_the_model(box: Sandbox) -> None:
    """It cannot work, for the chain holds up the loop of the client; but nothing waits for ever."""
    box.reply(ToolCall("find_book", {"title": "Emma"}))
    async with in_process_client(server) as client:
        llm.get_model("gpt-4o-mini").chain("Go", tools=await client.list_tools()).text()
    content = box.requests[-1].body["messages"][-1]["content"]
    assert "open it with `with` in the place of `async with`" in content


async def test_several_servers(face: Face, box: Sandbox) -> None:
    one, two = searching(types.TextContent(text="one")), searching(types.TextContent(text="two"))
    async with (
        opened(face, in_process_client(one.server)) as first,
        opened(face, in_process_client(two.server)) as second,
    ):
        same = [*await face.get(first.list_tools()), *await face.get(second.list_tools())]
        with pytest.raises(ValueError, match=r"Two tools are named `search_catalogue`.*prefix"):
            llm.call("openai", "gpt-4o-mini", tools=same)(face.function(lambda: "Go"))
        with pytest.raises(ValueError, match="Two tools are named `search_catalogue`"):
            await face.get(face.model().chain("Go", tools=same).text())
        assert box.requests == []
        apart = [
            *await face.get(first.list_tools(prefix="a_")),
            *await face.get(second.list_tools(prefix="b_")),
        ]
        box.reply([ToolCall(f"{x}_search_catalogue", {"query": "xy"}) for x in "ba"])
        box.reply("Done.")
        assert await face.get(face.model().chain("Go", tools=apart).text()) == "Done."
    results = [m["content"] for m in box.requests[-1].body["messages"] if m["role"] == "tool"]
    assert results == ["two", "one"]


# --- more than text


DOCUMENT = types.EmbeddedResource(
    resource=types.BlobResourceContents(
        uri="file:///a.pdf", mime_type="application/pdf", blob=base64.b64encode(PDF).decode()
    )
)


@every_case
async def test_images_and_documents_are_shown_where_the_provider_takes_them(
    face: Face, case: Case, box: Sandbox
) -> None:
    raw = searching(types.TextContent(text="See:"), IMAGE, DOCUMENT, SOUND)
    box.reply(ToolCall("search_catalogue", {"query": "cover"}, id="call_1"))
    box.reply("Nice.")
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        chain = face.model(f"{case.name}/{case.model}").chain("Show", tools=tools)
        assert await face.get(chain.text()) == "Nice."
    sent = json.dumps(box.requests[-1].body)
    assert "See:" in sent
    assert "[audio/wav, 4 bytes, which cannot be shown here]" in sent
    takes = case.name in ("anthropic", "bedrock", "google", "gemini", "vertex")
    # Google's SDK writes base64 in the alphabet of URLs.
    data = base64.b64encode(PNG).decode()
    assert (data in sent.replace("-", "+").replace("_", "/")) is takes
    assert (f"[image/png, {len(PNG)} bytes, which cannot be shown here]" in sent) is not takes
    assert ("[application/pdf, " in sent) is not takes


async def test_structured_content_alone_is_shown_as_json(face: Face, box: Sandbox) -> None:
    raw = searching()
    raw.result = types.CallToolResult(content=[], structured_content={"shelf": 3})
    box.reply(ToolCall("search_catalogue", {"query": "Emma"}))
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
        await face.get(face.model().chain("Find", tools=tools).text())
    assert box.requests[-1].body["messages"][-1]["content"] == '{"shelf": 3}'
