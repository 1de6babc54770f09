"""The providers' own SDK clients, pointed at the sandbox of the test, without retries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from anthropic import Anthropic, AsyncAnthropic
from openai import AsyncOpenAI, OpenAI

from mirascope.sandbox import Sandbox


@pytest.fixture
def openai_client(box: Sandbox) -> Iterator[OpenAI]:
    with OpenAI(api_key="k", base_url=box.base_url("openai"), max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(box: Sandbox) -> Iterator[Anthropic]:
    with Anthropic(api_key="k", base_url=box.base_url("anthropic"), max_retries=0) as client:
        yield client


@pytest.fixture
async def async_openai_client(box: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(api_key="k", base_url=box.base_url("openai"), max_retries=0) as client:
        yield client


@pytest.fixture
async def async_anthropic_client(box: Sandbox) -> AsyncIterator[AsyncAnthropic]:
    base_url = box.base_url("anthropic")
    async with AsyncAnthropic(api_key="k", base_url=base_url, max_retries=0) as client:
        yield client
