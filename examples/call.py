"""A call: the function says what to ask; calling it asks."""

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini", call_params={"temperature": 0.7})
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book in one sentence."


def main() -> None:
    response = recommend("fantasy")
    print(response.content)
    print(response.model, response.finish_reasons)
    print(response.input_tokens, "tokens in,", response.output_tokens, "out")


if __name__ == "__main__":
    with answering():
        main()
