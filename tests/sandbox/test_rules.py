"""What the sandbox answers when nothing is scripted, as the real SDKs see it."""

from __future__ import annotations

import base64
import io
import json
import wave
from typing import Any

import pytest

MODEL = "gpt-4o"
USER = {"role": "user", "content": "Recommend a fantasy book"}
SENTENCE = "Sandbox reply to: Recommend a fantasy book"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "pages": {"type": "integer", "minimum": 700}},
    "required": ["title", "pages"],
    "additionalProperties": False,
}
BOOK = {"title": "The Name of the Wind", "pages": 700}
TOOL = {"type": "function", "function": {"name": "save_book", "parameters": SCHEMA}}
OTHER_TOOL = {"type": "function", "function": {"name": "other", "parameters": {"type": "object"}}}
CLAUDE_TOOL = {"name": "save_book", "input_schema": SCHEMA}
CLAUDE = {"model": "claude-test", "max_tokens": 1024}


def ask(client: Any, *messages: Any, **options: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=[*messages], **options)


def joined(stream: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


class TestText:
    def test_mentions_the_last_user_text(self, openai_client: Any) -> None:
        reply = ask(openai_client, {"role": "system", "content": "Be brief."}, USER)
        assert reply.choices[0].message.content == SENTENCE
        assert reply.choices[0].finish_reason == "stop"
        assert (reply.model, reply.object) == (MODEL, "chat.completion")
        assert reply._request_id.startswith("req_")

    def test_counts_words(self, openai_client: Any) -> None:
        usage = ask(openai_client, USER).usage
        assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (4, 7, 11)

    def test_anthropic(self, anthropic_client: Any) -> None:
        reply = anthropic_client.messages.create(**CLAUDE, system="Be brief.", messages=[USER])
        assert [block.text for block in reply.content] == [SENTENCE]
        assert reply.stop_reason == "end_turn"
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (6, 7)
        assert reply._request_id.startswith("req_")

    async def test_async_clients(
        self, async_openai_client: Any, async_anthropic_client: Any
    ) -> None:
        completion = await ask(async_openai_client, USER)
        message = await async_anthropic_client.messages.create(**CLAUDE, messages=[USER])
        assert completion.choices[0].message.content == SENTENCE
        assert message.content[0].text == SENTENCE

    def test_reads_text_parts(self, openai_client: Any) -> None:
        parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
        reply = ask(openai_client, {"role": "user", "content": parts})
        assert reply.choices[0].message.content == "Sandbox reply to: one\ntwo"

    def test_n_choices(self, openai_client: Any) -> None:
        reply = ask(openai_client, USER, n=3)
        texts = [choice.message.content for choice in reply.choices]
        assert texts == [SENTENCE, f"{SENTENCE} (2)", f"{SENTENCE} (3)"]
        assert reply.usage.completion_tokens == 7 + 8 + 8

    def test_max_tokens(self, openai_client: Any, anthropic_client: Any) -> None:
        choice = ask(openai_client, USER, max_completion_tokens=2).choices[0]
        assert (choice.message.content, choice.finish_reason) == ("Sandbox reply", "length")
        message = anthropic_client.messages.create(model="c", max_tokens=2, messages=[USER])
        assert (message.content[0].text, message.stop_reason) == ("Sandbox reply", "max_tokens")

    def test_stop(self, openai_client: Any, anthropic_client: Any) -> None:
        choice = ask(openai_client, USER, stop=["fantasy", "to:"]).choices[0]
        assert (choice.message.content, choice.finish_reason) == ("Sandbox reply ", "stop")
        message = anthropic_client.messages.create(**CLAUDE, messages=[USER], stop_sequences=["to"])
        assert message.content[0].text == "Sandbox reply "
        assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "to")


