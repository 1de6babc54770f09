"""Programs as users of model objects write them, from the first line to the last."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from mirascope.sandbox import Sandbox, ToolCall


def run(program: str) -> None:
    exec(compile(textwrap.dedent(program), "program", "exec"), {"__name__": "__main__"})


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def roles(box: Sandbox, at: int = -1) -> list[str]:
    return [message["role"] for message in box.requests[at].body["messages"]]


def test_a_prompt(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply("Quill, Gulp, Pouch, Scoop, Bill")
    run("""
        import asyncio
        from mirascope import llm

        async def run():
            model = llm.get_async_model("gpt-4o-mini")
            text = await model.prompt(
                "Five surprising names for a pet pelican"
            ).text()
            print(text)

        asyncio.run(run())
    """)
    assert printed(capsys) == ["Quill, Gulp, Pouch, Scoop, Bill"]
    assert box.requests[0].body["model"] == "gpt-4o-mini"


def test_an_async_tool_in_sync_code(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply(ToolCall("hello", {"name": "Percival"}))
    run("""
        import asyncio
        from mirascope import llm

        async def hello(name: str) -> str:
            "Say hello to name"
            return "Hello there " + name

        # Works in a sync context too — LLM wraps it in asyncio.run() automatically
        model = llm.get_model("gpt-4.1-mini")
        chain_response = model.chain("Say hello to Percival", tools=[hello])
        print(chain_response.text())
    """)
    assert printed(capsys) == ["Sandbox reply with the tool's result: Hello there Percival"]


def test_a_chain(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply([ToolCall("upper", {"string": "panda"}), ToolCall("upper", {"string": "pelican"})])
    run("""
        import asyncio
        from mirascope import llm

        def upper(string: str) -> str:
            "Converts string to uppercase"
            return string.upper()

        async def run():
            model = llm.get_async_model("gpt-4.1")
            chain = model.chain(
                "Convert panda to uppercase then pelican to uppercase",
                tools=[upper],
                after_call=print,
            )
            print(await chain.text())

        asyncio.run(run())
    """)
    first, second, text = printed(capsys)
    assert "name='upper'" in first
    assert "output='PANDA'" in first
    assert "output='PELICAN'" in second
    assert text == "Sandbox reply with the tool's result: PANDA; PELICAN"


def test_a_chain_that_is_streamed(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply(ToolCall("upper", {"string": "panda"}))
    run("""
        import asyncio
        from mirascope import llm

        def upper(string: str) -> str:
            "Converts string to uppercase"
            return string.upper()

        async def run():
            model = llm.get_async_model("gpt-4.1")
            async for chunk in model.chain(
                "Convert panda to uppercase then pelican to uppercase",
                tools=[upper],
            ):
                print(chunk, end="", flush=True)

        asyncio.run(run())
    """)
    assert printed(capsys) == ["Sandbox reply with the tool's result: PANDA"]
    assert all(request.stream for request in box.requests)


def test_a_conversation(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    run("""
        import asyncio
        from mirascope import llm

        async def run():
            model = llm.get_async_model("gpt-4o-mini")
            conversation = model.conversation()

            r1 = await conversation.prompt("Five fun facts about pelicans").text()
            print(r1)

            r2 = await conversation.prompt("Now do skunks").text()
            print(r2)

        asyncio.run(run())
    """)
    assert printed(capsys) == [
        "Sandbox reply to: Five fun facts about pelicans",
        "Sandbox reply to: Now do skunks",
    ]
    assert roles(box) == ["user", "assistant", "user"]


def test_a_conversation_with_tools(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply(ToolCall("search_web", {"query": "pelicans"}))
    box.reply("Pelicans are back.")
    box.reply(ToolCall("search_web", {"query": "flamingos"}))
    box.reply("Flamingos, too.")
    run("""
        import asyncio
        from mirascope import llm

        async def search_web(query: str) -> str:
            "Search the web for information"
            # Replace with a real async HTTP call in production
            await asyncio.sleep(0.01)
            return f"Results for: {query}"

        async def run():
            model = llm.get_async_model("gpt-4.1-mini")
            conversation = model.conversation(tools=[search_web])

            result1 = await conversation.chain("Find recent news about pelicans").text()
            print(result1)

            result2 = await conversation.chain("What about flamingos?").text()
            print(result2)

        asyncio.run(run())
    """)
    assert printed(capsys) == ["Pelicans are back.", "Flamingos, too."]
    turn = ["user", "assistant", "tool", "assistant"]
    assert roles(box) == [*turn, *turn[:-1]]


def test_a_callback(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply("Red and square.", usage={"input": 7, "output": 4})
    run("""
        import asyncio
        from mirascope import llm

        async def run():
            model = llm.get_async_model("gpt-4o-mini")
            response = model.prompt("a short poem about a brick")

            async def done(response):
                print("Usage:", await response.usage())

            await response.on_done(done)  # registers the callback
            print(await response.text())  # drives the stream; callback fires at end

        asyncio.run(run())
    """)
    assert printed(capsys) == [
        "Usage: TokenUsage(input=7, output=4, details=None)",
        "Red and square.",
    ]


def test_the_list_of_models(capsys: pytest.CaptureFixture[str]) -> None:
    run("""
        from mirascope import llm
        for model in llm.get_async_models():
            print(model.model_id)
    """)
    names = printed(capsys)
    assert {"openai/gpt-4o-mini", "openai/gpt-4.1", "anthropic/claude-haiku-4-5"} <= set(names)
    assert len(names) == len(set(names))


def test_all_of_it_together(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    usage: Any = {"input": 10, "output": 5}
    box.reply(ToolCall("celsius_to_fahrenheit", {"celsius": 100}), usage=usage)
    box.reply("100°C is 212°F.", usage=usage)
    box.reply(ToolCall("celsius_to_fahrenheit", {"celsius": -40}), usage=usage)
    box.reply("The same: -40°F.", usage=usage)
    run('''
        import asyncio
        from mirascope import llm

        def celsius_to_fahrenheit(celsius: float) -> float:
            """Convert a temperature from Celsius to Fahrenheit."""
            return celsius * 9 / 5 + 32

        async def run():
            model = llm.get_async_model("gpt-4.1-mini")
            conversation = model.conversation(tools=[celsius_to_fahrenheit])

            # Turn 1: let the model decide to call the tool
            print("=== Turn 1 ===")
            async for chunk in conversation.chain("What is 100°C in Fahrenheit?"):
                print(chunk, end="", flush=True)
            print()

            # Turn 2: follow-up — model still has context
            print("\\n=== Turn 2 ===")
            r2 = await conversation.chain("And -40°C?").text()
            print(r2)

            # Show token usage for each turn
            print("\\n=== Usage ===")
            for i, response in enumerate(conversation.responses, 1):
                usage = await response.usage()
                print(f"Turn {i}: input={usage.input}, output={usage.output}")

        asyncio.run(run())
    ''')
    assert printed(capsys) == [
        "=== Turn 1 ===",
        "100°C is 212°F.",
        "",
        "=== Turn 2 ===",
        "The same: -40°F.",
        "",
        "=== Usage ===",
        *[f"Turn {number}: input=10, output=5" for number in (1, 2, 3, 4)],
    ]
    results = [m for m in box.requests[-1].body["messages"] if m["role"] == "tool"]
    assert [result["content"] for result in results] == ["212.0", "-40.0"]
