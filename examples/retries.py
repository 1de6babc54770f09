"""Retries: errors that may pass are tried again, and answers that do not fit are corrected."""

from _answering import answering
from pydantic import BaseModel, Field

from mirascope import llm
from mirascope.retries import retry
from mirascope.sandbox import Sandbox


class Book(BaseModel):
    title: str
    pages: int = Field(ge=1)


@retry(attempts=4, first_wait=0.05)
@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, validation_retries=2)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


def main(box: Sandbox | None) -> None:
    if box:
        box.fail(429, times=2)  # the provider is busy, twice
    response = recommend("fantasy")
    print(response.content)
    print("failed before:", [type(error).__name__ for error in response._caught])

    if box:
        box.reply({"title": "Emma", "pages": 0})  # an answer that does not fit
        box.reply({"title": "Emma", "pages": 474})
    print(repr(extract("Emma, 474 pages")))


if __name__ == "__main__":
    with answering() as box:
        main(box)