class TestStreams:
    def test_openai(self, openai_client: Any) -> None:
        chunks = list(ask(openai_client, USER, stream=True))
        assert joined(chunks) == SENTENCE
        assert len(chunks) == 9
        assert chunks[0].choices[0].delta.role == "assistant"
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert all(chunk.usage is None for chunk in chunks)

    def test_openai_usage_comes_without_choices(self, openai_client: Any) -> None:
        chunks = list(ask(openai_client, USER, stream=True, stream_options={"include_usage": True}))
        assert chunks[-1].choices == []
        assert chunks[-1].usage.total_tokens == 11

    def test_openai_choices(self, openai_client: Any) -> None:
        chunks = list(ask(openai_client, USER, stream=True, n=2))
        second = [chunk for chunk in chunks if chunk.choices[0].index == 1]
        assert joined(second) == f"{SENTENCE} (2)"

    def test_anthropic(self, anthropic_client: Any) -> None:
        with anthropic_client.messages.stream(**CLAUDE, messages=[USER]) as stream:
            assert "".join(stream.text_stream) == SENTENCE
        final = stream.get_final_message()
        assert (final.stop_reason, final.usage.output_tokens) == ("end_turn", 7)

    def test_anthropic_events(self, anthropic_client: Any) -> None:
        stream = anthropic_client.messages.create(**CLAUDE, messages=[USER], stream=True)
        kinds = [event.type for event in stream]
        assert kinds[:2] == ["message_start", "content_block_start"]
        assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
        assert set(kinds[2:-3]) == {"content_block_delta"}

    async def test_async_clients(
        self, async_openai_client: Any, async_anthropic_client: Any
    ) -> None:
        chunks = [chunk async for chunk in await ask(async_openai_client, USER, stream=True)]
        assert joined(chunks) == SENTENCE
        async with async_anthropic_client.messages.stream(**CLAUDE, messages=[USER]) as stream:
            assert await stream.get_final_text() == SENTENCE


class TestTools:
    def test_calls_the_first_tool(self, openai_client: Any) -> None:
        choice = ask(openai_client, USER, tools=[TOOL, OTHER_TOOL]).choices[0]
        (call,) = choice.message.tool_calls
        assert (call.function.name, json.loads(call.function.arguments)) == ("save_book", BOOK)
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)

    def test_calls_the_forced_tool(self, openai_client: Any) -> None:
        forced = {"type": "function", "function": {"name": "other"}}
        reply = ask(openai_client, USER, tools=[TOOL, OTHER_TOOL], tool_choice=forced)
        assert reply.choices[0].message.tool_calls[0].function.name == "other"

    def test_calls_an_allowed_tool(self, openai_client: Any) -> None:
        allowed = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "other"}}]}
        choice = {"type": "allowed_tools", "allowed_tools": allowed}
        reply = ask(openai_client, USER, tools=[TOOL, OTHER_TOOL], tool_choice=choice)
        assert reply.choices[0].message.tool_calls[0].function.name == "other"

    def test_none(self, openai_client: Any) -> None:
        reply = ask(openai_client, USER, tools=[TOOL], tool_choice="none")
        assert reply.choices[0].message.content == SENTENCE

    def test_speaks_of_the_result_then_calls_again_when_asked_again(
        self, openai_client: Any
    ) -> None:
        call = ask(openai_client, USER, tools=[TOOL]).choices[0].message
        result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "saved as 7"}
        history = [USER, call.model_dump(exclude_none=True), result]
        reply = ask(openai_client, *history, tools=[TOOL]).choices[0].message
        assert reply.content == "Sandbox reply with the tool's result: saved as 7"
        forced = ask(openai_client, *history, tools=[TOOL], tool_choice="required")
        assert forced.choices[0].message.tool_calls
        history += [{"role": "assistant", "content": reply.content}, USER]
        assert ask(openai_client, *history, tools=[TOOL]).choices[0].message.tool_calls

    def test_streams_arguments_in_fragments(self, openai_client: Any) -> None:
        chunks = list(ask(openai_client, USER, tools=[TOOL], stream=True))
        calls = [call for c in chunks for call in c.choices[0].delta.tool_calls or ()]
        assert (calls[0].function.name, calls[0].type) == ("save_book", "function")
        assert calls[0].id
        assert not any(call.id or call.function.name for call in calls[1:])
        assert json.loads("".join(call.function.arguments for call in calls)) == BOOK
        assert len(calls) > 3

    def test_anthropic_round(self, anthropic_client: Any) -> None:
        reply = anthropic_client.messages.create(**CLAUDE, messages=[USER], tools=[CLAUDE_TOOL])
        (call,) = reply.content
        assert (call.name, call.input, reply.stop_reason) == ("save_book", BOOK, "tool_use")
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "saved as 7"}
        history = [
            USER,
            {"role": "assistant", "content": [call.model_dump(exclude_none=True)]},
            {"role": "user", "content": [result]},
        ]
        final = anthropic_client.messages.create(**CLAUDE, messages=history, tools=[CLAUDE_TOOL])
        assert final.content[0].text == "Sandbox reply with the tool's result: saved as 7"

    @pytest.mark.parametrize(
        ("choice", "kind"),
        [
            ({"type": "any"}, "tool_use"),
            ({"type": "tool", "name": "save_book"}, "tool_use"),
            ({"type": "auto"}, "tool_use"),
            ({"type": "none"}, "text"),
        ],
    )
    def test_anthropic_choice(self, anthropic_client: Any, choice: Any, kind: str) -> None:
        options = {"messages": [USER], "tools": [CLAUDE_TOOL], "tool_choice": choice}
        reply = anthropic_client.messages.create(**CLAUDE, **options)
        assert [block.type for block in reply.content] == [kind]

    def test_anthropic_stream(self, anthropic_client: Any) -> None:
        options = {"messages": [USER], "tools": [CLAUDE_TOOL]}
        with anthropic_client.messages.stream(**CLAUDE, **options) as stream:
            final = stream.get_final_message()
        assert (final.content[0].input, final.stop_reason) == (BOOK, "tool_use")


