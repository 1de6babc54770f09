"""What a client makes of what its server has, over a server in this process."""

from __future__ import annotations

import asyncio
import copy
import inspect
import pickle
from typing import Any

import mcp
import pytest
from mcp import types
from pydantic import ValidationError

from mirascope import BaseMessageParam, BaseTool, TextPart
from mirascope.core.openai import OpenAITool
from mirascope.mcp import MCPClient, MCPToolResult, SyncMCPClient, in_process_client

from ..llm.faces import Face
from .library import server
from .opening import opened, tools_of
from .raw import DOCUMENT, IMAGE, LINK, NOTE, PNG, SCHEMA, SOUND, RawServer, tool

# --- tools


async def test_tools_have_the_servers_names_and_descriptions(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        tools = await face.get(client.list_tools())
    assert [tool._name() for tool in tools][:3] == ["find_book", "place_of", "burn"]
    assert tools[0]._description() == "Find a book."
    assert all(issubclass(tool, BaseTool) for tool in tools)
    assert client.name == "library"
    assert repr(client) == f"{type(client).__name__}(MCP server `library`)"


async def test_a_tool_runs_on_the_server(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        tools = await tools_of(face, client)
        result = await face.get(tools["find_book"](title="Emma").call())
        place = await face.get(tools["place_of"](title="Emma").call())
    assert result == ["Emma by anybody: shelf 3"]
    assert isinstance(result, MCPToolResult)
    assert place.structured_content == {"shelf": 4, "row": "b"}


async def test_what_fails_on_the_server_is_a_runtime_error(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        tools = await tools_of(face, client)
        with pytest.raises(RuntimeError) as caught:
            await face.get(tools["burn"](title="Emma").call())
    text = "Error executing tool burn: Emma does not burn"
    assert str(caught.value) == f"Tool `burn` of MCP server `library` failed: {text}"


async def test_schemas_are_the_servers_and_arguments_are_checked(face: Face) -> None:
    raw = RawServer([tool("search", SCHEMA)])
    before = copy.deepcopy(SCHEMA)
    async with opened(face, in_process_client(raw.server)) as client:
        (search,) = await face.get(client.list_tools())
        own = OpenAITool.type_from_base_model_type(search)
        assert own.tool_schema()["function"]["parameters"] == before
        assert search.model_json_schema() == before
        with pytest.raises(ValidationError) as caught:
            search(query="x", kind="song", args=[1, "2"])
        assert {error["loc"]: error["msg"] for error in caught.value.errors()} == {
            ("query",): "'x' is too short",
            ("kind",): "'song' is not one of ['book', 'film', None]",
            ("args", 1): "'2' is not of type 'integer'",
        }
        with pytest.raises(ValidationError, match="'query' is a required property"):
            search()
        wanted = {"query": "xy", "id": "7", "args": [1], "call": True, "since": 1999}
        found = search(**wanted)
        assert found.args == wanted
        assert found.since == 1999
        assert await face.get(found.call()) == ["done"]
    # What was left out is left out, whatever its default.
    assert raw.calls == [("search", wanted)]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"x": {"$ref": "http://127.0.0.1:9/schema"}}},
        {"type": "object", "properties": {"x": {"pattern": "(?<broken"}}},
        {"type": "object", "properties": {"x": {"type": "no such type"}}},
        {"type": "object"},
    ],
)
async def test_what_no_schema_can_tell_is_for_the_server_to_check(face: Face, schema: Any) -> None:
    raw = RawServer([tool("odd", schema)])
    async with opened(face, in_process_client(raw.server)) as client:
        (odd,) = await face.get(client.list_tools())
        assert await face.get(odd(x="anything").call()) == ["done"]
    assert raw.calls == [("odd", {"x": "anything"})]


async def test_a_schema_without_properties_still_reaches_the_model(face: Face) -> None:
    either = {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}
    raw = RawServer([tool("either", either), tool("nothing", {"type": "object", "properties": {}})])
    async with opened(face, in_process_client(raw.server)) as client:
        tools = await face.get(client.list_tools())
    functions = [OpenAITool.type_from_base_model_type(t).tool_schema()["function"] for t in tools]
    assert functions[0]["parameters"] == either
    assert "parameters" not in functions[1]


async def test_all_pages_are_read(face: Face) -> None:
    raw = RawServer([tool(f"tool_{number}") for number in range(5)])
    async with opened(face, in_process_client(raw.server)) as client:
        assert list(await tools_of(face, client)) == [f"tool_{number}" for number in range(5)]


