"""What type checkers know of the ready-made tools."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, assert_type

from pydantic import BaseModel

from mirascope import BaseTool
from mirascope.core import MediaPolicy
from mirascope.tools import (
    HTTPX,
    AsyncHTTPX,
    FileSystemToolKit,
    FileSystemToolKitConfig,
    HTTPXConfig,
    ParseURLConfig,
    ParseURLContent,
    Requests,
    RequestsConfig,
)
from mirascope.tools.base import ConfigurableTool

config = HTTPXConfig(timeout=1, policy=MediaPolicy(allow_private=True), max_length=10)
assert_type(HTTPX.from_config(config), type[HTTPX])
assert_type(HTTPX(url="u", method="POST", json={"a": 1}).call(), str)
assert_type(AsyncHTTPX.from_config(config), type[AsyncHTTPX])
coroutine: Coroutine[Any, Any, str] = AsyncHTTPX(url="u").call()
assert_type(Requests.from_config(RequestsConfig())(url="u").call(), str)
assert_type(ParseURLContent.from_config(ParseURLConfig())(url="u").call(), str)
assert_type(HTTPX.usage_description(), str)
wrong = FileSystemToolKitConfig()
HTTPX.from_config(wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

toolkit = FileSystemToolKit.from_config(FileSystemToolKitConfig(max_file_size=1))
assert_type(toolkit, type[FileSystemToolKit])
assert_type(toolkit(base_directory=Path()).create_tools(), list[type[BaseTool]])


class ShelfConfig(BaseModel):
    most: int = 5


class Search(ConfigurableTool[ShelfConfig]):
    __config__ = ShelfConfig()

    words: str

    def call(self) -> str:
        return self.words


assert_type(Search.from_config(ShelfConfig(most=1)), type[Search])
