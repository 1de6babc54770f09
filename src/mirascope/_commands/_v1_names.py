"""The public names of Mirascope v1, and what became of those that are not simply the same.

Of private ones, those that programs used all the same.

`docs/compatibility.md` is written from this, and `python -m mirascope migrate` reports by it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Fate: TypeAlias = Literal["same", "fixed", "alias", "gone"]

_PARTS = """AudioPart AudioURLPart BaseMessageParam CacheControlPart DocumentPart DocumentURLPart
    ImagePart ImageURLPart TextPart ToolCallPart ToolResultPart"""

_NAMES = {
    "mirascope": f"""{_PARTS} BaseDynamicConfig BaseTool BaseToolKit LocalProvider Messages Provider
        __version__ beta core experimental integrations llm mcp prompt_template retries tools v0""",
    "mirascope.llm": """CallResponse CallResponseChunk CostMetadata LocalProvider Provider Stream
        Tool calculate_cost call context override""",
    "mirascope.core": f"""{_PARTS} BaseCallResponse BaseDynamicConfig BasePrompt BaseStream BaseTool
        BaseToolKit CostMetadata FromCallArgs LocalProvider Messages Provider
        ResponseModelConfigDict anthropic azure base bedrock calculate_cost cohere costs gemini
        google groq litellm merge_decorators metadata mistral openai prompt_template toolkit_tool
        vertex xai""",
    "mirascope.core.base": f"""{_PARTS} AudioSegment BaseCallKwargs BaseCallParams BaseCallResponse
        BaseCallResponseChunk BaseDynamicConfig BasePrompt BaseStream BaseStructuredStream BaseTool
        BaseToolKit BaseType CommonCallParams CostMetadata FromCallArgs GenerateJsonSchemaNoTitles
        JsonableType LocalProvider Messages Metadata Provider ResponseModelConfigDict ToolConfig
        Usage _utils call_factory merge_decorators metadata prompt_template toolkit_tool
        transform_tool_outputs""",
    "mirascope.core.base.types": """AudioMetadata CostMetadata FinishReason GoogleMetadata
        ImageMetadata JsonableType PDFImageMetadata PDFMetadata Usage VideoMetadata""",
    "mirascope.core.base.call_factory": "call_factory",
    "mirascope.core.base.call_response": "BaseCallResponse",
    "mirascope.core.base.call_response_chunk": "BaseCallResponseChunk",
    "mirascope.core.base.dynamic_config": "BaseDynamicConfig",
    "mirascope.core.base.merge_decorators": "merge_decorators",
    "mirascope.core.base.message_param": _PARTS,
    "mirascope.core.base.metadata": "metadata",
    "mirascope.core.base.prompt": "prompt_template",
    "mirascope.core.base.stream": "BaseStream",
    "mirascope.core.base.structured_stream": "BaseStructuredStream",
    "mirascope.core.base.tool": "BaseTool",
    "mirascope.core.base.toolkit": "BaseToolKit",
    "mirascope.core.base.stream_config": "StreamConfig",
    "mirascope.core.costs": "calculate_cost",
    "mirascope.retries": "FallbackError fallback tenacity",
    "mirascope.retries.fallback": "Fallback",
    "mirascope.retries.tenacity": "collect_errors",
    "mirascope.integrations": "langfuse logfire middleware_factory otel tenacity",
    "mirascope.integrations.langfuse": "with_langfuse",
    "mirascope.integrations.logfire": "with_logfire",
    "mirascope.integrations.otel": "configure with_hyperdx with_otel",
    "mirascope.integrations.tenacity": "collect_errors",
    "mirascope.mcp": "MCPClient MCPServer MCPTool sse_client stdio_client",
    "mirascope.tools": """AsyncHTTPX DockerOperationToolKit DockerOperationToolKitConfig
        DuckDuckGoSearch DuckDuckGoSearchConfig FileSystemToolKit FileSystemToolKitConfig HTTPX
        HTTPXConfig ParseURLConfig ParseURLContent Requests RequestsConfig""",
    "mirascope.tools.base": "ConfigurableTool ConfigurableToolKit",
}

_PREFIXES = {
    "anthropic": "Anthropic",
    "azure": "Azure",
    "bedrock": "Bedrock",
    "cohere": "Cohere",
    "gemini": "Gemini",
    "google": "Google",
    "groq": "Groq",
    "litellm": "LiteLLM",
    "mistral": "Mistral",
    "openai": "OpenAI",
    "vertex": "Vertex",
    "xai": "XAI",
}
_SUFFIXES = (
    *("CallParams", "CallResponse", "CallResponseChunk", "DynamicConfig"),
    *("MessageParam", "Stream", "Tool"),
)
_WITHOUT_ASYNC_CONFIG = ("gemini", "google", "mistral", "vertex")
_WITH_TOOL_CONFIG = ("anthropic", "azure", "bedrock", "openai")


def _of_provider(name: str, prefix: str) -> list[str]:
    names = ["call", f"{name}_call", *(f"{prefix}{suffix}" for suffix in _SUFFIXES)]
    if name not in _WITHOUT_ASYNC_CONFIG:
        names.append(f"Async{prefix}DynamicConfig")
    if name in _WITH_TOOL_CONFIG:
        names.append(f"{prefix}ToolConfig")
    if name == "bedrock":
        names += ["AssistantMessageTypeDef", "UserMessageTypeDef"]
    return sorted(names)


NAMES: dict[str, list[str]] = {
    **{module: sorted(names.split()) for module, names in _NAMES.items()},
    **{f"mirascope.core.{name}": _of_provider(name, p) for name, p in _PREFIXES.items()},
}
"""The public names, by module."""


class Change(NamedTuple):
    """What became of a name."""

    fate: Fate
    reason: str


_ASKS = "asks public addresses only unless others are allowed, and reads no more than a limit"
_SEARCH = "write a tool that asks a search service, or take that of an MCP server"
_DOCKER = "run what a model wrote where it can do no harm: by the tools of an MCP server for that"
_COST = "dated prices that are kept up; None where unknown; cached tokens are charged once"
_WHICH_SERVER = "write servers with the `mcp` package: `from mcp.server import MCPServer`"
_ON_GOOGLE = "its SDK is retired: the names are those of `core.google`, with a DeprecationWarning"
_TRACING = (
    "names follow OpenTelemetry's conventions for generative AI; works under `llm.call` and for "
    "every provider; never breaks a call"
)
_STREAM = "gives its connection back when it is left; the last tool is not lost; has `close()`"
_PROMPT = "templates are dedented as a whole; a role counts at the start of a line only"
_RESPONSE = (
    "reads what it is asked for when it is asked, so no reply is lost; `message_param` has text "
    "and tool calls"
)
_V0 = "it had no promise of support: write calls with `llm.call`"
_BETA = "call the SDK for realtime sessions and a vector store's own client for retrieval"
_GRAPHS = "it was experimental: write the steps as functions that call each other"

CHANGES: dict[str, Change] = {
    "mirascope.v0": Change("gone", _V0),
    "mirascope.beta": Change("gone", _BETA),
    "mirascope.experimental": Change("gone", _GRAPHS),
    "mirascope.core.base._utils": Change(
        "gone", "it was private: importing it says what to use instead"
    ),
    "mirascope.mcp.MCPServer": Change("gone", _WHICH_SERVER),
    "mirascope.mcp.server": Change("gone", _WHICH_SERVER),
    "mirascope.mcp.MCPTool": Change("gone", _WHICH_SERVER),
    **{
        f"mirascope.mcp.{name}": Change(
            "fixed", "on `mcp` 2; the schemas and names of tools are those of the server"
        )
        for name in ("MCPClient", "sse_client", "stdio_client")
    },
    "mirascope.tools.DockerOperationToolKit": Change("gone", _DOCKER),
    "mirascope.tools.DockerOperationToolKitConfig": Change("gone", _DOCKER),
    "mirascope.tools.DuckDuckGoSearch": Change("gone", _SEARCH),
    "mirascope.tools.DuckDuckGoSearchConfig": Change("gone", _SEARCH),
    "mirascope.tools.HTTPX": Change("fixed", _ASKS),
    "mirascope.tools.AsyncHTTPX": Change("fixed", _ASKS),
    "mirascope.tools.Requests": Change("fixed", _ASKS),
    "mirascope.tools.ParseURLContent": Change("fixed", _ASKS),
    "mirascope.integrations.tenacity": Change("alias", "of `mirascope.retries.tenacity`"),
    "mirascope.integrations.tenacity.collect_errors": Change(
        "alias", "of `mirascope.retries.tenacity.collect_errors`"
    ),
    "mirascope.integrations.otel.with_otel": Change(
        "fixed", f"{_TRACING}; messages are recorded with `content=True` only"
    ),
    "mirascope.integrations.otel.configure": Change(
        "fixed", "keeps the tracing that a process has set up, and adds to it"
    ),
    "mirascope.integrations.otel.with_hyperdx": Change("fixed", _TRACING),
    "mirascope.integrations.logfire.with_logfire": Change("fixed", _TRACING),
    "mirascope.integrations.langfuse.with_langfuse": Change(
        "fixed", f"on today's Langfuse; {_TRACING}"
    ),
    "mirascope.integrations.middleware_factory": Change(
        "fixed",
        "streams keep their class; responses are never given to `handle_response_model`",
    ),
    "mirascope.retries.fallback": Change(
        "fixed", "ValueError for functions that `llm.call` did not make; errors are chained"
    ),
    "mirascope.llm.call": Change(
        "fixed",
        "`async def` gives a coroutine function; mistakes are refused when decorating; clients "
        "are reused; an `output_parser` is given `llm.CallResponse`",
    ),
    "mirascope.llm.context": Change(
        "fixed", "holds for the task, not the thread; nests; holds from the call, not the `await`"
    ),
    "mirascope.llm.override": Change(
        "fixed", "another provider does not inherit the client of the first"
    ),
    "mirascope.llm.CallResponse": Change("fixed", _RESPONSE),
    "mirascope.llm.Stream": Change("fixed", _STREAM),
    "mirascope.llm.Tool": Change(
        "fixed", "`isinstance(response.tool, YourTool)` holds under `llm.call`"
    ),
    "mirascope.llm.calculate_cost": Change("fixed", _COST),
    "mirascope.core.costs.calculate_cost": Change("fixed", _COST),
    "mirascope.core.calculate_cost": Change("fixed", _COST),
}
for _module in ("mirascope", "mirascope.core", "mirascope.core.base", "mirascope.core.base.prompt"):
    CHANGES[f"{_module}.prompt_template"] = Change("fixed", _PROMPT)
for _module in ("mirascope.core", "mirascope.core.base"):
    CHANGES[f"{_module}.BaseStream"] = Change("fixed", _STREAM)
    CHANGES[f"{_module}.BaseCallResponse"] = Change("fixed", _RESPONSE)
CHANGES["mirascope.core.base.BaseStructuredStream"] = Change(
    "fixed", "partial objects are not validated; fields of any type; works with every provider"
)
for _name in ("stream.BaseStream", "call_response.BaseCallResponse"):
    CHANGES[f"mirascope.core.base.{_name}"] = CHANGES[f"mirascope.core.{_name.partition('.')[2]}"]
_structured = CHANGES["mirascope.core.base.BaseStructuredStream"]
CHANGES["mirascope.core.base.structured_stream.BaseStructuredStream"] = _structured
for _provider in ("gemini", "vertex"):
    CHANGES[f"mirascope.core.{_provider}"] = Change("alias", _ON_GOOGLE)
    for _name in NAMES[f"mirascope.core.{_provider}"]:
        CHANGES[f"mirascope.core.{_provider}.{_name}"] = Change("alias", _ON_GOOGLE)
CHANGES["mirascope.core.xai"] = Change(
    "fixed", "`XAI_API_KEY` has to be set: the key of OpenAI is not sent to xAI"
)
CHANGES["mirascope.core.cohere"] = Change("fixed", "on the second version of Cohere's chat API")

PRIVATE: dict[str, str] = {
    "BaseMessageParamConverter": "`response.common_messages` and `common_message_param`",
    "convert_base_model_to_base_tool": "the class itself in `tools=`, or "
    "`BaseTool.type_from_base_model_type`",
    "convert_base_type_to_base_tool": "`BaseTool.type_from_base_type`",
    "convert_function_to_base_tool": "the function itself in `tools=`, or `BaseTool.type_from_fn`",
    "extract_tool_return": "`response_model=`",
    "fn_is_async": "`inspect.iscoroutinefunction`, which is true of every async call",
    "format_template": "calling the `@prompt_template` function, which gives the messages",
    "get_audio_type": "the bytes as they are: their type is read off them",
    "get_fn_args": "`response.fn_args`, or `inspect.signature(fn).bind`",
    "get_image_type": "the bytes as they are: their type is read off them",
    "get_metadata": "`response.metadata`",
    "get_possible_user_message_param": "`response.user_message_param`",
    "get_prompt_template": "calling the `@prompt_template` function, which gives the messages",
    "get_template_values": "calling the `@prompt_template` function, which gives the messages",
    "get_template_variables": "`string.Formatter().parse`",
    "parse_content_template": "calling the `@prompt_template` function, which gives the messages",
    "parse_prompt_messages": "calling the `@prompt_template` function, which gives the messages",
    "setup_call": "`mirascope.core.base.call_factory`",
    "setup_extract_tool": "`response_model=`",
}
"""What to use instead of private helpers, all of modules named `_utils`."""

GONE_MODULES = ("mirascope.v0", "mirascope.beta", "mirascope.experimental", "mirascope.mcp.server")


def change_of(path: str) -> Change | None:
    """What became of a name with its module, or of what it is part of; None if it is the same."""
    if path in CHANGES:
        return CHANGES[path]
    for module in GONE_MODULES:
        if path.startswith(f"{module}."):
            return CHANGES[module]
    return None


def refusal(module: str) -> ImportError:
    """What importing a module raises that is gone."""
    return ImportError(
        f"Mirascope v1's `{module}` is not part of this library: {CHANGES[module].reason}.",
        name=module,
    )


def refusal_of_private(module: str) -> ImportError:
    """What importing private helpers of v1 raises."""
    names: dict[str, list[str]] = {}
    for name, instead in PRIVATE.items():
        names.setdefault(instead, []).append(name)
    lines = [f"  {', '.join(of)}: {instead}" for instead, of in names.items()]
    return ImportError(
        f"Mirascope v1's `{module}` is not part of this library: it was private. Use instead of\n"
        + "\n".join(lines),
        name=module,
    )
