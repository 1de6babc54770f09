"""JSON mode: JSON text, and response models by an enforced schema in the place of a tool."""

from _answering import answering
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import ResponseModelConfigDict


class Book(BaseModel):
    model_config = ResponseModelConfigDict(strict=True)

    title: str
    author: str


@llm.call(provider="openai", model="gpt-4o-mini", json_mode=True)
def as_json(text: str) -> str:
    return f"Extract the book as JSON with the keys title and author: {text}"


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, json_mode=True)
def as_book(text: str) -> str:
    return f"Extract the book: {text}"


def main() -> None:
    print(as_json("The Name of the Wind by Patrick Rothfuss").content)
    print(repr(as_book("The Name of the Wind by Patrick Rothfuss")))


if __name__ == "__main__":
    with answering():
        main()
