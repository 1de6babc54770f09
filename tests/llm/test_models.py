"""How models are found, listed and made known."""

from __future__ import annotations

import inspect
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from mirascope import Messages, llm
from mirascope.core import _providers
from mirascope.llm import _registry
from mirascope.sandbox import Sandbox

from .faces import Face

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
PDF = b"%PDF-1.7\n"


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_registered", "_aliases"):
        monkeypatch.setattr(_registry, name, {})
    monkeypatch.setattr(_registry, "_default", ["openai/gpt-4o-mini"])
    monkeypatch.setattr(_registry, "_loading", [True])


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini-2024-07-18"),
        ("claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("grok-3", "xai/grok-3"),
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai:gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai/tomorrows-model", "openai/tomorrows-model"),
        ("groq/openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        ("bedrock:amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0"),
        (None, "openai/gpt-4o-mini"),
    ],
)
def test_names(face: Face, name: str | None, model_id: str) -> None:
    model = face.model(name)  # type: ignore[arg-type]
    assert model.model_id == model_id
    assert face.model(model.model_id).model_id == model_id


@pytest.mark.parametrize("name", ["nope", "nowhere/gpt-4o", "openai/", ""])
def test_unknown_names(face: Face, name: str) -> None:
    with pytest.raises(llm.UnknownModelError) as caught:
        face.model(name)
    assert str(caught.value) == f"Unknown model: {name}"
    assert isinstance(caught.value, KeyError)


def test_names_that_are_close() -> None:
    with pytest.raises(llm.UnknownModelError) as caught:
        llm.get_model("gtp-4o-mini")
    assert "`gpt-4o-mini`" in "".join(caught.value.__notes__)


def test_models_with_one_form() -> None:
    llm.register_model(llm.Model("openai", "a"), name="only-sync")
    llm.register_model(async_model=llm.AsyncModel("openai", "b"), name="only-async")
    assert llm.get_model("only-sync").name == "a"
    assert llm.get_async_model("only-async").name == "b"
    with pytest.raises(llm.UnknownModelError) as caught:
        llm.get_async_model("only-sync")
    assert str(caught.value) == "Unknown async model (sync model exists): only-sync"
    with pytest.raises(llm.UnknownModelError) as caught:
        llm.get_model("only-async")
    assert str(caught.value) == "Unknown model (async model exists): only-async"
    with pytest.raises(ValueError, match="Give a `Model`"):
        llm.register_model()


def test_the_list() -> None:
    known = llm.get_models_with_aliases()
    by_id = {each.model.model_id: each for each in known if each.model}
    mini = by_id["openai/gpt-4o-mini"]
    assert mini.aliases == ["gpt-4o-mini"]
    assert mini.matches("4O-MINI")
    assert not mini.matches("claude")
    assert mini.async_model is not None
    assert by_id["anthropic/claude-haiku-4-5"]
    assert not any("embed" in name or "whisper" in name for name in by_id)
    assert [model.model_id for model in llm.get_models()] == list(by_id)
    assert len(llm.get_async_models()) == len(by_id)
    for name in ("openai/gpt-4o-mini", "google/gemini-2.5-flash"):
        assert llm.get_model(name).model_id in by_id


def test_aliases(face: Face) -> None:
    llm.set_alias("small", "gpt-4o-mini")
    llm.set_alias("tiny", "small")
    assert face.model("tiny").model_id == "openai/gpt-4o-mini"
    llm.remove_alias("tiny")
    with pytest.raises(llm.UnknownModelError):
        face.model("tiny")
    with pytest.raises(llm.UnknownModelError):
        llm.set_alias("tiny", "nope")
    llm.set_default_model("claude-haiku-4-5")
    assert llm.get_default_model() == "claude-haiku-4-5"
    assert face.model(None).provider == "anthropic"  # type: ignore[arg-type]


def test_the_context_gives_the_model(face: Face) -> None:
    with llm.context(provider="anthropic", model="claude-test"):
        assert face.model(None).model_id == "anthropic/claude-test"  # type: ignore[arg-type]
        assert face.model("gpt-4o").model_id == "openai/gpt-4o"


async def test_a_registered_model(face: Face, box: Sandbox) -> None:
    made_by = openai.AsyncOpenAI if face.is_async else openai.OpenAI
    client = made_by(base_url=box.base_url("openai"), api_key="mine")
    model = (llm.AsyncModel if face.is_async else llm.Model)(
        "openai", "llama", client=client, options={"temperature": 0.1}
    )
    both: Any = {"async_model" if face.is_async else "model": model}
    llm.register_model(**both, name="my-llama", aliases=["llama"])
    response = face.model("llama").prompt("Hi", options={"top_p": 0.5})
    assert await face.get(response.text()) == "Sandbox reply to: Hi"
    body = box.requests[0].body
    assert (body["model"], body["temperature"], body["top_p"]) == ("llama", 0.1, 0.5)
    assert box.requests[0].http.headers["authorization"] == "Bearer mine"
    assert any(each.matches("llama") for each in llm.get_models_with_aliases())
    await face.get(client.close())


