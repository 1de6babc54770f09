"""The paths that v1 code imports from: each name is there, and importing loads no SDK."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from mirascope.core._providers import PROVIDERS, is_installed

PARTS = """AudioPart AudioURLPart CacheControlPart DocumentPart DocumentURLPart ImagePart
    ImageURLPart TextPart ToolCallPart ToolResultPart"""

NAMES = {
    "mirascope": f"""{PARTS} BaseDynamicConfig BaseMessageParam BaseTool BaseToolKit LocalProvider
        Messages Provider __version__ core llm prompt_template""",
    "mirascope.llm": """CallResponse CallResponseChunk CostMetadata LocalProvider Provider Stream
        Tool calculate_cost call context override""",
    "mirascope.core": f"""{PARTS} BaseCallResponse BaseDynamicConfig BaseMessageParam BasePrompt
        BaseStream BaseTool BaseToolKit CostMetadata FromCallArgs LocalProvider Messages Provider
        ResponseModelConfigDict anthropic base calculate_cost costs merge_decorators metadata openai
        prompt_template toolkit_tool""",
    "mirascope.core.base": f"""{PARTS} AudioSegment BaseCallKwargs BaseCallParams BaseCallResponse
        BaseCallResponseChunk BaseDynamicConfig BaseMessageParam BasePrompt BaseStream
        BaseStructuredStream BaseTool BaseToolKit BaseType CommonCallParams CostMetadata
        FromCallArgs GenerateJsonSchemaNoTitles JsonableType LocalProvider Messages Metadata
        Provider ResponseModelConfigDict ToolConfig Usage call_factory merge_decorators metadata
        prompt_template toolkit_tool transform_tool_outputs""",
    "mirascope.core.base.call_params": "BaseCallParams CommonCallParams",
    "mirascope.core.base.call_response": "BaseCallResponse",
    "mirascope.core.base.call_response_chunk": "BaseCallResponseChunk",
    "mirascope.core.base.dynamic_config": "BaseDynamicConfig",
    "mirascope.core.base.from_call_args": "FromCallArgs",
    "mirascope.core.base.merge_decorators": "merge_decorators",
    "mirascope.core.base.message_param": f"{PARTS} BaseMessageParam",
    "mirascope.core.base.messages": "Messages",
    "mirascope.core.base.metadata": "Metadata metadata",
    "mirascope.core.base.prompt": "BasePrompt prompt_template",
    "mirascope.core.base.response_model_config": "ResponseModelConfigDict",
    "mirascope.core.base.stream": "BaseStream",
    "mirascope.core.base.stream_config": "StreamConfig",
    "mirascope.core.base.structured_stream": "BaseStructuredStream",
    "mirascope.core.base.tool": "BaseTool GenerateJsonSchemaNoTitles ToolConfig",
    "mirascope.core.base.toolkit": "BaseToolKit toolkit_tool",
    "mirascope.core.base.types": """AudioMetadata CostMetadata FinishReason GoogleMetadata
        ImageMetadata JsonableType PDFImageMetadata PDFMetadata Usage VideoMetadata""",
    "mirascope.core.costs": "calculate_cost",
    "mirascope.mcp": """Connection MCPClient MCPToolResult StdioServerParameters SyncMCPClient
        in_process_client sse_client stdio_client streamable_http_client""",
    "mirascope.retries": "Fallback FallbackError RetryPolicy fallback retry tenacity",
    "mirascope.retries.fallback": "Fallback FallbackError fallback",
    "mirascope.retries.tenacity": "collect_errors",
    "mirascope.integrations": "langfuse logfire middleware_factory otel",
    "mirascope.integrations.langfuse": "with_langfuse",
    "mirascope.integrations.logfire": "with_logfire",
    "mirascope.integrations.otel": "configure with_hyperdx with_otel",
    "mirascope.integrations.tenacity": "collect_errors",
    "mirascope.tools": """AsyncHTTPX FileSystemToolKit FileSystemToolKitConfig HTTPX HTTPXConfig
        ParseURLConfig ParseURLContent Requests RequestsConfig""",
    "mirascope.tools.base": "ConfigurableTool ConfigurableToolKit",
}

PREFIXES = {
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
OF_A_PROVIDER = {
    "": "call {1}_call",
    "call_params": "{0}CallParams",
    "call_response": "{0}CallResponse",
    "call_response_chunk": "{0}CallResponseChunk",
    "dynamic_config": "{0}DynamicConfig",
    "stream": "{0}Stream",
    "tool": "{0}Tool",
}
WITHOUT_ASYNC_CONFIG = ("gemini", "google", "mistral", "vertex")
MORE = {
    "anthropic": "AnthropicMessageParam AnthropicToolConfig",
    "azure": "AzureMessageParam AzureToolConfig",
    "bedrock": "AssistantMessageTypeDef BedrockMessageParam BedrockToolConfig UserMessageTypeDef",
    "openai": "OpenAIMessageParam OpenAIToolConfig",
}
for provider, prefix in PREFIXES.items():
    package = f"mirascope.core.{provider}"
    names = {name: text.format(prefix, provider) for name, text in OF_A_PROVIDER.items()}
    if provider not in WITHOUT_ASYNC_CONFIG:
        names["dynamic_config"] += f" Async{prefix}DynamicConfig"
    more = MORE.get(provider, f"{prefix}MessageParam")
    NAMES[package] = " ".join([*names.values(), more])
    NAMES |= {f"{package}.{name}": text for name, text in names.items() if name}

PATHS = [(module, name) for module, names in NAMES.items() for name in names.split()]


def skip_without_sdk(module: str) -> None:
    provider = module.removeprefix("mirascope.core.").partition(".")[0]
    if provider in PREFIXES and not is_installed(PROVIDERS[provider].sdk):
        pytest.skip(f"the SDK of {provider} is not installed")
    if module == "mirascope.mcp" and not is_installed("mcp"):
        pytest.skip("the package `mcp` is not installed")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("module", "name"), PATHS)
def test_name_can_be_imported(module: str, name: str) -> None:
    skip_without_sdk(module)
    assert hasattr(import_module(module), name)


STARRED = ("mirascope", "mirascope.llm", "mirascope.core", "mirascope.retries", "mirascope.tools")


@pytest.mark.parametrize("module", STARRED)
def test_star_import_gives_every_listed_name(module: str) -> None:
    namespace: dict[str, object] = {}
    exec(f"from {module} import *", namespace)
    listed = import_module(module).__all__
    assert set(listed) <= set(namespace)
    assert set(NAMES[module].split()) - {"__version__", "llm"} <= set(listed)


def test_dir_shows_what_is_loaded_on_first_use() -> None:
    assert {"llm", "core", "BaseTool", "Messages", "prompt_template"} <= set(
        dir(import_module("mirascope"))
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("provider", PREFIXES)
def test_both_names_of_a_call_decorator_are_the_same(provider: str) -> None:
    skip_without_sdk(f"mirascope.core.{provider}")
    module = import_module(f"mirascope.core.{provider}")
    assert module.call is getattr(module, f"{provider}_call")


def test_unknown_name_is_an_attribute_error() -> None:
    for module in (*STARRED, "mirascope.core.base"):
        with pytest.raises(AttributeError, match="no_such_name"):
            _ = import_module(module).no_such_name


@pytest.mark.parametrize("name", ["DockerOperationToolKit", "DuckDuckGoSearch"])
@pytest.mark.parametrize("suffix", ["", "Config"])
def test_a_tool_that_was_left_out_says_what_to_use(name: str, suffix: str) -> None:
    with pytest.raises(ImportError, match=f"`{name}{suffix}` is not part .* MCP server"):
        exec(f"from mirascope.tools import {name}{suffix}")


HEAVY = (
    *("mcp", "openai", "anthropic", "google.genai", "groq", "cohere", "litellm"),
    *(
        "mistralai.client",
        "azure.core",
        "boto3",
        "aiobotocore",
        "httpx",
        "httpx2",
        "aiohttp",
        "urllib3",
        "genai_prices",
        "langfuse",
        "logfire",
        "opentelemetry",
        "rich",
        "docstring_parser",
    ),
)
LIGHT = [
    "import mirascope, mirascope.llm, mirascope.core",
    "from mirascope import BaseTool, Messages, llm, prompt_template; llm.call",
    "from mirascope import llm; llm.call(provider='openai', model='m')(lambda: 'hi')",
    "from mirascope.integrations import langfuse, logfire, middleware_factory, otel",
    "import mirascope.mcp; from mirascope import mcp as mirascope_mcp",
    "from mirascope.tools import *; HTTPX(url='http://127.0.0.1/').call()",
]


@pytest.mark.parametrize("statement", LIGHT)
def test_importing_loads_no_sdk(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    output = subprocess.check_output([sys.executable, "-W", "error", "-c", code], text=True)
    assert output.strip() == "[]"
