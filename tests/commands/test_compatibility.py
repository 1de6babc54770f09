"""What became of each name of v1 is true, and the page says it."""

from __future__ import annotations

import importlib
import runpy
from pathlib import Path

import pytest

from mirascope._commands._v1_names import NAMES, change_of
from mirascope.core._providers import PROVIDERS, is_installed

DOCS = Path(__file__).parents[2] / "docs"
PATHS = [(module, name) for module, names in NAMES.items() for name in names]


def use(module: str, name: str) -> object:
    """What `from module import name` gives."""
    namespace: dict[str, object] = {}
    exec(f"from {module} import {name}", namespace)
    return namespace[name]


def skip_without_package(module: str, name: str) -> None:
    for part in (module.rpartition(".")[2], name):
        if part in PROVIDERS and not is_installed(PROVIDERS[part].sdk):
            pytest.skip(f"the SDK of {part} is not installed")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("module", "name"), PATHS)
def test_name_is_there_or_says_what_to_do(module: str, name: str) -> None:
    change = change_of(f"{module}.{name}")
    if change is not None and change.fate == "gone":
        with pytest.raises(ImportError, match=rf"{name}(?s:.)*(MCP|call|write|mcp)"):
            use(module, name)
        return
    skip_without_package(module, name)
    assert use(module, name) is not None


@pytest.mark.parametrize(
    "module", ["mirascope.v0.openai", "mirascope.beta.rag", "mirascope.experimental.graphs"]
)
def test_modules_of_a_module_that_is_gone(module: str) -> None:
    gone = ".".join(module.split(".")[:2])
    with pytest.raises(ImportError, match=f"`{gone}` is not part of this library: "):
        importlib.import_module(module)


def test_every_change_has_a_reason() -> None:
    changes = [change_of(f"{module}.{name}") for module, name in PATHS]
    assert all(change.reason for change in changes if change)
    assert {change.fate for change in changes if change} == {"fixed", "alias", "gone"}


def test_page_is_up_to_date() -> None:
    page = (DOCS / "compatibility.md").read_text("utf-8")
    generator = runpy.run_path(str(DOCS / "compatibility.py"))
    assert generator["brought_up_to_date"](page) == page, "run `python docs/compatibility.py`"


def test_page_has_every_name() -> None:
    generator = runpy.run_path(str(DOCS / "compatibility.py"))
    listed = [
        (module, name)
        for fate in ("gone", "fixed", "alias", "same")
        for module, name, _ in generator["names"](fate)
    ]
    assert sorted(listed) == sorted(PATHS)


@pytest.mark.parametrize(
    "module",
    [
        "mirascope.core.base._utils",
        "mirascope.core.base._utils._convert_function_to_base_tool",
        "mirascope.core.openai._utils",
    ],
)
def test_private_helpers_say_what_to_use_instead(module: str) -> None:
    if "openai" in module and not is_installed("openai"):
        pytest.skip("the SDK of openai is not installed")
    with pytest.raises(ImportError, match="it was private") as caught:
        importlib.import_module(module)
    told = str(caught.value)
    assert "convert_function_to_base_tool: the function itself in `tools=`" in told
    assert "setup_call: `mirascope.core.base.call_factory`" in told


def test_private_helpers_are_not_there_for_who_asks_politely() -> None:
    from mirascope.core import base

    assert not hasattr(base, "_utils")
