"""What `migrate` sees in a program for Mirascope v1, and what it leaves alone."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from mirascope._commands._importable import is_there
from mirascope._commands._migrate import findings_in
from mirascope._commands._v1_names import NAMES, change_of

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"


def found(tmp_path: Path, program: str) -> list[tuple[int, str, str]]:
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(program))
    return [(each.line, each.kind, each.message) for each in findings_in(file)]


SEEN = {
    "a private helper, and what to use": (
        "from mirascope.core.base._utils import convert_function_to_base_tool",
        [(1, "gone", "it was private; use instead the function itself in `tools=`")],
    ),
    "a private helper by the path of its own module": (
        "from mirascope.core.base._utils._fn_is_async import fn_is_async",
        [(1, "gone", "`inspect.iscoroutinefunction`")],
    ),
    "a private helper of a provider": (
        "from mirascope.core.openai._utils import convert_message_params",
        [(1, "gone", "it was private")],
    ),
    "a public name from a private module": (
        "from mirascope.core.base._call_factory import call_factory",
        [(1, "gone", "it was private; import it from `mirascope.core.base`")],
    ),
    "private names as attributes": (
        """
        from mirascope.core import base
        base._utils.fn_is_async(len)
        """,
        [(3, "gone", "`mirascope.core.base._utils.fn_is_async`: it was private")],
    ),
    "a module that is not here": (
        "from mirascope.openai import OpenAICall",
        [(1, "gone", "`mirascope.openai.OpenAICall`: there is no such name")],
    ),
    "a name that is elsewhere": (
        "from mirascope.llm import BaseTool",
        [(1, "gone", "there is no such name; import it from `mirascope`")],
    ),
    "a server by its module": (
        "from mirascope.mcp.server import MCPServer",
        [(1, "gone", "from mcp.server import MCPServer")],
    ),
    "names under an alias": (
        """
        from mirascope import core as c
        import mirascope.tools as ready
        c.gemini.call("m")
        c.vertex.VertexTool
        ready.DuckDuckGoSearch
        """,
        [
            (4, "alias", "mirascope.core.gemini.call"),
            (5, "alias", "mirascope.core.vertex.VertexTool"),
            (6, "gone", "DuckDuckGoSearch"),
        ],
    ),
    "names that are assigned": (
        """
        from mirascope import core, llm
        google = core.gemini
        call = llm.call
        google.call("m")
        call("vertex", "m")
        """,
        [
            (3, "alias", "mirascope.core.gemini"),
            (5, "alias", "mirascope.core.gemini.call"),
            (6, "alias", 'write "google"'),
        ],
    ),
    "a change is told once of attributes": (
        """
        from mirascope import core, tools
        core.xai.call("a")
        core.xai.call("b")
        tools.HTTPX
        """,
        [(3, "fixed", "XAI_API_KEY"), (5, "fixed", "public addresses")],
    ),
    "modules that are imported by a text": (
        'import importlib\nimportlib.import_module("mirascope.beta.rag")',
        [(2, "gone", "mirascope.beta.rag")],
    ),
    "older names of providers in every place": (
        """
        from mirascope import llm
        from mirascope.retries import fallback

        @fallback(ValueError, [{"catch": ValueError, "provider": "vertex", "model": "m"}])
        @llm.call("gemini", "m")
        def ask(): ...

        with llm.context(provider="xai", model="m"):
            ask()
        """,
        [
            (5, "alias", '`provider="vertex"`'),
            (6, "alias", '`provider="gemini"`'),
            (9, "fixed", "XAI_API_KEY"),
        ],
    ),
    "a fallback that v1 did not fall back with": (
        """
        from mirascope.core import openai
        from mirascope.retries import fallback

        @fallback(ValueError, [])
        @openai.call("m")
        def ask(): ...
        """,
        [(5, "fixed", "`fallback` takes functions of `llm.call`")],
    ),
    "retries that v1 did not make": (
        """
        import tenacity
        from mirascope import llm

        @tenacity.retry(stop=tenacity.stop_after_attempt(3))
        @llm.call("openai", "m")
        async def ask(): ...
        """,
        [(5, "fixed", "tenacity tries an async `llm.call` again")],
    ),
    "templates that are refused": (
        '''
        from mirascope import prompt_template

        @prompt_template("Hello {self._name}")
        def greet(self): ...

        @prompt_template("""
            USER: {question
        """)
        def ask(question): ...
        ''',
        [
            (4, "fixed", "refused when decorating: `{self._name}` in line 1"),
            (7, "fixed", "refused when decorating: Line 1"),
        ],
    ),
    "tools that cannot be called": (
        """
        from mirascope import BaseTool, llm

        class FindBook(BaseTool):
            title: str

        @llm.call("openai", "m", tools=[FindBook])
        def ask(): ...
        """,
        [(7, "fixed", "`FindBook` has no `call`")],
    ),
    "a prompt's configuration that v1 did not heed": (
        """
        from mirascope.core import BasePrompt

        class Ask(BasePrompt):
            def dynamic_config(self):
                return {"metadata": {}, "call_params": {"temperature": 1}}
        """,
        [(6, "fixed", "`call_params` in `dynamic_config`")],
    ),
    "lists of tools that may be None now": (
        """
        from mirascope.core import anthropic

        @anthropic.call("m")
        def ask(): ...

        for tool in ask().tools:
            tool.call()
        print(len(ask().tools), [tool for tool in ask().tools])
        """,
        [(7, "fixed", "response.tools or []"), (9, "fixed", "response.tools or []")],
    ),
    "the provider of a local model": (
        """
        from mirascope import llm

        @llm.call("ollama", "m")
        def ask(): ...

        if ask().provider == "openai":
            pass
        """,
        [(7, "fixed", "`provider` of a reply of Ollama or vLLM")],
    ),
    "coroutines that wait for a context": (
        """
        from mirascope import llm

        async def main(waiting):
            with llm.context(provider="openai", model="m"):
                await waiting
        """,
        [(6, "fixed", "from the call, not the `await`")],
    ),
    "what the SDKs have changed": (
        """
        import google.generativeai as genai
        from langfuse.decorators import observe
        from mirascope import llm
        from mistralai import Mistral
        """,
        [
            (2, "sdk", "google.genai"),
            (3, "sdk", "`observe` in `langfuse`"),
            (5, "sdk", "`mistralai.client`"),
        ],
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_seen(tmp_path: Path, name: str) -> None:
    program, expected = SEEN[name]
    seen = found(tmp_path, program)
    assert [(line, kind) for line, kind, _ in seen] == [(line, kind) for line, kind, _ in expected]
    for (_, _, message), (_, _, text) in zip(seen, expected, strict=True):
        assert text in message


LEFT_ALONE = {
    "other libraries": """
        import tools, core
        from mistralai import Mistral
        from mypackage.mirascope import beta
        tools.HTTPX
        core.xai
        """,
    "types of what calls give": """
        from mirascope import llm
        from mirascope.core import BaseCallResponse
        from mirascope.core.base import BaseStream

        def show(response: llm.CallResponse, stream: llm.Stream, tool: llm.Tool) -> None: ...
        """,
    "private methods of public classes": """
        from mirascope import BaseTool, __version__
        import mirascope
        BaseTool._name()
        mirascope.__version__, mirascope.__name__
        """,
    "paths of v1": """
        import mirascope.core.openai.call_response
        from mirascope.core.openai.stream import OpenAIStream
        from mirascope.core.base.tool import BaseTool
        from mirascope.core.base.types import FinishReason
        from mirascope.retries.fallback import Fallback, FallbackError
        from mirascope.core import *
        """,
    "retries and fallbacks as v1 had them": """
        from mirascope import llm
        from mirascope.core import openai
        from mirascope.retries import FallbackError, fallback
        from tenacity import retry

        @retry()
        @openai.call("m")
        async def ask(): ...

        @fallback(ValueError, [{"catch": ValueError, "provider": "anthropic", "model": "m"}])
        @llm.call("openai", "m")
        def answer(): ...

        @retry()
        @llm.call("openai", "m")
        def tell(): ...
        """,
    "tools that are guarded": """
        from mirascope import BaseTool, llm
        from mirascope.core import anthropic

        class FindBook(BaseTool):
            title: str

            async def call(self): ...

        class Answer(BaseTool):
            text: str

        @anthropic.call("m", tools=[FindBook], response_model=Answer)
        def ask(): ...

        response = ask()
        if response.tools:
            print([tool.call() for tool in response.tools])
        while response.tools:
            for tool in response.tools:
                tool.call()
        for tool in response.tools or []:
            tool.call()
        if tools := response.tools:
            for tool in tools:
                tool.call()
        """,
    "lists of tools of providers that always gave None": """
        from mirascope import llm

        for tool in llm.call("openai", "m")(len)().tools:
            tool.call()
        """,
    "a context around its calls": """
        from mirascope import llm

        async def main(ask):
            with llm.context(provider="openai", model="m"):
                waiting = ask()
                await waiting
                return await ask()
        """,
    "a tool of a provider's own call": """
        from mirascope.core import openai

        if isinstance(openai.call("m")(len)().tool, int):
            pass
        """,
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_left_alone(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, LEFT_ALONE[name]) == []


def test_every_name_of_v1_that_is_not_gone_is_known_to_be_there() -> None:
    missing = [
        f"{module}.{name}"
        for module, names in NAMES.items()
        for name in names
        if not is_there(module, name)
    ]
    gone = [
        f"{module}.{name}"
        for module, names in NAMES.items()
        for name in names
        if (change := change_of(f"{module}.{name}")) and change.fate == "gone"
    ]
    assert sorted(missing) == sorted(gone)


@pytest.mark.parametrize("folder", ["examples", "src"])
def test_nothing_is_gone_of_what_the_library_and_its_examples_import(folder: str) -> None:
    findings = findings_in(Path(__file__).parents[2] / folder)
    assert not [each for each in findings if each.kind in ("gone", "unreadable")]


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the programs are not here")
def test_programs_of_the_documentation_have_nothing_but_what_is_true_of_them(
    tmp_path: Path,
) -> None:
    block = re.compile(r"^( *)```python[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
    for page in SEEDS.glob("*.txt"):
        for number, (_, source) in enumerate(block.findall(page.read_text())):
            (tmp_path / f"{page.stem}_{number}.py").write_text(textwrap.dedent(source))
    kinds = {each.kind for each in findings_in(tmp_path)}
    assert "gone" not in kinds
