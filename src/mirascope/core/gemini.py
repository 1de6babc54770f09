"""The older name of `mirascope.core.google`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import GetAttribute
from . import google
from ._renamed import old_names, renamed
from ._v1_paths import PATH as __path__  # noqa: F401
from .google import PROVIDER as PROVIDER

if TYPE_CHECKING:
    from .google import GoogleCallParams as GeminiCallParams
    from .google import GoogleCallResponse as GeminiCallResponse
    from .google import GoogleCallResponseChunk as GeminiCallResponseChunk
    from .google import GoogleDynamicConfig as GeminiDynamicConfig
    from .google import GoogleMessageParam as GeminiMessageParam
    from .google import GoogleStream as GeminiStream
    from .google import GoogleTool as GeminiTool
    from .google import call as call

    gemini_call = call

__getattr__: GetAttribute = renamed(
    __name__,
    {
        "call": google.call,
        "gemini_call": google.call,
        **old_names(google, "Gemini", "Google"),
    },
    "`mirascope.core.google`",
)

__all__ = [
    "GeminiCallParams",
    "GeminiCallResponse",
    "GeminiCallResponseChunk",
    "GeminiDynamicConfig",
    "GeminiMessageParam",
    "GeminiStream",
    "GeminiTool",
    "call",
    "gemini_call",
]
