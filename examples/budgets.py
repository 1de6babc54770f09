"""Budgets and deadlines: what calls may spend, and by when they have to end."""

from mirascope import llm
from mirascope.sandbox import sandbox


@llm.call(provider="openai", model="gpt-4o-mini")
def recommend(genre: str) -> str:
    return f"Recommend a {genre} book."


def main() -> None:
    with sandbox() as box:
        with llm.budget(usd=1.0, calls=2) as budget:
            try:
                for genre in ("fantasy", "mystery", "history"):
                    print(recommend(genre).content)
            except llm.BudgetExceeded as error:
                print("refused:", error)
        print(f"spent {budget.spent.calls} calls, ${budget.spent.usd:.6f}")

        box.slow(first_byte=2)  # the provider takes its time
        try:
            with llm.deadline(0.2):
                recommend("fantasy")
        except llm.DeadlineExceeded as error:
            print("too late:", error)


if __name__ == "__main__":
    main()
