"""The providers that are measured: one more is a module like `_openai.py`, and a name here."""

from __future__ import annotations

from _anthropic import BareAnthropic
from _openai import BareOpenAI
from _shapes import Bare

PROVIDERS: dict[str, Bare] = {bare.name: bare for bare in (BareOpenAI(), BareAnthropic())}
