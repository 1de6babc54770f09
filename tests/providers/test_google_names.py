"""Google by other ways: Vertex AI, the older names, and the programs of the documentation."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from google.genai import Client
from google.oauth2.credentials import Credentials

from mirascope import BaseTool, llm
from mirascope.core import google
from mirascope.sandbox import Sandbox

MODEL = "gemini-2.5-flash"

# On its own class of aiohttp's the SDK makes aiohttp warn.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")


def new_vertex_client(box: Sandbox) -> Client:
    return Client(
        vertexai=True,
        project="your-project-id",
        location="us-central1",
        credentials=Credentials(token="k"),  # type: ignore[no-untyped-call]
        http_options={"base_url": box.base_url("vertex")},  # type: ignore[arg-type]
    )


class FindBook(BaseTool):
    """Find a book."""

    title: str

    def call(self) -> str:
        return f"{self.title} is on shelf 3"


# Vertex AI, and the older names


@pytest.mark.parametrize("stream", [False, True])
async def test_vertex_by_a_client(box: Sandbox, stream: bool) -> None:
    client = new_vertex_client(box)
    ask = google.call(MODEL, client=client, stream=stream)(lambda: "Hi")
    result = ask()
    if stream:
        list(result)
    assert result.content == "Sandbox reply to: Hi"
    project = "/v1beta1/projects/your-project-id/locations/us-central1"
    assert box.requests[0].path.startswith(f"{project}/publishers/google/models/{MODEL}:")


OLDER = {"gemini": "/v1", "vertex": "/v1beta1/publishers/google/models/"}


@pytest.mark.parametrize("name", OLDER)
def test_older_names_of_the_provider(box: Sandbox, name: Any) -> None:
    with pytest.warns(DeprecationWarning, match=f"`{name}` is deprecated. Use `google`") as caught:
        call = llm.call(name, MODEL)
    assert caught[0].filename == __file__
    response = call(lambda: "Hi")()
    assert response.content == "Sandbox reply to: Hi"
    assert box.requests[0].path.startswith(OLDER[name])
    assert response.cost is not None


@pytest.mark.parametrize("name", OLDER)
def test_older_names_of_the_module(box: Sandbox, name: str) -> None:
    module = importlib.import_module(f"mirascope.core.{name}")
    prefix = name.title()
    for suffix in ("CallResponse", "CallResponseChunk", "Stream", "Tool", "DynamicConfig"):
        with pytest.warns(DeprecationWarning, match=r"Use `mirascope\.core\.google`") as caught:
            kind = getattr(module, prefix + suffix)
        assert caught[0].filename == __file__
        assert kind is getattr(google, f"Google{suffix}")
    submodule = importlib.import_module(f"mirascope.core.{name}.call_response")
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert getattr(submodule, f"{prefix}CallResponse") is google.GoogleCallResponse
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        call = module.call
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert getattr(module, f"{name}_call") is call
    response = call(MODEL, tools=[FindBook])(lambda: "Hi")()
    assert isinstance(response, google.GoogleCallResponse)
    assert isinstance(response.tool, FindBook)
    assert box.requests[0].path.startswith(OLDER[name])
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = module.no_such_name


# The programs of the documentation

PROGRAMS = {
    "async text": """
        from mirascope.core import google

        @google.call("gemini-1.5-flash")
        async def recommend_book(genre: str) -> str:
            return f"Recommend a {genre} book"
    """,
    "async messages": """
        from mirascope.core import Messages, google

        @google.call("gemini-1.5-flash")
        async def recommend_book(genre: str) -> Messages.Type:
            return Messages.User(f"Recommend a {genre} book")
    """,
    "async template": """
        from mirascope.core import google, prompt_template

        @google.call("gemini-1.5-flash")
        @prompt_template("Recommend a {genre} book")
        async def recommend_book(genre: str): ...
    """,
    "async client": """
        from google.genai import Client
        from mirascope.core import BaseMessageParam, google

        @google.call("gemini-1.5-flash")
        async def recommend_book(genre: str) -> google.GoogleDynamicConfig:
            return {
                "messages": [BaseMessageParam(role="user", content=f"Recommend a {genre} book")],
                "client": Client(),
            }
    """,
    "async template and client": """
        from google.genai import Client
        from mirascope.core import google, prompt_template

        @google.call("gemini-1.5-flash")
        @prompt_template("Recommend a {genre} book")
        async def recommend_book(genre: str) -> google.GoogleDynamicConfig:
            return {"client": Client()}
    """,
    "params": """
        from mirascope.core import BaseMessageParam, google

        @google.call("gemini-2.0-flash")
        def recommend_book(genre: str) -> list[BaseMessageParam]:
            return [BaseMessageParam(role="user", content=f"Recommend a {genre} book")]
    """,
    "dynamic config": """
        from mirascope.core import Messages, google

        @google.call("gemini-2.0-flash")
        def recommend_book(genre: str) -> google.GoogleDynamicConfig:
            return {"messages": [Messages.User(f"Recommend a {genre} book")]}
    """,
    "bare SDK": """
        from google.genai import Client

        client = Client()

        def recommend_book(genre: str) -> str:
            contents = {"role": "user", "parts": [{"text": f"Recommend a {genre} book"}]}
            return client.models.generate_content(model="gemini-2.0-flash", contents=contents)
    """,
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_programs(box: Sandbox, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    for name, value in box.environment().items():
        monkeypatch.setenv(name, value)
    namespace: dict[str, Any] = {"__name__": "program"}
    exec("\n".join(line[8:] for line in PROGRAMS[program].splitlines()), namespace)
    response = namespace["recommend_book"]("fantasy")
    response = await response if program.startswith("async") else response
    expected = "Sandbox reply to: Recommend a fantasy book"
    assert expected in (getattr(response, "content", ""), getattr(response, "text", ""))
