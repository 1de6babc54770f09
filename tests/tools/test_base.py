"""Tools and toolkits with a configuration of one's own."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from mirascope import llm
from mirascope.core import toolkit_tool
from mirascope.core.base._tool_types import tool_type
from mirascope.core.openai import OpenAITool
from mirascope.sandbox import Sandbox, ToolCall
from mirascope.tools import HTTPX, HTTPXConfig
from mirascope.tools.base import ConfigurableTool, ConfigurableToolKit


class ShelfConfig(BaseModel):
    most: int = 5


class Search(ConfigurableTool[ShelfConfig]):
    """Search the shelves."""

    __config__ = ShelfConfig()
    __prompt_usage_description__ = """
        Search with
        few words.
    """

    words: str

    def call(self) -> str:
        return f"{self.words}: {self.__config__.most}"


class Plain(ConfigurableTool[Any]):
    """Say something."""

    __config__ = ShelfConfig(most=1)

    def call(self) -> str:
        return str(self.__config__.most)


class Shelves(ConfigurableToolKit[ShelfConfig]):
    """Tools for shelves."""

    __namespace__ = "configured_shelves"

    config: ShelfConfig = ShelfConfig()
    room: str = "A"

    @toolkit_tool
    def look(self) -> str:
        """Look at {self.config.most} shelves."""
        return f"{self.room}: {self.config.most}"


def test_tools() -> None:
    wide = Search.from_config(ShelfConfig(most=20))
    assert (Search(words="a").call(), wide(words="a").call()) == ("a: 5", "a: 20")
    assert Search.usage_description() == wide.usage_description() == "Search with\nfew words."
    assert Plain.usage_description() == "Say something."
    assert wide.from_config(ShelfConfig(most=1))(words="a").call() == "a: 1"
    schema = tool_type(wide, OpenAITool).tool_schema()["function"]
    assert (schema["name"], schema["description"]) == ("Search", "Search the shelves.")
    assert list(schema["parameters"]["properties"]) == ["words"]


def test_toolkits() -> None:
    wide = Shelves.from_config(ShelfConfig(most=20))
    assert wide.usage_description() == "Tools for shelves."
    (tool,) = wide(room="B").create_tools()
    assert (tool._name(), tool._description()) == (
        "configured_shelves_look",
        "Look at 20 shelves.",
    )
    assert tool().call() == "B: 20"
    assert Shelves().create_tools()[0]().call() == "A: 5"
    assert wide(config=ShelfConfig(most=1)).create_tools()[0]().call() == "A: 1"
    with pytest.raises(ValidationError):
        wide(config={"most": "many"})  # type: ignore[arg-type]


def test_a_toolkit_without_tools_is_still_refused() -> None:
    with pytest.raises(ValueError, match="No toolkit_tool method found"):
        type("Empty", (ConfigurableToolKit[ShelfConfig],), {})


def test_configured_tools_in_responses_that_are_pickled(box: Sandbox) -> None:
    wide = Search.from_config(ShelfConfig(most=20))

    @llm.call("openai", "gpt-4o-mini", tools=[wide])
    def ask(question: str) -> str:
        return question

    box.reply(ToolCall("Search", {"words": "foxes"}))
    response = pickle.loads(pickle.dumps(ask("?")))
    assert isinstance(response.tool, Search)
    assert response.tool.call() == "foxes: 20"
    tool = pickle.loads(pickle.dumps(HTTPX.from_config(HTTPXConfig(timeout=1))(url="u", json={})))
    assert (tool.args["json"], tool.__config__.timeout) == ({}, 1)
