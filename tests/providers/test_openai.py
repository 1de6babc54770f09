"""What only OpenAI has: speech, strict tools, models that count tokens another way."""

from __future__ import annotations

import base64
from typing import Any, ClassVar

import pytest

from mirascope import AudioPart, BaseTool, Messages
from mirascope.core.openai import OpenAIToolConfig
from mirascope.sandbox import Reply, Sandbox, ToolCall

from .cases import CASES, Way
from .conftest import WAYS

SPEECH = {"audio": {"voice": "alloy", "format": "wav"}, "modalities": ["text", "audio"]}
OPENAI = [way for way in WAYS if str(way.id).startswith("openai")]


@pytest.fixture(params=OPENAI)
def way(request: pytest.FixtureRequest, box: Sandbox) -> Way:
    return Way(*request.param, box)


async def test_speech(way: Way) -> None:
    way.box.reply("Hello there.")
    response = await way.ask("Hi", model="gpt-audio", call_params=SPEECH)
    assert SPEECH.items() <= way.body.items()
    assert response.audio.startswith(b"RIFF")
    assert response.audio_transcript == "Hello there."
    assert response.content == ""
    dumped = response.model_dump(mode="json")
    assert base64.b64decode(dumped["audio"]) == response.audio
    own = response._response if way.agnostic else response
    assert own.message_param["audio"] == {"id": response.response.choices[0].message.audio.id}


async def test_no_speech(way: Way) -> None:
    response = await way.ask("Hi")
    assert (response.audio, response.audio_transcript) == (None, None)


async def test_speech_in_a_stream(way: Way) -> None:
    way.box.reply("Hello there.", times=2)
    whole = await way.ask("Hi", call_params=SPEECH)
    params = SPEECH | {"audio": {"voice": "alloy", "format": "wav"}}
    stream = await way.ask("Hi", call_params=params, stream=True)
    chunks = [chunk for chunk, _ in await way.items(stream)]
    assert b"".join(chunk.audio or b"" for chunk in chunks) == whole.audio
    assert "".join(chunk.audio_transcript or "" for chunk in chunks) == "Hello there."
    response = stream.construct_call_response()
    assert response.audio == whole.audio
    assert response.audio_transcript == "Hello there."
    assert stream.audio_id == response.response.choices[0].message.audio.id


async def test_a_recording(way: Way) -> None:
    part = AudioPart(type="audio", media_type="audio/wav", audio=b"RIFF")
    await way.ask(lambda: Messages.User(["What is said?", part]))
    sent = way.body["messages"][0]["content"][1]
    assert sent == {"type": "input_audio", "input_audio": {"format": "wav", "data": "UklGRg=="}}


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5-mini"])
async def test_models_that_reason_take_another_limit(way: Way, model: str) -> None:
    await way.ask("Hi", model=model, call_params={"max_tokens": 7})
    assert way.body["max_completion_tokens"] == 7
    assert "max_tokens" not in way.body


async def test_the_users_own_stream_options_are_kept(way: Way) -> None:
    given: dict[str, Any] = {"stream_options": {"include_obfuscation": False}}
    stream = await way.ask("Hi", stream=True, call_params=given)
    await way.items(stream)
    assert way.body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert given == {"stream_options": {"include_obfuscation": False}}
    assert stream.input_tokens
    quiet = {"stream_options": {"include_usage": False}}
    stream = await way.ask("Hi", stream=True, call_params=quiet)
    await way.items(stream)
    assert way.body["stream_options"] == {"include_usage": False}
    assert (stream.input_tokens, stream.cost) == (None, None)


async def test_several_choices(way: Way) -> None:
    way.box.reply(lambda request: Reply(text="Hello", finish_reason="length"), times=2)
    response = await way.ask("Hi", call_params={"n": 2})
    assert response.content == "Hello"
    assert response.finish_reasons == ["length", "length"]
    assert len(response.response.choices) == 2
    stream = await way.ask("Hi", call_params={"n": 2}, stream=True)
    assert [chunk.content for chunk, _ in await way.items(stream) if chunk.content] == ["Hello"]


class Find(BaseTool):
    """Find a book."""

    tool_config: ClassVar[Any] = OpenAIToolConfig(strict=True)

    title: str
    shelf: int | None = None

    def call(self) -> str:
        return self.title


async def test_a_strict_tool(way: Way) -> None:
    way.box.reply(ToolCall("Find", {"title": "Dune", "shelf": None}))
    response = await way.ask("Hi", tools=[Find])
    function = way.body["tools"][0]["function"]
    assert function["strict"] is True
    assert function["parameters"]["additionalProperties"] is False
    assert function["parameters"]["required"] == ["title", "shelf"]
    assert response.tool.call() == "Dune"


async def test_another_provider_ignores_strictness_with_a_warning(box: Sandbox) -> None:
    other = next(case for case in CASES if case.name != "openai")
    with pytest.warns(UserWarning, match="`strict`"):
        await Way(other, is_async=False, agnostic=True, box=box).ask("Hi", tools=[Find])
    assert "strict" not in str(box.requests[0].body)
