"""What is asked of Cohere without the SDK's own walk through it is what the SDK would ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cohere
import pytest
from cohere.core.api_error import ApiError

from mirascope.core import cohere as ours
from mirascope.sandbox import Sandbox

MODEL = "command-a-03-2025"
TOOL = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Find a book.",
        "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
    },
}
PARAMS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.25},
    {"temperature": 1},
    {"p": 0.5, "stop_sequences": ["a"], "request_options": {"additional_headers": {"x-own": "1"}}},
    {"tools": [TOOL], "strict_tools": True},
    {"documents": [{"id": "1", "data": {"text": "Dune"}}]},
    {"response_format": {"type": "json_object", "json_schema": {"type": "object"}}},
]


@pytest.fixture
def client(box: Sandbox) -> Iterator[Any]:
    with cohere.ClientV2("k", base_url=box.base_url("cohere")) as made:
        yield made


def test_requests_are_those_of_the_sdk(box: Sandbox, client: Any) -> None:
    for _ in range(2):
        for params in PARAMS:
            ask = ours.call(MODEL, client=client, call_params=params)(lambda text: text)
            for text in ("one", "two"):
                ask(text)
                found = box.requests[-1]
                message: Any = {"role": "user", "content": text}
                client.chat(model=MODEL, messages=[message], **params)
                expected = box.requests[-1]
                assert found.body == expected.body
                assert found.headers == expected.headers


@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_errors_are_those_of_the_sdk(box: Sandbox, client: Any, status: int) -> None:
    ask = ours.call(MODEL, client=client)(lambda: "Hi")

    async def ask_async() -> str:
        return "Hi"

    async with cohere.AsyncClientV2("k", base_url=box.base_url("cohere")) as async_client:
        asked = ours.call(MODEL, client=async_client)(ask_async)
        for _ in range(2):
            box.fail(status, times=10)
            with pytest.raises(ApiError) as caught:
                ask()
            assert caught.value.status_code == status
            with pytest.raises(ApiError) as caught:
                await asked()
            assert caught.value.status_code == status
            box.reset()
            assert ask().content == (await asked()).content == "Sandbox reply to: Hi"


def test_what_is_no_reply(box: Sandbox, client: Any) -> None:
    ask = ours.call(MODEL, client=client)(lambda: "Hi")
    for _ in range(2):
        box.native("cohere", "not JSON", headers={"content-type": "application/json"})
        with pytest.raises(ApiError):
            ask()
        assert ask().content


def test_the_users_own_way_of_asking_is_taken(box: Sandbox, client: Any) -> None:
    native = client.v2.chat
    calls: list[Any] = []

    def noted(**kwargs: Any) -> Any:
        calls.append(kwargs)
        return native(**kwargs)

    ask = ours.call(MODEL, client=client)(lambda: "Hi")
    assert ask().content
    assert not calls
    client.chat = noted
    assert ask().content
    assert len(calls) == 1


def test_the_sdks_object_is_made_of_the_reply(box: Sandbox, client: Any) -> None:
    response = ours.call(MODEL, client=client)(lambda: "Hi")()
    native: Any = response.response
    assert type(native).__name__ == "V2ChatResponse"
    assert native.message.content[0].text == response.content
    assert json.loads(native.json())["finish_reason"] == "COMPLETE"
