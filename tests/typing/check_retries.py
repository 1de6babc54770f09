"""The types of calls that are tried again: those of the calls."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, assert_type

from pydantic import BaseModel

from mirascope import llm
from mirascope.retries import Fallback, FallbackError, RetryPolicy, fallback, retry
from mirascope.retries.tenacity import collect_errors


class Book(BaseModel):
    title: str


@retry(attempts=2, catch=["timeout", KeyError])
@llm.call(provider="openai", model="gpt-4o-mini")
def ask(topic: str, *, short: bool = False) -> str:
    return topic


assert_type(ask("owls", short=True), llm.CallResponse)
ask(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

backup: Fallback = {"catch": "transient", "provider": "anthropic", "model": "m", "client": None}


@fallback("transient", [backup, {"catch": Exception, "provider": "xai", "model": "m"}], cooldown=5)
@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
async def extract(text: str) -> str:
    return text


wanted: Callable[[str], Coroutine[Any, Any, Book]] = extract


async def check() -> None:
    assert_type(await extract("it"), Book)


policy: RetryPolicy = retry(3)
model = llm.get_model("gpt-4o-mini", retry=policy)
retry(catch="rate_limits")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def errors_of(error: FallbackError) -> list[Exception]:
    return error.errors


collect_errors(ValueError, KeyError)
