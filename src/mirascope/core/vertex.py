"""The older name of `mirascope.core.google` with a client of Vertex AI."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from .._lazy import GetAttribute
from . import google
from ._providers import PROVIDERS
from ._renamed import old_names, renamed
from ._v1_paths import PATH as __path__  # noqa: F401
from .base._provider_call import provider_call

if TYPE_CHECKING:
    from .base._signatures import ProviderCall
    from .google import GoogleCallParams as VertexCallParams
    from .google import GoogleCallResponse as VertexCallResponse
    from .google import GoogleCallResponseChunk as VertexCallResponseChunk
    from .google import GoogleDynamicConfig as VertexDynamicConfig
    from .google import GoogleMessageParam as VertexMessageParam
    from .google import GoogleStream as VertexStream
    from .google import GoogleTool as VertexTool

    call: ProviderCall[VertexCallResponse, VertexStream, VertexCallParams]
    vertex_call: ProviderCall[VertexCallResponse, VertexStream, VertexCallParams]


class VertexProvider(google.GoogleProvider):
    """Google, its default clients made for Vertex AI."""

    name = "vertex"
    title: ClassVar[str] = PROVIDERS[name].title
    vertexai: ClassVar[bool | None] = True


PROVIDER = VertexProvider()
_call = provider_call(PROVIDER)

__getattr__: GetAttribute = renamed(
    __name__,
    {"call": _call, "vertex_call": _call, **old_names(google, "Vertex", "Google")},
    "`mirascope.core.google` with `client=Client(vertexai=True, project=…, location=…)`",
)

__all__ = [
    "VertexCallParams",
    "VertexCallResponse",
    "VertexCallResponseChunk",
    "VertexDynamicConfig",
    "VertexMessageParam",
    "VertexStream",
    "VertexTool",
    "call",
    "vertex_call",
]
