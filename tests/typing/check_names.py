"""Names that are not there are errors to type checkers, although packages load theirs on use."""

import mirascope
from mirascope import core, integrations, llm, mcp, retries, tools
from mirascope.core import base

mirascope.nothing  # type: ignore[attr-defined]  # pyright: ignore
core.nothing  # type: ignore[attr-defined]  # pyright: ignore
base.nothing  # type: ignore[attr-defined]  # pyright: ignore
llm.nothing  # type: ignore[attr-defined]  # pyright: ignore
retries.nothing  # type: ignore[attr-defined]  # pyright: ignore
integrations.nothing  # type: ignore[attr-defined]  # pyright: ignore
tools.nothing  # type: ignore[attr-defined]  # pyright: ignore
mcp.nothing  # type: ignore[attr-defined]  # pyright: ignore
