"""Turn a prompt function into an LLM call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import core as core
    from . import errors as errors
    from . import integrations as integrations
    from . import llm as llm
    from . import mcp as mcp
    from . import retries as retries
    from . import sandbox as sandbox
    from ._version import __version__ as __version__
    from .core.base import AudioPart as AudioPart
    from .core.base import AudioURLPart as AudioURLPart
    from .core.base import BaseDynamicConfig as BaseDynamicConfig
    from .core.base import BaseMessageParam as BaseMessageParam
    from .core.base import BaseTool as BaseTool
    from .core.base import BaseToolKit as BaseToolKit
    from .core.base import CacheControlPart as CacheControlPart
    from .core.base import DocumentPart as DocumentPart
    from .core.base import DocumentURLPart as DocumentURLPart
    from .core.base import ImagePart as ImagePart
    from .core.base import ImageURLPart as ImageURLPart
    from .core.base import LocalProvider as LocalProvider
    from .core.base import Messages as Messages
    from .core.base import Provider as Provider
    from .core.base import TextPart as TextPart
    from .core.base import ToolCallPart as ToolCallPart
    from .core.base import ToolResultPart as ToolResultPart
    from .core.base import prompt_template as prompt_template

_NAMES = {
    "AudioPart": ".core.base",
    "AudioURLPart": ".core.base",
    "BaseDynamicConfig": ".core.base",
    "BaseMessageParam": ".core.base",
    "BaseTool": ".core.base",
    "BaseToolKit": ".core.base",
    "CacheControlPart": ".core.base",
    "DocumentPart": ".core.base",
    "DocumentURLPart": ".core.base",
    "ImagePart": ".core.base",
    "ImageURLPart": ".core.base",
    "LocalProvider": ".core.base",
    "Messages": ".core.base",
    "Provider": ".core.base",
    "TextPart": ".core.base",
    "ToolCallPart": ".core.base",
    "ToolResultPart": ".core.base",
    "__version__": "._version",
    "prompt_template": ".core.base",
}
_MODULES = ("core", "errors", "integrations", "llm", "mcp", "retries", "sandbox")

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from ._lazy import lazy

    __getattr__, __dir__ = lazy(__name__, _NAMES, _MODULES)

__all__ = [*_NAMES, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]