class TestJson:
    def test_schema(self, openai_client: Any) -> None:
        wanted = {"name": "book", "schema": SCHEMA, "strict": True}
        form = {"type": "json_schema", "json_schema": wanted}
        reply = ask(openai_client, USER, response_format=form)
        assert json.loads(reply.choices[0].message.content) == BOOK

    def test_schema_written_in_the_prompt(self, openai_client: Any) -> None:
        prompt = f'Not {{"this": 1}} but {json.dumps(SCHEMA, indent=2)}, as JSON: {{ok}}.'
        user = {"role": "user", "content": prompt}
        reply = ask(openai_client, USER, user, response_format={"type": "json_object"})
        assert json.loads(reply.choices[0].message.content) == BOOK

    def test_mode_without_schema(self, openai_client: Any) -> None:
        reply = ask(openai_client, USER, response_format={"type": "json_object"})
        assert json.loads(reply.choices[0].message.content) == {"answer": SENTENCE}

    def test_streamed(self, openai_client: Any) -> None:
        form = {"type": "json_object"}
        assert json.loads(joined(ask(openai_client, USER, response_format=form, stream=True)))

    def test_anthropic(self, anthropic_client: Any) -> None:
        form = {"format": {"type": "json_schema", "schema": SCHEMA}}
        create = anthropic_client.messages.create
        native = create(**CLAUDE, messages=[USER], output_config=form)
        assert json.loads(native.content[0].text) == BOOK
        prompt = {"role": "user", "content": f"Answer with this schema: {json.dumps(SCHEMA)}"}
        in_words = create(**CLAUDE, messages=[prompt])
        assert json.loads(in_words.content[0].text) == BOOK
        prompt = {"role": "user", "content": "Output only valid JSON."}
        assert "answer" in json.loads(create(**CLAUDE, messages=[prompt]).content[0].text)


class TestOtherKinds:
    def test_audio(self, openai_client: Any) -> None:
        options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
        message = ask(openai_client, USER, **options).choices[0].message
        assert (message.content, message.audio.transcript) == (None, SENTENCE)
        with wave.open(io.BytesIO(base64.b64decode(message.audio.data))) as sound:
            assert (sound.getnchannels(), sound.getframerate()) == (1, 24000)
            assert sound.getnframes() > 0

    def test_audio_stream(self, openai_client: Any) -> None:
        options = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
        chunks = list(ask(openai_client, USER, stream=True, **options))
        audio = [getattr(chunk.choices[0].delta, "audio", None) for chunk in chunks]
        parts = [part if isinstance(part, dict) else part.model_dump() for part in audio if part]
        assert "".join(part.get("transcript") or "" for part in parts) == SENTENCE
        assert len(base64.b64decode("".join(part.get("data") or "" for part in parts))) == 2400

    def test_thinking(self, anthropic_client: Any) -> None:
        options = {"messages": [USER], "thinking": {"type": "enabled", "budget_tokens": 1023}}
        reply = anthropic_client.messages.create(**CLAUDE, **options)
        thinking, text = reply.content
        assert (thinking.type, text.type) == ("thinking", "text")
        assert thinking.signature
        with anthropic_client.messages.stream(**CLAUDE, **options) as stream:
            streamed = stream.get_final_message()
        assert [b.to_dict() for b in streamed.content] == [b.to_dict() for b in reply.content]
        assert streamed.usage.output_tokens_details.thinking_tokens == 6
