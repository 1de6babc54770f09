"""Who answers the examples: the sandbox, or the provider that you name.

python examples/call.py                       the sandbox: no key, no network, no cost
PROVIDER=anthropic python examples/call.py    Anthropic, with your key in ANTHROPIC_API_KEY
MODEL=gpt-4.1 PROVIDER=openai python …        another model of it

In a program of your own nothing of this is needed: the decorator says whom to ask.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from mirascope import llm
from mirascope.sandbox import Sandbox, sandbox

REAL = {  # the variable that holds the key, a model
    "openai": ("OPENAI_API_KEY", "gpt-4o-mini"),
    "anthropic": ("ANTHROPIC_API_KEY", "claude-haiku-4-5"),
    "google": ("GOOGLE_API_KEY", "gemini-2.5-flash"),
    "groq": ("GROQ_API_KEY", "llama-3.3-70b-versatile"),
    "mistral": ("MISTRAL_API_KEY", "mistral-small-latest"),
    "xai": ("XAI_API_KEY", "grok-4"),
    "cohere": ("CO_API_KEY", "command-a-03-2025"),
}


@contextmanager
def answering() -> Generator[Sandbox | None]:
    """Have calls answered; gives the sandbox, or None where a real provider answers."""
    chosen = os.environ.get("PROVIDER")
    if not chosen:
        with sandbox() as box:
            yield box
        return
    if chosen not in REAL:
        sys.exit(f"PROVIDER={chosen} is not one of {', '.join(REAL)}.")
    key, model = REAL[chosen]
    if not os.environ.get(key):
        sys.exit(
            f"PROVIDER={chosen} needs your key in {key}; without PROVIDER the sandbox answers."
        )
    with llm.context(provider=cast(llm.Provider, chosen), model=os.environ.get("MODEL") or model):
        yield None
