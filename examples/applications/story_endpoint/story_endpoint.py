"""An HTTP service that streams what a model writes, as server-sent events.

python -m uvicorn --app-dir examples/applications/story_endpoint story_endpoint:app
curl -N localhost:8000/stories -H 'Content-Type: application/json' -d '{"topic": "a fox"}'
"""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field, StringConstraints

from mirascope import errors, llm, prompt_template

app = FastAPI(title="Stories")


class Wish(BaseModel):
    topic: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    sentences: int = Field(default=3, ge=1, le=20)


@llm.call(
    provider="openai",
    model="gpt-4o-mini",
    stream=True,
    call_params={"max_tokens": 1000, "timeout": 30},
)
@prompt_template(
    """
    SYSTEM: You tell stories to children, in {sentences} sentences.
    USER: Tell a story about {topic}.
    """
)
async def tell(topic: str, sentences: int) -> None: ...


def event(name: str, data: Mapping[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=data)


@app.post("/stories", response_class=EventSourceResponse)
async def stories(wish: Wish) -> AsyncIterator[ServerSentEvent]:
    """`text` events while the story arrives, then one `end`; or one `error`."""
    # Where the reader goes away, the block is left, and the request to the provider ends with it.
    async with await tell(wish.topic, wish.sentences) as stream:
        try:
            async for chunk, _ in stream:
                if chunk.content:
                    yield event("text", {"text": chunk.content})
        except Exception as error:
            # The provider's words stay in the log: they may tell of your account.
            problem = errors.describe(error)
            yield event("error", {"kind": problem.kind, "retry_after": problem.retry_after})
            if problem.kind == "unknown":
                raise
        else:
            yield event(
                "end",
                {
                    "model": stream.model,
                    "finish_reasons": stream.finish_reasons,
                    "output_tokens": stream.output_tokens,
                    "cost": stream.cost,
                },
            )
