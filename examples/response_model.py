"""Response models: replies as objects, lists and choices, checked by pydantic."""

from typing import Literal

from _answering import answering
from pydantic import BaseModel, Field

from mirascope import llm


class Book(BaseModel):
    """A book."""

    title: str
    author: str = Field(description="First and last name")
    year: int = Field(ge=1450, le=2100)


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, validation_retries=2)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


@llm.call(provider="openai", model="gpt-4o-mini", response_model=list[Book])
def extract_all(text: str) -> str:
    return f"Extract all books: {text}"


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Literal["fiction", "fact"])
def classify(text: str) -> str:
    return f"Is this fiction or fact? {text}"


def main() -> None:
    print(repr(extract("The Name of the Wind by Patrick Rothfuss, 2007")))
    for book in extract_all("The Name of the Wind (Rothfuss), then Mistborn (Sanderson)"):
        print("-", book.title, "by", book.author)
    print(classify("A dragon slept."))


if __name__ == "__main__":
    with answering():
        main()
