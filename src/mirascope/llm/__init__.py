"""Calls that work the same with every provider, named by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.base._media_policy import MediaPolicy as MediaPolicy
    from ..core.base.types import CostMetadata as CostMetadata
    from ..core.base.types import LocalProvider as LocalProvider
    from ..core.base.types import Provider as Provider
    from ..core.costs import calculate_cost as calculate_cost
    from ._asked import ResponseEvent as ResponseEvent
    from ._call import call as call
    from ._chain import AsyncChainResponse as AsyncChainResponse
    from ._chain import ChainResponse as ChainResponse
    from ._context import context as context
    from ._function_chain import chain as chain
    from ._gathering import gather as gather
    from ._outcome import TokenUsage as TokenUsage
    from ._override import override as override
    from ._own_providers import register_provider as register_provider
    from ._printing import print_async_stream as print_async_stream
    from ._printing import print_stream as print_stream
    from ._registry import ModelWithAliases as ModelWithAliases
    from ._registry import UnknownModelError as UnknownModelError
    from ._registry import get_async_model as get_async_model
    from ._registry import get_async_models as get_async_models
    from ._registry import get_default_model as get_default_model
    from ._registry import get_model as get_model
    from ._registry import get_models as get_models
    from ._registry import get_models_with_aliases as get_models_with_aliases
    from ._registry import register_model as register_model
    from ._registry import remove_alias as remove_alias
    from ._registry import set_alias as set_alias
    from ._registry import set_default_model as set_default_model
    from .attachments import Attachment as Attachment
    from .budgets import Budget as Budget
    from .budgets import BudgetExceeded as BudgetExceeded
    from .budgets import budget as budget
    from .call_response import CallResponse as CallResponse
    from .call_response_chunk import CallResponseChunk as CallResponseChunk
    from .conversation import AsyncConversation as AsyncConversation
    from .conversation import Conversation as Conversation
    from .deadlines import DeadlineExceeded as DeadlineExceeded
    from .deadlines import deadline as deadline
    from .limits import Limit as Limit
    from .limits import LimitState as LimitState
    from .limits import limit as limit
    from .models import AsyncModel as AsyncModel
    from .models import Model as Model
    from .response import AsyncResponse as AsyncResponse
    from .response import Response as Response
    from .stream import Stream as Stream
    from .tool import Tool as Tool
    from .tool_calls import CancelToolCall as CancelToolCall
    from .tool_calls import ChainLimitError as ChainLimitError
    from .tool_calls import OfferedTool as OfferedTool
    from .tool_calls import PauseChain as PauseChain
    from .tool_calls import ToolCall as ToolCall
    from .tool_calls import ToolOutput as ToolOutput
    from .tool_calls import ToolResult as ToolResult

_NAMES = {
    "AsyncChainResponse": "._chain",
    "AsyncConversation": ".conversation",
    "AsyncModel": ".models",
    "AsyncResponse": ".response",
    "Attachment": ".attachments",
    "Budget": ".budgets",
    "BudgetExceeded": ".budgets",
    "CallResponse": ".call_response",
    "CallResponseChunk": ".call_response_chunk",
    "CancelToolCall": ".tool_calls",
    "ChainLimitError": ".tool_calls",
    "ChainResponse": "._chain",
    "Conversation": ".conversation",
    "CostMetadata": "..core.base.types",
    "DeadlineExceeded": ".deadlines",
    "Limit": ".limits",
    "LimitState": ".limits",
    "LocalProvider": "..core.base.types",
    "MediaPolicy": "..core.base._media_policy",
    "Model": ".models",
    "ModelWithAliases": "._registry",
    "OfferedTool": ".tool_calls",
    "PauseChain": ".tool_calls",
    "Provider": "..core.base.types",
    "Response": ".response",
    "ResponseEvent": "._asked",
    "Stream": ".stream",
    "TokenUsage": "._outcome",
    "Tool": ".tool",
    "ToolCall": ".tool_calls",
    "ToolOutput": ".tool_calls",
    "ToolResult": ".tool_calls",
    "UnknownModelError": "._registry",
    "budget": ".budgets",
    "calculate_cost": "..core.costs",
    "call": "._call",
    "chain": "._function_chain",
    "context": "._context",
    "deadline": ".deadlines",
    "gather": "._gathering",
    "get_async_model": "._registry",
    "get_async_models": "._registry",
    "get_default_model": "._registry",
    "get_model": "._registry",
    "get_models": "._registry",
    "get_models_with_aliases": "._registry",
    "limit": ".limits",
    "override": "._override",
    "print_async_stream": "._printing",
    "print_stream": "._printing",
    "register_model": "._registry",
    "register_provider": "._own_providers",
    "remove_alias": "._registry",
    "set_alias": "._registry",
    "set_default_model": "._registry",
}

if not TYPE_CHECKING:  # or a misspelt name would pass the checkers
    from .._lazy import lazy

    __getattr__, __dir__ = lazy(__name__, _NAMES)

__all__ = [
    "AsyncChainResponse",
    "AsyncConversation",
    "AsyncModel",
    "AsyncResponse",
    "Attachment",
    "Budget",
    "BudgetExceeded",
    "CallResponse",
    "CallResponseChunk",
    "CancelToolCall",
    "ChainLimitError",
    "ChainResponse",
    "Conversation",
    "CostMetadata",
    "DeadlineExceeded",
    "Limit",
    "LimitState",
    "LocalProvider",
    "MediaPolicy",
    "Model",
    "ModelWithAliases",
    "OfferedTool",
    "PauseChain",
    "Provider",
    "Response",
    "ResponseEvent",
    "Stream",
    "TokenUsage",
    "Tool",
    "ToolCall",
    "ToolOutput",
    "ToolResult",
    "UnknownModelError",
    "budget",
    "calculate_cost",
    "call",
    "chain",
    "context",
    "deadline",
    "gather",
    "get_async_model",
    "get_async_models",
    "get_default_model",
    "get_model",
    "get_models",
    "get_models_with_aliases",
    "limit",
    "override",
    "print_async_stream",
    "print_stream",
    "register_model",
    "register_provider",
    "remove_alias",
    "set_alias",
    "set_default_model",
]
