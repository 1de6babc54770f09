"""Recordings of Azure AI: of the model inference API, and of Azure OpenAI."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import openai
from azure.ai.inference import ChatCompletionsClient
from azure.ai.inference.aio import ChatCompletionsClient as AsyncChatCompletionsClient
from azure.ai.inference.models import JsonSchemaFormat
from azure.core.credentials import AzureKeyCredential

from mirascope.sandbox import Sandbox

from ._adapter import Adapter
from ._chat_completions import OpenAIRecordings
from ._recordings import Exchange, Json


class AzureRecordings(OpenAIRecordings):
    """By `azure-ai-inference`, but for what was recorded of OpenAI's SDK."""

    provider = "azure"

    def of(self, exchange: Exchange) -> Adapter:
        if "/deployments/" in exchange.path:
            return AzureDeploymentRecordings()
        return AzureOpenAIRecordings() if "/openai/" in exchange.path else self

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by: Any = AsyncChatCompletionsClient if is_async else ChatCompletionsClient
        address = box.base_url("azure")
        return made_by(endpoint=address, credential=AzureKeyCredential("k"), retry_total=0)

    def create(self, client: Any) -> Any:
        return client.complete

    def wrapped(self, client: Any) -> Any:
        return SimpleNamespace(complete=client.complete)

    def params(self, request: Json, client: Any) -> Json:
        known = inspect.signature(self.create(client)).parameters
        params = {k: v for k, v in request.items() if k not in ("model", "messages", "stream")}
        if self.tools(request):
            del params["tools"]
        if wanted := params.pop("response_format", None):
            schema = wanted.get("json_schema")
            params["response_format"] = JsonSchemaFormat(**schema) if schema else wanted["type"]
        extras = {name: params.pop(name) for name in [*params] if name not in known}
        return params | {"model_extras": extras} if extras else params

    def told(self, error: Any) -> Any:
        return type(error), error.status_code, error.error and error.error.code


class AzureOpenAIRecordings(OpenAIRecordings):
    """By OpenAI's SDK, at the address of its newer interface."""

    provider = "azure"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
        return made_by(api_key="k", base_url=f"{box.base_url('azure')}/openai/v1", max_retries=0)


class AzureDeploymentRecordings(OpenAIRecordings):
    """By OpenAI's SDK, at the address of a deployment."""

    provider = "azure"

    def client(self, box: Sandbox, is_async: bool) -> Any:
        made_by: Any = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
        return made_by(
            api_key="k",
            azure_endpoint=box.base_url("azure"),
            api_version="2024-10-21",
            max_retries=0,
        )
