"""Ollama: objects from small models, on this machine.

OLLAMA_BASE_URL=http://localhost:11434/v1 python examples/providers/with_ollama.py
"""

from _keys import sandbox_without
from pydantic import BaseModel

from mirascope import llm
from mirascope.core import ResponseModelConfigDict


class Book(BaseModel):
    # Small models call tools badly: have the server keep the reply to the schema.
    model_config = ResponseModelConfigDict(strict=True)

    title: str
    author: str


@llm.call("ollama", "llama3.2", response_model=Book, json_mode=True)
def extract(text: str) -> str:
    return f"Extract the book: {text}"


def main() -> None:
    print(repr(extract("The Name of the Wind by Patrick Rothfuss")))


if __name__ == "__main__":
    with sandbox_without("OLLAMA_BASE_URL"):
        main()