async def test_pages_that_lead_back_to_one_another_end(face: Face) -> None:
    raw = RawServer([tool("one"), tool("two")])
    raw.endless = True
    async with opened(face, in_process_client(raw.server)) as client:
        with pytest.raises(RuntimeError, match="The list of tools of MCP server `raw` has no end"):
            await face.get(client.list_tools())


async def test_names_that_providers_refuse_are_changed_and_prefixes_go_before(face: Face) -> None:
    raw = RawServer([tool("files/read.text"), tool("_get-it")])
    async with opened(face, in_process_client(raw.server)) as client:
        assert list(await tools_of(face, client)) == ["files_read_text", "_get-it"]
        tools = await tools_of(face, client, prefix="disk_")
        assert list(tools) == ["disk_files_read_text", "disk__get-it"]
        await face.get(tools["disk_files_read_text"]().call())
    assert raw.calls == [("files/read.text", {})]


async def test_other_content_stays_as_it_is(face: Face) -> None:
    content = [types.TextContent(text="See:"), IMAGE, SOUND, DOCUMENT, NOTE, LINK]
    raw = RawServer([tool("show")], types.CallToolResult(content=content))
    async with opened(face, in_process_client(raw.server)) as client:
        (show,) = await face.get(client.list_tools())
        result = await face.get(show().call())
    assert result == ["See:", IMAGE, SOUND, DOCUMENT, NOTE, LINK]
    assert result.structured_content is None
    again = pickle.loads(pickle.dumps(result))
    assert again == result
    assert again.shown() == result.shown()


async def test_what_a_server_says_of_a_tool_can_be_read(face: Face) -> None:
    annotations = types.ToolAnnotations(read_only_hint=True)
    raw = RawServer([tool("look", title="Look it up", annotations=annotations)])
    async with opened(face, in_process_client(raw.server)) as client:
        (look,) = await face.get(client.list_tools())
    assert look.mcp_tool.annotations.read_only_hint is True
    assert look._description() == "Look it up"


async def test_a_tool_of_a_provider_leaves_the_process_without_its_server(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        find = (await tools_of(face, client))["find_book"]
        own = OpenAITool.type_from_base_model_type(find)
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "find_book", "arguments": '{"title": "Emma"}'},
        }
        from mirascope.core.base._tool_types import tool_type

        asked = tool_type(find, OpenAITool).from_tool_call(call)
        again = pickle.loads(pickle.dumps(asked))
        assert again.args == {"title": "Emma"}
        assert again.id == "call_1"
        assert issubclass(own, OpenAITool)
        with pytest.raises(ConnectionError, match="`find_book` of MCP server `library` comes from"):
            await face.get(again.call())


# --- resources and prompts


