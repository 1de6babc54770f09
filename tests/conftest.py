"""What every test shares: a sandbox to talk to, and no way to talk to anything else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
REAL_SETTINGS = ("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "GROQ_", "XAI_", "MISTRAL_", "CO_")
REAL_SETTINGS += ("AZURE_", "AWS_")

# LiteLLM would fetch its prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

# A key or an address in the developer's shell must not decide what the tests talk to.
for name in [name for name in os.environ if name.startswith(REAL_SETTINGS)]:
    del os.environ[name]

settings.register_profile("everscope", deadline=None)
settings.load_profile("everscope")

_connect = socket.socket.connect


def connect_to_loopback_only(self: socket.socket, address: Any) -> None:
    """Tests never reach another machine, whatever they try."""
    if isinstance(address, tuple) and address[0] not in LOOPBACK:
        raise RuntimeError(f"A test tried to connect to {address!r}; tests talk to loopback only.")
    _connect(self, address)


socket.socket.connect = connect_to_loopback_only  # type: ignore[method-assign]

_getaddrinfo = socket.getaddrinfo


def resolve_loopback_only(host: Any, *args: Any, **kwargs: Any) -> Any:
    """Tests ask no name server either."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in LOOPBACK:
        raise socket.gaierror(socket.EAI_NONAME, f"tests resolve loopback only, not {name!r}")
    return _getaddrinfo(host, *args, **kwargs)


socket.getaddrinfo = resolve_loopback_only


@pytest.fixture
def box() -> Iterator[Any]:
    """A sandbox that every default client talks to for the length of a test."""
    from mirascope.sandbox import sandbox

    with sandbox() as running:
        yield running
