"""What all providers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

# These three share their names with the modules they live in: they are bound now and for good, or
# an import of the module would put it in their place.
from .call_factory import call_factory
from .merge_decorators import merge_decorators
from .metadata import metadata

if TYPE_CHECKING:
    from ._media_policy import MediaPolicy as MediaPolicy
    from .call_kwargs import BaseCallKwargs as BaseCallKwargs
    from .call_params import BaseCallParams as BaseCallParams
    from .call_params import CommonCallParams as CommonCallParams
    from .call_response import BaseCallResponse as BaseCallResponse
    from .call_response_chunk import BaseCallResponseChunk as BaseCallResponseChunk
    from .dynamic_config import BaseDynamicConfig as BaseDynamicConfig
    from .from_call_args import FromCallArgs as FromCallArgs
    from .message_param import AudioPart as AudioPart
    from .message_param import AudioURLPart as AudioURLPart
    from .message_param import BaseMessageParam as BaseMessageParam
    from .message_param import CacheControlPart as CacheControlPart
    from .message_param import DocumentPart as DocumentPart
    from .message_param import DocumentURLPart as DocumentURLPart
    from .message_param import ImagePart as ImagePart
    from .message_param import ImageURLPart as ImageURLPart
    from .message_param import ProviderPart as ProviderPart
    from .message_param import TextPart as TextPart
    from .message_param import ThinkingPart as ThinkingPart
    from .message_param import ToolCallPart as ToolCallPart
    from .message_param import ToolResultPart as ToolResultPart
    from .messages import Messages as Messages
    from .metadata import Metadata as Metadata
    from .prompt import BasePrompt as BasePrompt
    from .prompt import prompt_template as prompt_template
    from .response_model_config import ResponseModelConfigDict as ResponseModelConfigDict
    from .stream import BaseStream as BaseStream
    from .stream_config import StreamConfig as StreamConfig
    from .structured_stream import BaseStructuredStream as BaseStructuredStream
    from .tool import BaseTool as BaseTool
    from .tool import GenerateJsonSchemaNoTitles as GenerateJsonSchemaNoTitles
    from .tool import ToolConfig as ToolConfig
    from .tool_outputs import transform_tool_outputs as transform_tool_outputs
    from .toolkit import BaseToolKit as BaseToolKit
    from .toolkit import toolkit_tool as toolkit_tool
    from .types import AudioSegment as AudioSegment
    from .types import BaseType as BaseType
    from .types import CostMetadata as CostMetadata
    from .types import JsonableType as JsonableType
    from .types import LocalProvider as LocalProvider
    from .types import Provider as Provider
    from .types import Usage as Usage

_NAMES = {
    "AudioPart": ".message_param",
    "AudioSegment": ".types",
    "AudioURLPart": ".message_param",
    "BaseCallKwargs": ".call_kwargs",
    "BaseCallParams": ".call_params",
    "BaseCallResponse": ".call_response",
    "BaseCallResponseChunk": ".call_response_chunk",
    "BaseDynamicConfig": ".dynamic_config",
    "BaseMessageParam": ".message_param",
    "BasePrompt": ".prompt",
    "BaseStream": ".stream",
    "BaseStructuredStream": ".structured_stream",
    "BaseTool": ".tool",
    "BaseToolKit": ".toolkit",
    "BaseType": ".types",
    "CacheControlPart": ".message_param",
    "CommonCallParams": ".call_params",
    "CostMetadata": ".types",
    "DocumentPart": ".message_param",
    "DocumentURLPart": ".message_param",
    "FromCallArgs": ".from_call_args",
    "GenerateJsonSchemaNoTitles": ".tool",
    "ImagePart": ".message_param",
    "ImageURLPart": ".message_param",
    "JsonableType": ".types",
    "LocalProvider": ".types",
    "MediaPolicy": "._media_policy",
    "Messages": ".messages",
    "Metadata": ".metadata",
    "Provider": ".types",
    "ProviderPart": ".message_param",
    "ResponseModelConfigDict": ".response_model_config",
    "StreamConfig": ".stream_config",
    "TextPart": ".message_param",
    "ThinkingPart": ".message_param",
    "ToolCallPart": ".message_param",
    "ToolConfig": ".tool",
    "ToolResultPart": ".message_param",
    "Usage": ".types",
    "prompt_template": ".prompt",
    "toolkit_tool": ".toolkit",
    "transform_tool_outputs": ".tool_outputs",
}

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from ..._lazy import lazy

    __getattr__, __dir__ = lazy(__name__, _NAMES)

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    *_NAMES,
    "call_factory",
    "merge_decorators",
    "metadata",
]
