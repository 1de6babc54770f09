"""What is asked of Google without the SDK's own walk through it is what the SDK would ask."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import Client, types

from mirascope import Messages, llm
from mirascope.core import google
from mirascope.sandbox import Sandbox, sandbox

# On its own class of aiohttp's the SDK makes aiohttp warn.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

MODEL = "gemini-2.5-flash"
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
CONFIGS: list[dict[str, Any]] = [
    {},
    {"temperature": 0.25, "stop_sequences": ["a"]},
    {"temperature": 1, "seed": 1},
    {"temperature": 1.0, "seed": True},
    {"system_instruction": "Be brief.", "candidate_count": 1},
    {"safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]},
    {"response_mime_type": "application/json", "response_json_schema": SCHEMA},
    {"tools": [{"google_search": {}}], "top_k": 3},
    {
        "config": types.GenerateContentConfig(
            thinking_config=types.ThinkingConfig(thinking_budget=0)
        )
    },
]


def new_client(box: Sandbox, **http_options: Any) -> Client:
    options: Any = {"base_url": box.base_url("google"), **http_options}
    return Client(api_key="k", vertexai=False, http_options=options)


def asked_of_sdk(client: Client, box: Sandbox, texts: list[str], config: Any) -> Any:
    contents: Any = [{"role": "user", "parts": [{"text": text}]} for text in texts]
    off = {"automatic_function_calling": {"disable": True}}
    given: Any = {**config, **off} if config else None
    client.models.generate_content(model=MODEL, contents=contents, config=given)
    return box.requests[-1]


@pytest.mark.parametrize("params", CONFIGS, ids=lambda params: "-".join(params) or "none")
def test_requests_are_those_of_the_sdk(box: Sandbox, params: dict[str, Any]) -> None:
    client = new_client(box, headers={"x-own": "1"}, extra_body={"generationConfig": {"topK": 3}})
    for given in (client, new_client(box)):
        ask = google.call(MODEL, client=given, call_params=params)(lambda text: text)
        config = params.get("config") or params
        if not isinstance(config, dict):
            config = config.model_dump(exclude_none=True)
        for text in ("one", "two", "three"):
            ask(text)
            own = box.requests[-1]
            expected = asked_of_sdk(given, box, [text], config)
            assert own.body == expected.body
            assert own.path == expected.path
            assert {**own.headers, "content-length": ""} == {
                **expected.headers,
                "content-length": "",
            }


def test_configs_that_are_nearly_the_same_stay_apart(box: Sandbox) -> None:
    client = new_client(box)
    seen: list[Any] = []
    for params in (CONFIGS[1], CONFIGS[2], CONFIGS[1], {}):
        google.call(MODEL, client=client, call_params=params)(lambda: "Hi")()
        seen.append(box.requests[-1].body.get("generationConfig"))
    assert seen[0] == seen[2] == {"temperature": 0.25, "stopSequences": ["a"]}
    assert seen[1] == {"temperature": 1, "seed": 1}
    assert not seen[3]


def test_what_is_sent_is_not_kept_from_one_call_to_the_next(box: Sandbox) -> None:
    ask = google.call(MODEL, client=new_client(box))(lambda text: [Messages.User(text)])
    bodies = []
    for text in ("one", "two"):
        ask(text)
        bodies.append(box.requests[-1].body["contents"][0]["parts"][0]["text"])
    assert bodies == ["one", "two"]


def part_of_reply(text: str, reason: str, token: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "content": {"role": "model", "parts": [{"text": text}]},
        "finishReason": reason,
        "index": 0,
    }
    if token:
        candidate["continuationToken"] = token
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "r"}


@pytest.mark.skipif(
    "automatic_continuation" not in types.GenerateContentConfig.model_fields,
    reason="this version of the SDK does not continue by itself",
)
async def test_the_rest_of_a_reply_is_asked_for() -> None:
    with sandbox(redirect=False, strict=False) as box:
        await check_the_rest_is_asked_for(box)


async def check_the_rest_is_asked_for(box: Sandbox) -> None:
    client = new_client(box)

    async def ask_async() -> str:
        return "Hi"

    def answer() -> None:
        box.native("google", json.dumps(part_of_reply("one ", "CONTINUATION", "dG9rZW4=")))
        box.native("google", json.dumps(part_of_reply("two", "STOP", None)))

    for config in (None, {"temperature": 0.5}):
        ask = google.call(MODEL, client=client, call_params={"config": config})
        answer()
        responses = [ask(lambda: "Hi")()]
        answer()
        responses.append(await ask(ask_async)())
        for response in responses:
            assert response.content == "one two"
            assert response.common_finish_reasons == ["stop"]
            assert response.response.text == "one two"
    assert len(box.requests) == 8
    assert [bool(r.body.get("continuationToken")) for r in box.requests] == [False, True] * 4


def test_the_users_own_way_of_asking_is_taken(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = new_client(box)
    calls: list[str] = []

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            calls.append(function.__name__)
            return function(*args, **kwargs)

        return wrapper

    ask = llm.call("google", MODEL, client=client)(lambda: "Hi")
    assert ask().content
    assert not calls
    monkeypatch.setattr(client.models, "generate_content", noted(client.models.generate_content))
    assert ask().content
    monkeypatch.undo()
    kind = type(client.models)
    monkeypatch.setattr(kind, "_generate_content", noted(kind._generate_content))
    assert ask().content
    assert calls == ["generate_content", "_generate_content"]


def test_the_sdks_object_has_headers_and_what_was_parsed(box: Sandbox) -> None:
    config = {"response_json_schema": SCHEMA, "response_mime_type": "application/json"}
    box.reply('{"title": "Emma"}')
    response = google.call(MODEL, client=new_client(box), call_params={"config": config})(
        lambda: "Hi"
    )()
    native: Any = response.response
    assert native.parsed == {"title": "Emma"}
    assert native.sdk_http_response.headers["content-type"].startswith("application/json")
    restored = pickle.loads(pickle.dumps(response))
    assert restored.response.text == native.text


async def test_retries_are_the_sdks(box: Sandbox) -> None:
    client = new_client(box, retry_options={"attempts": 2, "initial_delay": 0.01})

    async def ask_async() -> str:
        return "Hi"

    ask = google.call(MODEL, client=client)
    box.fail(503)
    assert ask(lambda: "Hi")().content
    box.fail(503)
    assert (await ask(ask_async)()).content
    assert len(box.requests) == 4
