"""The providers that are measured: one more is a module like `_openai.py`, and a name here."""

from __future__ import annotations

from _anthropic import BareAnthropic
from _azure import BareAzure
from _bedrock import BareBedrock
from _cohere import BareCohere
from _google import BareGoogle
from _groq import BareGroq
from _litellm import BareLiteLLM
from _mistral import BareMistral
from _openai import BareOpenAI
from _shapes import Bare
from _xai import BareXAI

_ALL: tuple[Bare, ...] = (
    BareOpenAI(),
    BareAnthropic(),
    BareGroq(),
    BareGoogle(),
    BareMistral(),
    BareCohere(),
    BareAzure(),
    BareBedrock(),
    BareXAI(),
    BareLiteLLM(),
)
PROVIDERS = {bare.name: bare for bare in _ALL}