async def test_resources(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        resources = await face.get(client.list_resources())
        assert [str(resource.uri) for resource in resources] == ["book://emma", "cover://emma"]
        text = await face.get(client.read_resource(resources[0].uri))
        (blob,) = await face.get(client.read_resource("cover://emma"))
        with pytest.raises(RuntimeError, match="Resource `book://none` of MCP server `library` f"):
            await face.get(client.read_resource("book://none"))
    assert text == [TextPart(text="Emma Woodhouse, handsome, clever, and rich")]
    assert isinstance(blob, types.BlobResourceContents)
    assert blob.mime_type == "image/png"


async def test_prompts(face: Face) -> None:
    async with opened(face, in_process_client(server)) as client:
        (prompt,) = await face.get(client.list_prompts())
        template = await face.get(client.get_prompt_template(prompt.name))
        assert inspect.iscoroutinefunction(template) is face.is_async
        messages = await face.get(template(genre="fantasy"))
        more = await face.get(template(genre="fantasy", number=2))
        for arguments, problem in [
            ({}, "needs a value for `genre`"),
            ({"genre": "fantasy", "mood": "sad"}, "no argument `mood`. It takes `genre`, `number`"),
        ]:
            with pytest.raises(TypeError, match=problem):
                await face.get(template(**arguments))
        with pytest.raises(ValueError, match=r"no prompt `sing` in MCP server `library`\. It has"):
            await face.get(client.get_prompt_template("sing"))
    assert messages == [BaseMessageParam(role="user", content="Recommend 1 fantasy book(s)")]
    assert more[0].content == "Recommend 2 fantasy book(s)"
    assert template.__name__ == "recommend"
    assert template.__doc__ == "Recommend books."
    assert [*inspect.signature(template).parameters] == ["genre", "number"]


async def test_a_prompt_may_hold_more_than_text(face: Face) -> None:
    contents = [IMAGE, SOUND, DOCUMENT, NOTE]

    async def list_prompts(*_: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[types.Prompt(name="look")])

    async def get_prompt(*_: Any) -> types.GetPromptResult:
        return types.GetPromptResult(
            messages=[types.PromptMessage(role="user", content=each) for each in contents]
        )

    raw = mcp.server.Server("raw", on_list_prompts=list_prompts, on_get_prompt=get_prompt)
    async with opened(face, in_process_client(raw)) as client:
        template = await face.get(client.get_prompt_template("look"))
        image, sound, document, note = await face.get(template())
    assert image.content[0].image == PNG
    assert sound.content[0].media_type == "audio/wav"
    assert document.content[0].media_type == "application/pdf"
    assert note.content == "a note"


# --- sessions, loops, ends


def test_both_faces_have_the_same_methods() -> None:
    def methods(kind: type[Any]) -> dict[str, Any]:
        return {
            name: inspect.signature(member)
            for name, member in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    sync, asynchronous = methods(SyncMCPClient), methods(MCPClient)
    assert sync.keys() == asynchronous.keys()
    for name, signature in sync.items():
        assert str(signature).split("->")[0] == str(asynchronous[name]).split("->")[0]
        doc = getattr(SyncMCPClient, name).__doc__
        assert doc.replace("A function", "An async function") == getattr(MCPClient, name).__doc__


async def test_a_session_of_ones_own() -> None:
    raw = RawServer([tool(f"tool_{number}") for number in range(3)])
    async with mcp.Client(raw.server) as own:
        for session in (own, own.session):
            client = MCPClient(session, name="mine")
            tools = await client.list_tools()
            assert [tool._name() for tool in tools] == ["tool_0", "tool_1", "tool_2"]
            assert await tools[1]().call() == ["done"]  # type: ignore[call-arg]
            assert client.session is session
    assert [name for name, _ in raw.calls] == ["tool_1", "tool_1"]


async def test_after_the_end_nothing_can_be_asked(face: Face) -> None:
    connection = in_process_client(server)
    async with opened(face, connection) as client:
        tools = await tools_of(face, client)
        assert repr(connection) == "<Connection to MCP server `library`, open>"
    assert repr(connection) == "<Connection to MCP server `library`, closed>"
    with pytest.raises(ConnectionError, match="Tool `find_book` of MCP server `library`: the conn"):
        await face.get(tools["find_book"](title="Emma").call())
    with pytest.raises(ConnectionError, match="The list of tools of MCP server `library`: the co"):
        await face.get(client.list_tools())


async def test_a_connection_is_opened_once_at_a_time_and_again_later(face: Face) -> None:
    connection = in_process_client(server)
    for _ in range(2):
        async with opened(face, connection) as client:
            assert "find_book" in await tools_of(face, client)
            with pytest.raises(RuntimeError, match="open already"):
                async with opened(face, connection):
                    pass
            assert "find_book" in await tools_of(face, client)


async def test_an_async_client_belongs_to_its_loop() -> None:
    async with in_process_client(server) as client:
        find = next(iter(await client.list_tools()))

        def elsewhere() -> Any:
            return asyncio.run(find(title="Emma").call())  # type: ignore[call-arg]

        with pytest.raises(RuntimeError, match=r"`find_book` of MCP server `library` was asked"):
            await asyncio.to_thread(elsewhere)


async def test_opening_and_closing_in_other_tasks() -> None:
    """As fixtures of pytest do, and `contextlib.AsyncExitStack` in a web server."""
    connection = in_process_client(server)
    client = await asyncio.create_task(connection.__aenter__())  # type: ignore[arg-type]
    assert len(await client.list_tools()) == 7
    await asyncio.create_task(connection.__aexit__(None, None, None))  # type: ignore[arg-type]


async def test_a_cancelled_call_leaves_the_connection_as_it_was() -> None:
    async with in_process_client(server) as client:
        tools = {tool._name(): tool for tool in await client.list_tools()}
        slow = asyncio.create_task(tools["read_aloud"]().call())
        await asyncio.sleep(0.05)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        calls = (tools["find_book"](title=str(number)).call() for number in range(20))  # type: ignore[call-arg]
        results = await asyncio.gather(*calls)
    assert results == [[f"{number} by anybody: shelf 3"] for number in range(20)]


@pytest.mark.parametrize("name", ["MCPServer", "MCPTool"])
def test_what_is_gone_says_where_it_went(name: str) -> None:
    with pytest.raises(ImportError, match=r"from mcp\.server import MCPServer"):
        exec(f"from mirascope.mcp import {name}")
