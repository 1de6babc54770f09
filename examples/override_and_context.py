"""Another provider or model: for one function with `override`, for a scope with `context`."""

from mirascope import llm
from mirascope.sandbox import sandbox


@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


careful = llm.override(
    recommend,
    provider="anthropic",
    model="claude-haiku-4-5",
    call_params={"temperature": 0.0, "max_tokens": 100},
)


def show(response: llm.CallResponse) -> None:
    print(response.provider, response.model)


def main() -> None:
    show(recommend("fantasy"))
    show(careful("fantasy"))
    with llm.context(provider="anthropic", model="claude-sonnet-4-5"):
        show(recommend("fantasy"))
    show(recommend("fantasy"))


if __name__ == "__main__":
    with sandbox():  # without this line the providers answer, with your keys
        main()
