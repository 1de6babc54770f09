"""Import paths that exist for programs written for Mirascope v1, and for nothing else.

There each provider was a package (`mirascope.core.openai.call_response`); here it is one module. A
provider's module takes `PATH` as its `__path__`, so that these submodules are found below it; each
offers the names of the provider's module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATH: list[str] = [str(Path(__file__).parent)]
SUBMODULES = (
    "call_params",
    "call_response",
    "call_response_chunk",
    "dynamic_config",
    "stream",
    "tool",
)


def names_of_provider(submodule: str) -> Callable[[str], Any]:
    """The `__getattr__` of one of these submodules."""
    provider = submodule.rpartition(".")[0]

    def __getattr__(name: str) -> Any:
        try:
            return getattr(sys.modules[provider], name)
        except AttributeError:
            raise AttributeError(f"module {submodule!r} has no attribute {name!r}") from None

    return __getattr__
