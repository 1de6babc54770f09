"""Servers that speak OpenAI's protocol: their own keys and addresses, never OpenAI's."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from mirascope import llm

from ._world import recommend

pytest.importorskip("mirascope.core.xai", reason="xAI is not there")


def test_the_key_of_openai_is_never_sent_to_xai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-openai")
    monkeypatch.delenv("XAI_API_KEY", raising=False)
    with pytest.raises(Exception, match="XAI_API_KEY") as missing:
        llm.call("xai", "grok-4")(recommend)()
    assert "secret" not in str(missing.value)


@pytest.mark.parametrize(("provider", "port"), [("ollama", 11434), ("vllm", 8000)])
def test_local_servers_are_asked_at_their_usual_address(
    monkeypatch: pytest.MonkeyPatch, provider: str, port: int
) -> None:
    asked: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        asked.append(address)
        raise ConnectionRefusedError("Nothing is contacted in this test.")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    from openai import APIConnectionError

    with pytest.raises(APIConnectionError):
        llm.call(provider, "model")(recommend)()  # type: ignore[call-overload]
    assert {address[1] for address in asked} == {port}
