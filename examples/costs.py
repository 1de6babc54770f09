"""Costs: what a call cost, what a scope cost, what it would cost elsewhere."""

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    with llm.budget() as counted:  # without a cap a budget only counts
        response = recommend("fantasy")
        recommend("mystery")
    print("usage:", response.usage)
    print(f"one call: ${response.cost or 0:.8f}")
    print(f"two calls: ${counted.spent.usd:.8f}")
    metadata = llm.CostMetadata(input_tokens=1_000_000, output_tokens=100_000)
    for provider, model in (("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5")):
        cost = llm.calculate_cost(provider, model, metadata)
        print(f"a million tokens in, a tenth out, {model}: ${cost or 0:.2f}")


if __name__ == "__main__":
    with answering():
        main()
