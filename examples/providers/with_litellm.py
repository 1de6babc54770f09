"""LiteLLM: providers that Everscope does not name itself."""

import os

from _keys import sandbox_without

from mirascope import llm


# The first part of the name says the provider, and its own variable holds the key.
@llm.call("litellm", "openai/gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    response = recommend("fantasy")
    print(response.provider, "answers:", response.content)

    # Another provider is another name; the rest stays the same.
    with llm.context(provider="litellm", model=os.environ.get("MODEL", "openai/gpt-4o")):
        response = recommend("mystery")
    print(response.model, "answers:", response.content)


if __name__ == "__main__":
    with sandbox_without("OPENAI_API_KEY"):
        main()
