"""Many calls at once, never more than eight of them under way."""

import asyncio

from _answering import answering

from mirascope import llm


@llm.call(provider="openai", model="gpt-4o-mini")
async def translate(word: str) -> str:
    return f"Translate into French: {word}"


async def main() -> None:
    words = [f"word {number}" for number in range(40)]
    with llm.limit(concurrency=8), llm.budget() as budget:
        responses = await asyncio.gather(*map(translate, words))
    print(len(responses), "replies, the last:", responses[-1].content)
    print(budget.spent.calls, "calls,", budget.spent.tokens, "tokens")


if __name__ == "__main__":
    with answering():
        asyncio.run(main())
