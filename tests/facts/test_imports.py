"""What is imported, and what is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

STAR = "from {} import *"


def run(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.parametrize("module", ["mirascope", "mirascope.core", "mirascope.core.base"])
@pytest.mark.parametrize("missing", ["", "openai litellm", "anthropic"])  # one needs the other
def test_a_star_import_works_whichever_sdk_is_missing(module: str, missing: str) -> None:
    # A module that is None cannot be imported, and `find_spec` does not find it.
    absent = dict.fromkeys(missing.split())
    run(f"import sys\nsys.modules.update({absent})\n{STAR.format(module)}")


def test_a_missing_sdk_is_named_with_the_way_to_install_it() -> None:
    code = """
import sys
sys.modules["anthropic"] = None
from mirascope import llm
try:
    llm.call("anthropic", "m")
except ImportError as error:
    print(error)
"""
    assert "everscope[anthropic]" in run(code)


def test_no_sdk_is_loaded_before_it_is_used() -> None:
    code = """
import sys
from mirascope import BaseTool, Messages, llm, prompt_template
print([name for name in ("openai", "anthropic", "httpx", "docstring_parser", "genai_prices")
       if name in sys.modules])
"""
    assert run(code) == "[]"