async def test_a_registered_provider(
    face: Face, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_providers, "PROVIDERS", dict(_providers.PROVIDERS))
    monkeypatch.setattr(_providers, "_registered", {})
    for module in ("mirascope.core._openai_compatible", "mirascope.llm._registry"):
        monkeypatch.setattr(f"{module}.PROVIDERS", _providers.PROVIDERS)
    monkeypatch.setenv("OPENAI_API_KEY", "not for them")
    llm.register_provider("over-there", base_url=box.base_url("openai"), key_variable="THERE_KEY")
    monkeypatch.setenv("THERE_KEY", "theirs")
    model = face.model("over-there/llama")
    assert model.model_id == "over-there/llama"
    assert await face.get(model.prompt("Hi").text()) == "Sandbox reply to: Hi"
    assert box.requests[0].http.headers["authorization"] == "Bearer theirs"

    @llm.call(provider="over-there", model="llama")  # type: ignore[arg-type]
    @face.function
    def ask() -> str:
        return "Hi"

    assert (await face.get(ask())).content == "Sandbox reply to: Hi"
    monkeypatch.delenv("THERE_KEY")
    with pytest.raises(openai.OpenAIError, match="`THERE_KEY`"):
        await face.get(model.prompt("Hi").text())
    llm.register_provider("over-there", base_url=box.base_url("openai"))
    assert await face.get(model.prompt("Hi").text())
    with pytest.raises(ValueError, match="comes with this library"):
        llm.register_provider("openai", base_url="http://localhost")
    with pytest.raises(ValueError, match="`base_url`"):
        llm.register_provider("nowhere")


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    def register() -> None:
        llm.register_model(llm.Model("openai", "theirs"), name="theirs")

    def fail() -> None:
        raise RuntimeError("broken")

    points = [
        SimpleNamespace(value="good:register", load=lambda: register),
        SimpleNamespace(value="bad:register", load=lambda: fail),
    ]
    monkeypatch.setattr(_registry, "_loading", [])
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)
    with pytest.warns(UserWarning, match="`bad:register`.*broken"):
        assert llm.get_model("theirs").name == "theirs"
    assert llm.get_model("theirs")


# --- both forms are the same


PAIRS = [
    (llm.Model, llm.AsyncModel),
    (llm.Response, llm.AsyncResponse),
    (llm.ChainResponse, llm.AsyncChainResponse),
    (llm.Conversation, llm.AsyncConversation),
    (llm.get_model, llm.get_async_model),
    (llm.get_models, llm.get_async_models),
]


@pytest.mark.parametrize(("plain", "twin"), PAIRS, ids=lambda each: each.__name__)
def test_twins(plain: Any, twin: Any) -> None:
    assert parameters(plain) == parameters(twin)
    if isinstance(plain, type):
        assert public(plain) == public(twin)
        for name in public(plain):
            mine, other = getattr(plain, name), getattr(twin, name)
            assert type(mine) is type(other), name
            if callable(mine):
                assert parameters(mine) == parameters(other), name
                assert mine.__doc__ == other.__doc__, name


def public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_")]


def parameters(function: Any) -> list[tuple[Any, ...]]:
    given = inspect.signature(function).parameters.values()
    return [(each.name, each.kind, each.default, each.annotation) for each in given]


# --- attachments


async def test_attachments(face: Face, box: Sandbox, tmp_path: Any) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    attachments = [
        llm.Attachment(path=path),
        llm.Attachment(content=PDF),
        llm.Attachment(url="https://example.com/a.jpg?size=1"),
    ]
    model = face.model("anthropic/claude-haiku-4-5")
    response = model.prompt("What are they?", attachments=attachments)
    await face.get(response.text())
    (message,) = response.prompt.messages
    assert [part.type for part in message.content] == ["text", "image", "document", "image_url"]
    assert message.content[1].image == PNG
    alone = model.prompt(attachments=attachments[:1])
    await face.get(alone.text())
    assert alone.prompt.messages == [Messages.User([message.content[1]])]
    sound = llm.Attachment(content=b"RIFF0000WAVE" + bytes(8))
    with pytest.raises(ValueError, match=r"does not take `AudioPart`.* It takes parts of type"):
        await face.get(model.prompt("Hm", attachments=[sound]).text())


def test_attachments_that_are_none(tmp_path: Any) -> None:
    with pytest.raises(ValueError, match="one of `path`, `url` and `content`"):
        llm.Attachment()
    with pytest.raises(ValueError, match="one of `path`, `url` and `content`"):
        llm.Attachment(path="a.png", url="https://example.com/a.png")
    with pytest.raises(ValueError, match="state its `type`"):
        llm.Attachment(content=b"???").part()
    with pytest.raises(ValueError, match="type `video/mp4`, which no message can hold"):
        llm.Attachment(url="https://example.com/a.mp4").part()
    with pytest.raises(ValueError, match="Failed to load"):
        llm.Attachment(path=tmp_path / "none.png").part()
    assert llm.Attachment(path="a.pdf").resolve_type() == "application/pdf"
    assert llm.Attachment(url="https://example.com/download").resolve_type() is None
