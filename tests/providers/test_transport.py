"""What `timeout` and `max_retries` become with each SDK, where that differs from the others."""

from __future__ import annotations

import asyncio
import math
from importlib import import_module
from typing import Any

import pytest

from mirascope import Messages, llm
from mirascope.core import azure, bedrock, cohere, google, mistral, openai, xai
from mirascope.core.base._clients import Endpoint
from mirascope.core.base._transport import Transport
from mirascope.sandbox import Sandbox, sandbox

openai_sdk: Any = import_module("openai")
STACK: Any = import_module(openai_sdk.Timeout.__module__.partition(".")[0])
MODEL = "gpt-4o-mini"
TWICE = {"max_retries": 1}


def ask() -> str:
    return "Hi"


def fails(box: Sandbox, call: Any) -> int:
    """How many requests a call makes that keeps failing."""
    before = len(box.requests)
    box.fail(500, retry_after=0.01, times=math.inf)
    with pytest.raises(Exception):  # noqa: B017
        call()
    box._script.clear()
    return len(box.requests) - before


def openai_client(box: Sandbox, **options: Any) -> Any:
    given = {"base_url": box.base_url("openai"), "api_key": "k", "max_retries": 0, **options}
    return openai_sdk.OpenAI(**given)


# OpenAI and its kin


def test_a_timeout_of_the_sdks_own(box: Sandbox) -> None:
    box.slow(first_byte=0.6)
    for timeout in (openai_sdk.Timeout(5, read=0.1), STACK.Timeout(0.1)):
        params: Any = {"timeout": timeout, "max_retries": 0}
        with pytest.raises(openai_sdk.APITimeoutError):
            openai.call(MODEL, call_params=params)(ask)()
    box.slow()
    no_limit: Any = {"timeout": STACK.Timeout(None)}
    assert openai.call(MODEL, call_params=no_limit)(ask)().content
    wrong: Any = {"timeout": STACK.Timeout(5)}
    with pytest.raises(ValueError, match="number of seconds"):
        mistral.call("mistral-small-latest", call_params=wrong)(ask)
    with pytest.raises(TypeError, match=r"`Timeout`.*`azure-ai-inference`"):
        azure.call(MODEL, call_params=wrong)(ask)()


def test_the_client_of_the_user_stays_as_it_is(box: Sandbox) -> None:
    with openai_client(box) as client:
        call = openai.call(MODEL, client=client, call_params=TWICE)(ask)
        assert fails(box, call) == 2
        assert client.max_retries == 0
        same = openai.call(MODEL, client=client, call_params={"max_retries": 0})(ask)
        assert same()._request.client is client


def test_a_client_without_options_is_refused(box: Sandbox) -> None:
    class Wrapped:
        def __init__(self, client: Any) -> None:
            self.chat = client.chat

    with openai_client(box) as client:
        wrapped: Any = Wrapped(client)
        with pytest.raises(TypeError, match=r"`max_retries` needs a client of OpenAI.*`Wrapped`"):
            openai.call(MODEL, client=wrapped, call_params=TWICE)(ask)
        # A timeout goes with the request.
        assert openai.call(MODEL, client=wrapped, call_params={"timeout": 5})(ask)().content


def test_what_watches_a_client_is_not_lost(box: Sandbox) -> None:
    seen: list[str] = []
    with openai_client(box, max_retries=2) as client:
        own = client.chat.completions.create

        def watched(**kwargs: Any) -> Any:
            seen.append(kwargs["model"])
            return own(**kwargs)

        client.chat.completions.create = watched
        with pytest.raises(TypeError, match="`max_retries` does not go with this `OpenAI`"):
            openai.call(MODEL, client=client, call_params=TWICE)(ask)
        # What the client has already can be asked for.
        params: Any = {"max_retries": 2, "timeout": 5}
        assert openai.call(MODEL, client=client, call_params=params)(ask)().content
    assert seen == [MODEL]


def test_nothing_meant_for_openai_goes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "secret")
    headers = "Authorization: Bearer secret\nX-Gateway: secret"
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", headers)
    monkeypatch.setenv("XAI_API_KEY", "xai-key")
    with sandbox(redirect=False) as box:
        monkeypatch.setenv("XAI_BASE_URL", box.base_url("xai"))
        assert fails(box, xai.call("grok-3", call_params=TWICE)(ask)) == 2
        for request in box.requests:
            assert request.http.headers["authorization"] == "Bearer xai-key"
            assert "secret" not in str(request.http.headers)


def test_azure_by_a_client_of_openai(box: Sandbox) -> None:
    with openai_client(box) as client:
        assert fails(box, azure.call(MODEL, client=client, call_params=TWICE)(ask)) == 2
        box.slow(first_byte=0.6)
        with pytest.raises(openai_sdk.APITimeoutError):
            azure.call(MODEL, client=client, call_params={"timeout": 0.1})(ask)()


# Those with options of a request


