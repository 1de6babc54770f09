"""Opens connections by either face."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mirascope.mcp import Connection

from ..llm.faces import Face


@asynccontextmanager
async def opened(face: Face, connection: Connection) -> AsyncIterator[Any]:
    if face.is_async:
        async with connection as client:
            yield client
    else:
        with connection as client:
            yield client


async def tools_of(face: Face, client: Any, **options: Any) -> dict[str, Any]:
    """The tools by name."""
    return {tool._name(): tool for tool in await face.get(client.list_tools(**options))}
