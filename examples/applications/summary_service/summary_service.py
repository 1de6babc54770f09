"""An HTTP service that sums texts up, and goes on doing so while a provider is down.

python -m uvicorn --app-dir examples/applications/summary_service summary_service:app
curl localhost:8000/summaries -H 'Content-Type: application/json' -d '{"text": "Owls hunt …"}'
curl localhost:8000/models

MODELS says whom to ask, the first choice first; COOLDOWN for how many seconds one that failed is
asked after the others; DEADLINE how many seconds a summary may take.
"""

import math
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, StringConstraints

from mirascope import errors, llm
from mirascope.retries import Attempt, FallbackError, fallback

DEFAULT = "openai/gpt-4o-mini,anthropic/claude-haiku-4-5,google/gemini-2.5-flash"
MODELS = [model.strip() for model in os.environ.get("MODELS", DEFAULT).split(",")]
COOLDOWN = float(os.environ.get("COOLDOWN", 30))
DEADLINE = float(os.environ.get("DEADLINE", 20))
# A key that has expired at one provider is no reason to fail, either; a bad request is.
CATCH: tuple[errors.ErrorKind, ...] = (*sorted(errors.TRANSIENT), "authentication", "permission")

app = FastAPI(title="Summaries")


class Text(BaseModel):
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)]


class Summary(BaseModel):
    summary: str
    model: str
    failed_before: list[str]
    """The models that were asked in vain."""


@dataclass
class Record:
    """What has become of the requests to a model."""

    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter[str])


records = {model: Record() for model in MODELS}


def provider_and_model(name: str) -> tuple[llm.Provider, str]:
    provider, _, model = name.partition("/")
    return cast(llm.Provider, provider), model


(first_provider, first_model), *others = map(provider_and_model, MODELS)


@fallback(
    CATCH,
    [{"catch": CATCH, "provider": provider, "model": model} for provider, model in others],
    cooldown=COOLDOWN,
)
# One that is down is not waited for: others are there.
@llm.call(provider=first_provider, model=first_model, call_params={"max_retries": 0, "timeout": 10})
async def summarize(text: str) -> str:
    return f"Sum this up in one sentence:\n\n{text}"


def note(attempt: Attempt) -> str:
    """Count an attempt that failed; the name of its model."""
    name = f"{attempt.provider}/{attempt.model}"
    records[name].failed[errors.describe(attempt.error).kind] += 1
    return name


@app.post("/summaries")
async def summaries(text: Text) -> Summary:
    try:
        with llm.deadline(DEADLINE):
            response = await summarize(text.text)
    except FallbackError as error:
        waits: list[float] = []
        for attempt in error.attempts:
            note(attempt)
            waits.append(errors.describe(attempt.error).retry_after or COOLDOWN)
        raise HTTPException(
            503, "No model can answer now.", {"Retry-After": str(math.ceil(min(waits)))}
        ) from error
    except llm.DeadlineExceeded as error:
        raise HTTPException(504, f"No model answered within {DEADLINE:g} seconds.") from error
    failed = [note(attempt) for attempt in getattr(response, "_attempts", ())]
    # Its own `model` may be more exact than the name by which it was asked for.
    name = f"{response.provider}/{response.call_kwargs['model']}"
    records[name].answered += 1
    return Summary(summary=response.content, model=name, failed_before=failed)


@app.get("/models")
async def models() -> dict[str, Record]:
    """How the models have fared since the service was started."""
    return records
