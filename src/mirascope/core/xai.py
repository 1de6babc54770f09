"""xAI, through OpenAI's SDK: https://docs.x.ai/docs/api-reference."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

from ._openai_compatible import OpenAICompatible
from ._providers import PROVIDERS, require_sdk
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._narrow import is_object
from .base._provider_call import provider_call
from .base._unreadable import count
from .base._wire import Tokens
from .base.call_response import BaseCallResponse
from .base.call_response_chunk import BaseCallResponseChunk
from .base.dynamic_config import BaseDynamicConfig
from .base.stream import BaseStream
from .base.tool import BaseTool
from .openai import (
    OpenAICallParams,
    OpenAICallResponse,
    OpenAICallResponseChunk,
    OpenAIMessageParam,
    OpenAIStream,
    OpenAITool,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from .base._signatures import ProviderCall
else:
    AsyncOpenAI = OpenAI = Any

require_sdk("xai")

# --- what you may pass


class XAICallParams(OpenAICallParams, total=False):
    """The parameters of a call: those of OpenAI's that xAI knows."""


XAIMessageParam: TypeAlias = OpenAIMessageParam
XAIDynamicConfig: TypeAlias = BaseDynamicConfig[XAIMessageParam, XAICallParams, OpenAI]
AsyncXAIDynamicConfig: TypeAlias = BaseDynamicConfig[XAIMessageParam, XAICallParams, AsyncOpenAI]

# --- tools


class XAITool(OpenAITool):
    """A tool in xAI's form, which is OpenAI's."""

    _provider_title = "xAI"


# --- what you get back


class XAICallResponse(OpenAICallResponse):
    """xAI's reply to a call."""

    _provider = "xai"
    _dumped: ClassVar[tuple[str, ...]] = (*OpenAICallResponse._dumped, "citations")

    if TYPE_CHECKING:

        @property
        def tool(self) -> XAITool | None: ...

    @property
    def citations(self) -> list[str] | None:
        """The addresses of what the model read on the web; None where there are none."""
        return cast(list[str] | None, self._raw.data.get("citations"))


class XAICallResponseChunk(OpenAICallResponseChunk):
    """A chunk of xAI's reply."""

    @property
    def citations(self) -> list[str] | None:
        """The addresses of what the model read on the web, in the chunk that tells them."""
        return self._raw.data.get("citations") if self._raw else None


class XAIStream(OpenAIStream):
    """xAI's reply as it arrives."""

    _provider = "xai"

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[tuple[XAICallResponseChunk, XAITool | None]]: ...
        def __aiter__(self) -> AsyncIterator[tuple[XAICallResponseChunk, XAITool | None]]: ...
        def construct_call_response(self) -> XAICallResponse: ...


# --- how it maps

_TICKS_PER_DOLLAR = 10**10


class XAIProvider(OpenAICompatible):
    """The facts of xAI."""

    name = "xai"
    title: ClassVar[str] = PROVIDERS[name].title
    environment: ClassVar[tuple[str, ...]] = PROVIDERS[name].environment
    key_variable = "XAI_API_KEY"
    base_url_variable = "XAI_BASE_URL"
    response_type: ClassVar[type[BaseCallResponse]] = XAICallResponse
    chunk_type: ClassVar[type[BaseCallResponseChunk]] = XAICallResponseChunk
    stream_type: ClassVar[type[BaseStream[Any, Any]]] = XAIStream
    tool_type: ClassVar[type[BaseTool]] = XAITool  # type: ignore[type-abstract]
    part_types: ClassVar[frozenset[str]] = frozenset(
        {"text", "image", "image_url", "tool_call", "tool_result"}
    )

    def decode_usage(self, usage: Any) -> Tokens | None:
        tokens = super().decode_usage(usage)
        if (
            tokens
            and is_object(usage)
            and (ticks := count(usage.get("cost_in_usd_ticks"))) is not None
        ):
            tokens.cost = ticks / _TICKS_PER_DOLLAR
        return tokens


PROVIDER = XAIProvider()

# --- the decorator

call: ProviderCall[XAICallResponse, XAIStream, XAICallParams] = provider_call(PROVIDER)
xai_call = call

__all__ = [
    "AsyncXAIDynamicConfig",
    "XAICallParams",
    "XAICallResponse",
    "XAICallResponseChunk",
    "XAIDynamicConfig",
    "XAIMessageParam",
    "XAIStream",
    "XAITool",
    "call",
    "xai_call",
]
