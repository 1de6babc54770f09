"""Cohere: answers from documents of yours, with citations."""

from typing import Any

from _keys import sandbox_without

from mirascope.core import cohere

DOCUMENTS = [
    {"id": "emma", "data": {"text": "Emma is on shelf 7."}},
    {"id": "dune", "data": {"text": "Dune is on shelf 3."}},
]


@cohere.call("command-a-03-2025", call_params={"documents": DOCUMENTS})
def ask(question: str) -> str:
    return question


def main() -> None:
    response = ask("Where is Emma?")
    print("answer:", response.content)
    for citation in response.citations or []:
        sources = [source.id for source in citation.sources or []]
        print(f"{citation.text!r} is from {sources}")
    if response.usage:  # what is billed, which the documents are no part of
        print("billed:", response.usage.input_tokens, "tokens in")


def reply() -> dict[str, Any]:
    source = {"type": "document", "id": "emma", "document": {"text": "Emma is on shelf 7."}}
    return {
        "id": "1",
        "finish_reason": "COMPLETE",
        "message": {
            "role": "assistant",
            "content": [{"type": "text", "text": "On shelf 7."}],
            "citations": [{"start": 3, "end": 10, "text": "shelf 7", "sources": [source]}],
        },
        "usage": {"billed_units": {"input_tokens": 14, "output_tokens": 4}},
    }


if __name__ == "__main__":
    with sandbox_without("CO_API_KEY") as box:
        if box:
            box.native("cohere", reply())
        main()
