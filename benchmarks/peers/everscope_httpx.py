"""Everscope where aiohttp is not installed."""

from peers.everscope import (  # noqa: F401
    MISSING,
    call,
    call_async,
    stream,
    structured,
    structured_stream,
    tools,
)
