"""The reference describes every public name, and says where each can be imported from."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parent.parent / "docs"
# Older names of what another module describes, and the module that does.
RENAMED = {"mirascope.core.gemini": "Google", "mirascope.core.vertex": "Google"}


@pytest.fixture(scope="module")
def index() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_index", DOCS / "reference_index.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def described() -> dict[str, set[str]]:
    """The last parts of the names that the pages describe, with their modules."""
    found: dict[str, set[str]] = {}
    for page in (DOCS / "reference").glob("*.md"):
        text = page.read_text("utf-8")
        for match in re.finditer(r"^::: (?P<module>\S+)\.(?P<name>\w+)$", text, re.MULTILINE):
            found.setdefault(match["name"], set()).add(match["module"])
    return found


def test_the_table_of_names_is_up_to_date(index: ModuleType) -> None:
    page = index.PAGE.read_text("utf-8")
    assert index.updated(page) == page, "run `python docs/reference_index.py`"


def test_every_public_name_is_described(index: ModuleType, described: dict[str, set[str]]) -> None:
    names = index.public_names()
    assert len(names) > 20
    missing = []
    for module, listed in names.items():
        provider = module.removeprefix("mirascope.core.")
        for name in listed:
            if module in RENAMED:
                name = re.sub("^(Gemini|Vertex)", RENAMED[module], name)
            name = "call" if name == f"{provider}_call" else name
            # Providers have names in common (`call`), so theirs have to be described in place.
            is_own = module.startswith("mirascope.core.") and name == "call"
            places = described.get(name, set())
            found = module in places or module in RENAMED if is_own else places
            if not found and name not in ("__version__", "StdioServerParameters"):
                missing.append(f"{module}.{name}")
    assert not missing, "put `::: NAME` for each on a page of docs/reference/"


def test_only_names_that_exist_are_described(
    index: ModuleType, described: dict[str, set[str]]
) -> None:
    names = index.public_names()
    unlisted = {
        f"{module}.{name}"
        for name, modules in described.items()
        for module in modules
        if name not in names.get(module, [])
    }
    # The tools are in a module without a list of names; the options are the keyword arguments of
    # models, which nobody imports.
    assert unlisted == {
        "mirascope.llm._options.ChainOptions",
        "mirascope.llm._options.ConversationOptions",
        "mirascope.llm._options.PromptOptions",
        "mirascope.tools.base.ConfigurableTool",
        "mirascope.tools.base.ConfigurableToolKit",
    }