def test_googles_options_are_kept(box: Sandbox) -> None:
    retries = {"initial_delay": 0.01, "jitter": 0.01, "http_status_codes": [503]}
    types: Any = import_module("google.genai.types")
    given = {"headers": {"x-mine": "yes"}, "timeout": 9_000, "retryOptions": retries}
    for options in (given, types.HttpOptions.model_validate(given)):
        params: Any = {"config": {"http_options": options}, "max_retries": 3, "timeout": 7.5}
        call = google.call("gemini-2.5-flash", call_params=params)(ask)
        assert fails(box, call) == 1
        box.fail(503, times=math.inf)
        with pytest.raises(Exception, match="503"):
            call()
        box.reset()
        sent = call().call_kwargs["config"]["http_options"]
        assert (sent.timeout, sent.retry_options.attempts) == (7500, 4)
        assert box.requests[0].headers["x-mine"] == "yes"
    assert given["timeout"] == 9_000
    assert "attempts" not in retries


def test_coheres_options_are_kept(box: Sandbox) -> None:
    options = {"additional_headers": {"x-mine": "yes"}, "max_retries": 2}
    params: Any = {"request_options": options, "max_retries": 0, "timeout": 5}
    assert fails(box, cohere.call("command-r-plus", call_params=params)(ask)) == 1
    assert box.requests[0].headers["x-mine"] == "yes"
    assert options["max_retries"] == 2


def test_mistrals_retries_are_counted_call_by_call(box: Sandbox) -> None:
    call = mistral.call("mistral-small-latest", call_params={"max_retries": 2})(ask)
    assert [fails(box, call) for _ in range(3)] == [3, 3, 3]
    kwargs = call().call_kwargs
    assert kwargs["retries"] is call().call_kwargs["retries"]


def test_mistrals_client_for_azure(box: Sandbox) -> None:
    sdk: Any = import_module("mistralai.azure.client")
    with sdk.MistralAzure(api_key="k", server_url=box.base_url("azure")) as client:
        call = mistral.call("mistral-small-latest", client=client, call_params=TWICE)(ask)
        assert fails(box, call) == 2


# Bedrock, whose clients alone can be told

NOVA = "amazon.nova-lite-v1:0"


def test_a_client_of_bedrock_is_made_for_each_of_the_settings(box: Sandbox) -> None:
    calls = [
        bedrock.call(NOVA, call_params=params)(ask)
        for params in ({}, {"timeout": 5}, {"timeout": 5.0}, {"timeout": 5, "max_retries": 0})
    ]
    bare, timed, again, once = [call()._request.client for call in calls]
    assert timed is again
    assert len({id(client) for client in (bare, timed, once)}) == 3
    config = timed.meta.config
    assert (config.read_timeout, config.connect_timeout) == (5, 5)
    assert once.meta.config.retries["total_max_attempts"] == 1
    assert bare.meta.config.read_timeout == 600


def test_what_the_environment_says_of_retries(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    params: Any = {"timeout": 5.5}
    assert fails(box, bedrock.call(NOVA, call_params=params)(ask)) == 4
    assert fails(box, bedrock.call(NOVA, call_params={**params, "max_retries": 1})(ask)) == 2


REFUSED = r"Amazon Bedrock takes no `timeout` and `max_retries` for a single call.*read_timeout="


def test_the_users_client_of_bedrock_is_refused(box: Sandbox) -> None:
    params: Any = {"timeout": 5, "max_retries": 1}
    client = bedrock.PROVIDER.new_client(False, Endpoint(box.base_url("bedrock"), "k"))
    with pytest.raises(ValueError, match=REFUSED):
        bedrock.call(NOVA, client=client, call_params=params)(ask)

    @bedrock.call(NOVA, call_params=params)
    def dynamic() -> Any:
        return {"messages": [Messages.User("Hi")], "client": client}

    with pytest.raises(ValueError, match=REFUSED):
        dynamic()
    call = llm.call("bedrock", NOVA, client=client)(ask)
    with pytest.raises(ValueError, match=REFUSED):
        llm.override(call, call_params=params)()
    client.close()
    assert box.requests == []


def test_bedrocks_async_clients_are_closed_with_their_loop(box: Sandbox) -> None:
    @bedrock.call(NOVA, call_params={"timeout": 5, "max_retries": 0})
    async def ask_async() -> str:
        return "Hi"

    async def main() -> None:
        await asyncio.gather(ask_async(), ask_async())
        await ask_async()

    for _ in range(2):
        asyncio.run(main())
        assert box.wait_until(lambda: box.open_connections == 0)
    assert len(box.requests) == 6


# A provider of one's own


def test_a_provider_that_knows_neither(box: Sandbox) -> None:
    class Other(bedrock.BedrockProvider):
        title = "Other"

    with pytest.raises(ValueError, match="Other takes no `max_retries` for a single call"):
        Other().with_transport(None, {}, Transport(None, 1))
