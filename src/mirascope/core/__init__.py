"""The base layer and the providers, each loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._providers import installed_modules

if TYPE_CHECKING:
    from . import anthropic as anthropic
    from . import azure as azure
    from . import base as base
    from . import bedrock as bedrock
    from . import cohere as cohere
    from . import costs as costs
    from . import gemini as gemini
    from . import google as google
    from . import groq as groq
    from . import litellm as litellm
    from . import mistral as mistral
    from . import ollama as ollama
    from . import openai as openai
    from . import vertex as vertex
    from . import vllm as vllm
    from . import xai as xai
    from .base import AudioPart as AudioPart
    from .base import AudioURLPart as AudioURLPart
    from .base import BaseCallResponse as BaseCallResponse
    from .base import BaseDynamicConfig as BaseDynamicConfig
    from .base import BaseMessageParam as BaseMessageParam
    from .base import BasePrompt as BasePrompt
    from .base import BaseStream as BaseStream
    from .base import BaseTool as BaseTool
    from .base import BaseToolKit as BaseToolKit
    from .base import CacheControlPart as CacheControlPart
    from .base import CostMetadata as CostMetadata
    from .base import DocumentPart as DocumentPart
    from .base import DocumentURLPart as DocumentURLPart
    from .base import FromCallArgs as FromCallArgs
    from .base import ImagePart as ImagePart
    from .base import ImageURLPart as ImageURLPart
    from .base import LocalProvider as LocalProvider
    from .base import MediaPolicy as MediaPolicy
    from .base import Messages as Messages
    from .base import Provider as Provider
    from .base import ProviderPart as ProviderPart
    from .base import ResponseModelConfigDict as ResponseModelConfigDict
    from .base import TextPart as TextPart
    from .base import ThinkingPart as ThinkingPart
    from .base import ToolCallPart as ToolCallPart
    from .base import ToolResultPart as ToolResultPart
    from .base import merge_decorators as merge_decorators
    from .base import metadata as metadata
    from .base import prompt_template as prompt_template
    from .base import toolkit_tool as toolkit_tool
    from .costs import calculate_cost as calculate_cost

_NAMES = {
    "AudioPart": ".base",
    "AudioURLPart": ".base",
    "BaseCallResponse": ".base",
    "BaseDynamicConfig": ".base",
    "BaseMessageParam": ".base",
    "BasePrompt": ".base",
    "BaseStream": ".base",
    "BaseTool": ".base",
    "BaseToolKit": ".base",
    "CacheControlPart": ".base",
    "CostMetadata": ".base",
    "DocumentPart": ".base",
    "DocumentURLPart": ".base",
    "FromCallArgs": ".base",
    "ImagePart": ".base",
    "ImageURLPart": ".base",
    "LocalProvider": ".base",
    "MediaPolicy": ".base",
    "Messages": ".base",
    "Provider": ".base",
    "ProviderPart": ".base",
    "ResponseModelConfigDict": ".base",
    "TextPart": ".base",
    "ThinkingPart": ".base",
    "ToolCallPart": ".base",
    "ToolResultPart": ".base",
    "calculate_cost": ".costs",
    "merge_decorators": ".base",
    "metadata": ".base",
    "prompt_template": ".base",
    "toolkit_tool": ".base",
}
_MODULES = ("base", "costs")

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    __getattr__, __dir__ = lazy(__name__, _NAMES, (*_MODULES, *installed_modules()))

# `from mirascope.core import *` gives what can be imported here: of the providers, those whose SDK
# is installed.
__all__ = [*_NAMES, *_MODULES, *installed_modules()]  # pyright: ignore[reportUnsupportedDunderAll]
