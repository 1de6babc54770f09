"""The tables of capabilities in the documentation are what the adapters state and do."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mirascope import llm
from mirascope.core import (
    AudioPart,
    AudioURLPart,
    BaseMessageParam,
    CacheControlPart,
    DocumentPart,
    DocumentURLPart,
    ImagePart,
    ImageURLPart,
    TextPart,
)
from mirascope.core._providers import PROVIDERS, is_installed, provider_named
from mirascope.sandbox import Sandbox

from .cases import CASES, Case

DOCS = Path(__file__).parents[2] / "docs"
PARTS: dict[str, Any] = {
    "image": ImagePart(media_type="image/png", image=b"\x89PNG"),
    "image_url": ImageURLPart(url="https://example.com/a.png"),
    "audio": AudioPart(media_type="audio/wav", audio=b"RIFF"),
    "audio_url": AudioURLPart(url="https://example.com/a.wav"),
    "document": DocumentPart(media_type="application/pdf", document=b"%PDF-1.7"),
    "document_url": DocumentURLPart(url="https://example.com/a.pdf"),
    "cache_control": CacheControlPart(),
}
NAMES = [name for name, entry in PROVIDERS.items() if is_installed(entry.sdk)]


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("matrix", DOCS / "matrix.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(matrix: ModuleType) -> None:
    page = matrix.PAGE.read_text("utf-8")
    assert matrix.brought_up_to_date(page) == page, "Run `python docs/matrix.py`."


@pytest.mark.parametrize("name", ["answers", "media", "waiting"])
def test_each_table_has_every_provider(matrix: ModuleType, name: str) -> None:
    assert name in matrix.TABLES
    _, table, _ = matrix.parts(matrix.PAGE.read_text("utf-8"), name)
    titles = {line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()}
    expected = {e.title for name, e in PROVIDERS.items() if name not in matrix.OLDER_NAMES}
    assert expected <= titles


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_taken_or_refused_as_stated(name: str, kind: str) -> None:
    provider = provider_named(name)
    part = PARTS[kind]
    if kind.endswith("_url"):
        url = part.url.replace("https", "https" if "https" in provider.url_schemes else "s3")
        part = part.model_copy(update={"url": url})
    message = BaseMessageParam(role="user", content=[TextPart(text="See this."), part])
    if kind in provider.part_types:
        assert provider.encode_messages([message])
        return
    with pytest.raises(ValueError, match=type(PARTS[kind]).__name__) as caught:
        provider.encode_messages([message])
    assert provider.title in str(caught.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_thinking_is_shown_as_stated(case: Case, box: Sandbox) -> None:
    if not provider_named(case.name).shows_thinking:
        return
    box.reply("Four.", thinking="Two and two.", times=2)

    @llm.call(case.name, case.model)
    def ask() -> str:
        return "What is 2 + 2?"

    response = ask()
    assert (response.content, response.thinking) == ("Four.", "Two and two.")
    stream = llm.override(ask, stream=True)()
    assert "".join(chunk.thinking for chunk, _ in stream) == "Two and two." == stream.thinking
