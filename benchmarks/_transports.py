"""Whether an SDK can be given aiohttp as the transport of its async client, here and now."""

from __future__ import annotations

from importlib import import_module


def has_aiohttp_client(sdk_name: str) -> bool:
    """It says so when asked: some need the package `httpx-aiohttp` for it besides aiohttp."""
    try:
        import_module(sdk_name).DefaultAioHttpClient()
    except (AttributeError, RuntimeError):
        return False
    return True
