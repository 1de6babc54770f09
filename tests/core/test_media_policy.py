"""Where a media policy is in force, and which local files it lets a prompt name."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mirascope import AudioURLPart, Messages, llm, prompt_template
from mirascope.core import MediaPolicy
from mirascope.core.base import _download, _media_policy
from mirascope.core.base._download import Download
from mirascope.core.base._media_policy import media_policy
from mirascope.sandbox import Sandbox

PNG = b"\x89PNG\r\n\x1a\n"
STRICT = MediaPolicy(allow_local_paths=False)


@prompt_template("{x:image}")
def show(x: Any): ...


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    return path


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[MediaPolicy]:
    """The policy of each download; the downloads give a recording without asking anybody."""
    policies: list[MediaPolicy] = []

    def fetch_all(urls: list[str], policy: MediaPolicy) -> list[Download]:
        policies.append(policy)
        return [Download(b"ID3", "audio/mpeg") for _ in urls]

    monkeypatch.setattr(_download, "fetch_all", fetch_all)
    return policies


@pytest.fixture
def default() -> Iterator[None]:
    before = _media_policy._default
    yield
    before.use_by_default()


MESSAGE = Messages.User(["Listen.", AudioURLPart(url="https://a.example/cat")])


@llm.call(provider="openai", model="gpt-4o-audio-preview")
def listen() -> Messages.Type:
    return MESSAGE


@llm.call(provider="openai", model="gpt-4o-audio-preview")
async def listen_async() -> Messages.Type:
    return MESSAGE


# --- where it is in force


def test_policies_nest(box: Sandbox, used: list[MediaPolicy]) -> None:
    outer, inner = MediaPolicy(timeout=1), MediaPolicy(timeout=2)
    listen()
    with outer:
        listen()
        with inner, outer:
            listen()
        with pytest.raises(KeyError), inner:
            raise KeyError
        listen()
    listen()
    assert used == [MediaPolicy(), outer, outer, outer, MediaPolicy()]
    assert "input_audio" in str(box.requests[0].body)


async def test_tasks_have_their_own(box: Sandbox, used: list[MediaPolicy]) -> None:
    policies = [MediaPolicy(timeout=n + 1) for n in range(4)]
    ready = asyncio.Barrier(len(policies))

    async def ask(policy: MediaPolicy) -> None:
        with policy:
            await ready.wait()
            await listen_async()
            await ready.wait()

    await asyncio.gather(*map(ask, policies))
    assert sorted(policy.timeout for policy in used) == [1, 2, 3, 4]
    await listen_async()
    assert used[-1] == MediaPolicy()


async def test_what_counts_is_where_an_async_call_is_made(
    box: Sandbox, used: list[MediaPolicy]
) -> None:
    with STRICT:
        call = listen_async()
    await call
    outside = listen_async()
    with STRICT:
        await outside
    assert used == [STRICT, MediaPolicy()]


async def test_that_holds_for_templates_too(box: Sandbox, cat: Path) -> None:
    @llm.call(provider="openai", model="m")
    @prompt_template("{x:image}")
    async def show_async(x: str): ...

    with STRICT:
        call = show_async(str(cat))
    with pytest.raises(ValueError, match="media policy"):
        await call
    call = show_async(str(cat))
    with STRICT:
        assert (await call).content
    assert media_policy() == MediaPolicy()


def test_a_default_for_the_process(box: Sandbox, used: list[MediaPolicy], default: None) -> None:
    mine = MediaPolicy(timeout=3)
    assert mine.use_by_default() == MediaPolicy()
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    with STRICT:
        listen()
    assert used == [mine, STRICT]
    assert MediaPolicy().use_by_default() == mine


def test_one_call_may_have_its_own(box: Sandbox, used: list[MediaPolicy], cat: Path) -> None:
    mine = MediaPolicy(timeout=3)

    @llm.call(provider="openai", model="m")
    def listen_so() -> Any:
        return {"messages": [MESSAGE], "media_policy": mine}

    with STRICT:
        response = listen_so()
    assert used == [mine]
    assert response.dynamic_config["media_policy"] is mine
    assert response.model_dump_json()

    @llm.call(provider="openai", model="m")
    @prompt_template("{x:image}")
    def show_so(x: str, policy: MediaPolicy | None) -> Any:
        return {"media_policy": policy}

    with pytest.raises(ValueError, match="media policy"):
        show_so(str(cat), STRICT)
    with STRICT:
        assert show_so(str(cat), MediaPolicy())
        with pytest.raises(ValueError, match="media policy"):
            show_so(str(cat), None)


def test_a_policy_of_another_type_is_refused(box: Sandbox) -> None:
    @llm.call(provider="openai", model="m")
    def ask() -> Any:
        return {"messages": ["Hi"], "media_policy": {"timeout": 3}}

    with pytest.raises(TypeError, match="must have a `MediaPolicy` under `media_policy`"):
        ask()


def test_one_policy_in_many_tasks_and_threads() -> None:
    def enter() -> None:
        for _ in range(200):
            with STRICT:
                assert media_policy() is STRICT
            assert media_policy() is not STRICT

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- local files


def test_a_text_may_name_a_local_file(cat: Path) -> None:
    [message] = show(str(cat))
    assert message.content[0].image == PNG


def test_a_text_that_names_a_local_file_may_be_refused(cat: Path) -> None:
    there, not_there = str(cat), f"{cat}.no"
    messages: list[str] = []
    for path in (there, not_there, "/etc/hostname", "~/.ssh/id_rsa"):
        with STRICT, pytest.raises(ValueError, match="the media policy does not let") as caught:
            show(path)
        messages.append(str(caught.value).replace(repr(path), "…"))
    # Nobody learns by it which files there are.
    assert len(set(messages)) == 1
    with STRICT:
        assert show(cat)
        assert show(PNG)
        assert show("https://a.example/cat.png")
        assert show("data:image/png;base64,iVBORw0KGgo=")


@pytest.mark.parametrize("policy", [MediaPolicy(), STRICT])
def test_a_file_url_is_never_read(cat: Path, policy: MediaPolicy) -> None:
    for url in (cat.as_uri(), f"FILE://{cat}", f"file:{cat}"):
        with policy, pytest.raises(ValueError, match=r"pass a `pathlib\.Path`"):
            show(url)


def test_a_local_file_named_by_a_text_has_a_limit(cat: Path) -> None:
    with MediaPolicy(max_bytes=8):
        assert show(str(cat))
    with MediaPolicy(max_bytes=7), pytest.raises(ValueError, match="its 8 bytes are more"):
        show(str(cat))
    with MediaPolicy(max_bytes=7):
        assert show(cat)


def test_a_text_names_no_device_and_no_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in ("/dev/zero", str(pipe), str(tmp_path)):
        with pytest.raises(ValueError, match="not a regular file"):
            show(path)


@pytest.mark.parametrize("value", ["\x00", "a" * 5000, "https:/x", "\ud800"])
def test_texts_that_name_nothing(value: str) -> None:
    with pytest.raises(ValueError) as caught:
        show(value)
    assert len(str(caught.value)) < 800
