"""Chaining: what one call gives goes into the next."""

from _answering import answering
from pydantic import BaseModel

from mirascope import llm


class Book(BaseModel):
    title: str
    author: str


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book)
def choose(genre: str) -> str:
    return f"Choose a {genre} book"


@llm.call(provider="openai", model="gpt-4o-mini")
def summarize(book: Book) -> str:
    return f"Summarize {book.title} by {book.author} in a sentence."


@llm.call(provider="openai", model="gpt-4o-mini")
def translate(text: str, language: str) -> str:
    return f"Translate into {language}: {text}"


def main() -> None:
    summary = summarize(choose("fantasy")).content
    print(summary)
    print(translate(summary, "French").content)


if __name__ == "__main__":
    with answering():
        main()
