"""A structured stream: an object that grows while the reply arrives."""

from _answering import answering
from pydantic import BaseModel

from mirascope import llm


class Book(BaseModel):
    title: str
    author: str


@llm.call(provider="openai", model="gpt-4o-mini", response_model=Book, stream=True)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


def main() -> None:
    # Unfinished fields are None; the last object is complete and validated.
    for book in extract("The Name of the Wind by Patrick Rothfuss"):
        print(repr(book))


if __name__ == "__main__":
    with answering():
        main()
