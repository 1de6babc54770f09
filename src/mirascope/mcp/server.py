"""Not here: importing this module of Mirascope v1 says what to do instead."""

from __future__ import annotations

from .._commands._v1_names import refusal

raise refusal("mirascope.mcp.server")
