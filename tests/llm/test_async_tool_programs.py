"""Programs whose tools are async, as they stand on the page about async: with every provider, and
with the prompt written in each of its four ways."""

from __future__ import annotations

from typing import Any

import pytest

from mirascope.sandbox import Sandbox

from ..providers.cases import CASES, Case
from .test_programs import printed, run

PROGRAM = """
import asyncio

{imports}

class FormatBook(BaseTool):
    title: str
    author: str

    async def call(self) -> str:
        # Simulating an async API call
        await asyncio.sleep({seconds})
        return f"{{self.title}} by {{self.author}}"

@{call}tools=[FormatBook])
{function}

async def main():
    response = await recommend_book("fantasy")
    if tool := response.tool:
        if isinstance(tool, FormatBook):
            output = await tool.call()
            print(output)
    else:
        print(response.content)

asyncio.run(main())
"""
WAYS = {
    "shorthand": (
        "BaseTool",
        """async def recommend_book(genre: str) -> str:
    return f"Recommend a {genre} book" """,
    ),
    "messages": (
        "BaseTool, Messages",
        """async def recommend_book(genre: str) -> Messages.Type:
    return Messages.User(f"Recommend a {genre} book")""",
    ),
    "template": (
        "BaseTool, prompt_template",
        """@prompt_template("Recommend a {genre} book")
async def recommend_book(genre: str): ...""",
    ),
    "message parameters": (
        "BaseMessageParam, BaseTool",
        """async def recommend_book(genre: str) -> list[BaseMessageParam]:
    return [BaseMessageParam(role="user", content=f"Recommend a {genre} book")]""",
    ),
}


def test_as_it_stands(box: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    box.reply({"title": "Mistborn", "author": "Brandon Sanderson"})
    run("""
        import asyncio

        from mirascope import BaseTool, llm

        class FormatBook(BaseTool):
            title: str
            author: str

            async def call(self) -> str:
                # Simulating an async API call
                await asyncio.sleep(1)
                return f"{self.title} by {self.author}"

        @llm.call(provider="openai", model="gpt-4o-mini", tools=[FormatBook])
        async def recommend_book(genre: str) -> str:
            return f"Recommend a {genre} book"

        async def main():
            response = await recommend_book("fantasy")
            if tool := response.tool:
                if isinstance(tool, FormatBook):
                    output = await tool.call()
                    print(output)
            else:
                print(response.content)

        asyncio.run(main())
    """)
    assert printed(capsys) == ["Mistborn by Brandon Sanderson"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("written", WAYS)
@pytest.mark.parametrize("agnostic", [True, False], ids=["llm", "own"])
def test_every_provider_and_way(
    case: Case, written: str, agnostic: bool, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    names, function = WAYS[written]
    module: Any = case.module.__name__.rpartition(".")[2]
    if agnostic:
        imports = f"from mirascope import {names}, llm"
        call = f'llm.call(provider="{case.name}", model="{case.model}", '
    else:
        imports = f"from mirascope.core import {names}, {module}"
        call = f'{module}.call("{case.model}", '
    program = PROGRAM.format(imports=imports, seconds=0, call=call, function=function)
    box.reply({"title": "Mistborn", "author": "Brandon Sanderson"})
    run(program)
    assert printed(capsys) == ["Mistborn by Brandon Sanderson"]
    (request,) = box.requests
    assert case.wire.turns(case.wire.flat(request)) == [("user", "Recommend a fantasy book")]
    assert [tool.name for tool in case.wire.tools(case.wire.flat(request))] == ["FormatBook"]
    run(program)
    (line,) = printed(capsys)
    assert " by " in line
