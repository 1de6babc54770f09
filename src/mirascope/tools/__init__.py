"""Tools that are ready to be given to a model: files of a directory, and the web."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._files import FileSystemToolKit as FileSystemToolKit
    from ._files import FileSystemToolKitConfig as FileSystemToolKitConfig
    from ._http import HTTPX as HTTPX
    from ._http import AsyncHTTPX as AsyncHTTPX
    from ._http import HTTPXConfig as HTTPXConfig
    from ._http import Requests as Requests
    from ._http import RequestsConfig as RequestsConfig
    from ._page import ParseURLConfig as ParseURLConfig
    from ._page import ParseURLContent as ParseURLContent

_NAMES = {
    "AsyncHTTPX": "._http",
    "FileSystemToolKit": "._files",
    "FileSystemToolKitConfig": "._files",
    "HTTPX": "._http",
    "HTTPXConfig": "._http",
    "ParseURLConfig": "._page",
    "ParseURLContent": "._page",
    "Requests": "._http",
    "RequestsConfig": "._http",
}

_SEARCH = "Give the model a tool of your own that asks a search service, or that of an MCP server."
_DOCKER = "Run what a model wrote where it can do no harm: by the tools of an MCP server for that."
_LEFT_OUT = {
    "DockerOperationToolKit": _DOCKER,
    "DockerOperationToolKitConfig": _DOCKER,
    "DuckDuckGoSearch": _SEARCH,
    "DuckDuckGoSearchConfig": _SEARCH,
}

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    _load, __dir__ = lazy(__name__, _NAMES, ("base",))

    def __getattr__(name):
        if name in _LEFT_OUT:
            # No AttributeError: `from mirascope.tools import …` would hide its text.
            raise ImportError(
                f"Mirascope v1's `{name}` is not part of this library. {_LEFT_OUT[name]}"
            )
        return _load(name)


__all__ = [
    "HTTPX",
    "AsyncHTTPX",
    "FileSystemToolKit",
    "FileSystemToolKitConfig",
    "HTTPXConfig",
    "ParseURLConfig",
    "ParseURLContent",
    "Requests",
    "RequestsConfig",
]
