"""Local models: Ollama and vLLM on this machine, without a key.

ollama pull llama3.2 && REAL=1 python examples/local_model.py    the one that you have
"""

import os
from contextlib import nullcontext

from mirascope import llm
from mirascope.sandbox import sandbox


@llm.call(provider="ollama", model="llama3.2")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    response = recommend("fantasy")
    print(response.content)
    print(response.provider, response.model, "cost:", response.cost)


if __name__ == "__main__":
    with nullcontext() if os.environ.get("REAL") else sandbox():
        main()
