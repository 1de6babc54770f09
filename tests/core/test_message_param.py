"""Messages and parts: defaults, and JSON without loss."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mirascope.core.base.message_param import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    ProviderPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)

text = st.text(max_size=20)
maybe_text = st.none() | text
binary = st.binary(max_size=40)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | text | binary,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
arguments = st.dictionaries(text, st.none() | st.booleans() | st.integers() | text, max_size=3)
parts = st.one_of(
    st.builds(TextPart, text=text),
    st.builds(ImagePart, media_type=text, image=binary, detail=maybe_text),
    st.builds(ImageURLPart, url=text, detail=maybe_text),
    st.builds(AudioPart, media_type=text, audio=binary),
    st.builds(AudioURLPart, url=text),
    st.builds(DocumentPart, media_type=text, document=binary),
    st.builds(DocumentURLPart, url=text),
    st.builds(CacheControlPart, cache_type=text),
    st.builds(ToolCallPart, name=text, args=st.none() | arguments, id=maybe_text),
    st.builds(
        ToolResultPart,
        content=text
        | st.lists(
            st.builds(TextPart, text=text)
            | st.builds(ImagePart, media_type=text, image=binary)
            | st.builds(DocumentURLPart, url=text),
            max_size=2,
        ),
        name=text,
        id=maybe_text,
        is_error=st.booleans(),
    ),
    st.builds(ThinkingPart, thinking=text, signature=maybe_text),
    st.builds(ProviderPart, provider=text, data=st.dictionaries(text, json_values, max_size=3)),
)
messages = st.builds(BaseMessageParam, role=text, content=text | st.lists(parts, max_size=4))


@given(messages)
def test_json_loses_nothing(message: BaseMessageParam) -> None:
    assert BaseMessageParam.model_validate_json(message.model_dump_json()) == message


@given(messages)
def test_json_loaded_elsewhere_loses_nothing(message: BaseMessageParam) -> None:
    loaded = json.loads(message.model_dump_json())
    assert BaseMessageParam.model_validate(loaded) == message
    assert BaseMessageParam(**loaded) == message
    assert loaded == message.model_dump(mode="json")


@given(messages)
def test_a_python_dump_loses_nothing(message: BaseMessageParam) -> None:
    assert BaseMessageParam.model_validate(message.model_dump()) == message


def test_type_and_detail_have_defaults_and_may_be_given() -> None:
    given_all = ImagePart(type="image", media_type="image/png", image=b"x", detail=None)
    assert given_all == ImagePart(media_type="image/png", image=b"x")
    assert ImageURLPart(url="https://a.b/c.png").detail is None
    assert TextPart(type="text", text="x") == TextPart(text="x")
    assert CacheControlPart().cache_type == "ephemeral"
    assert ToolResultPart(content="4").model_dump() == {
        "type": "tool_result",
        "content": "4",
        "name": "",
        "id": None,
        "is_error": False,
    }


def test_base64_text_is_taken_for_the_bytes_it_stands_for() -> None:
    assert AudioPart(media_type="audio/wav", audio="+/8=").audio == b"\xfb\xff"
    assert AudioPart(media_type="audio/wav", audio="-_8=").audio == b"\xfb\xff"
    with pytest.raises(ValidationError, match="Pass the `bytes` instead"):
        AudioPart(media_type="audio/wav", audio="not base64!")


def test_bytes_are_standard_base64_in_json() -> None:
    part = ImagePart(media_type="image/png", image=b"\xfb\xff")
    assert json.loads(part.model_dump_json())["image"] == "+/8="


def test_a_tuple_of_parts_is_kept_as_a_list() -> None:
    message = BaseMessageParam(role="user", content=(TextPart(text="a"),))
    assert message.content == [TextPart(text="a")]


def test_a_repr_does_not_spell_out_large_data() -> None:
    message = BaseMessageParam(
        role="user", content=[ImagePart(media_type="image/png", image=bytes(1_000_000))]
    )
    assert "image=<1000000 bytes>" in repr(message)
    assert len(repr(message)) < 200
